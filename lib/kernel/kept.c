// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/objectload.h"
#include "kernel/real.h"
#include "util.h"

/* ---------------------------------------------------------------- maps by their ids */

void kept_close_maps(struct kept_maps *maps)
{
	while (maps->n > 0)
		util_close(maps->fds[--maps->n]);
}

static int open_map(struct kept_maps *maps, uint32_t id, int *fd, struct xdpctl_error *err)
{
	for (size_t i = 0; i < maps->n; i++)
		if (maps->ids[i] == id) {
			*fd = maps->fds[i];
			return 0;
		}
	if (maps->n == KEPT_MAPS_MAX)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, E2BIG, "too many maps");
	*fd = bpf_map_get_fd_by_id(id);
	if (*fd < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "open map %u", id);
	maps->ids[maps->n] = id;
	maps->fds[maps->n++] = *fd;
	return 0;
}

int kept_open_maps(struct bpf_insn *insns, size_t n, struct kept_maps *maps,
		   struct xdpctl_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int fd = -1, r;

		if (!code_is_map_load(&insns[i]))
			continue;
		r = open_map(maps, (uint32_t)insns[i].imm, &fd, err);
		if (r < 0)
			return r;
		insns[i].imm = fd;
	}
	return 0;
}

/* ---------------------------------------------------------------- kept code */

int kept_read(int fd, struct kept *out, struct xdpctl_error *err)
{
	size_t size;
	int r = frozen_read(fd, "the kept code", &out->bytes, &size, err);

	return r < 0 ? r : code_decode(out->bytes, size, &out->code, err);
}

/* The program that was fused from it keeps its maps. */
static int check_maps(const struct code *code, struct xdpctl_error *err)
{
	for (uint32_t i = 0; i < code->n_insns; i++) {
		_cleanup_fd_ int fd = -1;
		uint32_t id = (uint32_t)code->insns[i].imm;

		if (!code_is_map_load(&code->insns[i]))
			continue;
		fd = bpf_map_get_fd_by_id(id);
		if (fd < 0 && errno == ENOENT)
			return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
					 "the kept code uses map %u, which is gone", id);
		if (fd < 0)
			return error_set(err, XDPCTL_FAULT_FAILED, errno, "open map %u", id);
	}
	return 0;
}

int kept_check(struct kernel *k, int code_fd, uint32_t prog_id, uint64_t load_time,
	       struct xdpctl_error *err)
{
	struct kept kept = { 0 };
	int r = kept_read(code_fd, &kept, err);

	(void)k;
	if (r == 0 && (kept.code.prog_id != prog_id || kept.code.load_time != load_time))
		r = error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
			      "the kept code is that of program %u, not of program %u",
			      kept.code.prog_id, prog_id);
	if (r == 0)
		r = check_maps(&kept.code, err);
	free(kept.bytes);
	return r;
}

/* ---------------------------------------------------------------- loading it again */

/* What it is to be: an EXT program for a function of a dispatcher, or XDP. */
struct again {
	enum bpf_prog_type type;
	int dispatcher_fd;
	int target_id;
	bool frags;
	const char *func;
};

static int load_again(const struct code *code, const struct bpf_insn *insns, const struct again *as,
		      char *log)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .func_info = code->funcs,
		    .func_info_cnt = code->n_funcs, .func_info_rec_size = sizeof(*code->funcs),
		    .line_info = code->lines, .line_info_cnt = code->n_lines,
		    .line_info_rec_size = sizeof(*code->lines));
	_cleanup_fd_ int btf = bpf_btf_load(code->btf, code->btf_size, NULL);
	int fd;

	if (btf < 0)
		return -errno;
	opts.prog_btf_fd = (uint32_t)btf;
	if (as->type == BPF_PROG_TYPE_EXT) {
		opts.attach_prog_fd = (uint32_t)as->dispatcher_fd;
		opts.attach_btf_id = (uint32_t)as->target_id;
	} else {
		opts.expected_attach_type = BPF_XDP;
		opts.prog_flags = as->frags ? BPF_F_XDP_HAS_FRAGS : 0;
	}
	if (log) {
		opts.log_buf = log;
		opts.log_size = OBJECTLOAD_LOG_SIZE;
		opts.log_level = 1;
	}
	fd = bpf_prog_load(as->type, as->func, "GPL", insns, code->n_insns, &opts);
	return fd < 0 ? -errno : fd;
}

static int no_ext(const char *func, struct xdpctl_error *err)
{
	error_set(err, XDPCTL_FAULT_UNSUPPORTED, EPERM, "load \"%s\" as an EXT program", func);
	error_hint(err,
		   "this kernel refuses EXT programs (freplace) or CAP_PERFMON is missing: see "
		   "xdpctl features IFACE");
	return -EPERM;
}

/* The verifier's story is asked for by a second attempt. */
static int refused(const struct code *code, const struct bpf_insn *insns, const struct again *as,
		   int reason, struct xdpctl_error *err)
{
	_cleanup_free_ char *log = calloc(1, OBJECTLOAD_LOG_SIZE);
	int fd = log ? load_again(code, insns, as, log) : -1;

	error_set(err, XDPCTL_FAULT_FAILED, reason, "load \"%s\" from its kept code", as->func);
	if (fd >= 0)
		util_close(fd);
	else if (log)
		error_log(err, log);
	if (as->type == BPF_PROG_TYPE_EXT && reason == EPERM && (!log || !log[0]))
		return no_ext(as->func, err);
	return -reason;
}

static int load_with_maps(const struct code *code, const struct again *as, struct bpf_insn *insns,
			  struct kept_maps *maps, struct xdpctl_error *err)
{
	int r;

	memcpy(insns, code->insns, code->n_insns * sizeof(*insns));
	r = kept_open_maps(insns, code->n_insns, maps, err);
	if (r < 0)
		return r;
	r = load_again(code, insns, as, NULL);
	return r < 0 ? refused(code, insns, as, -r, err) : r;
}

static int make_again(const struct code *code, const struct again *as, int *fd,
		      struct xdpctl_error *err)
{
	_cleanup_free_ struct bpf_insn *insns = calloc(code->n_insns, sizeof(*insns));
	struct kept_maps *maps = calloc(1, sizeof(*maps));
	int r;

	if (insns && maps)
		r = load_with_maps(code, as, insns, maps, err);
	else
		r = error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load \"%s\"", as->func);
	if (maps)
		kept_close_maps(maps);
	free(maps);
	if (r < 0)
		return r;
	*fd = r;
	return 0;
}

int kept_to_ext(struct kernel *k, int code_fd, const char *func, int dispatcher_fd,
		unsigned int slot, unsigned int n_slots, int *fd, struct xdpctl_error *err)
{
	struct again as = { BPF_PROG_TYPE_EXT, .dispatcher_fd = dispatcher_fd, .func = func };
	struct kept kept = { 0 };
	char target[32];
	int r;

	(void)k;
	dispatcher_target(slot, n_slots, target, sizeof(target));
	r = as.target_id = component_target(dispatcher_fd, target, err);
	if (r >= 0)
		r = kept_read(code_fd, &kept, err);
	if (r >= 0)
		r = make_again(&kept.code, &as, fd, err);
	free(kept.bytes);
	return r < 0 ? r : 0;
}

/* ---------------------------------------------------------------- a component made again */

/* The same code, as that of another program. */
static int keep_again(struct kernel *k, struct code code, int prog_fd, int *code_fd,
		      struct xdpctl_error *err)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	struct kernel_prog prog;
	size_t size;
	int r = prog_read(k, prog_fd, &prog, err);

	if (r < 0)
		return r;
	code.prog_id = prog.id;
	code.load_time = prog.load_time;
	bytes = code_encode(&code, &size);
	if (!bytes)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "keep code");
	return frozen_make(KEPT_NAME, bytes, size, code_fd, err);
}

int kept_to_part(struct kernel *k, int code_fd, const char *func, bool frags, int *fd,
		 int *new_code_fd, struct xdpctl_error *err)
{
	const struct again as = { BPF_PROG_TYPE_XDP, .frags = frags && k->ops->has_frags(k),
				  .func = func };
	struct kept kept = { 0 };
	_cleanup_fd_ int prog = -1;
	int r = kept_read(code_fd, &kept, err);

	if (r == 0)
		r = make_again(&kept.code, &as, &prog, err);
	if (r == 0)
		r = keep_again(k, kept.code, prog, new_code_fd, err);
	if (r == 0)
		*fd = take_fd(&prog);
	free(kept.bytes);
	return r;
}
