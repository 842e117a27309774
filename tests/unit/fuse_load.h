/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Components from object files, as libbpf loads and hands them over, and fused programs in the kernel. */
#ifndef FUSE_LOAD_H
#define FUSE_LOAD_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/capture.h"
#include "model/fuse.h"
#include "util.h"

#define LOG_SIZE (1u << 20)

/* ---------------------------------------------------------------- components of objects */

struct loaded {
	struct bpf_object *object;
	int fd;
	char name[32];
	struct capture capture;
	struct capture_stats stats;
};

static char kernel_log[LOG_SIZE];

/* Objects of ours are built near this program: BUILD/tests/unit/fuse_kernel, BUILD/tests/bpf/NAME.o. */
static const char *path_of(const char *object)
{
	static char path[PATH_MAX], dir[PATH_MAX - 64];
	ssize_t length;

	if (object[0] == '/')
		return object;
	if (!dir[0]) {
		length = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
		if (length < 0 || !strrchr(dir, '/'))
			abort();
		*strrchr(dir, '/') = '\0';
	}
	snprintf(path, sizeof(path), "%s/../../%s", dir, object);
	return path;
}

static struct bpf_object *open_object(const char *path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = kernel_log,
		    .kernel_log_size = LOG_SIZE);

	return bpf_object__open_file(path, &opts);
}

/* Only @func is loaded, and no map is pinned. */
static void prepare_object(struct bpf_object *object, const char *func)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_program(prog, object)
		bpf_program__set_autoload(prog, strcmp(bpf_program__name(prog), func) == 0);
	bpf_object__for_each_map(map, object)
		bpf_map__set_pin_path(map, NULL);
}

/* The section must be known before the object is opened to be loaded. */
static bool find_section(const char *path, const char *func, char *section, size_t size)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *prog = object ? bpf_object__find_program_by_name(object, func) : NULL;

	if (prog)
		util_copy(section, size, bpf_program__section_name(prog));
	bpf_object__close(object);
	return prog != NULL;
}

static int load_captured(const char *path, const char *func, struct loaded *out)
{
	char section[64];
	int r;

	if (!find_section(path, func, section, sizeof(section)) ||
	    capture_begin(&out->capture, section, func, NULL) < 0)
		return -ENOENT;
	out->object = open_object(path);
	prepare_object(out->object, func);
	kernel_log[0] = '\0';
	r = bpf_object__load(out->object);
	capture_end(&out->capture);
	if (r < 0)
		return r;
	capture_read_stats(kernel_log, &out->stats);
	out->fd = bpf_program__fd(bpf_object__find_program_by_name(out->object, func));
	util_copy(out->name, sizeof(out->name), func);
	return 0;
}

static inline struct bpf_program *program_of(const struct loaded *loaded)
{
	return bpf_object__find_program_by_name(loaded->object, loaded->name);
}

static void unload(struct loaded *loaded)
{
	bpf_object__close(loaded->object);
	capture_free(&loaded->capture);
	*loaded = (struct loaded){ .fd = -1 };
}

static struct fuse_component component_of(const struct loaded *loaded)
{
	return (struct fuse_component){
		.name = loaded->name,
		.actions = XDPCTL_ACTIONS_DEFAULT,
		.insns = loaded->capture.insns,
		.n_insns = loaded->capture.n_insns,
		.funcs = loaded->capture.funcs,
		.n_funcs = loaded->capture.n_funcs,
		.lines = loaded->capture.lines,
		.n_lines = loaded->capture.n_lines,
		.btf = loaded->capture.btf,
		.btf_size = loaded->capture.btf_size,
		.depths = loaded->stats.depths,
		.n_depths = loaded->stats.n_depths,
	};
}

/* ---------------------------------------------------------------- fused programs */

static int load_fused(const struct fuse_program *program, struct capture_stats *stats)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP,
		    .func_info = program->funcs, .func_info_cnt = (uint32_t)program->n_funcs,
		    .func_info_rec_size = sizeof(*program->funcs), .line_info = program->lines,
		    .line_info_cnt = (uint32_t)program->n_lines,
		    .line_info_rec_size = sizeof(*program->lines), .log_buf = kernel_log,
		    .log_size = LOG_SIZE, .log_level = 4);
	int btf, fd;

	kernel_log[0] = '\0';
	btf = bpf_btf_load(program->btf, program->btf_size, NULL);
	if (btf < 0) {
		printf("# the kernel refuses the BTF: %s\n", strerror(-btf));
		return btf;
	}
	opts.prog_btf_fd = (uint32_t)btf;
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, FUSE_MAIN, "GPL", program->insns, program->n_insns,
			   &opts);
	close(btf);
	if (fd < 0)
		printf("# the kernel refuses the program: %s\n# %s\n", strerror(-fd), kernel_log);
	else if (stats)
		capture_read_stats(kernel_log, stats);
	return fd;
}

static int fuse_and_load(const struct fuse_component *components, size_t n,
			 struct capture_stats *stats)
{
	struct xdpctl_error err = { 0 };
	struct fuse_program program;
	int fd;

	if (fuse_link(components, n, &program, &err) < 0) {
		printf("# %s\n", err.message);
		return -EINVAL;
	}
	fd = load_fused(&program, stats);
	fuse_free(&program);
	return fd;
}

#endif
