// SPDX-License-Identifier: LGPL-2.1-or-later
/* The fused instruction stream: where everything goes, and what is put there. fuse.h has the drawing. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "error.h"
#include "model/fuse_part.h"

/* An empty slot of a dispatcher answers 31 and lets the packet on; libxdp sets the bit for every component. */
#define ALWAYS_ON (1u << 31)

/* ---------------------------------------------------------------- sizes and places */

enum { GLUE = 1, JOIN = 6, LAST_JOIN = 7, FINAL_JOIN = 1 };

static uint32_t join_size(const struct fuse_chain *chain, unsigned int i)
{
	if (i + 1 < chain->n)
		return JOIN;
	return chain->parts[i].in->final ? FINAL_JOIN : LAST_JOIN;
}

static uint32_t main_size(const struct fuse_part *part)
{
	return part->stream.starts[1];
}

uint32_t fuse_emit_rest(const struct fuse_part *part)
{
	return part->link == FUSE_INLINE ? main_size(part) : 0;
}

uint32_t fuse_emit_at(const struct fuse_part *part, uint32_t old)
{
	uint32_t rest = fuse_emit_rest(part);

	return old < rest ? part->begin + old : part->rest + (old - rest);
}

int fuse_emit_place(struct fuse_chain *chain, struct xdpctl_error *err)
{
	uint64_t at = 0;

	for (unsigned int i = 0; i < chain->n; i++) {
		struct fuse_part *part = &chain->parts[i];

		part->glue = (uint32_t)at;
		part->begin = part->glue + GLUE;
		part->join = part->begin + (part->link == FUSE_INLINE ? main_size(part) : 1);
		at = (uint64_t)part->join + join_size(chain, i);
	}
	for (unsigned int i = 0; i < chain->n; i++) {
		struct fuse_part *part = &chain->parts[i];

		part->rest = (uint32_t)at;
		at += part->stream.n - fuse_emit_rest(part);
	}
	if (at > FUSE_INSNS_MAX)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, E2BIG,
				 "the chain would have %llu instructions, the kernel takes %u",
				 (unsigned long long)at, FUSE_INSNS_MAX);
	chain->n_insns = (uint32_t)at;
	return 0;
}

/* ---------------------------------------------------------------- our own instructions */

static struct bpf_insn insn_of(uint8_t code, uint8_t dst, uint8_t src, int32_t off, int32_t imm)
{
	return (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = (__s16)off, .imm = imm
	};
}

static struct bpf_insn save_context(uint32_t slot)
{
	return insn_of(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_1, -(int32_t)slot, 0);
}

static struct bpf_insn restore_context(uint32_t slot)
{
	return insn_of(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_10, -(int32_t)slot, 0);
}

static struct bpf_insn call_function(uint32_t at, uint32_t function)
{
	return insn_of(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0,
		       (int32_t)function - (int32_t)at - 1);
}

/* A result after which the chain goes on, the most likely one. */
static int32_t likely_result(uint32_t actions)
{
	if (actions & 1u << XDP_PASS)
		return XDP_PASS;
	return ffs((int)(actions | ALWAYS_ON)) - 1;
}

/* If r0 is @likely, jumps over @over instructions, these three included; else leaves in r1 whether to go on. */
static struct bpf_insn *put_test(struct bpf_insn *to, int32_t likely, int32_t over,
				 uint32_t actions)
{
	*to++ = insn_of(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, over, likely);
	*to++ = insn_of(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1);
	*to++ = insn_of(BPF_ALU64 | BPF_LSH | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0);
	*to++ = insn_of(BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, (int32_t)(actions | ALWAYS_ON));
	return to;
}

static void put_join(struct bpf_insn *to, uint32_t actions)
{
	to = put_test(to, likely_result(actions), JOIN - 1, actions);
	*to++ = insn_of(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_1, 0, 1, 0);
	*to = insn_of(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* XDP_PASS stays what it is, whether it's among the actions or not. */
static void put_last_join(struct bpf_insn *to, uint32_t actions)
{
	to = put_test(to, XDP_PASS, LAST_JOIN - 2, actions);
	*to++ = insn_of(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 1, 0);
	*to++ = insn_of(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS);
	*to = insn_of(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void put_final_join(struct bpf_insn *to)
{
	*to = insn_of(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void put_glue(const struct fuse_chain *chain, unsigned int i, struct bpf_insn *insns)
{
	const struct fuse_part *part = &chain->parts[i];

	insns[part->glue] = i == 0 ? save_context(chain->slot) : restore_context(chain->slot);
	if (part->link == FUSE_CALL)
		insns[part->begin] = call_function(part->begin, part->rest);
	if (i + 1 < chain->n)
		put_join(insns + part->join, part->in->actions);
	else if (part->in->final)
		put_final_join(insns + part->join);
	else
		put_last_join(insns + part->join, part->in->actions);
}

/* ---------------------------------------------------------------- theirs */

/* A reference to function @old + imm, seen from @old's new place. */
static int32_t rebased(const struct fuse_part *part, uint32_t old)
{
	uint32_t target = old + 1 + (uint32_t)part->stream.insns[old].imm;

	return (int32_t)fuse_emit_at(part, target) - (int32_t)fuse_emit_at(part, old) - 1;
}

static void put_insn(const struct fuse_part *part, uint32_t old, struct bpf_insn *insns)
{
	uint32_t at = fuse_emit_at(part, old);

	insns[at] = part->stream.insns[old];
	if (!fuse_begins_insn(&part->stream, old))
		return;
	if (fuse_is_function_ref(&insns[at]))
		insns[at].imm = rebased(part, old);
	else if (fuse_is_exit(&insns[at]) && old < fuse_emit_rest(part))
		insns[at] = insn_of(BPF_JMP | BPF_JA, 0, 0, (int32_t)(part->join - at - 1), 0);
}

/* ---------------------------------------------------------------- references to maps */

static size_t count_maps(const struct fuse_chain *chain)
{
	size_t n = 0;

	for (unsigned int i = 0; i < chain->n; i++) {
		const struct fuse_stream *stream = &chain->parts[i].stream;

		for (uint32_t at = 0; at < stream->n; at++)
			n += fuse_begins_insn(stream, at) && fuse_is_map_ref(&stream->insns[at]);
	}
	return n;
}

static void note_maps(const struct fuse_chain *chain, unsigned int i, uint32_t begin, uint32_t end,
		      struct fuse_program *out)
{
	const struct fuse_part *part = &chain->parts[i];

	for (uint32_t old = begin; old < end; old++) {
		const struct bpf_insn *insn = &part->stream.insns[old];

		if (fuse_begins_insn(&part->stream, old) && fuse_is_map_ref(insn))
			out->maps[out->n_maps++] = (struct fuse_map_ref){ fuse_emit_at(part, old),
									  i, insn->src_reg };
	}
}

static int list_maps(const struct fuse_chain *chain, struct fuse_program *out,
		     struct xdpctl_error *err)
{
	size_t n = count_maps(chain);

	out->maps = calloc(n + 1, sizeof(*out->maps));
	if (!out->maps)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "list the chain's maps");
	for (unsigned int i = 0; i < chain->n; i++)
		note_maps(chain, i, 0, fuse_emit_rest(&chain->parts[i]), out);
	for (unsigned int i = 0; i < chain->n; i++)
		note_maps(chain, i, fuse_emit_rest(&chain->parts[i]), chain->parts[i].stream.n,
			  out);
	return 0;
}

/* ---------------------------------------------------------------- all of it */

static void note_placement(const struct fuse_part *part, struct fuse_placement *out)
{
	uint32_t begin = fuse_emit_at(part, 0);

	*out = (struct fuse_placement){ .link = part->link,
					.why = part->why,
					.glue = part->glue,
					.begin = begin,
					.end = begin + main_size(part) };
}

int fuse_emit(const struct fuse_chain *chain, struct fuse_program *out, struct xdpctl_error *err)
{
	out->insns = calloc(chain->n_insns, sizeof(*out->insns));
	if (!out->insns)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "link the chain");
	out->n_insns = chain->n_insns;
	for (unsigned int i = 0; i < chain->n; i++) {
		const struct fuse_part *part = &chain->parts[i];

		put_glue(chain, i, out->insns);
		for (uint32_t old = 0; old < part->stream.n; old++)
			put_insn(part, old, out->insns);
		note_placement(part, &out->components[i]);
	}
	out->n_components = chain->n;
	return list_maps(chain, out, err);
}
