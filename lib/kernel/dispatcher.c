// SPDX-License-Identifier: LGPL-2.1-or-later
/* The dispatcher program: made from the embedded object, and recognised on an interface. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/embed.h"
#include "kernel/libbpf_log.h"
#include "kernel/real.h"
#include "util.h"

#define MAIN_FUNC "xdp_dispatcher"
#define LOG_SIZE (64 * 1024)
#define CONFIG_SIZE_MAX 4096 /* of a configuration map that we read at all */

void dispatcher_target(unsigned int slot, unsigned int n_slots, char *buf, size_t size)
{
	if (n_slots == 1)
		util_copy(buf, size, MAIN_FUNC);
	else
		snprintf(buf, size, "prog%u", slot);
}

/* ---------------------------------------------------------------- making one */

static void object_cleanup(struct bpf_object **object)
{
	bpf_object__close(*object);
}

static struct bpf_object *open_embedded(unsigned int version)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = MAIN_FUNC);
	const unsigned char *start = xdpctl_embed_dispatcher_v2;
	const unsigned char *end = xdpctl_embed_dispatcher_v2_end;

	if (version == 3) {
		start = xdpctl_embed_dispatcher_v3;
		end = xdpctl_embed_dispatcher_v3_end;
	}
	return bpf_object__open_mem(start, (size_t)(end - start), &opts);
}

static int set_config(struct bpf_object *object, const struct wire_config *config,
		      struct xdpctl_error *err)
{
	struct bpf_map *map = bpf_object__next_map(object, NULL);
	uint8_t bytes[WIRE_SIZE_MAX];
	size_t size = wire_encode(config, bytes);
	int r;

	if (!size)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
				 "dispatcher version %u can't be written", config->version);
	r = map ? bpf_map__set_initial_value(map, bytes, size) : -ENOENT;
	if (r < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, -r, "configure the dispatcher");
	return 0;
}

static int load_object(struct bpf_object *object, struct bpf_program *prog, const char *what,
		       int *out, struct xdpctl_error *err)
{
	_cleanup_free_ char *log = calloc(1, LOG_SIZE);
	struct libbpf_log said;
	int r, fd;

	if (!log)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load %s", what);
	bpf_program__set_log_buf(prog, log, LOG_SIZE);
	libbpf_log_begin(&said);
	r = bpf_object__load(object);
	libbpf_log_end(&said);
	if (r < 0) {
		error_set(err, XDPCTL_FAULT_FAILED, -r, "load %s", what);
		error_log(err, log);
		return r;
	}
	fd = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "keep %s", what);
	*out = fd;
	return 0;
}

int dispatcher_load(struct kernel *k, const struct wire_config *config, int *fd,
		    struct xdpctl_error *err)
{
	__attribute__((cleanup(object_cleanup))) struct bpf_object *object = NULL;
	struct bpf_program *prog;
	int r;

	(void)k;
	object = open_embedded(config->version);
	if (!object)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "open the embedded dispatcher");
	r = set_config(object, config, err);
	if (r < 0)
		return r;
	prog = bpf_object__find_program_by_name(object, MAIN_FUNC);
	if (!prog)
		return error_say(err, XDPCTL_FAULT_FAILED, ENOENT,
				 "the embedded dispatcher is damaged");
	if (config->frags)
		bpf_program__set_flags(prog, bpf_program__flags(prog) | BPF_F_XDP_HAS_FRAGS);
	return load_object(object, prog, "the dispatcher", fd, err);
}

/* The dispatcher serves as its own EXT program here: it has all that one needs. */
static int load_probe(int target_fd, int *fd, struct xdpctl_error *err)
{
	__attribute__((cleanup(object_cleanup))) struct bpf_object *object = open_embedded(2);
	struct bpf_program *prog;
	int r;

	if (!object)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "open the embedded dispatcher");
	prog = bpf_object__find_program_by_name(object, MAIN_FUNC);
	bpf_program__set_type(prog, BPF_PROG_TYPE_EXT);
	bpf_program__set_expected_attach_type(prog, 0);
	r = bpf_program__set_attach_target(prog, target_fd, MAIN_FUNC);
	if (r < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, -r, "find the dispatcher's function");
	return load_object(object, prog, "an EXT program", fd, err);
}

int dispatcher_probe_freplace(struct kernel *k, struct xdpctl_error *err)
{
	static const struct wire_config config = { .version = 2, .n_slots = 1 };
	_cleanup_fd_ int target = -1, ext = -1, link = -1;
	int r;

	if ((r = dispatcher_load(k, &config, &target, err)) < 0 ||
	    (r = load_probe(target, &ext, err)) < 0)
		return r;
	return component_attach(k, ext, target, 0, 1, &link, err);
}

/* ---------------------------------------------------------------- reading one */

struct config_map {
	uint8_t bytes[CONFIG_SIZE_MAX];
	size_t size;
};

static int check_map(const struct bpf_map_info *info, struct xdpctl_error *err)
{
	if (info->key_size == 4 && info->max_entries == 1 && info->value_size >= 2 &&
	    info->value_size <= CONFIG_SIZE_MAX && info->map_flags & BPF_F_RDONLY_PROG)
		return 0;
	return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
			 "map %u is no configuration of a dispatcher (value of %u bytes)", info->id,
			 info->value_size);
}

static int read_map(uint32_t id, struct config_map *out, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = bpf_map_get_fd_by_id(id);
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info), key = 0;
	int r;

	if (fd < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "open map %u", id);
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read map %u's info", id);
	r = check_map(&info, err);
	if (r < 0)
		return r;
	if (bpf_map_lookup_elem(fd, &key, out->bytes) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read the configuration map %u",
				 id);
	out->size = info.value_size;
	return 0;
}

/* The number of elements of the array that the variable points to, see the BPF source. */
static unsigned int btf_version(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "dispatcher_version", BTF_KIND_VAR);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	if (!type || !btf_is_ptr(type))
		return 0;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_array(type) ? btf_array(type)->nelems : 0;
}

static uint32_t func_id(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	return id < 0 ? 0 : (uint32_t)id;
}

static unsigned int read_btf(uint32_t btf_id, struct kernel_dispatcher *out)
{
	struct btf *btf = btf__load_from_kernel_by_id(btf_id);
	unsigned int version;

	if (!btf)
		return 0;
	version = btf_version(btf);
	out->main_btf_id = func_id(btf, MAIN_FUNC);
	for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++) {
		char name[8];

		snprintf(name, sizeof(name), "prog%u", i);
		out->slot_btf_ids[i] = func_id(btf, name);
	}
	btf__free(btf);
	return version;
}

int dispatcher_read(struct kernel *k, int fd, const struct kernel_prog *prog,
		    struct kernel_dispatcher *out, struct xdpctl_error *err)
{
	struct kernel_dispatcher dispatcher = { 0 };
	struct config_map map;
	unsigned int version;
	int r;

	(void)k;
	(void)fd;
	if (!prog->btf_id || prog->n_maps != 1 || strcmp(prog->func, MAIN_FUNC) != 0)
		return -ENOTTY;
	version = read_btf(prog->btf_id, &dispatcher);
	r = read_map(prog->map_ids[0], &map, err);
	if (r < 0)
		return r;
	r = wire_decode(map.bytes, map.size, version, &dispatcher.config, err);
	if (r == 0 || r == -EOPNOTSUPP)
		*out = dispatcher;
	return r;
}
