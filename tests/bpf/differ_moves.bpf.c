// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the packet shorter or longer at either end, by the packet's bytes, and asks for what must fail. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bytes.h"
#include "xdpctl_helpers.h"

struct {
	__uint(priority, 40);
	__uint(XDP_ABORTED, 1);
	__uint(XDP_PASS, 1);
} XDPCTL_RUN_CONFIG(differ_moves);

/* At most this far, so that a chain of ten of them finds room in any packet of the tests. */
#define FAR 15

SEC("xdp")
int differ_moves(struct xdp_md *ctx)
{
	__u32 what = byte_at(ctx, 17), by = byte_at(ctx, 20) & FAR;

	switch (what & 7) {
	case 0:
		if (bpf_xdp_adjust_head(ctx, -4))
			return XDP_DROP;
		blank(ctx);
		return XDP_PASS;
	case 1: /* fails where less than a header would be left */
		return bpf_xdp_adjust_head(ctx, by) ? XDP_TX : XDP_PASS;
	case 2:
		return bpf_xdp_adjust_tail(ctx, by) ? XDP_DROP : XDP_PASS;
	case 3:
		return bpf_xdp_adjust_tail(ctx, -(int)by * 4) ? XDP_ABORTED : XDP_PASS;
	case 4:
		return bpf_xdp_adjust_head(ctx, -4096) ? XDP_PASS : XDP_DROP;
	default:
		return bpf_xdp_adjust_tail(ctx, 1 << 20) ? XDP_PASS : XDP_DROP;
	}
}

char _license[] SEC("license") = "GPL";
