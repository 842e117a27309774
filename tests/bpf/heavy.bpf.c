// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Costs the verifier more than half of the million instructions that it goes through at most: good alone, and too much
 * for it together with another one.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define ROUNDS 60000

SEC("xdp")
int heavy(struct xdp_md *ctx)
{
	__u32 x = ctx->rx_queue_index;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < ROUNDS; i++) {
		x = x * 1664525 + 1013904223;
		x ^= x >> 7;
		asm volatile("" : "+r"(x)); /* or clang might know better than to do it each time */
	}
	return x == 0 ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
