/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the components of the tests of the fused engine do with a packet's bytes. */
#ifndef BYTES_H
#define BYTES_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Byte @at of the packet, 0 beyond its end. */
static __always_inline __u32 byte_at(struct xdp_md *ctx, __u32 at)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + at + 1 > end)
		return 0;
	return data[at];
}

/* What comes into sight at the head isn't always the same: it's overwritten. */
static __always_inline void blank(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 4 > end)
		return;
	data[0] = data[1] = data[2] = data[3] = 0;
}

#endif
