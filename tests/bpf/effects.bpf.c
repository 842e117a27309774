// SPDX-License-Identifier: GPL-2.0-or-later
/* What every kernel that can fuse has. */
#include "effects.h"

/* ---- global data ---- */

const volatile __u64 data_step = 1;
__u64 data_seen = 40;

SEC("xdp")
int effect_data(struct xdp_md *ctx)
{
	data_seen += data_step;
	return has_effect(data_seen);
}

/* ---- a map in a map ---- */

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &inner } };

SEC("xdp")
int effect_nested(struct xdp_md *ctx)
{
	__u32 second = 1, first = 0;
	void *map = bpf_map_lookup_elem(&outer, &second);
	__u64 *value = map ? bpf_map_lookup_elem(map, &first) : NULL;

	if (!value)
		return XDP_ABORTED;
	*value += 5;
	return has_effect(*value);
}

/* ---- a ring buffer ---- */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("xdp")
int effect_ring(struct xdp_md *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return XDP_ABORTED;
	*record = 1;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return has_effect(bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA));
}

/* ---- a spin lock ---- */

struct guarded {
	struct bpf_spin_lock lock;
	__u64 sum;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guarded);
} guarded SEC(".maps");

SEC("xdp")
int effect_lock(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct guarded *it = bpf_map_lookup_elem(&guarded, &key);
	__u64 sum;

	if (!it)
		return XDP_ABORTED;
	bpf_spin_lock(&it->lock);
	it->sum += 3;
	sum = it->sum;
	bpf_spin_unlock(&it->lock);
	return has_effect(sum);
}

/* ---- functions, of which the global one is verified by itself ---- */

static __noinline __u64 square(__u64 x)
{
	return x * x;
}

__noinline int length_of(struct xdp_md *ctx)
{
	return ctx ? (int)square(ctx->data_end - ctx->data) : 0;
}

SEC("xdp")
int effect_functions(struct xdp_md *ctx)
{
	return has_effect(length_of(ctx) + square(2));
}

/* ---- a tail call, which has an effect where the map is empty ---- */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

SEC("xdp")
int effect_tail(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 0);
	return has_effect(9);
}

char _license[] SEC("license") = "GPL";
