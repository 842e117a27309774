// SPDX-License-Identifier: LGPL-2.1-or-later
/* Room on the stack: fuse.h says what it is counted like. */
#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "model/fuse_part.h"
#include "util.h"

#define STACK_MAX 512u /* the kernel's MAX_BPF_STACK */
#define FRAMES_MAX 8   /* its MAX_CALL_FRAMES */
#define TAIL_CALL_STACK_MAX \
	256u /* what the callers of a function with tail calls must stay below */
#define UNKNOWN UINT32_MAX

/* What a frame counts in a call chain. */
static uint32_t rounded(uint32_t depth)
{
	return depth ? (depth + 31) / 32 * 32 : 32;
}

/* ---------------------------------------------------------------- how deep each function goes */

static bool addresses(const struct bpf_insn *insn, uint8_t reg)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
		return insn->src_reg == reg;
	case BPF_ST:
	case BPF_STX:
		return insn->dst_reg == reg;
	default:
		return false;
	}
}

/* Whether a copy of r10 is made, after which nothing is sure. */
static bool copies_frame(const struct bpf_insn *insn)
{
	return insn->src_reg == BPF_REG_10 && BPF_CLASS(insn->code) != BPF_LDX;
}

static uint32_t scan_function(const struct fuse_stream *stream, uint32_t begin, uint32_t end)
{
	uint32_t depth = 0;

	for (uint32_t at = begin; at < end; at++) {
		const struct bpf_insn *insn = &stream->insns[at];

		if (copies_frame(insn))
			return UNKNOWN;
		if (addresses(insn, BPF_REG_10) && insn->off < 0 && (uint32_t)-insn->off > depth)
			depth = (uint32_t)-insn->off;
	}
	return depth;
}

static void find_depths(const struct fuse_part *part, uint32_t *depths)
{
	const struct fuse_stream *stream = &part->stream;
	bool given = part->in->n_depths == stream->n_functions;

	for (uint32_t i = 0; i < stream->n_functions; i++)
		depths[i] = given ? part->in->depths[i] :
				    scan_function(stream, stream->starts[i], stream->starts[i + 1]);
}

/* ---------------------------------------------------------------- call chains */

static uint32_t callee(const struct fuse_stream *stream, uint32_t at)
{
	return fuse_function_at(stream, at + 1 + (uint32_t)stream->insns[at].imm);
}

/*
 * One more frame: what is below each function, from what was found to be below those it calls. Functions
 * whose depth isn't known count as little as can be. Where it all doesn't fit, it doesn't matter by how much.
 */
static void deepen(const struct fuse_stream *stream, const uint32_t *depths, uint32_t *below)
{
	uint32_t caller = 0;

	for (uint32_t at = 0; at < stream->n; at++) {
		uint32_t called, sum;

		if (at == stream->starts[caller + 1])
			caller++;
		if (!fuse_begins_insn(stream, at) || !fuse_is_function_ref(&stream->insns[at]))
			continue;
		called = callee(stream, at);
		sum = rounded(depths[called] > STACK_MAX ? 0 : depths[called]) + below[called];
		if (sum > below[caller])
			below[caller] = sum > 2 * STACK_MAX ? 2 * STACK_MAX : sum;
	}
}

int fuse_frame_measure(struct fuse_part *part, struct xdpctl_error *err)
{
	size_t n = part->stream.n_functions;
	_cleanup_free_ uint32_t *depths = calloc(n, sizeof(*depths));
	_cleanup_free_ uint32_t *below = calloc(n, sizeof(*below));

	if (!depths || !below)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "measure its stack");
	find_depths(part, depths);
	for (int frame = 1; frame < FRAMES_MAX; frame++)
		deepen(&part->stream, depths, below);
	part->depth_known = depths[0] <= STACK_MAX;
	part->depth = part->depth_known ? depths[0] : 0;
	part->below = below[0];
	return 0;
}

/* ---------------------------------------------------------------- one frame for all */

/* The last component may overwrite the slot. */
static bool shields_slot(const struct fuse_chain *chain, unsigned int i)
{
	return chain->parts[i].link == FUSE_INLINE && i + 1 < chain->n;
}

static uint32_t slot_of(const struct fuse_chain *chain)
{
	uint32_t deepest = 0;

	for (unsigned int i = 0; i < chain->n; i++)
		if (shields_slot(chain, i) && chain->parts[i].depth > deepest)
			deepest = chain->parts[i].depth;
	return (deepest + 7) / 8 * 8 + 8;
}

static uint32_t frame_of(const struct fuse_chain *chain)
{
	const struct fuse_part *last = &chain->parts[chain->n - 1];
	uint32_t slot = slot_of(chain);

	return last->link == FUSE_INLINE && last->depth > slot ? last->depth : slot;
}

/* Whether that component has room in a chain whose frame is counted as @frame. */
static bool part_fits(const struct fuse_part *part, uint32_t frame)
{
	uint32_t own = part->link == FUSE_CALL ? rounded(part->depth) : 0;

	/* Which of its functions makes a tail call isn't known here: perhaps one that is called last. */
	if (part->stream.has_tail_calls &&
	    frame + (part->below ? own + part->below : 0) >= TAIL_CALL_STACK_MAX)
		return false;
	return frame + own + part->below <= STACK_MAX;
}

static bool fits(const struct fuse_chain *chain)
{
	uint32_t frame = rounded(frame_of(chain));

	for (unsigned int i = 0; i < chain->n; i++)
		if (!part_fits(&chain->parts[i], frame))
			return false;
	return true;
}

static struct fuse_part *deepest_inlined(struct fuse_chain *chain)
{
	struct fuse_part *deepest = NULL;

	for (unsigned int i = 0; i < chain->n; i++) {
		struct fuse_part *part = &chain->parts[i];

		if (part->link == FUSE_INLINE && (!deepest || part->depth > deepest->depth))
			deepest = part;
	}
	return deepest;
}

void fuse_frame_arrange(struct fuse_chain *chain)
{
	struct fuse_part *part;

	while (!fits(chain) && (part = deepest_inlined(chain))) {
		part->link = FUSE_CALL;
		part->why = "its stack does not fit into one frame with the others";
	}
	chain->slot = slot_of(chain);
}
