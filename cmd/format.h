/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small values as text, the same in tables, sentences and JSON. All results are malloc'ed. */
#ifndef XDPCTL_CMD_FORMAT_H
#define XDPCTL_CMD_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* NULL when all bytes are zero: not known. */
char *format_hex(const uint8_t *bytes, size_t n);
char *format_actions(uint32_t actions);

#endif
