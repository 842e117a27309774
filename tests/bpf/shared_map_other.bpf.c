// SPDX-License-Identifier: GPL-2.0-or-later
/* Wants a map of the same name as shared_map.bpf.c, but of another shape: the two can't share it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} xdpctl_shared SEC(".maps");

SEC("xdp")
int shared_map_other(struct xdp_md *ctx)
{
	__u64 key = 0, *count = bpf_map_lookup_elem(&xdpctl_shared, &key);

	return count && *count ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
