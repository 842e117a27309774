// SPDX-License-Identifier: GPL-2.0-or-later
/* Longer than the one in twin.o. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int twin(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data < 14 ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
