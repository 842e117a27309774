// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * More components for the differential test of the fused engine: they redirect, they call helpers that fail,
 * and, other than those of fuse_shapes.bpf.c, they remember what they saw and decide by it. So both sides of a
 * comparison must have maps of their own.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bytes.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} differ_turns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, __u32);
	__type(value, __u32);
} differ_known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} differ_ports SEC(".maps");

__u32 differ_last; /* global data */

/* ---- results ---- */

SEC("xdp")
int differ_aborted(struct xdp_md *ctx)
{
	return XDP_ABORTED;
}

SEC("xdp")
int differ_tx(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp")
int differ_beyond(struct xdp_md *ctx)
{
	return XDP_REDIRECT + 1 + (byte_at(ctx, 18) & 127);
}

SEC("xdp")
int differ_negative(struct xdp_md *ctx)
{
	return -(int)(byte_at(ctx, 19) & 63);
}

/* ---- redirection ---- */

SEC("xdp")
int differ_redirect(struct xdp_md *ctx)
{
	return bpf_redirect(1, byte_at(ctx, 11) & 1 ? 1 : 0); /* no such flag: it fails */
}

/* Entry 0 is there, the others are empty, and 4 and more are none: what the flags say is returned. */
SEC("xdp")
int differ_redirect_map(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&differ_ports, byte_at(ctx, 11) & 7, byte_at(ctx, 5) & 3);
}

/* ---- memory ---- */

/* Every seventh packet is another one than the six before. */
SEC("xdp")
int differ_seventh(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *turns = bpf_map_lookup_elem(&differ_turns, &key);

	if (!turns)
		return XDP_ABORTED;
	*turns += 1;
	return *turns % 7 == 0 ? XDP_DROP : XDP_PASS;
}

/* Knows 32 packets at most; one that is met again is forgotten. */
SEC("xdp")
int differ_remembers(struct xdp_md *ctx)
{
	__u32 key = byte_at(ctx, 5) | byte_at(ctx, 21) << 8, one = 1;

	if (bpf_map_delete_elem(&differ_known, &key) == 0)
		return XDP_PASS;
	if (bpf_map_update_elem(&differ_known, &key, &one, BPF_EXIST) == 0)
		return XDP_ABORTED; /* it can't exist */
	if (bpf_map_update_elem(&differ_known, &key, &one, BPF_NOEXIST))
		return XDP_TX; /* full */
	return XDP_PASS;
}

SEC("xdp")
int differ_compares(struct xdp_md *ctx)
{
	__u32 now = byte_at(ctx, 16) & 15, last = differ_last;

	differ_last = now;
	return now < last ? XDP_TX : XDP_PASS;
}

/* ---- the packet ---- */

/* By helpers that copy, of which some reach beyond the end and fail. */
SEC("xdp")
int differ_copies(struct xdp_md *ctx)
{
	__u8 bytes[16] = {};
	__u32 at = byte_at(ctx, 22) * 4;

	if (bpf_xdp_load_bytes(ctx, at, bytes, sizeof(bytes)))
		return byte_at(ctx, 21) & 1 ? XDP_PASS : XDP_DROP;
	bytes[3] ^= bytes[12];
	bytes[9] += 5;
	return bpf_xdp_store_bytes(ctx, at + 8, bytes, sizeof(bytes)) ? XDP_TX : XDP_PASS;
}

/* A checksum over what is there, put into it. */
SEC("xdp")
int differ_checksum(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__s64 sum;

	if (data + 40 > end)
		return XDP_PASS;
	sum = bpf_csum_diff(0, 0, (__be32 *)(data + 16), 16, 0);
	data[14] = (__u8)sum;
	data[15] = (__u8)(sum >> 8);
	return XDP_PASS;
}

/* Room for a header in front of the packet's addresses, as one that encapsulates does. */
SEC("xdp")
int differ_pushes(struct xdp_md *ctx)
{
	__u8 *data, *end, addresses[12];

	if (bpf_xdp_adjust_head(ctx, -4))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + 16 > end)
		return XDP_ABORTED;
	__builtin_memcpy(addresses, data + 4, sizeof(addresses));
	__builtin_memcpy(data, addresses, sizeof(addresses));
	data[12] = 0x81;
	data[13] = 0;
	data[14] = 0;
	data[15] = 9;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
