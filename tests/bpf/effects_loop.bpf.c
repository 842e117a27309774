// SPDX-License-Identifier: GPL-2.0-or-later
/* bpf_loop() and its callback: Linux 5.17. */
#include "effects.h"

static long add(__u32 index, void *sum)
{
	*(__u64 *)sum += index;
	return 0;
}

SEC("xdp")
int effect_loop(struct xdp_md *ctx)
{
	__u64 sum = 0;

	bpf_loop(10, add, &sum, 0);
	return has_effect(sum);
}

char _license[] SEC("license") = "GPL";
