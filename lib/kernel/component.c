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

/* ---------------------------------------------------------------- maps that pin themselves */

struct map_pins {
	char **paths;
	size_t n;
};

static void map_pins_free(struct map_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		free(pins->paths[i]);
	free(pins->paths);
}

/* libbpf pins maps while it loads: what wasn't there before and is there after is ours to undo. */
static int map_pins_expect(struct bpf_object *object, struct map_pins *pins)
{
	struct bpf_map *map;
	size_t n = 0;

	bpf_object__for_each_map(map, object)
		n++;
	pins->paths = calloc(n + 1, sizeof(*pins->paths));
	if (!pins->paths)
		return -ENOMEM;
	bpf_object__for_each_map(map, object) {
		const char *path = bpf_map__pin_path(map);
		struct stat st;

		if (!path || lstat(path, &st) == 0)
			continue;
		pins->paths[pins->n] = strdup(path);
		if (!pins->paths[pins->n])
			return -ENOMEM;
		pins->n++;
	}
	return 0;
}

static void map_pins_undo(const struct map_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++)
		unlink(pins->paths[i]);
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
	if (log[0]) {
		error_say(err, XDPCTL_FAULT_FAILED, code,
			  "the verifier refused component \"%s\": %s", name, strerror(code));
		error_log(err, log);
		error_hint(err, "--verbose prints the verifier's whole log");
		return;
	}
	if (said->last[0])
		error_say(err, XDPCTL_FAULT_FAILED, code, "load component \"%s\": %s", name,
			  said->last);
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

/* What is there when the program is loaded: its descriptor and the pins of its maps. */
static int load_program(const struct object_choice *choice, int dispatcher_fd, const char *target,
			char *log, int *out, struct map_pins *pins, struct xdpctl_error *err)
{
	__attribute__((cleanup(object_cleanup))) struct bpf_object *object = NULL;
	const char *name = choice->addition.name;
	struct libbpf_log said;
	struct bpf_program *prog;
	int r;

	r = object_open(choice, BPF_PROG_TYPE_EXT, log, LOG_SIZE, &object, &prog, err);
	if (r < 0)
		return r;
	if (map_pins_expect(object, pins) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"", name);
	r = load_for(object, prog, dispatcher_fd, target, &said);
	if (r < 0) {
		map_pins_undo(pins);
		explain_refusal(-r, log, &said, name, err);
		return r;
	}
	*out = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (*out < 0) {
		map_pins_undo(pins);
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "keep component \"%s\"", name);
	}
	return 0;
}

int component_load(struct kernel *k, const struct object_choice *choice, int dispatcher_fd,
		   unsigned int slot, unsigned int n_slots, int *fd, char ***map_pins,
		   size_t *n_map_pins, struct xdpctl_error *err)
{
	_cleanup_free_ char *log = calloc(1, LOG_SIZE);
	struct map_pins pins = { 0 };
	char target[32];
	int r;

	(void)k;
	if (!log)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"",
				 choice->addition.name);
	dispatcher_target(slot, n_slots, target, sizeof(target));
	r = load_program(choice, dispatcher_fd, target, log, fd, &pins, err);
	if (r < 0) {
		map_pins_free(&pins);
		return r;
	}
	*map_pins = pins.paths;
	*n_map_pins = pins.n;
	return 0;
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
