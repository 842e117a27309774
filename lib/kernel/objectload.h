/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What loading a component has in common, whatever it is loaded as. */
#ifndef XDPCTL_KERNEL_OBJECTLOAD_H
#define XDPCTL_KERNEL_OBJECTLOAD_H

#include "kernel/libbpf_log.h"
#include "kernel/newpins.h"
#include "kernel/object.h"

/* The kernel's own limit is far above this, but a refusal's log is rarely 1 MiB. */
#define OBJECTLOAD_LOG_SIZE (16u << 20)

/* Why component @name was refused with errno @code: the verifier's @log, or what libbpf @said. Returns -@code. */
int load_refused(int code, const char *log, const struct libbpf_log *said, const char *name,
		 struct xdpctl_error *err);
/* Pins the maps of a loaded program that are new, and hands out a descriptor of it. */
int keep_program(struct kernel *k, const struct bpf_program *prog, const struct new_pins *pins,
		 const struct object_choice *choice, int *out, struct xdpctl_error *err);

#endif
