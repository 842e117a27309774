/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dispatcher's configuration map, byte for byte, in the three versions of libxdp's protocol
 * (xdpctl-protocol(7)), and one value that stands for all three. Pure.
 */
#ifndef XDPCTL_MODEL_WIRE_H
#define XDPCTL_MODEL_WIRE_H

#include "xdpctl.h"

#define WIRE_SIZE_V1 84u
#define WIRE_SIZE_V2 124u
#define WIRE_SIZE_V3 128u
#define WIRE_SIZE_MAX WIRE_SIZE_V3

#define WIRE_FLAG_FRAGS 0x20u    /* BPF_F_XDP_HAS_FRAGS, in program_flags */
#define WIRE_FLAG_DEVBOUND 0x40u /* BPF_F_XDP_DEV_BOUND_ONLY */

struct wire_slot {
	uint32_t actions; /* the user's bits */
	uint32_t prio;
	bool frags;
};

struct wire_config {
	unsigned int version; /* 1, 2, 3 */
	unsigned int n_slots; /* enabled, 0..10 */
	bool frags;
	bool devbound;
	struct wire_slot slots[XDPCTL_SLOTS_MAX];
};

/*
 * Reads @size bytes of a configuration map. @btf_version is what the dispatcher's BTF says (0: nothing),
 * which decides only where the bytes have no magic. -EINVAL: not a configuration (wrong size for its
 * version, more than ten slots), -EOPNOTSUPP (UNSUPPORTED): a newer version, which is in @out->version.
 */
int wire_decode(const void *bytes, size_t size, unsigned int btf_version, struct wire_config *out,
		struct xdpctl_error *err);
/* Writes @config as its version 2 or 3 into @bytes and returns the size; 0 for another version. */
size_t wire_encode(const struct wire_config *config, uint8_t bytes[WIRE_SIZE_MAX]);

#endif
