// SPDX-License-Identifier: LGPL-2.1-or-later
/* The fused engine's work in the kernel: kept code made into one program. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/capture.h"
#include "kernel/kept.h"
#include "kernel/objectload.h"
#include "kernel/real.h"
#include "model/fuse.h"
#include "util.h"

#define STATS_SIZE 8192

struct fusing {
	const struct kernel_part *parts;
	unsigned int n;
	bool frags;
	struct kept kept[XDPCTL_COMPONENTS_MAX];
	struct fuse_component components[XDPCTL_COMPONENTS_MAX];
	struct kept_maps maps;
	char *log; /* of a refusal */
};

static int read_parts(struct fusing *f, struct xdpctl_error *err)
{
	for (unsigned int i = 0; i < f->n; i++) {
		const struct code *code = &f->kept[i].code;
		int r = kept_read(f->parts[i].code_fd, &f->kept[i], err);

		if (r < 0) {
			error_context(err, "component \"%s\"", f->parts[i].name);
			return r;
		}
		f->components[i] = (struct fuse_component){
			.name = f->parts[i].name,
			.actions = f->parts[i].actions,
			.final = f->n == 1, /* as it is over a dispatcher's main function */
			.insns = code->insns,
			.n_insns = code->n_insns,
			.funcs = code->funcs,
			.n_funcs = code->n_funcs,
			.lines = code->lines,
			.n_lines = code->n_lines,
			.btf = code->btf,
			.btf_size = code->btf_size,
			.depths = code->depths,
			.n_depths = code->n_depths,
		};
	}
	return 0;
}

static int load_insns(const struct fuse_program *program, bool frags, int btf_fd, char *log,
		      size_t log_size, uint32_t log_level)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP,
		    .prog_btf_fd = (uint32_t)btf_fd, .func_info = program->funcs,
		    .func_info_cnt = (uint32_t)program->n_funcs,
		    .func_info_rec_size = sizeof(*program->funcs), .line_info = program->lines,
		    .line_info_cnt = (uint32_t)program->n_lines,
		    .line_info_rec_size = sizeof(*program->lines), .log_buf = log,
		    .log_size = (uint32_t)log_size, .log_level = log_level);
	int fd;

	if (frags)
		opts.prog_flags = BPF_F_XDP_HAS_FRAGS;
	log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, FUSE_MAIN, "GPL", program->insns, program->n_insns,
			   &opts);
	return fd < 0 ? -errno : fd;
}

static void keep_outcome(const struct fuse_program *program, const char *stats,
			 struct kernel_fusion *out)
{
	struct capture_stats numbers;

	capture_read_stats(stats, &numbers);
	out->verified = numbers.processed;
	for (unsigned int i = 0; i < program->n_components; i++)
		out->called[i] = program->components[i].link == FUSE_CALL;
}

/* The verifier's statistics come with a success, its story only when it is asked for that, after a refusal. */
static int load_linked(struct fusing *f, struct fuse_program *program, struct kernel_fusion *out,
		       struct xdpctl_error *err)
{
	char stats[STATS_SIZE];
	_cleanup_fd_ int btf = -1;
	int r = kept_open_maps(program->insns, program->n_insns, &f->maps, err);

	if (r < 0)
		return r;
	btf = bpf_btf_load(program->btf, program->btf_size, NULL);
	if (btf < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno,
				 "load the types of the fused program");
	r = load_insns(program, f->frags, btf, stats, sizeof(stats), 4);
	if (r >= 0) {
		keep_outcome(program, stats, out);
		return r;
	}
	error_set(err, XDPCTL_FAULT_FAILED, -r, "load the fused program");
	if (load_insns(program, f->frags, btf, f->log, OBJECTLOAD_LOG_SIZE, 1) < 0)
		error_log(err, f->log);
	return r;
}

/* @out must be a descriptor, or else an error, of this attempt only. */
static int attempt(struct fusing *f, struct kernel_fusion *out, struct xdpctl_error *err)
{
	struct fuse_program program;
	int r = fuse_link(f->components, f->n, &program, err);

	if (r < 0)
		return r;
	r = load_linked(f, &program, out, err);
	fuse_free(&program);
	return r;
}

/* Calls the added components, or all. False: they are called already. */
static bool call_more(struct fusing *f, bool all)
{
	bool more = false;

	for (unsigned int i = 0; i < f->n; i++) {
		if (f->components[i].call || (!all && !f->parts[i].added))
			continue;
		f->components[i].call = more = true;
	}
	return more;
}

/*
 * What the verifier knows when a component begins is more than it is when the component is alone, and can be
 * too much: then a call, which forgets all but the context, can help. Not for want of memory or permission.
 */
static bool verifier_refused(int r, const char *log)
{
	return log[0] && (r == -EACCES || r == -EINVAL || r == -E2BIG || r == -ENOSPC ||
			  r == -EPERM || r == -EFAULT);
}

static int fuse_and_load(struct fusing *f, struct kernel_fusion *out, struct xdpctl_error *err)
{
	struct xdpctl_error later = { 0 };
	int r = attempt(f, out, err);

	for (int all = 0; all < 2 && r < 0 && verifier_refused(r, f->log); all++) {
		if (!call_more(f, all))
			continue;
		r = attempt(f, out, &later);
		xdpctl_error_clear(&later);
	}
	if (r >= 0 && err)
		xdpctl_error_clear(err);
	return r;
}

static void fusing_free(struct fusing *f)
{
	if (!f)
		return;
	for (unsigned int i = 0; i < f->n; i++)
		free(f->kept[i].bytes);
	kept_close_maps(&f->maps);
	free(f->log);
	free(f);
}

int fused_load(struct kernel *k, const struct kernel_part *parts, unsigned int n, bool frags,
	       int *fd, struct kernel_fusion *out, struct xdpctl_error *err)
{
	struct fusing *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	(void)k;
	*out = (struct kernel_fusion){ 0 };
	if (f && (f->log = calloc(1, OBJECTLOAD_LOG_SIZE))) {
		f->parts = parts;
		f->n = n;
		f->frags = frags;
		r = read_parts(f, err);
		if (r == 0)
			r = fuse_and_load(f, out, err);
	} else {
		error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "fuse");
	}
	fusing_free(f);
	if (r < 0)
		return r;
	*fd = r;
	return 0;
}
