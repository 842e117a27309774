// SPDX-License-Identifier: LGPL-2.1-or-later
/* What names functions and source lines in the fused program: BTF, func_info and line_info. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "model/fuse_part.h"
#include "util.h"

static int damaged(struct xdpctl_error *err, const char *what)
{
	return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EINVAL,
			 "its %s doesn't fit its instructions", what);
}

/* ---------------------------------------------------------------- checking: as strict as the kernel */

static int check_funcs(const struct fuse_part *part, struct xdpctl_error *err)
{
	const struct fuse_stream *stream = &part->stream;

	if (part->in->n_funcs != stream->n_functions)
		return damaged(err, "func_info");
	for (uint32_t i = 0; i < stream->n_functions; i++) {
		const struct bpf_func_info *func = &part->in->funcs[i];

		if (func->insn_off != stream->starts[i] ||
		    !fuse_btf_function(&part->btf, func->type_id))
			return damaged(err, "func_info");
	}
	return 0;
}

/* Every function begins with a record, if there are any. */
static int check_lines(const struct fuse_part *part, struct xdpctl_error *err)
{
	const struct fuse_stream *stream = &part->stream;
	uint32_t begun = 0;

	for (size_t i = 0; i < part->in->n_lines; i++) {
		const struct bpf_line_info *line = &part->in->lines[i];

		if (!fuse_begins_insn(stream, line->insn_off) ||
		    (i > 0 && line->insn_off <= line[-1].insn_off) ||
		    line->file_name_off >= part->btf.strings_size ||
		    line->line_off >= part->btf.strings_size)
			return damaged(err, "line_info");
		begun += begun < stream->n_functions && line->insn_off == stream->starts[begun];
	}
	if (part->in->n_lines > 0 && begun != stream->n_functions)
		return damaged(err, "line_info");
	return 0;
}

int fuse_info_check(struct fuse_part *part, struct xdpctl_error *err)
{
	const char *forbidden;
	int r;

	if ((r = check_funcs(part, err)) < 0 || (r = check_lines(part, err)) < 0)
		return r;
	forbidden = part->stream.has_kfuncs ? fuse_btf_forbidden(&part->btf) : NULL;
	if (forbidden)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP, "it calls %s()",
				 forbidden);
	part->func = fuse_btf_function(&part->btf, part->in->funcs[0].type_id);
	return 0;
}

/* ---------------------------------------------------------------- lines of our own */

/* What a chain shows where no source line of a component is: offsets in the fused BTF. */
struct marks {
	uint32_t file;
	uint32_t glue[FUSE_COMPONENTS_MAX];
	uint32_t join[FUSE_COMPONENTS_MAX];
};

static void make_printable(char *text)
{
	for (; *text; text++)
		if (!isascii(*text) || !isprint(*text))
			*text = '?';
}

static int add_marks(const struct fuse_part *part, struct fuse_btf_sum *sum, uint32_t *glue,
		     uint32_t *join, struct xdpctl_error *err)
{
	char text[512], words[64];
	int r;

	snprintf(text, sizeof(text), "/* component %.128s: %s %.256s() */", part->in->name,
		 part->link == FUSE_INLINE ? "inlined" : "calls", part->func);
	make_printable(text);
	r = fuse_btf_add_string(sum, text, glue, err);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "/* component %.128s: chain actions %s */", part->in->name,
		 xdpctl_actions_format(part->in->actions, words, sizeof(words)));
	make_printable(text);
	return fuse_btf_add_string(sum, text, join, err);
}

/* ---------------------------------------------------------------- BTF */

/*
 * A main function that is called becomes global, with the prototype that it has by nature: the kernel then
 * verifies it by itself, in a first frame as it was when it was loaded alone. As a static function it would
 * be verified again and again, for each path that leads to it, and Linux 6.18 mistakes frames there (what a
 * number plus the address of the function's own stack is, it takes for main's stack).
 */
static int add_functions(struct fuse_part *part, struct fuse_btf_sum *sum, struct xdpctl_error *err)
{
	int r = 0;

	if (part->link == FUSE_CALL)
		r = fuse_btf_add_function(sum, part->func, true, &part->called, err);
	return r < 0 ? r : fuse_btf_append(sum, &part->btf, &part->types, &part->strings, err);
}

static int make_btf(struct fuse_chain *chain, struct fuse_btf_sum *sum, uint32_t *main_type,
		    struct marks *marks, struct xdpctl_error *err)
{
	int r;

	if ((r = fuse_btf_begin(sum, err)) < 0 ||
	    (r = fuse_btf_add_function(sum, FUSE_MAIN, false, main_type, err)) < 0 ||
	    (r = fuse_btf_add_string(sum, FUSE_MAIN, &marks->file, err)) < 0)
		return r;
	for (unsigned int i = 0; i < chain->n; i++) {
		struct fuse_part *part = &chain->parts[i];

		if ((r = add_marks(part, sum, &marks->glue[i], &marks->join[i], err)) < 0 ||
		    (r = add_functions(part, sum, err)) < 0) {
			error_context(err, "component \"%s\" can't be fused", part->in->name);
			return r;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- func_info */

static void put_func(struct fuse_program *out, uint32_t at, uint32_t type)
{
	out->funcs[out->n_funcs++] = (struct bpf_func_info){ .insn_off = at, .type_id = type };
}

static void put_funcs(const struct fuse_part *part, struct fuse_program *out)
{
	if (part->link == FUSE_CALL)
		put_func(out, part->rest, part->called);
	for (size_t i = 1; i < part->in->n_funcs; i++)
		put_func(out, fuse_emit_at(part, part->in->funcs[i].insn_off),
			 part->in->funcs[i].type_id + part->types);
}

static int make_funcs(const struct fuse_chain *chain, uint32_t main_type, struct fuse_program *out,
		      struct xdpctl_error *err)
{
	size_t n = 1;

	for (unsigned int i = 0; i < chain->n; i++)
		n += chain->parts[i].in->n_funcs;
	out->funcs = calloc(n, sizeof(*out->funcs));
	if (!out->funcs)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "link the chain's func_info");
	put_func(out, 0, main_type);
	for (unsigned int i = 0; i < chain->n; i++)
		put_funcs(&chain->parts[i], out);
	return 0;
}

/* ---------------------------------------------------------------- line_info */

static void put_mark(struct fuse_program *out, uint32_t at, const struct marks *marks,
		     uint32_t line, unsigned int component)
{
	out->lines[out->n_lines++] = (struct bpf_line_info){ .insn_off = at,
							     .file_name_off = marks->file,
							     .line_off = line,
							     .line_col = (component + 1) << 10 };
}

/* Those from @begin on, before @end; one for each function where the component has none of its own. */
static void put_lines(const struct fuse_chain *chain, unsigned int i, const struct marks *marks,
		      uint32_t begin, uint32_t end, struct fuse_program *out)
{
	const struct fuse_part *part = &chain->parts[i];

	for (size_t k = 0; k < part->in->n_lines; k++) {
		struct bpf_line_info line = part->in->lines[k];

		if (line.insn_off < begin || line.insn_off >= end)
			continue;
		line.insn_off = fuse_emit_at(part, line.insn_off);
		line.file_name_off += part->strings;
		line.line_off += part->strings;
		out->lines[out->n_lines++] = line;
	}
	for (uint32_t k = 0; part->in->n_lines == 0 && k < part->stream.n_functions; k++) {
		uint32_t start = part->stream.starts[k];

		if (start >= begin && start < end)
			put_mark(out, fuse_emit_at(part, start), marks, marks->glue[i], i);
	}
}

static int make_lines(const struct fuse_chain *chain, const struct marks *marks,
		      struct fuse_program *out, struct xdpctl_error *err)
{
	size_t n = 0;

	for (unsigned int i = 0; i < chain->n; i++)
		n += 2 + chain->parts[i].in->n_lines + chain->parts[i].stream.n_functions;
	out->lines = calloc(n, sizeof(*out->lines));
	if (!out->lines)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "link the chain's line_info");
	for (unsigned int i = 0; i < chain->n; i++) {
		const struct fuse_part *part = &chain->parts[i];

		put_mark(out, part->glue, marks, marks->glue[i], i);
		put_lines(chain, i, marks, 0, fuse_emit_rest(part), out);
		put_mark(out, part->join, marks, marks->join[i], i);
	}
	for (unsigned int i = 0; i < chain->n; i++)
		put_lines(chain, i, marks, fuse_emit_rest(&chain->parts[i]),
			  chain->parts[i].stream.n, out);
	return 0;
}

/* ---------------------------------------------------------------- all of it */

int fuse_info(struct fuse_chain *chain, struct fuse_program *out, struct xdpctl_error *err)
{
	struct fuse_btf_sum sum = { 0 };
	struct marks marks;
	uint32_t main_type;
	int r;

	if ((r = make_btf(chain, &sum, &main_type, &marks, err)) == 0)
		r = fuse_btf_finish(&sum, &out->btf, &out->btf_size, err);
	fuse_btf_sum_free(&sum);
	if (r < 0 || (r = make_funcs(chain, main_type, out, err)) < 0)
		return r;
	return make_lines(chain, &marks, out, err);
}
