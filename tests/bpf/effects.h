/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Components that use something of the kernel's that fusing must get right. Each returns XDP_TX, and what it found or did
 * is in the map "effect", so that a test sees that it ran, and how.
 */
#ifndef EFFECTS_H
#define EFFECTS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} effect SEC(".maps");

static __always_inline int has_effect(__u64 value)
{
	__u32 key = 0;
	__u64 *of = bpf_map_lookup_elem(&effect, &key);

	if (!of)
		return XDP_ABORTED;
	*of = value;
	return XDP_TX;
}

#endif
