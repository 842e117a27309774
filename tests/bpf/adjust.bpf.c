// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three programs that move the ends of the packet, and move them back, so that it crosses a chain of them
 * unchanged: the kernel treats such programs differently as components.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int adjust_head(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, -16))
		return XDP_PASS; /* no room */
	return bpf_xdp_adjust_head(ctx, 16) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp")
int adjust_tail(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_tail(ctx, 8))
		return XDP_PASS; /* no room */
	return bpf_xdp_adjust_tail(ctx, -8) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp")
int adjust_meta(struct xdp_md *ctx)
{
	__u32 *mark;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*mark)))
		return XDP_PASS; /* no room, or the driver can't */
	mark = (void *)(long)ctx->data_meta;
	if ((void *)(mark + 1) > (void *)(long)ctx->data)
		return XDP_ABORTED;
	*mark = 42;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
