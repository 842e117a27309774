/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The global variables of an object that is opened, not loaded: found by name in BTF, set by their type in
 * the initial contents of libbpf's maps for .rodata, .data and .bss.
 */
#ifndef XDPCTL_KERNEL_GLOBALS_H
#define XDPCTL_KERNEL_GLOBALS_H

#include <stddef.h>
#include <sys/types.h> /* before sha2.h, which needs it */

#include <sha2.h>

#include "xdpctl.h"

struct bpf_object;

/*
 * Sets each of the @n variables "NAME=VALUE": integers and enums by number (decimal or 0x), enums by name
 * as well, bools, and strings in arrays of char. USAGE, naming the variable, its type and what it can
 * hold, or the variables that there are. What was set goes into @digest, in an order of its own, so that
 * `x=16 y=1` and `y=1 x=0x10` are the same. Fails half-way: close @obj then.
 */
int globals_set(struct bpf_object *obj, const char *const *vars, size_t n, SHA2_CTX *digest,
		struct xdpctl_error *err);

#endif
