/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that ends the process when there is no memory: commands have nothing to undo. */
#ifndef XDPCTL_CMD_XALLOC_H
#define XDPCTL_CMD_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

_Noreturn void oom(void);
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
char *xvasprintf(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
