// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shows that it ran: counts packets in entry @key of a map of its own, "counter_hits", and returns
 * @verdict. Both can be set (--set key=3 --set verdict=XDP_DROP).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define KEYS 64

const volatile __u32 key = 0;
const volatile enum xdp_action verdict = XDP_PASS;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KEYS);
	__type(key, __u32);
	__type(value, __u64);
} counter_hits SEC(".maps");

SEC("xdp")
int counter(struct xdp_md *ctx)
{
	__u32 index = key;
	__u64 *hits = bpf_map_lookup_elem(&counter_hits, &index);

	if (!hits)
		return XDP_ABORTED;
	__sync_fetch_and_add(hits, 1);
	return verdict;
}

char _license[] SEC("license") = "GPL";
