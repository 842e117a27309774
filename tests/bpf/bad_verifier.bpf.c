// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the packet without looking where it ends, which the verifier refuses. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad_verifier(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	return data[100] ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
