/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fused engine, as calls: components loaded by themselves, their kept code, what is fused of them. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "fake/fake_state.h"
#include "kernel/object.h"
#include "model/fuse.h"
#include "util.h"

/* ---------------------------------------------------------------- pins */

struct pin *fk_fused_pin(struct fake *f, int ifindex, uint32_t prog_id, const char *kind)
{
	char path[XDPCTL_PATH_SIZE];

	snprintf(path, sizeof(path), "xdpctl/fused-%d-%u%s", ifindex, prog_id, kind);
	return fk_pin_find(f, path);
}

struct pin *fk_slot_pin(struct fake *f, int ifindex, uint32_t prog_id, unsigned int slot,
			const char *kind)
{
	char name[32];

	snprintf(name, sizeof(name), "/prog%u-%s", slot, kind);
	return fk_fused_pin(f, ifindex, prog_id, name);
}

static const struct map *pinned_map(struct fake *f, const struct pin *pin, enum map_kind kind)
{
	const struct map *map = pin && pin->type == KERNEL_PIN_MAP ? fk_map_find(f, pin->id) : NULL;

	return map && map->kind == kind && !map->damage ? map : NULL;
}

/* ---------------------------------------------------------------- promises */

/* The pins of a slot are of the program that is in it, and of its code. */
static bool slot_is_whole(struct fake *f, int ifindex, const struct prog *fused, unsigned int slot,
			  const struct fusedconf_slot *conf)
{
	const struct part *part = &fused->parts[slot];
	const struct prog *prog = fk_prog_find(f, part->prog_id);
	const struct pin *pin = fk_slot_pin(f, ifindex, fused->info.id, slot, "prog");
	const struct map *code =
		pinned_map(f, fk_slot_pin(f, ifindex, fused->info.id, slot, "code"), MAP_CODE);

	if (!prog || !pin || pin->type != KERNEL_PIN_PROG || pin->id != part->prog_id)
		return false;
	if (!code || code->code.prog_id != prog->info.id ||
	    code->code.load_time != prog->info.load_time)
		return false;
	return conf->prog_id == prog->info.id && conf->load_time == prog->info.load_time &&
	       conf->actions == part->actions && conf->frags == part->frags;
}

void fk_fused_must_be_whole(struct fake *f, int ifindex, const struct prog *prog)
{
	const struct map *chain = pinned_map(f, fk_fused_pin(f, ifindex, prog->info.id, "/chain"),
					     MAP_CHAIN);

	if (!chain || chain->conf.prog_id != prog->info.id ||
	    chain->conf.load_time != prog->info.load_time || chain->conf.n != prog->n_parts ||
	    chain->conf.frags != prog->fused_frags) {
		fk_violate(f, "a fused program is attached without a chain map that fits it");
		return;
	}
	for (unsigned int i = 0; i < prog->n_parts; i++)
		if (!slot_is_whole(f, ifindex, prog, i, &chain->conf.slots[i]))
			fk_violate(f,
				   "a fused program is attached, but the pins of \"%s\" don't fit",
				   prog->parts[i].func);
}

void fk_must_not_run(struct fake *f, const char *path)
{
	uint32_t id;
	int ifindex;

	if ((sscanf(path, "xdpctl/fused-%d-%u", &ifindex, &id) == 2 ||
	     sscanf(path, "xdp/dispatch-%d-%u", &ifindex, &id) == 2) &&
	    fk_is_attached(f, id))
		fk_violate(f, "%s goes, but program %u runs", path, id);
}

/* Is it a part of what runs, fused or linked? */
static bool runs(struct fake *f, uint32_t prog_id)
{
	for (size_t i = 0; i < f->n.progs; i++) {
		const struct prog *prog = &f->progs[i];

		for (unsigned int j = 0; prog->live && j < prog->n_parts; j++)
			if (prog->parts[j].prog_id == prog_id && fk_is_attached(f, prog->info.id))
				return true;
	}
	for (size_t i = 0; i < f->n.links; i++)
		if (f->links[i].live && f->links[i].info.prog_id == prog_id &&
		    fk_is_attached(f, f->links[i].info.target_obj_id))
			return true;
	return false;
}

void fk_record_must_be_idle(struct fake *f, uint32_t prog_id)
{
	if (fk_prog_find(f, prog_id) && runs(f, prog_id))
		fk_violate(f, "the record of program %u goes, which runs", prog_id);
}

void fk_map_must_be_idle(struct fake *f, uint32_t map_id)
{
	for (size_t i = 0; i < f->n.progs; i++) {
		const struct prog *prog = &f->progs[i];

		for (unsigned int j = 0; prog->live && j < prog->info.n_maps; j++)
			if (prog->info.map_ids[j] == map_id &&
			    (runs(f, prog->info.id) || fk_is_attached(f, prog->info.id)))
				fk_violate(f, "the pin of map %u goes, which \"%s\" uses", map_id,
					   prog->info.func);
	}
}

/* ---------------------------------------------------------------- a component */

struct map *fk_code_new(struct fake *f, const struct prog *prog, bool frags)
{
	struct map *map = fk_map_new(f, MAP_CODE);

	map->code.prog_id = prog->info.id;
	map->code.load_time = prog->info.load_time;
	map->code.frags = frags;
	util_copy(map->code.func, sizeof(map->code.func), prog->info.func);
	map->code.n_maps = prog->info.n_maps;
	memcpy(map->code.map_ids, prog->info.map_ids, sizeof(map->code.map_ids));
	return map;
}

/* Both descriptors or none. */
static int give_both(struct fake *f, uint32_t prog_id, uint32_t map_id, int *fd, int *code_fd,
		     struct xdpctl_error *err)
{
	int map_fd = fk_handle_new(f, KERNEL_PIN_MAP, map_id);
	int rc = fk_give_handle(f, KERNEL_PIN_PROG, prog_id, fd, err);

	if (rc)
		close(map_fd);
	else
		*code_fd = map_fd;
	return rc;
}

static int fake_part_load(struct kernel *k, const struct object_choice *choice, int *fd,
			  int *code_fd, char ***map_pins, size_t *n_map_pins,
			  struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_PART_LOAD, err, "%s", choice->addition.func);
	struct prog *prog;

	if (rc)
		return rc;
	rc = fk_verify(f, choice, err);
	if (rc)
		return fk_leave(f, rc, err);
	prog = fk_prog_new(f, BPF_PROG_TYPE_XDP, choice->addition.func);
	fk_make_maps(f, choice, prog, map_pins, n_map_pins);
	return give_both(f, prog->info.id, fk_code_new(f, prog, choice->addition.frags)->id, fd,
			 code_fd, err);
}

static int do_code_check(struct fake *f, int fd, uint32_t prog_id, uint64_t load_time,
			 struct xdpctl_error *err)
{
	const struct map *map = fk_map_of_fd(f, fd);

	if (!map)
		return fk_fail(f, EBADF, err);
	if (map->kind != MAP_CODE)
		return fk_fail(f, EINVAL, err);
	if (map->damage)
		return fk_fail(f, map->damage, err);
	if (map->code.prog_id != prog_id || map->code.load_time != load_time)
		return fk_fail(f, EINVAL, err);
	for (unsigned int i = 0; i < map->code.n_maps; i++)
		if (!fk_map_find(f, map->code.map_ids[i]))
			return fk_fail(f, EINVAL, err);
	return 0;
}

static int fake_code_check(struct kernel *k, int fd, uint32_t prog_id, uint64_t load_time,
			   struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_CODE_CHECK, err, "%u of program %u", fk_id_of_fd(f, fd), prog_id);

	return rc ? rc : fk_leave(f, do_code_check(f, fd, prog_id, load_time, err), err);
}

/* ---------------------------------------------------------------- all of them */

struct prog *fk_fused_new(struct fake *f)
{
	struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_XDP, FUSE_MAIN);

	prog->is_fused = true;
	prog->fused_frags = true;
	return prog;
}

static void add_map(struct prog *prog, uint32_t id)
{
	for (unsigned int i = 0; i < prog->info.n_maps; i++)
		if (prog->info.map_ids[i] == id)
			return;
	prog->info.map_ids[prog->info.n_maps++] = id;
}

void fk_fused_add(struct fake *f, struct prog *fused, const struct map *code, uint32_t actions)
{
	struct part *part = &fused->parts[fused->n_parts++];

	*part = (struct part){ .actions = actions,
			       .frags = code->code.frags,
			       .prog_id = code->code.prog_id };
	util_copy(part->func, sizeof(part->func), code->code.func);
	fused->fused_frags &= code->code.frags && !(f->lacks & FAKE_LACKS_FRAGS);
	for (unsigned int i = 0; i < code->code.n_maps; i++)
		add_map(fused, code->code.map_ids[i]);
}

/* Maps are opened by id, so they must be there still. */
static int check_part(struct fake *f, const struct kernel_part *part, struct xdpctl_error *err)
{
	const struct map *map = fk_map_of_fd(f, part->code_fd);

	if (!map || map->kind != MAP_CODE) {
		fk_violate(f, "the code of \"%s\" is none", part->name);
		return fk_fail(f, EBADF, err);
	}
	if (map->damage)
		return fk_fail(f, map->damage, err);
	for (unsigned int i = 0; i < map->code.n_maps; i++)
		if (!fk_map_find(f, map->code.map_ids[i]))
			return fk_fail(f, ENOENT, err);
	if (!f->refuse_fused[0] || strcmp(f->refuse_fused, map->code.func) != 0)
		return 0;
	error_set(err, XDPCTL_FAULT_FAILED, EACCES, "load %s", FUSE_MAIN);
	error_log(err, "17: (85) call pc+3\\ncombined stack size of 3 calls is 544. Too large\\n");
	return -EACCES;
}

static int check_parts(struct fake *f, const struct kernel_part *parts, unsigned int n,
		       struct xdpctl_error *err)
{
	if (!n || n > XDPCTL_COMPONENTS_MAX) {
		fk_violate(f, "%u components are to be fused", n);
		return fk_fail(f, EINVAL, err);
	}
	for (unsigned int i = 0; i < n; i++) {
		int rc = check_part(f, &parts[i], err);

		if (rc)
			return rc;
	}
	return 0;
}

static uint32_t fuse(struct fake *f, const struct kernel_part *parts, unsigned int n, bool frags,
		     struct kernel_fusion *out)
{
	struct prog *prog = fk_fused_new(f);

	*out = (struct kernel_fusion){ .verified = 100 * n };
	for (unsigned int i = 0; i < n; i++) {
		fk_fused_add(f, prog, fk_map_of_fd(f, parts[i].code_fd), parts[i].actions);
		out->called[i] = strncmp(prog->parts[i].func, "call", 4) == 0;
	}
	if (frags && !prog->fused_frags)
		fk_violate(f, "frags for a chain with a component that doesn't know them");
	prog->fused_frags = frags;
	return prog->info.id;
}

static int fake_fused_load(struct kernel *k, const struct kernel_part *parts, unsigned int n,
			   bool frags, int *fd, struct kernel_fusion *out, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_FUSED_LOAD, err, "%u parts", n);

	if (rc)
		return rc;
	rc = check_parts(f, parts, n, err);
	if (rc)
		return fk_leave(f, rc, err);
	return fk_give_handle(f, KERNEL_PIN_PROG, fuse(f, parts, n, frags, out), fd, err);
}

/* ---------------------------------------------------------------- its configuration */

static int fake_fused_write(struct kernel *k, const struct fusedconf *conf, int *fd,
			    struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_FUSED_WRITE, err, "of program %u, %u parts", conf->prog_id,
			  conf->n);
	struct map *map;

	if (rc)
		return rc;
	map = fk_map_new(f, MAP_CHAIN);
	map->conf = *conf;
	return fk_give_handle(f, KERNEL_PIN_MAP, map->id, fd, err);
}

static int do_fused_read(struct fake *f, int fd, struct fusedconf *out, struct xdpctl_error *err)
{
	const struct map *map = fk_map_of_fd(f, fd);

	if (!map)
		return fk_fail(f, EBADF, err);
	if (map->kind != MAP_CHAIN)
		return fk_fail(f, EINVAL, err);
	if (map->damage)
		return fk_fail(f, map->damage, err);
	*out = map->conf;
	return 0;
}

static int fake_fused_read(struct kernel *k, int fd, struct fusedconf *out,
			   struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_FUSED_READ, err, "%u", fk_id_of_fd(f, fd));

	return rc ? rc : fk_leave(f, do_fused_read(f, fd, out, err), err);
}

/* ---------------------------------------------------------------- kept code, loaded again */

/* The code's function with its maps. */
static struct prog *load_kept(struct fake *f, const struct map *code, uint32_t type)
{
	struct prog *prog = fk_prog_new(f, type, code->code.func);

	for (unsigned int i = 0; i < code->code.n_maps; i++)
		add_map(prog, code->code.map_ids[i]);
	return prog;
}

/* What it is loaded as is the one thing that differs. */
static int check_kept(struct fake *f, const struct map *code, const char *func,
		      struct xdpctl_error *err)
{
	if (!code || code->kind != MAP_CODE)
		return fk_fail(f, EBADF, err);
	if (code->damage)
		return fk_fail(f, code->damage, err);
	if (strncmp(func, code->code.func, FUSEDCONF_FUNC_SIZE - 1) != 0)
		fk_violate(f, "the code of \"%s\" is loaded as \"%s\"", code->code.func, func);
	return 0;
}

static int fake_code_to_part(struct kernel *k, int code_fd, const char *func, bool frags, int *fd,
			     int *new_code_fd, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_CODE_TO_PART, err, "%s", func);
	const struct map *code;
	struct prog *prog;

	if (rc)
		return rc;
	code = fk_map_of_fd(f, code_fd);
	rc = check_kept(f, code, func, err);
	if (rc)
		return fk_leave(f, rc, err);
	if (frags != code->code.frags)
		fk_violate(f, "\"%s\" is loaded with frags %d", func, frags);
	prog = load_kept(f, code, BPF_PROG_TYPE_XDP);
	return give_both(f, prog->info.id, fk_code_new(f, prog, frags)->id, fd, new_code_fd, err);
}

static int check_slot(struct fake *f, const struct prog *dispatcher, unsigned int slot,
		      unsigned int n_slots, struct xdpctl_error *err)
{
	if (!dispatcher || !dispatcher->is_dispatcher)
		return fk_fail(f, EBADF, err);
	if (slot < n_slots && n_slots == dispatcher->dispatcher.config.n_slots)
		return fk_ext_refused(f, err);
	fk_violate(f, "slot %u of %u in a dispatcher of %u", slot, n_slots,
		   dispatcher->dispatcher.config.n_slots);
	return fk_fail(f, EINVAL, err);
}

static int fake_code_to_ext(struct kernel *k, int code_fd, const char *func, int dispatcher_fd,
			    unsigned int slot, unsigned int n_slots, int *fd,
			    struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_CODE_TO_EXT, err, "%s for slot %u of %u", func, slot, n_slots);
	struct prog *dispatcher, *prog;
	const struct map *code;

	if (rc)
		return rc;
	code = fk_map_of_fd(f, code_fd);
	dispatcher = fk_prog_of_fd(f, dispatcher_fd);
	rc = check_kept(f, code, func, err);
	if (rc == 0)
		rc = check_slot(f, dispatcher, slot, n_slots, err);
	if (rc)
		return fk_leave(f, rc, err);
	prog = load_kept(f, code, BPF_PROG_TYPE_EXT);
	prog->load_target = dispatcher->info.id;
	return fk_give_handle(f, KERNEL_PIN_PROG, prog->info.id, fd, err);
}

void fk_fused_ops(struct kernel_ops *ops)
{
	ops->part_load = fake_part_load;
	ops->code_check = fake_code_check;
	ops->fused_load = fake_fused_load;
	ops->fused_write = fake_fused_write;
	ops->fused_read = fake_fused_read;
	ops->code_to_part = fake_code_to_part;
	ops->code_to_ext = fake_code_to_ext;
}
