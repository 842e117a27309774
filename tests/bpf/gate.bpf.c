// SPDX-License-Identifier: GPL-2.0-or-later
/* Drops every packet, and has all that a load can leave behind: a map of its own, one pinned by name, a global. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 step = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} gate_dropped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} gate_pinned SEC(".maps");

SEC("xdp")
int gate(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *dropped = bpf_map_lookup_elem(&gate_dropped, &key);
	__u64 *pinned = bpf_map_lookup_elem(&gate_pinned, &key);

	if (!dropped || !pinned)
		return XDP_ABORTED;
	__sync_fetch_and_add(dropped, step);
	__sync_fetch_and_add(pinned, step);
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
