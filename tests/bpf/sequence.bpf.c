// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shows in which order components run: each appends its @id to "xdpctl_sequence", a map pinned by name and
 * so shared by all that are loaded from this object. Entry 0 is how many there are, the ids come after.
 * Meant for single packets (BPF_PROG_TEST_RUN): two CPUs at once would overwrite each other's.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define ENTRIES 65 /* for as many components as a chain can have */

const volatile __u32 id = 0;
const volatile enum xdp_action verdict = XDP_PASS;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} xdpctl_sequence SEC(".maps");

SEC("xdp")
int sequence(struct xdp_md *ctx)
{
	__u32 key = 0, *count, *entry;

	count = bpf_map_lookup_elem(&xdpctl_sequence, &key);
	if (!count)
		return XDP_ABORTED;
	key = *count + 1;
	entry = bpf_map_lookup_elem(&xdpctl_sequence, &key);
	if (!entry)
		return XDP_ABORTED; /* full */
	*entry = id;
	*count = key;
	return verdict;
}

char _license[] SEC("license") = "GPL";
