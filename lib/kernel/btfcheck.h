/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether BTF from a file may be given to libbpf: it looks up names and types by the numbers it finds and
 * follows types into types, up to 1.1 at least without looking whether they are there or come to an end.
 */
#ifndef XDPCTL_KERNEL_BTFCHECK_H
#define XDPCTL_KERNEL_BTFCHECK_H

#include <stddef.h>

#include "xdpctl.h"

/* The bytes of a section .BTF. USAGE, with a sentence that begins with @path. */
int btfcheck(const void *bytes, size_t size, const char *path, struct xdpctl_error *err);

#endif
