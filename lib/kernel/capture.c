// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"

#define LOG_STATS 4

/* libbpf's list of handlers has no lock of its own. */
static pthread_mutex_t handlers = PTHREAD_MUTEX_INITIALIZER;

/*
 * Before libbpf 1.3, taking the last handler away frees the list but leaves the pointer to it, and the next
 * registration frees it again. So one stays for ever, for a section that nobody has. Under the lock.
 */
static bool anchored;

static int anchor(void)
{
	int r;

	if (anchored)
		return 0;
	r = libbpf_register_prog_handler("xdpctl's capture", BPF_PROG_TYPE_UNSPEC, 0, NULL);
	anchored = r >= 0;
	return r;
}

/* ---------------------------------------------------------------- copies */

static void *copy(const void *from, size_t size)
{
	void *to = malloc(size + 1);

	if (to && size > 0)
		memcpy(to, from, size);
	return to;
}

/* @n records of @from_size bytes, of which the first @size are known. */
static void *copy_records(const void *from, size_t from_size, size_t n, size_t size)
{
	char *to = calloc(n + 1, size);

	if (!to)
		return NULL;
	for (size_t i = 0; i < n; i++)
		memcpy(to + i * size, (const char *)from + i * from_size,
		       from_size < size ? from_size : size);
	return to;
}

static int copy_btf(struct capture *capture, int fd)
{
	struct bpf_btf_info info = { 0 };
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;
	capture->btf_size = info.btf_size;
	capture->btf = calloc(1, info.btf_size + 1);
	if (!capture->btf)
		return -ENOMEM;
	info = (struct bpf_btf_info){ .btf = (uintptr_t)capture->btf,
				      .btf_size = (uint32_t)capture->btf_size };
	length = sizeof(info);
	return bpf_obj_get_info_by_fd(fd, &info, &length) < 0 ? -errno : 0;
}

static int copy_program(struct capture *capture, const struct bpf_program *prog,
			const struct bpf_prog_load_opts *opts)
{
	capture->n_insns = bpf_program__insn_cnt(prog);
	capture->insns = copy(bpf_program__insns(prog), capture->n_insns * sizeof(struct bpf_insn));
	capture->n_funcs = opts->func_info_cnt;
	capture->funcs = copy_records(opts->func_info, opts->func_info_rec_size,
				      opts->func_info_cnt, sizeof(struct bpf_func_info));
	capture->n_lines = opts->line_info_cnt;
	capture->lines = copy_records(opts->line_info, opts->line_info_rec_size,
				      opts->line_info_cnt, sizeof(struct bpf_line_info));
	if (!capture->insns || !capture->funcs || !capture->lines)
		return -ENOMEM;
	return opts->prog_btf_fd > 0 ? copy_btf(capture, (int)opts->prog_btf_fd) : 0;
}

/* ---------------------------------------------------------------- libbpf's callbacks */

static bool is_wanted(const struct bpf_program *prog, const struct capture *capture)
{
	return strcmp(bpf_program__name(prog), capture->func) == 0;
}

static int on_open(struct bpf_program *prog, long cookie)
{
	if (!is_wanted(prog, (const struct capture *)cookie))
		return 0;
	return bpf_program__set_log_level(prog, LOG_STATS);
}

static int on_load(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	struct capture *capture = (struct capture *)cookie;
	int r;

	if (!is_wanted(prog, capture))
		return 0;
	capture_free(capture);
	r = copy_program(capture, prog, opts);
	if (r < 0)
		capture_free(capture);
	return r;
}

int capture_begin(struct capture *capture, const char *section, const char *func,
		  struct xdpctl_error *err)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = (long)capture,
		    .prog_setup_fn = on_open, .prog_prepare_load_fn = on_load);

	int r;

	*capture = (struct capture){ .func = func };
	pthread_mutex_lock(&handlers);
	r = anchor();
	if (r >= 0)
		r = libbpf_register_prog_handler(section, BPF_PROG_TYPE_XDP, BPF_XDP, &opts);
	if (r >= 0) {
		capture->handler = r;
		return 0;
	}
	pthread_mutex_unlock(&handlers);
	return error_set(err, XDPCTL_FAULT_FAILED, -r, "have libbpf tell how it loads section %s",
			 section);
}

void capture_end(struct capture *capture)
{
	libbpf_unregister_prog_handler(capture->handler);
	pthread_mutex_unlock(&handlers);
	capture->func = NULL;
}

void capture_free(struct capture *capture)
{
	free(capture->insns);
	free(capture->funcs);
	free(capture->lines);
	free(capture->btf);
	*capture = (struct capture){ .func = capture->func, .handler = capture->handler };
}

/* ---------------------------------------------------------------- statistics */

/* Behind the last occurrence of @words, for a log can have several programs; NULL if there is none. */
static const char *behind(const char *log, const char *words)
{
	const char *found = NULL;

	for (const char *at = log; (at = strstr(at, words)); at++)
		found = at + strlen(words);
	return found;
}

void capture_read_stats(const char *log, struct capture_stats *out)
{
	const char *processed = behind(log, "\nprocessed ");
	const char *depths = behind(log, "stack depth ");

	*out = (struct capture_stats){ 0 };
	if (!processed && strncmp(log, "processed ", 10) == 0)
		processed = log + 10;
	if (processed)
		out->processed = (uint32_t)strtoul(processed, NULL, 10);
	while (depths && *depths >= '0' && *depths <= '9' && out->n_depths < CAPTURE_DEPTHS_MAX) {
		char *end;

		out->depths[out->n_depths++] = (uint32_t)strtoul(depths, &end, 10);
		depths = *end == '+' ? end + 1 : NULL;
	}
}
