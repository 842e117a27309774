// SPDX-License-Identifier: LGPL-2.1-or-later
/* BPF programs and links of the running kernel, by id and by descriptor. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

#define KERNEL_NAME_MAX (BPF_OBJ_NAME_LEN - 1)

/* By-id calls need CAP_SYS_ADMIN, which their errno doesn't say. */
static int open_failed(struct xdpctl_error *err, int code, const char *what, uint32_t id)
{
	error_set(err, code == ENOENT ? XDPCTL_FAULT_NOT_FOUND : XDPCTL_FAULT_FAILED, code,
		  "open %s %u", what, id);
	if (code == EPERM)
		error_hint(err, "opening %ss by id needs CAP_SYS_ADMIN", what);
	return -code;
}

int prog_open(struct kernel *k, uint32_t id, int *out, struct xdpctl_error *err)
{
	int fd = bpf_prog_get_fd_by_id(id);

	(void)k;
	if (fd < 0)
		return open_failed(err, errno, "program", id);
	*out = fd;
	return 0;
}

int link_open(struct kernel *k, uint32_t id, int *out, struct xdpctl_error *err)
{
	int fd = bpf_link_get_fd_by_id(id);

	(void)k;
	if (fd < 0)
		return open_failed(err, errno, "link", id);
	*out = fd;
	return 0;
}

static const char *func_name(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	if (!type || !btf_is_func(type))
		return NULL;
	return btf__name_by_offset(btf, type->name_off);
}

/*
 * The kernel keeps 15 characters of a name. libxdp expands it by the program's BTF to the one function that
 * starts so, an exact match winning and several leaving it short; names order chains, so we do the same.
 */
static void expand_name(uint32_t btf_id, char *func)
{
	struct btf *btf = btf__load_from_kernel_by_id(btf_id);
	const char *found = NULL;

	if (!btf)
		return;
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const char *name = func_name(btf, id);

		if (!name || strncmp(name, func, KERNEL_NAME_MAX) != 0)
			continue;
		if (found || !name[KERNEL_NAME_MAX]) {
			found = NULL;
			break;
		}
		found = name;
	}
	if (found)
		util_copy(func, XDPCTL_FUNC_SIZE, found);
	btf__free(btf);
}

int prog_read(struct kernel *k, int fd, struct kernel_prog *out, struct xdpctl_error *err)
{
	struct kernel_prog prog = { 0 };
	struct bpf_prog_info info = {
		.map_ids = (uintptr_t)prog.map_ids,
		.nr_map_ids = ARRAY_SIZE(prog.map_ids),
	};
	uint32_t len = sizeof(info);

	(void)k;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read a program's info");
	prog.id = info.id;
	prog.type = info.type;
	prog.btf_id = info.btf_id;
	prog.load_time = info.load_time;
	prog.uid = info.created_by_uid;
	prog.n_maps = info.nr_map_ids;
	if (prog.n_maps > ARRAY_SIZE(prog.map_ids))
		prog.n_maps = ARRAY_SIZE(prog.map_ids);
	memcpy(prog.tag, info.tag, sizeof(prog.tag));
	util_copy(prog.func, sizeof(prog.func), info.name);
	if (strlen(prog.func) >= KERNEL_NAME_MAX && prog.btf_id)
		expand_name(prog.btf_id, prog.func);
	*out = prog;
	return 0;
}

static int read_link(int fd, struct bpf_link_info *info, struct xdpctl_error *err)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read a link's info");
	return 0;
}

/* false: a link of a kind that we don't deal with */
static bool link_from_info(const struct bpf_link_info *info, struct kernel_link *out)
{
	struct kernel_link link = { .id = info->id, .prog_id = info->prog_id };

	if (info->type == BPF_LINK_TYPE_XDP) {
		link.type = KERNEL_LINK_XDP;
		link.ifindex = (int)info->xdp.ifindex;
	} else if (info->type == BPF_LINK_TYPE_TRACING) {
		link.type = KERNEL_LINK_TRACING;
		link.attach_type = info->tracing.attach_type;
		link.target_obj_id = info->tracing.target_obj_id;
		link.target_btf_id = info->tracing.target_btf_id;
	} else {
		return false;
	}
	*out = link;
	return true;
}

int link_read(struct kernel *k, int fd, struct kernel_link *out, struct xdpctl_error *err)
{
	struct bpf_link_info info;
	int r = read_link(fd, &info, err);

	(void)k;
	if (r < 0)
		return r;
	if (!link_from_info(&info, out))
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
				 "link %u is neither a tracing nor an XDP link", info.id);
	return 0;
}

int map_read(struct kernel *k, int fd, uint32_t *id, char name[16], struct xdpctl_error *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	(void)k;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read a map's info");
	*id = info.id;
	util_copy(name, BPF_OBJ_NAME_LEN, info.name);
	return 0;
}

static bool is_one_of(uint32_t id, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* 0 or 1. A program that went meanwhile uses nothing; one whose maps can't all be told may use any. */
static int uses_map(uint32_t prog_id, uint32_t map_id, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = bpf_prog_get_fd_by_id(prog_id);
	uint32_t map_ids[XDPCTL_MAPS_MAX] = { 0 };
	struct bpf_prog_info info = {
		.map_ids = (uintptr_t)map_ids,
		.nr_map_ids = ARRAY_SIZE(map_ids),
	};
	uint32_t len = sizeof(info);

	if (fd < 0)
		return errno == ENOENT ? 0 : open_failed(err, errno, "program", prog_id);
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read program %u's info",
				 prog_id);
	if (info.nr_map_ids > ARRAY_SIZE(map_ids))
		return 1;
	return is_one_of(map_id, map_ids, info.nr_map_ids);
}

int map_users(struct kernel *k, uint32_t map_id, const uint32_t *except, size_t n, bool *used,
	      struct xdpctl_error *err)
{
	uint32_t id = 0;

	(void)k;
	while (bpf_prog_get_next_id(id, &id) == 0) {
		int r = is_one_of(id, except, n) ? 0 : uses_map(id, map_id, err);

		*used = r > 0;
		if (r)
			return r < 0 ? r : 0;
	}
	if (errno != ENOENT)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "list programs");
	*used = false;
	return 0;
}

/*
 * A link that is just being created has an id, but can't be had: EAGAIN. It is given the time that takes;
 * one that is still not there then is nothing that counts yet.
 */
static int open_settled(uint32_t id)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };
	int fd = bpf_link_get_fd_by_id(id);

	for (int try = 0; fd < 0 && errno == EAGAIN && try < 100; try++) {
		nanosleep(&ms, NULL);
		fd = bpf_link_get_fd_by_id(id);
	}
	return fd;
}

/* 1: read into @out, 0: gone meanwhile, not there yet, or of another kind */
static int read_link_by_id(uint32_t id, struct kernel_link *out, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = open_settled(id);
	struct bpf_link_info info;
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == EAGAIN ? 0 : open_failed(err, errno, "link", id);
	r = read_link(fd, &info, err);
	if (r < 0)
		return r;
	return link_from_info(&info, out);
}

int link_all(struct kernel *k, struct kernel_link **out, size_t *n, struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_link *links = NULL;
	size_t used = 0, room = 0;
	uint32_t id = 0;

	(void)k;
	while (bpf_link_get_next_id(id, &id) == 0) {
		int r;

		if (used == room) {
			struct kernel_link *more;

			room = room ? 2 * room : 64;
			more = reallocarray(links, room, sizeof(*links));
			if (!more)
				return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "list links");
			links = more;
		}
		r = read_link_by_id(id, &links[used], err);
		if (r < 0)
			return r;
		used += (size_t)r;
	}
	if (errno != ENOENT) {
		error_set(err, XDPCTL_FAULT_FAILED, errno, "list links");
		error_hint(err, "listing links needs CAP_SYS_ADMIN");
		return -errno;
	}
	*out = links;
	links = NULL;
	*n = used;
	return 0;
}
