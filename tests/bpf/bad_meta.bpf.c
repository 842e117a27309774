// SPDX-License-Identifier: GPL-2.0-or-later
/* Its run config has a member that nobody knows. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "xdpctl_helpers.h"

struct {
	__uint(priority, 30);
	__uint(importance, 1);
} XDPCTL_RUN_CONFIG(bad_meta);

SEC("xdp")
int bad_meta(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
