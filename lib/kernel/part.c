// SPDX-License-Identifier: LGPL-2.1-or-later
/* A component to be fused: loaded by itself, which verifies it, and its code kept. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/capture.h"
#include "kernel/kept.h"
#include "kernel/newpins.h"
#include "kernel/object.h"
#include "kernel/object_bytes.h"
#include "kernel/objectload.h"
#include "kernel/real.h"
#include "model/code.h"
#include "util.h"

/* A load in progress. */
struct part {
	struct kernel *k;
	const struct object_choice *choice;
	const char *name;
	char *log;
	struct capture capture;
	struct bpf_object *object;
	struct bpf_program *prog;
	struct new_pins pins;
};

/* ---------------------------------------------------------------- its code */

/* Descriptors mean something only in this process, ids as long as the maps live. */
static int name_maps_by_id(struct part *p, struct xdpctl_error *err)
{
	for (size_t i = 0; i < p->capture.n_insns; i++) {
		struct bpf_insn *insn = &p->capture.insns[i];
		struct bpf_map_info info = { 0 };
		uint32_t len = sizeof(info);

		if (!code_is_map_load(insn))
			continue;
		if (bpf_obj_get_info_by_fd(insn->imm, &info, &len) < 0)
			return error_set(err, XDPCTL_FAULT_FAILED, errno,
					 "component \"%s\": read the info of a map", p->name);
		insn->imm = (int32_t)info.id;
	}
	return 0;
}

static int keep_code(struct part *p, int prog_fd, int *code_fd, struct xdpctl_error *err)
{
	struct capture_stats stats;
	struct kernel_prog prog;
	_cleanup_free_ uint8_t *bytes = NULL;
	struct code code;
	size_t size;
	int r;

	if ((r = name_maps_by_id(p, err)) < 0 || (r = prog_read(p->k, prog_fd, &prog, err)) < 0)
		return r;
	capture_read_stats(p->log, &stats);
	code = (struct code){
		.prog_id = prog.id,
		.load_time = prog.load_time,
		.insns = p->capture.insns,
		.n_insns = (uint32_t)p->capture.n_insns,
		.funcs = p->capture.funcs,
		.n_funcs = (uint32_t)p->capture.n_funcs,
		.lines = p->capture.lines,
		.n_lines = (uint32_t)p->capture.n_lines,
		.depths = stats.depths,
		.n_depths = (uint32_t)stats.n_depths,
		.btf = p->capture.btf,
		.btf_size = (uint32_t)p->capture.btf_size,
	};
	bytes = code_encode(&code, &size);
	if (!bytes)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "keep the code of \"%s\"",
				 p->name);
	return frozen_make(KEPT_NAME, bytes, size, code_fd, err);
}

/* ---------------------------------------------------------------- maps to go on with */

static bool fits(const struct bpf_map *map, const struct bpf_map_info *info)
{
	/* The kernel keeps 15 characters of a name. */
	return strncmp(bpf_map__name(map), info->name, sizeof(info->name) - 1) == 0 &&
	       bpf_map__type(map) == info->type && bpf_map__key_size(map) == info->key_size &&
	       bpf_map__value_size(map) == info->value_size;
}

/* A descriptor of the one of the @n maps that fits; -1: none does. */
static int find_map(const struct bpf_map *map, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_fd_ int fd = bpf_map_get_fd_by_id(ids[i]);
		struct bpf_map_info info = { 0 };
		uint32_t len = sizeof(info);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && fits(map, &info))
			return take_fd(&fd);
	}
	return -1;
}

/* A map of the object that the running program doesn't use isn't there, and made anew: it has no users. */
static int reuse_maps(const struct part *p, struct bpf_object *object, struct xdpctl_error *err)
{
	struct bpf_map *map;

	if (!p->choice->n_reuse)
		return 0;
	bpf_object__for_each_map(map, object) {
		_cleanup_fd_ int fd = find_map(map, p->choice->reuse, p->choice->n_reuse);
		int r;

		if (fd < 0)
			continue;
		r = bpf_map__reuse_fd(map, fd);
		if (r == 0)
			r = bpf_map__set_pin_path(map, NULL); /* it is pinned where it is */
		if (r < 0)
			return error_set(err, XDPCTL_FAULT_FAILED, -r,
					 "component \"%s\": go on with map %s", p->name,
					 bpf_map__name(map));
	}
	return 0;
}

/* Every map of the program that runs must be one of the new one's. */
static int check_reused(const struct part *p, int prog_fd, struct xdpctl_error *err)
{
	struct kernel_prog prog;
	int r = p->choice->n_reuse ? prog_read(p->k, prog_fd, &prog, err) : 0;

	for (size_t i = 0; r == 0 && i < p->choice->n_reuse; i++) {
		bool there = false;

		for (unsigned int j = 0; j < prog.n_maps; j++)
			there |= prog.map_ids[j] == p->choice->reuse[i];
		if (!there)
			r = error_say(err, XDPCTL_FAULT_REFUSED, EBUSY,
				      "map %u of component \"%s\" can't be carried over",
				      p->choice->reuse[i], p->name);
	}
	return r;
}

/* ---------------------------------------------------------------- loading */

static int open_part(struct part *p, struct xdpctl_error *err)
{
	int r = object_open(p->choice, BPF_PROG_TYPE_XDP, p->log, OBJECTLOAD_LOG_SIZE, &p->object,
			    &p->prog, err);

	if (r == 0)
		r = reuse_maps(p, p->object, err);
	if (r == 0 && new_pins_find(p->object, &p->pins) < 0)
		r = error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"", p->name);
	return r;
}

static int load_part(struct part *p, struct libbpf_log *said)
{
	int r;

	libbpf_log_begin(said);
	r = bpf_object__load(p->object);
	libbpf_log_end(said);
	return r;
}

/* Or libbpf would pin its maps, and a kill would leave pins that nobody knows of. */
static int pin_nothing(struct bpf_object *object)
{
	struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, object)
		if (r == 0)
			r = bpf_map__set_pin_path(map, NULL);
	return r;
}

/*
 * A capture has the kernel write its statistics only; a refusal is told by another load, in the same way: libbpf's
 * own idea of "xdp.frags" would be refused by a kernel without frags.
 */
static void load_for_log(const struct part *p)
{
	_cleanup_object_ struct bpf_object *object = NULL;
	struct capture capture = { 0 };
	struct bpf_program *prog;
	struct libbpf_log said;

	memset(p->log, 0, OBJECTLOAD_LOG_SIZE);
	if (capture_begin(&capture, p->choice->section, p->choice->addition.func, NULL) < 0)
		return;
	if (object_open(p->choice, BPF_PROG_TYPE_XDP, p->log, OBJECTLOAD_LOG_SIZE, &object, &prog,
			NULL) == 0 &&
	    reuse_maps(p, object, NULL) == 0 && pin_nothing(object) == 0) {
		libbpf_log_begin(&said);
		bpf_program__set_log_level(prog, 1);
		bpf_object__load(object);
		libbpf_log_end(&said);
	}
	capture_end(&capture);
	capture_free(&capture);
}

static int load_captured(struct part *p, struct xdpctl_error *err)
{
	struct libbpf_log said = { 0 };
	int r;

	r = capture_begin(&p->capture, p->choice->section, p->choice->addition.func, err);
	if (r < 0)
		return r;
	r = open_part(p, err);
	if (r < 0) {
		capture_end(&p->capture);
		return r;
	}
	r = load_part(p, &said);
	capture_end(&p->capture);
	if (r == 0)
		return 0;
	if (p->log[0])
		load_for_log(p);
	return load_refused(-r, p->log, &said, p->name, err);
}

static int load_and_keep(struct part *p, int *fd, int *code_fd, struct xdpctl_error *err)
{
	_cleanup_fd_ int prog_fd = -1;
	int r;

	r = load_captured(p, err);
	if (r < 0)
		return r;
	if (!p->capture.n_insns)
		return error_say(err, XDPCTL_FAULT_FAILED, EIO,
				 "component \"%s\": libbpf didn't say how it loads it", p->name);
	r = check_reused(p, bpf_program__fd(p->prog), err);
	if (r == 0)
		r = keep_code(p, bpf_program__fd(p->prog), code_fd, err);
	if (r == 0)
		r = keep_program(p->k, p->prog, &p->pins, p->choice, &prog_fd, err);
	if (r < 0) {
		error_context(err, "component \"%s\"", p->name);
		return r;
	}
	*fd = take_fd(&prog_fd);
	return 0;
}

int part_load(struct kernel *k, const struct object_choice *choice, int *fd, int *code_fd,
	      char ***map_pins, size_t *n_map_pins, struct xdpctl_error *err)
{
	struct object_choice own = *choice;
	struct part p = { .k = k, .choice = &own, .name = choice->addition.name };
	_cleanup_free_ char *log = calloc(1, OBJECTLOAD_LOG_SIZE);
	_cleanup_fd_ int code = -1;
	int r = -ENOMEM;

	own.addition.frags &= k->ops->has_frags(k); /* before Linux 5.18 it loads without */
	p.log = log;
	if (log)
		r = load_and_keep(&p, fd, &code, err);
	else
		error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load component \"%s\"", p.name);
	if (r == 0) {
		*code_fd = take_fd(&code);
		*map_pins = p.pins.paths;
		*n_map_pins = p.pins.n;
		p.pins.paths = NULL;
	}
	new_pins_free(&p.pins);
	bpf_object__close(p.object);
	capture_free(&p.capture);
	return r;
}
