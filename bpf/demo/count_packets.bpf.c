// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts packets and bytes, and lets all of them pass. To see the counts:
 *
 *	bpftool map dump name packet_counts
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct counts {
	__u64 packets;
	__u64 bytes;
};

/* One value per CPU, so that no CPU waits for another; the reader adds them up. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} packet_counts SEC(".maps");

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct counts *counts = bpf_map_lookup_elem(&packet_counts, &key);

	if (!counts)
		return XDP_ABORTED;
	counts->packets++;
	counts->bytes += ctx->data_end - ctx->data;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
