/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test does to the world, and what other writers do. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/fake_state.h"
#include "util.h"

void fake_lack(struct kernel *k, unsigned int lacks)
{
	fake_of(k)->lacks = lacks;
}

void fake_iface_add(struct kernel *k, int ifindex, const char *ifname, uint32_t mtu, bool native)
{
	struct fake *f = fake_of(k);

	for (size_t i = 0; i < IFACES; i++) {
		struct iface *iface = &f->ifaces[i];

		if (iface->live)
			continue;
		*iface = (struct iface){ .live = true, .native = native };
		iface->info.ifindex = ifindex;
		iface->info.mtu = mtu;
		util_copy(iface->info.ifname, sizeof(iface->info.ifname), ifname);
		return;
	}
	fk_die("out of interfaces");
}

void fake_iface_remove(struct kernel *k, int ifindex)
{
	struct fake *f = fake_of(k);
	struct iface *iface = fk_iface_find(f, ifindex);
	struct link *link;

	if (!iface)
		return;
	link = fk_link_find(f, iface->link_id);
	if (link)
		link->info.ifindex = 0;
	iface->live = false;
	f->dirty = true;
	fk_sweep(f);
}

void fake_iface_hide(struct kernel *k, int ifindex, bool hidden)
{
	fk_iface_find(fake_of(k), ifindex)->hidden = hidden;
}

uint32_t fake_attached(struct kernel *k, int ifindex)
{
	struct iface *iface = fk_iface_find(fake_of(k), ifindex);

	return iface ? iface->info.prog_id : 0;
}

static enum xdpctl_mode mode_on(const struct iface *iface, enum xdpctl_mode wanted)
{
	return iface->native ? wanted : XDPCTL_MODE_SKB;
}

uint32_t fake_foreign(struct kernel *k, int ifindex, enum xdpctl_mode mode, const char *func)
{
	struct fake *f = fake_of(k);
	struct iface *iface = fk_iface_find(f, ifindex);
	struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_XDP, func);

	iface->info.prog_id = prog->info.id;
	iface->info.mode = mode_on(iface, mode);
	f->dirty = true;
	fk_sweep(f);
	return prog->info.id;
}

uint32_t fake_lock_iface(struct kernel *k, int ifindex, const char *pin)
{
	struct fake *f = fake_of(k);
	struct iface *iface = fk_iface_find(f, ifindex);
	struct link *link = fk_link_new(f, KERNEL_LINK_XDP, iface->info.prog_id);
	char parent[XDPCTL_PATH_SIZE];

	link->info.ifindex = ifindex;
	link->info.attach_type = BPF_XDP;
	iface->link_id = link->info.id;
	fk_parent_of(pin, parent);
	fk_make_dirs(f, parent);
	fk_pin_new(f, pin, KERNEL_PIN_LINK, link->info.id);
	return link->info.id;
}

struct other_component {
	uint32_t prog_id;
	struct wire_slot slot;
};

static int compare_other(struct fake *f, const struct other_component *a,
			 const struct other_component *b)
{
	const struct prog *x = fk_prog_find(f, a->prog_id), *y = fk_prog_find(f, b->prog_id);

	if (a->slot.prio != b->slot.prio)
		return a->slot.prio < b->slot.prio ? -1 : 1;
	return strcmp(x->info.func, y->info.func);
}

static void insert_other(struct fake *f, struct other_component *all, size_t n,
			 struct other_component new)
{
	while (n > 0 && compare_other(f, &new, &all[n - 1]) < 0) {
		all[n] = all[n - 1];
		n--;
	}
	all[n] = new;
}

/* Those components of @old that are there. */
static size_t gather_other(struct fake *f, const struct prog *old, struct other_component *all)
{
	unsigned int n_slots = old ? old->dispatcher.config.n_slots : 0;
	size_t n = 0;

	for (unsigned int slot = 0; slot < n_slots; slot++) {
		struct link *link = fk_link_over(f, old, fk_slot_target(old, slot, n_slots));

		if (link)
			all[n++] = (struct other_component){ link->info.prog_id,
							     old->dispatcher.config.slots[slot] };
	}
	return n;
}

static void remove_pins_of(struct fake *f, const char *which, int ifindex, uint32_t id)
{
	char dir[XDPCTL_PATH_SIZE];
	size_t len;

	snprintf(dir, sizeof(dir), "%s-%d-%u", which, ifindex, id);
	len = strlen(dir);
	for (size_t i = 0; i < f->n.pins; i++) {
		struct pin *pin = &f->pins[i];

		if (pin->live && strncmp(pin->path, dir, len) == 0 &&
		    (!pin->path[len] || pin->path[len] == '/'))
			fk_pin_remove(f, pin);
	}
}

static void attach_other(struct fake *f, struct prog *dispatcher, int ifindex, unsigned int slot,
			 uint32_t prog_id)
{
	struct link *link = fk_link_new(f, KERNEL_LINK_TRACING, prog_id);
	char path[XDPCTL_PATH_SIZE];

	link->info.target_obj_id = dispatcher->info.id;
	link->info.target_btf_id = fk_slot_target(dispatcher, slot,
						  dispatcher->dispatcher.config.n_slots);
	snprintf(path, sizeof(path), "xdp/dispatch-%d-%u/prog%u-link", ifindex, dispatcher->info.id,
		 slot);
	fk_pin_new(f, path, KERNEL_PIN_LINK, link->info.id);
	snprintf(path, sizeof(path), "xdp/dispatch-%d-%u/prog%u-prog", ifindex, dispatcher->info.id,
		 slot);
	fk_pin_new(f, path, KERNEL_PIN_PROG, prog_id);
}

static struct prog *build_other(struct fake *f, int ifindex, unsigned int version,
				const struct other_component *all, size_t n)
{
	struct wire_config config = { .version = version,
				      .n_slots = (unsigned int)n,
				      .frags = true };
	struct prog *dispatcher;
	char dir[XDPCTL_PATH_SIZE];

	for (size_t i = 0; i < n; i++) {
		config.slots[i] = all[i].slot;
		config.frags = config.frags && all[i].slot.frags;
	}
	dispatcher = fk_dispatcher_new(f, &config);
	snprintf(dir, sizeof(dir), "xdp/dispatch-%d-%u", ifindex, dispatcher->info.id);
	fk_make_dirs(f, dir);
	for (unsigned int i = 0; i < n; i++)
		attach_other(f, dispatcher, ifindex, i, all[i].prog_id);
	return dispatcher;
}

uint32_t fake_other_load(struct kernel *k, int ifindex, enum xdpctl_mode mode, unsigned int version,
			 const struct fake_program *programs, size_t n)
{
	struct fake *f = fake_of(k);
	struct iface *iface = fk_iface_find(f, ifindex);
	struct other_component all[2 * XDPCTL_SLOTS_MAX];
	struct prog *old = iface ? fk_prog_find(f, iface->info.prog_id) : NULL;
	struct prog *new;
	size_t count;

	if (!iface || iface->link_id || (old && !old->is_dispatcher))
		return 0;
	count = gather_other(f, old, all);
	if (count + n > XDPCTL_SLOTS_MAX)
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_EXT, programs[i].func);
		struct wire_slot slot = { programs[i].actions, programs[i].prio,
					  programs[i].frags };

		insert_other(f, all, count++, (struct other_component){ prog->info.id, slot });
	}
	new = build_other(f, ifindex, version, all, count);
	iface->info.mode = old ? iface->info.mode : mode_on(iface, mode);
	iface->info.prog_id = new->info.id;
	f->dirty = true;
	if (old)
		remove_pins_of(f, "xdp/dispatch", ifindex, old->info.id);
	fk_sweep(f);
	return new->info.id;
}

/* Those components of the fused chain @old that are there, as its configuration has them. */
static size_t gather_fused(struct fake *f, int ifindex, const struct prog *old,
			   struct other_component *all)
{
	struct pin *pin = old ? fk_fused_pin(f, ifindex, old->info.id, "/chain") : NULL;
	const struct map *chain = pin ? fk_map_find(f, pin->id) : NULL;
	size_t n = 0;

	for (unsigned int slot = 0; chain && slot < chain->conf.n; slot++) {
		const struct fusedconf_slot *from = &chain->conf.slots[slot];

		if (fk_slot_pin(f, ifindex, old->info.id, slot, "code") &&
		    fk_slot_pin(f, ifindex, old->info.id, slot, "prog"))
			all[n++] = (struct other_component){
				from->prog_id, { from->actions, from->prio, from->frags }
			};
	}
	return n;
}

static uint32_t code_of(struct fake *f, uint32_t prog_id)
{
	for (size_t i = 0; i < f->n.maps; i++)
		if (f->maps[i].id && f->maps[i].kind == MAP_CODE &&
		    f->maps[i].code.prog_id == prog_id)
			return f->maps[i].id;
	return 0;
}

static void describe_fused(const struct other_component *from, const struct map *code,
			   struct fusedconf_slot *out)
{
	*out = (struct fusedconf_slot){
		.prio = from->slot.prio,
		.actions = from->slot.actions,
		.frags = from->slot.frags,
		.prog_id = from->prog_id,
		.load_time = code->code.load_time,
	};
	util_copy(out->func, sizeof(out->func), code->code.func);
}

static struct prog *build_fused(struct fake *f, int ifindex, const struct other_component *all,
				size_t n)
{
	struct prog *fused = fk_fused_new(f);
	struct map *chain = fk_map_new(f, MAP_CHAIN);
	char dir[XDPCTL_PATH_SIZE / 2], path[XDPCTL_PATH_SIZE];

	snprintf(dir, sizeof(dir), "xdpctl/fused-%d-%u", ifindex, fused->info.id);
	fk_make_dirs(f, dir);
	for (unsigned int i = 0; i < n; i++) {
		const struct map *code = fk_map_find(f, code_of(f, all[i].prog_id));

		fk_fused_add(f, fused, code, all[i].slot.actions);
		snprintf(path, sizeof(path), "%s/prog%u-code", dir, i);
		fk_pin_new(f, path, KERNEL_PIN_MAP, code->id);
		snprintf(path, sizeof(path), "%s/prog%u-prog", dir, i);
		fk_pin_new(f, path, KERNEL_PIN_PROG, all[i].prog_id);
		describe_fused(&all[i], code, &chain->conf.slots[i]);
	}
	chain->conf.n = (unsigned int)n;
	chain->conf.prog_id = fused->info.id;
	chain->conf.load_time = fused->info.load_time;
	snprintf(path, sizeof(path), "%s/chain", dir);
	fk_pin_new(f, path, KERNEL_PIN_MAP, chain->id);
	return fused;
}

uint32_t fake_other_fused(struct kernel *k, int ifindex, enum xdpctl_mode mode,
			  const struct fake_program *programs, size_t n)
{
	struct fake *f = fake_of(k);
	struct iface *iface = fk_iface_find(f, ifindex);
	struct other_component all[2 * XDPCTL_SLOTS_MAX];
	struct prog *old = iface ? fk_prog_find(f, iface->info.prog_id) : NULL;
	struct prog *new;
	size_t count;

	if (!iface || iface->link_id || (old && !old->is_fused))
		return 0;
	count = gather_fused(f, ifindex, old, all);
	if (count + n > ARRAY_SIZE(all))
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_XDP, programs[i].func);
		struct wire_slot slot = { programs[i].actions, programs[i].prio,
					  programs[i].frags };

		fk_code_new(f, prog, programs[i].frags);
		insert_other(f, all, count++, (struct other_component){ prog->info.id, slot });
	}
	new = build_fused(f, ifindex, all, count);
	iface->info.mode = old ? iface->info.mode : mode_on(iface, mode);
	iface->info.prog_id = new->info.id;
	f->dirty = true;
	if (old)
		remove_pins_of(f, "xdpctl/fused", ifindex, old->info.id);
	fk_sweep(f);
	return new->info.id;
}

void fake_other_unload_all(struct kernel *k, int ifindex)
{
	struct fake *f = fake_of(k);
	struct iface *iface = fk_iface_find(f, ifindex);
	uint32_t old = iface ? iface->info.prog_id : 0;

	if (!old)
		return;
	iface->info.prog_id = 0;
	iface->info.mode = XDPCTL_MODE_NONE;
	f->dirty = true;
	remove_pins_of(f, "xdp/dispatch", ifindex, old);
	fk_sweep(f);
}

void fake_damage(struct kernel *k, uint32_t dispatcher, int code)
{
	struct prog *prog = fk_prog_find(fake_of(k), dispatcher);

	prog->damage = code;
	if (code == EOPNOTSUPP)
		prog->dispatcher.config.version = 4;
}

void fake_damage_map(struct kernel *k, const char *path, int code)
{
	struct fake *f = fake_of(k);
	struct pin *pin = fk_pin_find(f, path);

	if (!pin || pin->type != KERNEL_PIN_MAP)
		fk_die("%s is no pin of a map", path);
	fk_map_find(f, pin->id)->damage = code;
}

void fake_reuse_id(struct kernel *k, uint32_t prog_id)
{
	struct fake *f = fake_of(k);

	fk_prog_find(f, prog_id)->info.load_time = f->clock += 1000;
}

void fake_repin(struct kernel *k, const char *from, const char *to)
{
	struct fake *f = fake_of(k);
	struct pin *source = fk_pin_find(f, from);

	fake_remove_pin(k, to);
	fk_pin_new(f, to, source->type, source->id);
}

bool fake_remove_pin(struct kernel *k, const char *path)
{
	struct fake *f = fake_of(k);
	struct pin *pin = fk_pin_find(f, path);

	if (!pin)
		return false;
	fk_pin_remove(f, pin);
	f->quiet = true;
	fk_sweep(f);
	f->quiet = false;
	return true;
}

void fake_make_unreadable_pin(struct kernel *k, const char *path)
{
	char parent[XDPCTL_PATH_SIZE];

	fk_parent_of(path, parent);
	fk_make_dirs(fake_of(k), parent);
	fk_pin_new(fake_of(k), path, KERNEL_PIN_UNREADABLE, 0);
}

void fake_make_dir(struct kernel *k, const char *path)
{
	fk_make_dirs(fake_of(k), path);
}

uint32_t fake_make_other_pin(struct kernel *k, const char *path)
{
	struct fake *f = fake_of(k);
	struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_XDP, "somebody_elses");
	char parent[XDPCTL_PATH_SIZE];

	fk_parent_of(path, parent);
	fk_make_dirs(f, parent);
	fk_pin_new(f, path, KERNEL_PIN_PROG, prog->info.id);
	return prog->info.id;
}

void fake_hold_link(struct kernel *k, uint32_t dispatcher, unsigned int slot)
{
	struct fake *f = fake_of(k);
	struct prog *prog = fk_prog_find(f, dispatcher);

	fk_link_over(f, prog, fk_slot_target(prog, slot, prog->dispatcher.config.n_slots))->held++;
}

void fake_hold_prog(struct kernel *k, uint32_t prog_id)
{
	fk_prog_find(fake_of(k), prog_id)->held++;
}

uint32_t fake_trace(struct kernel *k, uint32_t dispatcher)
{
	struct fake *f = fake_of(k);
	struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_TRACING, "trace_on_entry");
	struct link *link = fk_link_new(f, KERNEL_LINK_TRACING, prog->info.id);

	link->info.attach_type = BPF_TRACE_FENTRY;
	link->info.target_obj_id = dispatcher;
	link->info.target_btf_id = fk_prog_find(f, dispatcher)->dispatcher.main_btf_id;
	link->held = 1;
	return link->info.id;
}

void fake_hold_lock(struct kernel *k, int pid)
{
	fake_of(k)->lock_holder = pid;
}

void fake_refuse(struct kernel *k, const char *func)
{
	util_copy(fake_of(k)->refuse, sizeof(fake_of(k)->refuse), func ? func : "");
}

void fake_refuse_fused(struct kernel *k, const char *func)
{
	util_copy(fake_of(k)->refuse_fused, sizeof(fake_of(k)->refuse_fused), func ? func : "");
}

void fake_pin_map(struct kernel *k, const char *func, const char *path)
{
	struct fake *f = fake_of(k);

	util_copy(f->map_func, sizeof(f->map_func), func ? func : "");
	util_copy(f->map_path, sizeof(f->map_path), path ? path : "");
}
