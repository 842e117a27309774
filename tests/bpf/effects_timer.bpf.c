// SPDX-License-Identifier: GPL-2.0-or-later
/* A timer, whose callback has the effect a moment later: Linux 5.15. */
#include "effects.h"

#define MONOTONIC 1 /* CLOCK_MONOTONIC */

struct timed {
	struct bpf_timer timer;
};

/* Pinned, because the kernel takes timers only from maps that user space holds. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct timed);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} timed SEC(".maps");

static int fires(void *map, __u32 *key, struct timed *it)
{
	has_effect(7);
	return 0;
}

SEC("xdp")
int effect_timer(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct timed *it = bpf_map_lookup_elem(&timed, &key);

	if (!it)
		return XDP_ABORTED;
	if (bpf_timer_init(&it->timer, &timed, MONOTONIC) ||
	    bpf_timer_set_callback(&it->timer, fires) || bpf_timer_start(&it->timer, 0, 0))
		return XDP_ABORTED;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
