// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any result that all dispatchers understand alike, from the packet's bytes, mostly one to go on after. Runs
 * first: what libxdp makes of its results is then seen in all that follow.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bytes.h"
#include "xdpctl_helpers.h"

struct {
	__uint(priority, 1);
	__uint(XDP_DROP, 1);
	__uint(XDP_PASS, 1);
	__uint(XDP_TX, 1);
} XDPCTL_RUN_CONFIG(differ_results);

SEC("xdp")
int differ_results(struct xdp_md *ctx)
{
	if ((byte_at(ctx, 18) & 7) == 0)
		return byte_at(ctx, 19) & 31;
	return XDP_DROP + byte_at(ctx, 5) % 3;
}

char _license[] SEC("license") = "GPL";
