/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One component's instructions, examined: where its functions begin, and that every jump, call and function
 * address leads where one may lead. Knows nothing of chains.
 */
#ifndef XDPCTL_MODEL_FUSE_STREAM_H
#define XDPCTL_MODEL_FUSE_STREAM_H

#include <linux/bpf.h>

#include "xdpctl.h"

#define FUSE_INSNS_MAX 1000000u /* the kernel's BPF_COMPLEXITY_LIMIT_INSNS */

struct fuse_stream {
	const struct bpf_insn *insns; /* borrowed */
	uint32_t n;
	uint8_t *marks;       /* per instruction, private */
	uint32_t *starts;     /* of the functions, in order; starts[n_functions] is n */
	uint32_t n_functions; /* at least one: the main function */
	uint32_t first_exit;  /* of the main function */
	bool main_is_target;  /* of a call, or of a function address */
	bool main_has_may_goto;
	bool has_tail_calls;
	bool has_kfuncs;
};

int fuse_stream_read(const struct bpf_insn *insns, size_t n, struct fuse_stream *out,
		     struct xdpctl_error *err);
void fuse_stream_free(struct fuse_stream *stream);

/* The first half of a load of 64 bits. */
bool fuse_is_long_load(const struct bpf_insn *insn);
/* ... of a map's address, or of an address in its value. */
bool fuse_is_map_ref(const struct bpf_insn *insn);
/* A call of the stream's own functions, or a load of one's address: its imm is relative to what follows. */
bool fuse_is_function_ref(const struct bpf_insn *insn);
bool fuse_is_exit(const struct bpf_insn *insn);
/* Whether an instruction begins there, that is, whether it's no second half of a long load. */
bool fuse_begins_insn(const struct fuse_stream *stream, uint32_t at);
/* The index of the function that instruction @at belongs to. */
uint32_t fuse_function_at(const struct fuse_stream *stream, uint32_t at);

#endif
