// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/fuse.h"

#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "model/fuse_part.h"

#define JUMP_MAX INT16_MAX

/* ---------------------------------------------------------------- reading */

static int read_part(const struct fuse_component *in, struct fuse_part *part,
		     struct xdpctl_error *err)
{
	int r;

	part->in = in;
	if ((r = fuse_stream_read(in->insns, in->n_insns, &part->stream, err)) < 0 ||
	    (r = fuse_btf_read(in->btf, in->btf_size, &part->btf, err)) < 0 ||
	    (r = fuse_info_check(part, err)) < 0)
		return r;
	return fuse_frame_measure(part, err);
}

static int read_parts(const struct fuse_component *components, struct fuse_chain *chain,
		      struct xdpctl_error *err)
{
	for (unsigned int i = 0; i < chain->n; i++) {
		int r = read_part(&components[i], &chain->parts[i], err);

		if (r < 0) {
			error_context(err, "component \"%s\" can't be fused", components[i].name);
			return r;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- inline or call */

/* The first exit is the one with the longest way to the join. */
static bool jump_is_too_long(const struct fuse_stream *stream)
{
	return stream->starts[1] - stream->first_exit - 1 > JUMP_MAX;
}

static const char *why_not_inline(const struct fuse_part *part)
{
	if (part->in->call)
		return "it was asked for";
	if (part->stream.has_tail_calls)
		return "it uses tail calls";
	if (part->stream.main_is_target)
		return "its main function is called by its own functions";
	if (part->stream.main_has_may_goto)
		return "its main function uses may_goto";
	if (jump_is_too_long(&part->stream))
		return "its main function is too long";
	if (!part->depth_known)
		return "its use of the stack isn't known";
	return NULL;
}

static void choose_links(struct fuse_chain *chain)
{
	for (unsigned int i = 0; i < chain->n; i++) {
		struct fuse_part *part = &chain->parts[i];

		part->why = why_not_inline(part);
		part->link = part->why ? FUSE_CALL : FUSE_INLINE;
	}
	fuse_frame_arrange(chain);
}

/* ---------------------------------------------------------------- all of it */

static int link_chain(const struct fuse_component *components, struct fuse_chain *chain,
		      struct fuse_program *out, struct xdpctl_error *err)
{
	int r;

	if ((r = read_parts(components, chain, err)) < 0)
		return r;
	choose_links(chain);
	if ((r = fuse_emit_place(chain, err)) < 0 || (r = fuse_emit(chain, out, err)) < 0)
		return r;
	return fuse_info(chain, out, err);
}

static void chain_free(struct fuse_chain *chain)
{
	for (unsigned int i = 0; i < chain->n; i++) {
		fuse_stream_free(&chain->parts[i].stream);
		fuse_btf_free(&chain->parts[i].btf);
	}
	free(chain);
}

int fuse_link(const struct fuse_component *components, size_t n, struct fuse_program *out,
	      struct xdpctl_error *err)
{
	struct fuse_program program = { 0 };
	struct fuse_chain *chain;
	int r;

	if (n == 0)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EINVAL,
				 "an empty chain can't be fused");
	if (n > FUSE_COMPONENTS_MAX)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, E2BIG,
				 "a fused chain has at most %u components, this one %zu",
				 FUSE_COMPONENTS_MAX, n);
	chain = calloc(1, sizeof(*chain));
	if (!chain)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "link the chain");
	chain->n = (unsigned int)n;
	r = link_chain(components, chain, &program, err);
	chain_free(chain);
	if (r < 0) {
		fuse_free(&program);
		return r;
	}
	*out = program;
	return 0;
}

void fuse_free(struct fuse_program *program)
{
	free(program->insns);
	free(program->funcs);
	free(program->lines);
	free(program->btf);
	free(program->maps);
	*program = (struct fuse_program){ 0 };
}
