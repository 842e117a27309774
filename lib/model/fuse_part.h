/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of fuse_link(): what is known of the components while they are linked, in the order it's found. */
#ifndef XDPCTL_MODEL_FUSE_PART_H
#define XDPCTL_MODEL_FUSE_PART_H

#include "model/fuse.h"
#include "model/fuse_btf.h"
#include "model/fuse_stream.h"

struct fuse_part {
	const struct fuse_component *in; /* borrowed */
	/* fuse.c */
	struct fuse_stream stream;
	struct fuse_btf btf;
	const char *func;    /* its main function's name, in btf */
	enum fuse_link link; /* fuse_frame.c may change it */
	const char *why;
	/* fuse_frame.c */
	bool depth_known;
	uint32_t depth; /* of the main function */
	uint32_t below; /* of the functions that it calls, the deepest chain of them, rounded as it counts */
	/* fuse_emit.c; begin and the like are indexes in the fused stream */
	uint32_t glue;
	uint32_t begin; /* of the inlined main function, or of its call */
	uint32_t join;
	uint32_t rest; /* of the functions that stay functions */
	/* fuse_info.c */
	uint32_t called;  /* the type of its main function, if it's called */
	uint32_t types;   /* by how much its type ids grow */
	uint32_t strings; /* ... and the offsets of its strings */
};

struct fuse_chain {
	struct fuse_part parts[FUSE_COMPONENTS_MAX];
	unsigned int n;
	uint32_t slot;    /* the context is kept at r10 - slot */
	uint32_t n_insns; /* of the whole */
};

/* Measures a component's stack. */
int fuse_frame_measure(struct fuse_part *part, struct xdpctl_error *err);
/* Finds room for the slot; makes inlined components called where that is needed for it. */
void fuse_frame_arrange(struct fuse_chain *chain);

/* Decides where everything goes. */
int fuse_emit_place(struct fuse_chain *chain, struct xdpctl_error *err);
int fuse_emit(const struct fuse_chain *chain, struct fuse_program *out, struct xdpctl_error *err);
/* Where a component's instruction is in the fused stream. */
uint32_t fuse_emit_at(const struct fuse_part *part, uint32_t old);
/* The instructions of @part from here on are in the fused stream as functions: all, or all but the main one. */
uint32_t fuse_emit_rest(const struct fuse_part *part);

/* Checks func_info and line_info against the stream, and finds the main function's name. */
int fuse_info_check(struct fuse_part *part, struct xdpctl_error *err);
/* Makes BTF, func_info and line_info; rewrites the BTF of the parts. */
int fuse_info(struct fuse_chain *chain, struct fuse_program *out, struct xdpctl_error *err);

#endif
