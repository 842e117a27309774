// SPDX-License-Identifier: LGPL-2.1-or-later
/* A component: loaded as an EXT program for a slot of a dispatcher, and linked over it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/libbpf_log.h"
#include "kernel/object.h"
#include "kernel/real.h"
#include "util.h"

/* The kernel's own limit is far above this, but a refusal's log is rarely 1 MiB. */
#define LOG_SIZE (16u << 20)

/* ---------------------------------------------------------------- pins of its maps */

/*
 * Maps that are to be pinned. One that is pinned already is libbpf's to reuse, or to refuse when it doesn't
 * fit. A new one is pinned by us after the load: what its object asks for is recorded first, so that
 * whatever a kill leaves can be collected; what the user asks for by --pin-maps is the user's, and stays.
 */
struct new_pins {
	struct bpf_map **maps;
	char **paths;
	size_t n;
};

static void new_pins_free(struct new_pins *pins)
{
	for (size_t i = 0; pins->paths && i < pins->n; i++)
		free(pins->paths[i]);
	free(pins->paths);
	free(pins->maps);
}

static int new_pins_add(struct new_pins *pins, struct bpf_map *map, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	pins->maps[pins->n] = map;
	pins->paths[pins->n++] = copy;
	return bpf_map__set_pin_path(map, NULL);
}

static int new_pins_find(struct bpf_object *object, struct new_pins *pins)
{
	struct bpf_map *map;
	size_t n = 0;
	int r = 0;

	bpf_object__for_each_map(map, object)
		n++;
	pins->maps = calloc(n + 1, sizeof(*pins->maps));
	pins->paths = calloc(n + 1, sizeof(*pins->paths));
	if (!pins->maps || !pins->paths)
		return -ENOMEM;
	bpf_object__for_each_map(map, object) {
		const char *path = bpf_map__pin_path(map);
		struct stat st;

		if (r == 0 && path && lstat(path, &st) < 0 && errno == ENOENT)
			r = new_pins_add(pins, map, path);
	}
	return r;
}

static void pins_undo(struct kernel *k, char *const *paths, size_t n)
{
	while (n > 0)
		map_pins_unpin(k, paths[--n], NULL);
}

/* The directory of --pin-maps is made when it isn't there, as libbpf does. */
static void make_parent(const char *path)
{
	char parent[XDPCTL_PATH_SIZE * 2];
	char *slash;

	util_copy(parent, sizeof(parent), path);
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		mkdir(parent, 0700); /* if it can't be made, pinning says why */
	}
}

static int pin_map(struct kernel *k, const struct bpf_map *map, const char *path, bool record,
		   struct xdpctl_error *err)
{
	int fd = bpf_map__fd(map), r = 0;
	char name[16];
	uint32_t id;

	if (record && (r = map_read(k, fd, &id, name, err)) == 0)
		r = map_pins_put(k, id, path, err);
	if (r < 0)
		return r;
	make_parent(path);
	if (bpf_obj_pin(fd, path) == 0)
		return 0;
	return error_set(err, XDPCTL_FAULT_FAILED, errno, "pin map \"%s\" at %s",
			 bpf_map__name(map), path);
}

static int new_pins_make(struct kernel *k, const struct new_pins *pins, bool record,
			 struct xdpctl_error *err)
{
	for (size_t i = 0; i < pins->n; i++) {
		int r = pin_map(k, pins->maps[i], pins->paths[i], record, err);

		if (r == 0)
			continue;
		/* Of the one that failed only a record is ours; its path may be somebody else's by now. */
		pins_undo(k, pins->paths, record ? i + 1 : i);
		return r;
	}
	return 0;
}

/* ---------------------------------------------------------------- loading */

static void explain_refusal(int code, const char *log, const struct libbpf_log *said,
			    const char *name, struct xdpctl_error *err)
{
	if (code == EPERM && !log[0]) {
		error_set(err, XDPCTL_FAULT_UNSUPPORTED, code, "load component \"%s\"", name);
		error_hint(err, "this kernel refuses EXT programs (freplace) or CAP_PERFMON is "
				"missing; see: xdpctl features IFACE");
		return;
	}
	if (code == ENOSPC && log[0]) {
		error_say(
			err, XDPCTL_FAULT_FAILED, code,
			"the verifier refused component \"%s\", with a log of more than 16 MiB: it is "
			"probably too complex",
			name);
		error_log(err, log);
		return;
	}
	if (log[0]) {
		error_set(err, XDPCTL_FAULT_FAILED, code, "the verifier refused component \"%s\"",
			  name);
		error_log(err, log);
		error_hint(err, "--verbose prints the verifier's whole log");
		return;
	}
	if (said->reason[0])
		error_say(err, XDPCTL_FAULT_FAILED, code, "load component \"%s\": %s", name,
			  said->reason);
	else
		error_set(err, XDPCTL_FAULT_FAILED, code, "load component \"%s\"", name);
}

static int load_for(struct bpf_object *object, struct bpf_program *prog, int dispatcher_fd,
		    const char *target, struct libbpf_log *said)
{
	int r;

	libbpf_log_begin(said);
	r = bpf_program__set_attach_target(prog, dispatcher_fd, target);
	if (r == 0)
		r = bpf_object__load(object);
	libbpf_log_end(said);
	return r;
}

static void object_cleanup(struct bpf_object **object)
{
	bpf_object__close(*object);
}

static int keep_program(struct kernel *k, const struct bpf_program *prog,
			const struct new_pins *pins, const struct object_choice *choice, int *out,
			struct xdpctl_error *err)
{
	int r = new_pins_make(k, pins, !choice->item || !choice->item->pin_maps, err);

	if (r < 0)
		return r;
	*out = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (*out >= 0)
		return 0;
	r = error_set(err, XDPCTL_FAULT_FAILED, errno, "keep the program");
	pins_undo(k, pins->paths, pins->n);
	return r;
}

static int load_program(struct kernel *k, const struct object_choice *choice, int dispatcher_fd,
			const char *target, char *log, int *out, struct new_pins *pins,
			struct xdpctl_error *err)
{
	__attribute__((cleanup(object_cleanup))) struct bpf_object *object = NULL;
	const char *name = choice->addition.name;
	struct libbpf_log said;
	struct bpf_program *prog;
	int r;

	r = object_open(choice, BPF_PROG_TYPE_EXT, log, LOG_SIZE, &object, &prog, err);
	if (r < 0)
		return r;
	if (new_pins_find(object, pins) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"", name);
	r = load_for(object, prog, dispatcher_fd, target, &said);
	if (r < 0) {
		explain_refusal(-r, log, &said, name, err);
		return r;
	}
	r = keep_program(k, prog, pins, choice, out, err);
	if (r < 0)
		error_context(err, "component \"%s\"", name);
	return r;
}

int component_load(struct kernel *k, const struct object_choice *choice, int dispatcher_fd,
		   unsigned int slot, unsigned int n_slots, int *fd, char ***map_pins,
		   size_t *n_map_pins, struct xdpctl_error *err)
{
	_cleanup_free_ char *log = calloc(1, LOG_SIZE);
	struct new_pins pins = { 0 };
	char target[32];
	int r;

	if (!log)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"",
				 choice->addition.name);
	dispatcher_target(slot, n_slots, target, sizeof(target));
	r = load_program(k, choice, dispatcher_fd, target, log, fd, &pins, err);
	if (r == 0) {
		*map_pins = pins.paths;
		*n_map_pins = pins.n;
		pins.paths = NULL;
	}
	new_pins_free(&pins);
	return r;
}

/* ---------------------------------------------------------------- attaching */

static int target_btf_id(int dispatcher_fd, const char *target, struct xdpctl_error *err)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	struct btf *btf;
	int id;

	if (bpf_obj_get_info_by_fd(dispatcher_fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read the dispatcher's info");
	btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!btf)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read the dispatcher's BTF");
	id = btf__find_by_name_kind(btf, target, BTF_KIND_FUNC);
	btf__free(btf);
	if (id < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, -id, "find %s in the dispatcher",
				 target);
	return id;
}

int component_attach(struct kernel *k, int prog_fd, int dispatcher_fd, unsigned int slot,
		     unsigned int n_slots, int *link_fd, struct xdpctl_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	char target[32];
	int fd, id;

	(void)k;
	dispatcher_target(slot, n_slots, target, sizeof(target));
	id = target_btf_id(dispatcher_fd, target, err);
	if (id < 0)
		return id;
	opts.target_btf_id = (uint32_t)id;
	fd = bpf_link_create(prog_fd, dispatcher_fd, 0, &opts);
	if (fd < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "link the component over %s",
				 target);
	*link_fd = fd;
	return 0;
}
