// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The components that `make bench` makes its chains of: an empty one, which leaves nothing but the chain's own
 * cost, and a small filter as people have them. Each also as a step of a chain by tail calls, which goes on to
 * the next itself. Every object that is opened has maps of its own.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} bench_packets SEC(".maps");

/* One place, known at load time: the kernel makes the call a direct jump, the best that tail calls can do. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bench_next SEC(".maps");

/* Drops what has come too far, and counts the rest of IPv4. */
static __always_inline int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 key = 0;
	__u64 *packets;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ttl < 2)
		return XDP_DROP;
	packets = bpf_map_lookup_elem(&bench_packets, &key);
	if (packets)
		++*packets;
	return XDP_PASS;
}

SEC("xdp")
int bench_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int bench_realistic(struct xdp_md *ctx)
{
	return filter(ctx);
}

SEC("xdp")
int step_empty(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &bench_next, 0);
	return XDP_PASS; /* nothing is next */
}

SEC("xdp")
int step_realistic(struct xdp_md *ctx)
{
	int verdict = filter(ctx);

	if (verdict != XDP_PASS)
		return verdict;
	bpf_tail_call(ctx, &bench_next, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
