// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Components of all shapes for the tests of the fused engine. What they return and do is decided by the
 * packet's bytes alone, so that a chain of them can be compared with itself: nothing here remembers anything
 * that it then decides by.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>

#include "bytes.h"

#define MIX 0x9e3779b1u

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} shapes_count SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} shapes_jumps SEC(".maps");

struct guarded {
	struct bpf_spin_lock lock;
	__u32 sum;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct guarded);
} shapes_guarded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} shapes_ring SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} shapes_inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} shapes_outer SEC(".maps") = { .values = { &shapes_inner } };

__u64 shapes_seen; /* global data */

static __always_inline void count(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&shapes_count, &key);

	if (value)
		*value += 1;
}

/* ---- results ---- */

/* Any number of 32 bits, mostly small ones. */
SEC("xdp")
int shape_odd(struct xdp_md *ctx)
{
	__u32 a = byte_at(ctx, 15), b = byte_at(ctx, 16);

	shapes_seen++;
	if (a < 160)
		return b & 7;
	if (a < 200)
		return b;
	return (b << 24 | a << 3) * MIX;
}

SEC("xdp")
int shape_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* ---- functions ---- */

static __noinline __u32 mix(__u32 a, __u32 b)
{
	return (a ^ b) * MIX >> 3;
}

static __noinline __u32 sum_of(struct xdp_md *ctx, __u32 from)
{
	__u32 sum = 0;

	for (int i = 0; i < 4; i++)
		sum = mix(sum, byte_at(ctx, from + i));
	return sum;
}

/* Global: verified by itself. */
__noinline int shape_judge(struct xdp_md *ctx, __u32 from)
{
	if (!ctx)
		return XDP_ABORTED;
	return sum_of(ctx, from & 31) % 6 == 0 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int shape_functions(struct xdp_md *ctx)
{
	__u32 first = byte_at(ctx, 17);

	if (first < 32)
		return mix(first, 3) & 3;
	if (shape_judge(ctx, first) == XDP_DROP)
		return XDP_DROP;
	return sum_of(ctx, 20) & 64 ? XDP_TX : XDP_PASS;
}

struct loop_state {
	struct xdp_md *ctx;
	__u32 sum;
};

static long add_byte(__u32 index, void *data)
{
	struct loop_state *state = data;

	state->sum = mix(state->sum, byte_at(state->ctx, index & 63));
	return (state->sum & 15) == 9;
}

SEC("xdp")
int shape_callback(struct xdp_md *ctx)
{
	struct loop_state state = { .ctx = ctx, .sum = 1 };

	bpf_loop(20, add_byte, &state, 0);
	return state.sum % 7 == 3 ? XDP_DROP : XDP_PASS;
}

/* ---- the packet ---- */

SEC("xdp")
int shape_writes(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 24 > end)
		return XDP_PASS;
	data[15] += 77;
	data[16] ^= data[20];
	data[23] = data[14] * 3;
	return data[15] & 32 ? XDP_PASS : XDP_TX;
}

/* Moves both ends a little, and now and then fails to. */
SEC("xdp")
int shape_moves(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data, what = byte_at(ctx, 18);
	int by = (int)(what >> 5) - 4;

	if (length < 40)
		return XDP_PASS;
	if (what & 1) {
		if (bpf_xdp_adjust_head(ctx, by))
			return XDP_ABORTED;
		blank(ctx);
	}
	if (what & 2 && bpf_xdp_adjust_tail(ctx, -by))
		return XDP_ABORTED;
	if (what & 4 && bpf_xdp_adjust_tail(ctx, 1 << 20) == 0)
		return XDP_DROP;
	return byte_at(ctx, 19) & 128 ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int shape_meta(struct xdp_md *ctx)
{
	__u32 what = byte_at(ctx, 14);
	__u32 *meta;

	if (what & 2) {
		if (bpf_xdp_adjust_meta(ctx, 4))
			return XDP_PASS; /* nothing to take back */
	} else if (bpf_xdp_adjust_meta(ctx, -8)) {
		return XDP_PASS; /* no room */
	}
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 2) > (void *)(long)ctx->data)
		return XDP_PASS;
	meta[0] = meta[1] = what;
	return what & 64 ? XDP_TX : XDP_PASS;
}

/* ---- the stack ---- */

/* Nearly all of it, at offsets that the verifier can't know. */
SEC("xdp")
int shape_deep(struct xdp_md *ctx)
{
	__u8 bytes[470] = {};
	__u32 a = byte_at(ctx, 21), b = byte_at(ctx, 22);

	bytes[a] = 1;
	bytes[200 + b] += 2;
	count(8);
	return bytes[(a ^ b) & 255] ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int shape_shallow(struct xdp_md *ctx)
{
	volatile __u32 words[12] = {};

#pragma unroll
	for (__u32 i = 0; i < 12; i++)
		words[i] = byte_at(ctx, i + 6) + words[(i + 5) % 12];
	return words[11] % 9 == 4 ? XDP_DROP : XDP_PASS;
}

/* ---- maps ---- */

SEC("xdp")
int shape_counts(struct xdp_md *ctx)
{
	count(byte_at(ctx, 23) & 31); /* half of them are beyond the map */
	return XDP_PASS;
}

SEC("xdp")
int shape_lock(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct guarded *guarded = bpf_map_lookup_elem(&shapes_guarded, &key);

	if (!guarded)
		return XDP_ABORTED;
	bpf_spin_lock(&guarded->lock);
	guarded->sum += 1;
	bpf_spin_unlock(&guarded->lock);
	return XDP_PASS;
}

SEC("xdp")
int shape_ring(struct xdp_md *ctx)
{
	__u32 *record = bpf_ringbuf_reserve(&shapes_ring, sizeof(*record), 0);

	if (!record)
		return XDP_PASS;
	*record = byte_at(ctx, 14);
	if (*record & 1) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return XDP_PASS;
	}
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return XDP_PASS;
}

SEC("xdp")
int shape_nested_map(struct xdp_md *ctx)
{
	__u32 outer = byte_at(ctx, 14) & 1, key = byte_at(ctx, 15) & 7, *value;
	void *inner = bpf_map_lookup_elem(&shapes_outer, &outer);

	if (!inner)
		return XDP_PASS;
	value = bpf_map_lookup_elem(inner, &key);
	return value ? XDP_PASS : XDP_TX;
}

/* ---- tail calls, of which entry 1 works if the test fills it ---- */

SEC("xdp")
int shape_tail(struct xdp_md *ctx)
{
	if (byte_at(ctx, 14) & 1)
		bpf_tail_call(ctx, &shapes_jumps, 1);
	else
		bpf_tail_call(ctx, &shapes_jumps, 2);
	return byte_at(ctx, 15) & 1 ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int shape_tail_target(struct xdp_md *ctx)
{
	return byte_at(ctx, 16) & 7;
}

char _license[] SEC("license") = "GPL";
