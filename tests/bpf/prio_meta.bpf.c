// SPDX-License-Identifier: GPL-2.0-or-later
/* Says itself that it wants priority 30 and the chain to go on after pass and drop. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "xdpctl_helpers.h"

struct {
	__uint(priority, 30);
	__uint(XDP_PASS, 1);
	__uint(XDP_DROP, 1);
} XDPCTL_RUN_CONFIG(prio_meta);

SEC("xdp")
int prio_meta(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
