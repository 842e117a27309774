/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For XDP programs that say themselves where in a chain they want to run, and after which of their return
 * codes the chain is to go on. xdpctl and libxdp both read it; what the command line says comes first.
 *
 *	struct {
 *		__uint(priority, 10);
 *		__uint(XDP_PASS, 1);
 *		__uint(XDP_DROP, 1);
 *	} XDPCTL_RUN_CONFIG(my_program);
 *
 * The values are read from BTF alone (the struct's members are pointers to arrays of that many elements),
 * so the variable is never used, and the section never loaded.
 */
#ifndef XDPCTL_HELPERS_H
#define XDPCTL_HELPERS_H

#include <bpf/bpf_helpers.h>

/* The variable's name is the function's, after an underscore. */
#define XDPCTL_RUN_CONFIG(function) _##function SEC(".xdp_run_config")

#endif
