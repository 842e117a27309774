// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rewrites the packet where its own bytes say so, beyond the headers that filters look at, and once in a while
 * in them.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bytes.h"
#include "xdpctl_helpers.h"

struct {
	__uint(priority, 2);
	__uint(XDP_PASS, 1);
	__uint(XDP_TX, 1);
} XDPCTL_RUN_CONFIG(differ_stores);

SEC("xdp")
int differ_stores(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	data += byte_at(ctx, 16);
	barrier_var(data); /* one pointer, or the verifier doesn't see that it was checked */
	if (data + 8 > end)
		return XDP_PASS;
	data[4] += 77;
	data[5] ^= data[7];
	data[6] = data[4] * 3;
	return data[4] & 8 ? XDP_PASS : XDP_TX;
}

char _license[] SEC("license") = "GPL";
