// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills a map with another program of its own when it is loaded. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

int tail_call_target(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} other_map SEC(".maps"), jump_table SEC(".maps") = {
	.values = { [1] = (void *)&tail_call_target },
};

SEC("xdp")
int tail_call_target(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int tail_call(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jump_table, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
