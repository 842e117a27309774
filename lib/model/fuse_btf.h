/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BTF for fusing: that of the components, checked as far as it is used here, laid end to end behind some
 * types of our own. Doesn't judge what the types mean; the kernel does, when it's loaded.
 */
#ifndef XDPCTL_MODEL_FUSE_BTF_H
#define XDPCTL_MODEL_FUSE_BTF_H

#include "xdpctl.h"

/* A component's BTF; its own copy, which fuse_btf_append() rewrites. */
struct fuse_btf {
	uint32_t *words; /* the type section */
	uint32_t n_words;
	uint32_t *starts; /* where type @id begins in words, 1 <= id < n */
	uint32_t n;       /* types, with void, which is 0 */
	char *strings;
	uint32_t strings_size;
};

/* -EINVAL (UNSUPPORTED): damaged; -EOPNOTSUPP: it has types of a kind that is newer than this program. */
int fuse_btf_read(const void *bytes, size_t size, struct fuse_btf *out, struct xdpctl_error *err);
void fuse_btf_free(struct fuse_btf *btf);

/* The name of function @id. NULL: that is no function, or one without a name. */
const char *fuse_btf_function(const struct fuse_btf *btf, uint32_t id);
/*
 * A function of the kernel's that the object declares and that fusing would change: it takes an id of the
 * object's own types, or returns from the whole program. NULL: there is none.
 */
const char *fuse_btf_forbidden(const struct fuse_btf *btf);

/* What becomes of all of them: one type section and one string section. */
struct fuse_btf_sum {
	uint32_t *words;
	size_t n_words;
	uint32_t n; /* types, with void */
	char *strings;
	size_t strings_size;
};

/* Begins with what add_function() needs. */
int fuse_btf_begin(struct fuse_btf_sum *sum, struct xdpctl_error *err);
/* Adds a string and sets *@offset to where it is. */
int fuse_btf_add_string(struct fuse_btf_sum *sum, const char *string, uint32_t *offset,
			struct xdpctl_error *err);
/* Adds an int (struct xdp_md *ctx), global or static. */
int fuse_btf_add_function(struct fuse_btf_sum *sum, const char *name, bool global, uint32_t *id,
			  struct xdpctl_error *err);
/* Adds all types of @btf; their ids grow by *@types, offsets of their strings by *@strings. */
int fuse_btf_append(struct fuse_btf_sum *sum, struct fuse_btf *btf, uint32_t *types,
		    uint32_t *strings, struct xdpctl_error *err);
/* Makes raw BTF. */
int fuse_btf_finish(const struct fuse_btf_sum *sum, void **btf, size_t *size,
		    struct xdpctl_error *err);
void fuse_btf_sum_free(struct fuse_btf_sum *sum);

#endif
