// SPDX-License-Identifier: LGPL-2.1-or-later
/* A component: loaded as an EXT program for a slot of a dispatcher, and linked over it. */
#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/newpins.h"
#include "kernel/object.h"
#include "kernel/object_bytes.h"
#include "kernel/objectload.h"
#include "kernel/real.h"
#include "util.h"

/* ---------------------------------------------------------------- loading */

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

static int ext_refused(int code, const char *log, const struct libbpf_log *said, const char *name,
		       struct xdpctl_error *err)
{
	if (code != EPERM || log[0])
		return load_refused(code, log, said, name, err);
	error_set(err, XDPCTL_FAULT_UNSUPPORTED, code, "load component \"%s\"", name);
	error_hint(err,
		   "this kernel refuses EXT programs (freplace) or CAP_PERFMON is missing: see "
		   "xdpctl features IFACE, or take --engine fused");
	return -code;
}

static int load_program(struct kernel *k, const struct object_choice *choice, int dispatcher_fd,
			const char *target, char *log, int *out, struct new_pins *pins,
			struct xdpctl_error *err)
{
	_cleanup_object_ struct bpf_object *object = NULL;
	const char *name = choice->addition.name;
	struct libbpf_log said;
	struct bpf_program *prog;
	int r;

	r = object_open(choice, BPF_PROG_TYPE_EXT, log, OBJECTLOAD_LOG_SIZE, &object, &prog, err);
	if (r < 0)
		return r;
	if (new_pins_find(object, pins) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"", name);
	r = load_for(object, prog, dispatcher_fd, target, &said);
	if (r < 0)
		return ext_refused(-r, log, &said, name, err);
	r = keep_program(k, prog, pins, choice, out, err);
	if (r < 0)
		error_context(err, "component \"%s\"", name);
	return r;
}

int component_load(struct kernel *k, const struct object_choice *choice, int dispatcher_fd,
		   unsigned int slot, unsigned int n_slots, int *fd, char ***map_pins,
		   size_t *n_map_pins, struct xdpctl_error *err)
{
	_cleanup_free_ char *log = calloc(1, OBJECTLOAD_LOG_SIZE);
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

int component_target(int dispatcher_fd, const char *target, struct xdpctl_error *err)
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
	id = component_target(dispatcher_fd, target, err);
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
