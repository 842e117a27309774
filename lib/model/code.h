/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A component's code as it is kept to be fused again, by any later process and without its object file: what
 * libbpf handed to the kernel, with maps by their ids, in one block of bytes. The block is the value of a
 * frozen map, see xdpctl-protocol(7). Pure.
 */
#ifndef XDPCTL_MODEL_CODE_H
#define XDPCTL_MODEL_CODE_H

#include <linux/bpf.h>

#include "xdpctl.h"

/* All borrowed, from whoever made it or from the block that it was decoded from. */
struct code {
	uint32_t prog_id; /* of the component loaded by itself, with when that was */
	uint64_t load_time;
	/* Long loads of maps hold the map's id in place of a descriptor. */
	const struct bpf_insn *insns;
	uint32_t n_insns;
	const struct bpf_func_info *funcs;
	uint32_t n_funcs;
	const struct bpf_line_info *lines;
	uint32_t n_lines;
	const uint32_t *depths; /* of the functions' stacks */
	uint32_t n_depths;
	const void *btf;
	uint32_t btf_size;
};

/* The block, of *@size bytes, to be freed; NULL: there is no memory for it. */
uint8_t *code_encode(const struct code *code, size_t *size);
/* @bytes must be aligned to 8. -EOPNOTSUPP: of a layout that we don't know; -EINVAL: it is cut short. */
int code_decode(const uint8_t *bytes, size_t size, struct code *out, struct xdpctl_error *err);

/* Is it a long load that refers to a map by descriptor, or by id when it is kept? */
bool code_is_map_load(const struct bpf_insn *insn);

#endif
