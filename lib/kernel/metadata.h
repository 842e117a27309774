/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the BTF of an object tells those who load it, in the encoding that libxdp introduced: a number is
 * the count of elements of an array that a variable or a member points to.
 */
#ifndef XDPCTL_KERNEL_METADATA_H
#define XDPCTL_KERNEL_METADATA_H

#include "xdpctl.h"

struct btf;

struct metadata {
	bool has_prio;
	uint32_t prio;
	bool has_actions;
	uint32_t actions;
};

/*
 * The run config of function @func: the struct _FUNC in `.xdp_run_config`. None at all is success. A
 * member that isn't `priority` or one of the return codes by name is refused (USAGE).
 */
int metadata_read(const struct btf *btf, const char *func, struct metadata *out,
		  struct xdpctl_error *err);
/* The number `dispatcher_version` in `xdp_metadata`; 0: there is none. */
unsigned int metadata_dispatcher_version(const struct btf *btf);

#endif
