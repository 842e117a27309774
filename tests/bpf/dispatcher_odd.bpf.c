// SPDX-License-Identifier: GPL-2.0-or-later
/* Says that it is a dispatcher of version 2, but its configuration hasn't the size for it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u8 conf[100] = { 236, 2, 1 };

SEC("xdp")
int xdp_dispatcher(struct xdp_md *ctx)
{
	return conf[2] ? XDP_PASS : XDP_ABORTED;
}

char _license[] SEC("license") = "GPL";
