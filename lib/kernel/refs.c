// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How many references each BPF program has, read by a program iterator (bpf/refs.bpf.c). A dispatcher
 * whose references are all accounted for (its components' links, our own descriptor) provably runs
 * nowhere: not on an interface of any network namespace, not in the hands of a loader about to attach it.
 */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/embed.h"
#include "kernel/libbpf_log.h"
#include "kernel/real.h"
#include "util.h"

/* As bpf/refs.bpf.c writes it. */
struct row {
	uint32_t id;
	uint32_t pad;
	uint64_t refs;
};

/* The iterator holds each program while it looks at it. */
#define ITERATOR_REFS 1

static int no_iterator(int code, struct xdpctl_error *err)
{
	return error_set(err, XDPCTL_FAULT_UNSUPPORTED, code,
			 "count references by a program iterator (Linux 5.9 with BTF)");
}

static int append(struct kernel_refs **refs, size_t *n, const struct row *rows, size_t count)
{
	struct kernel_refs *more = reallocarray(*refs, *n + count + 1, sizeof(**refs));

	if (!more)
		return -ENOMEM;
	*refs = more;
	for (size_t i = 0; i < count; i++)
		more[(*n)++] = (struct kernel_refs){ rows[i].id, rows[i].refs - ITERATOR_REFS };
	return 0;
}

/* The kernel hands out whole rows as long as they fit the buffer. */
static int read_rows(int fd, struct kernel_refs **out, size_t *n, struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_refs *refs = NULL;
	struct row rows[256];
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, rows, sizeof(rows))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got % sizeof(*rows))
			return no_iterator(got < 0 ? errno : EIO, err);
		if (append(&refs, &used, rows, (size_t)got / sizeof(*rows)) < 0)
			return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "count references");
	}
	*out = refs;
	refs = NULL;
	*n = used;
	return 0;
}

static int run_iterator(struct bpf_object *object, struct kernel_refs **out, size_t *n,
			struct xdpctl_error *err)
{
	struct bpf_link *link = bpf_program__attach_iter(bpf_object__next_program(object, NULL),
							 NULL);
	_cleanup_fd_ int fd = -1;
	int r;

	if (!link)
		return no_iterator(errno, err);
	fd = bpf_iter_create(bpf_link__fd(link));
	r = fd < 0 ? no_iterator(errno, err) : read_rows(fd, out, n, err);
	bpf_link__destroy(link);
	return r;
}

int refs_read(struct kernel *k, struct kernel_refs **out, size_t *n, struct xdpctl_error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "xdpctl_refs");
	size_t size = (size_t)(xdpctl_embed_refs_end - xdpctl_embed_refs);
	struct bpf_object *object;
	struct libbpf_log said;
	int r;

	(void)k;
	object = bpf_object__open_mem(xdpctl_embed_refs, size, &opts);
	if (!object)
		return no_iterator(errno, err);
	libbpf_log_begin(&said);
	r = bpf_object__load(object);
	libbpf_log_end(&said);
	r = r < 0 ? no_iterator(-r, err) : run_iterator(object, out, n, err);
	bpf_object__close(object);
	return r;
}
