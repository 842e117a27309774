// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/fuse_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "util.h"

/* <linux/bpf.h> may be older than these. */
#define JCOND 0xe0 /* may_goto, Linux 6.9 */
#define LAST_PSEUDO BPF_PSEUDO_MAP_IDX_VALUE

enum mark { SECOND_HALF = 1, FUNCTION = 2 };

/* ---------------------------------------------------------------- kinds of instructions */

bool fuse_is_long_load(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

bool fuse_is_map_ref(const struct bpf_insn *insn)
{
	if (!fuse_is_long_load(insn))
		return false;
	return insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE ||
	       insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

bool fuse_is_function_ref(const struct bpf_insn *insn)
{
	return (is_call(insn) && insn->src_reg == BPF_PSEUDO_CALL) ||
	       (fuse_is_long_load(insn) && insn->src_reg == BPF_PSEUDO_FUNC);
}

bool fuse_is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

static bool is_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) || insn->code == (BPF_JMP32 | BPF_JA);
}

static bool is_may_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | JCOND);
}

static bool is_jump_class(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

/* Over what follows; "goto +N" has N in imm where it's in the class of 32-bit jumps (Linux 6.6). */
static bool jumps(const struct bpf_insn *insn, int64_t *distance)
{
	if (!is_jump_class(insn) || is_call(insn) || fuse_is_exit(insn))
		return false;
	*distance = insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off;
	return true;
}

/* ---------------------------------------------------------------- what can't be fused */

static int refuse(struct xdpctl_error *err, uint32_t at, const char *why)
{
	return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP, "instruction %u %s", at, why);
}

static int damaged(struct xdpctl_error *err, uint32_t at, const char *why)
{
	return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EINVAL, "instruction %u %s", at, why);
}

static int check_call(const struct bpf_insn *insn, uint32_t at, struct xdpctl_error *err)
{
	if (insn->src_reg > BPF_PSEUDO_KFUNC_CALL)
		return refuse(err, at, "is a call of an unknown kind");
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->off != 0)
		return refuse(err, at, "calls a function of a kernel module");
	return 0;
}

/* Unknown jumps can't be just copied: they might lead anywhere. */
static int check_jump(const struct bpf_insn *insn, uint32_t at, struct xdpctl_error *err)
{
	uint8_t op = BPF_OP(insn->code);

	if (is_call(insn))
		return check_call(insn, at, err);
	if (fuse_is_exit(insn) || is_goto(insn))
		return 0;
	if (is_may_goto(insn) && insn->src_reg == 0)
		return 0;
	if (op == BPF_JA)
		return refuse(err, at, "jumps to an address that is computed");
	if (op == BPF_CALL || op == BPF_EXIT || op >= JCOND)
		return refuse(err, at, "is a jump of an unknown kind");
	return 0;
}

static int check_long_load(const struct fuse_stream *stream, uint32_t at, struct xdpctl_error *err)
{
	const struct bpf_insn *insn = &stream->insns[at];

	if (at + 1 == stream->n || insn[1].code != 0)
		return damaged(err, at, "is half a long load");
	if (insn->src_reg > LAST_PSEUDO)
		return refuse(err, at, "loads an address of an unknown kind");
	if (insn->src_reg == BPF_PSEUDO_BTF_ID && insn[1].imm != 0)
		return refuse(err, at, "refers to a variable of a kernel module");
	return 0;
}

/* ---------------------------------------------------------------- one pass: every instruction by itself */

static void note_facts(struct fuse_stream *stream, const struct bpf_insn *insn)
{
	if (!is_call(insn))
		return;
	if (insn->src_reg == 0 && insn->imm == BPF_FUNC_tail_call)
		stream->has_tail_calls = true;
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		stream->has_kfuncs = true;
}

static int check_insns(struct fuse_stream *stream, struct xdpctl_error *err)
{
	for (uint32_t at = 0; at < stream->n; at++) {
		const struct bpf_insn *insn = &stream->insns[at];
		int r = 0;

		if (fuse_is_long_load(insn)) {
			r = check_long_load(stream, at, err);
			if (r == 0)
				stream->marks[++at] |= SECOND_HALF;
		} else if (BPF_CLASS(insn->code) == BPF_LD) {
			r = refuse(err, at, "is a load that XDP programs don't have");
		} else if (is_jump_class(insn)) {
			r = check_jump(insn, at, err);
			note_facts(stream, insn);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---------------------------------------------------------------- functions */

bool fuse_begins_insn(const struct fuse_stream *stream, uint32_t at)
{
	return at < stream->n && !(stream->marks[at] & SECOND_HALF);
}

static int mark_function(struct fuse_stream *stream, uint32_t at, struct xdpctl_error *err)
{
	int64_t target = (int64_t)at + 1 + stream->insns[at].imm;

	if (target < 0 || target >= stream->n || !fuse_begins_insn(stream, (uint32_t)target))
		return damaged(err, at, "refers to a function that isn't there");
	stream->marks[target] |= FUNCTION;
	if (target == 0)
		stream->main_is_target = true;
	return 0;
}

static int mark_functions(struct fuse_stream *stream, struct xdpctl_error *err)
{
	for (uint32_t at = 0; at < stream->n; at++) {
		int r = 0;

		if (fuse_begins_insn(stream, at) && fuse_is_function_ref(&stream->insns[at]))
			r = mark_function(stream, at, err);
		if (r < 0)
			return r;
	}
	stream->marks[0] |= FUNCTION;
	return 0;
}

static int list_functions(struct fuse_stream *stream, struct xdpctl_error *err)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < stream->n; at++)
		n += (stream->marks[at] & FUNCTION) != 0;
	stream->starts = calloc(n + 1, sizeof(*stream->starts));
	if (!stream->starts)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "examine its instructions");
	for (uint32_t at = 0; at < stream->n; at++)
		if (stream->marks[at] & FUNCTION)
			stream->starts[stream->n_functions++] = at;
	stream->starts[n] = stream->n;
	return 0;
}

uint32_t fuse_function_at(const struct fuse_stream *stream, uint32_t at)
{
	uint32_t low = 0, high = stream->n_functions;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (stream->starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* ---------------------------------------------------------------- jumps stay in their function */

static int check_target(const struct fuse_stream *stream, uint32_t at, uint32_t begin, uint32_t end,
			struct xdpctl_error *err)
{
	int64_t distance, target;

	if (!jumps(&stream->insns[at], &distance))
		return 0;
	target = (int64_t)at + 1 + distance;
	if (target < begin || target >= end)
		return damaged(err, at, "jumps out of its function");
	if (!fuse_begins_insn(stream, (uint32_t)target))
		return damaged(err, at, "jumps into a long load");
	return 0;
}

static int check_function(const struct fuse_stream *stream, uint32_t begin, uint32_t end,
			  struct xdpctl_error *err)
{
	const struct bpf_insn *last = &stream->insns[end - 1];

	for (uint32_t at = begin; at < end; at++) {
		int r = fuse_begins_insn(stream, at) ? check_target(stream, at, begin, end, err) :
						       0;
		if (r < 0)
			return r;
	}
	if (!fuse_begins_insn(stream, end - 1) || !(fuse_is_exit(last) || is_goto(last)))
		return damaged(err, end - 1, "is the last of a function that goes on behind it");
	return 0;
}

static int check_functions(const struct fuse_stream *stream, struct xdpctl_error *err)
{
	for (uint32_t i = 0; i < stream->n_functions; i++) {
		int r = check_function(stream, stream->starts[i], stream->starts[i + 1], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int examine_main(struct fuse_stream *stream, struct xdpctl_error *err)
{
	uint32_t end = stream->starts[1];

	stream->first_exit = end;
	for (uint32_t at = end; at-- > 0;) {
		if (!fuse_begins_insn(stream, at))
			continue;
		if (fuse_is_exit(&stream->insns[at]))
			stream->first_exit = at;
		if (is_may_goto(&stream->insns[at]))
			stream->main_has_may_goto = true;
	}
	if (stream->first_exit == end)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
				 "its main function never returns");
	return 0;
}

/* ---------------------------------------------------------------- all of it */

static int examine(struct fuse_stream *stream, struct xdpctl_error *err)
{
	int r;

	if ((r = check_insns(stream, err)) < 0 || (r = mark_functions(stream, err)) < 0 ||
	    (r = list_functions(stream, err)) < 0 || (r = check_functions(stream, err)) < 0)
		return r;
	return examine_main(stream, err);
}

int fuse_stream_read(const struct bpf_insn *insns, size_t n, struct fuse_stream *out,
		     struct xdpctl_error *err)
{
	struct fuse_stream stream = { .insns = insns, .n = (uint32_t)n };
	int r;

	if (n == 0)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EINVAL, "it has no instructions");
	if (n > FUSE_INSNS_MAX)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, E2BIG,
				 "it has %zu instructions, more than the kernel's %u", n,
				 FUSE_INSNS_MAX);
	stream.marks = calloc(n, sizeof(*stream.marks));
	if (!stream.marks)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "examine its instructions");
	r = examine(&stream, err);
	if (r < 0) {
		fuse_stream_free(&stream);
		return r;
	}
	*out = stream;
	return 0;
}

void fuse_stream_free(struct fuse_stream *stream)
{
	free(stream->marks);
	free(stream->starts);
	*stream = (struct fuse_stream){ 0 };
}
