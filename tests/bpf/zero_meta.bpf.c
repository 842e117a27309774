// SPDX-License-Identifier: GPL-2.0-or-later
/* Zero is a value: priority 0, and chain actions none, because pass is named and is off. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "xdpctl_helpers.h"

struct {
	__uint(priority, 0);
	__uint(XDP_PASS, 0);
} XDPCTL_RUN_CONFIG(zero_meta);

SEC("xdp")
int zero_meta(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
