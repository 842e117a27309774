// SPDX-License-Identifier: GPL-2.0-or-later
/* Three XDP programs in one object, two of them in the same section: one has to be chosen. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int alpha(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int beta(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int gamma_frags(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
