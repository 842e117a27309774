// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/snapshot.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compose/fusedchain.h"
#include "error.h"
#include "model/chain.h"
#include "model/fuse.h"
#include "util.h"

#define WHY_SIZE XDPCTL_PATH_SIZE

/* ---------------------------------------------------------------- one component */

/* What three witnesses say of a slot: the kernel's list of links, the link's pin, the program's pin. */
struct slot_facts {
	bool live; /* the kernel knows a link over this slot */
	struct kernel_link link;
	bool link_pinned;
	struct kernel_link pinned_link;
	int prog_pin_fd; /* -1: no such pin */
	struct kernel_prog pinned_prog;
	bool unreadable; /* a witness couldn't be heard, which is not the same as "nothing there" */
	char why[WHY_SIZE]; /* what was wrong with one */
};

static bool same_slot(const struct kernel_dispatcher *dispatcher, unsigned int slot,
		      uint32_t btf_id)
{
	if (btf_id && btf_id == dispatcher->slot_btf_ids[slot])
		return true;
	/* A component that is alone is linked over the main function. */
	return dispatcher->config.n_slots == 1 && btf_id && btf_id == dispatcher->main_btf_id;
}

static void find_live(const struct census *census, const struct kernel_dispatcher *dispatcher,
		      uint32_t id, unsigned int slot, struct slot_facts *facts)
{
	size_t n;
	const struct kernel_link *links = census_links_on(census, id, &n);

	for (size_t i = 0; i < n; i++) {
		if (links[i].attach_type != 0 ||
		    !same_slot(dispatcher, slot, links[i].target_btf_id))
			continue;
		facts->live = true;
		facts->link = links[i];
		return;
	}
}

static void unreadable(struct slot_facts *facts, struct xdpctl_error *failure)
{
	facts->unreadable = true;
	util_copy(facts->why, sizeof(facts->why), failure->message);
	xdpctl_error_clear(failure);
}

/* -1: there is no such pin, or @facts say what is wrong with it. */
static int open_pin(struct kernel *k, const char *dir, unsigned int slot, const char *kind,
		    enum kernel_pin_type wanted, struct slot_facts *facts)
{
	struct xdpctl_error failure = { 0 };
	char path[XDPCTL_PATH_SIZE + 32];
	enum kernel_pin_type type;
	int fd, r;

	snprintf(path, sizeof(path), "%s/prog%u-%s", dir, slot, kind);
	r = k->ops->pin_open(k, path, &fd, &type, &failure);
	if (r == 0 && type == wanted)
		return fd;
	if (r == 0)
		util_close(fd);
	if (r == 0 || r == -ELOOP)
		snprintf(facts->why, sizeof(facts->why), "prog%u-%s is no pin of a %s", slot, kind,
			 kind);
	else if (r != -ENOENT)
		unreadable(facts, &failure);
	xdpctl_error_clear(&failure);
	return -1;
}

static void read_link_pin(struct kernel *k, const char *dir, unsigned int slot,
			  struct slot_facts *facts)
{
	_cleanup_fd_ int fd = open_pin(k, dir, slot, "link", KERNEL_PIN_LINK, facts);
	struct xdpctl_error failure = { 0 };

	if (fd < 0)
		return;
	if (k->ops->link_read(k, fd, &facts->pinned_link, &failure) < 0) {
		unreadable(facts, &failure);
		return;
	}
	facts->link_pinned = true;
	/* Before Linux 5.13 links don't tell their target: the pin's place is the only witness. */
	if (!facts->live && !facts->pinned_link.target_obj_id) {
		facts->live = true;
		facts->link = facts->pinned_link;
	}
}

static void read_prog_pin(struct kernel *k, const char *dir, unsigned int slot,
			  struct slot_facts *facts)
{
	struct xdpctl_error failure = { 0 };
	int fd = open_pin(k, dir, slot, "prog", KERNEL_PIN_PROG, facts);

	if (fd >= 0 && k->ops->prog_read(k, fd, &facts->pinned_prog, &failure) < 0) {
		unreadable(facts, &failure);
		util_close(take_fd(&fd));
	}
	facts->prog_pin_fd = fd;
}

static enum xdpctl_health judge(const struct slot_facts *facts)
{
	bool prog_pinned = facts->prog_pin_fd >= 0;

	if (!facts->live)
		return facts->link_pinned ? XDPCTL_HEALTH_MISMATCH : XDPCTL_HEALTH_GONE;
	if (facts->link_pinned && facts->pinned_link.id != facts->link.id)
		return XDPCTL_HEALTH_MISMATCH;
	if (prog_pinned && facts->pinned_prog.id != facts->link.prog_id)
		return XDPCTL_HEALTH_MISMATCH;
	if (!facts->link_pinned)
		return XDPCTL_HEALTH_LINK_UNPINNED;
	return prog_pinned ? XDPCTL_HEALTH_OK : XDPCTL_HEALTH_PROG_UNPINNED;
}

static int open_by_id(struct kernel *k, struct slot_facts *facts, struct kernel_prog *prog)
{
	struct xdpctl_error failure = { 0 };
	_cleanup_fd_ int fd = -1;
	int r = k->ops->prog_open(k, facts->link.prog_id, &fd, &failure);

	if (r == 0)
		r = k->ops->prog_read(k, fd, prog, &failure);
	if (r == 0)
		return take_fd(&fd);
	if (r != -ENOENT)
		unreadable(facts, &failure);
	xdpctl_error_clear(&failure);
	return -1;
}

/* The program that runs in the slot or, if none does, the one that is still pinned for it; -1: neither. */
static int open_component(struct kernel *k, struct slot_facts *facts, struct kernel_prog *prog)
{
	bool pinned = facts->prog_pin_fd >= 0;

	if (pinned && (!facts->live || facts->pinned_prog.id == facts->link.prog_id)) {
		*prog = facts->pinned_prog;
		return take_fd(&facts->prog_pin_fd);
	}
	return facts->live ? open_by_id(k, facts, prog) : -1;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/*
 * Load times are counted from boot; people want dates. When the machine was booted is taken in hundredths of a
 * second, or the moment between the two readings would make one load time two different seconds.
 */
static uint64_t since_epoch(uint64_t boot_ns)
{
	int64_t booted = (clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME)) / 10000000;

	return (uint64_t)(booted * 10000000 + (int64_t)boot_ns) / 1000000000u;
}

static void describe_record(const struct kernel_record *record, struct xdpctl_component *c)
{
	c->recorded = record != NULL;
	if (!record)
		return;
	c->loaded_at = record->loaded_at;
	c->uid = record->uid;
	util_copy(c->name, sizeof(c->name), record->name);
	util_copy(c->owner, sizeof(c->owner), record->owner);
	util_copy(c->object, sizeof(c->object), record->object);
	memcpy(c->sha256, record->sha256, sizeof(c->sha256));
	memcpy(c->settings, record->settings, sizeof(c->settings));
}

void snapshot_describe(const struct census *census, const struct kernel_prog *prog,
		       struct xdpctl_component *c)
{
	c->prog_id = prog->id;
	c->load_time = prog->load_time;
	c->loaded_at = since_epoch(prog->load_time);
	c->uid = prog->uid;
	c->n_maps = prog->n_maps;
	memcpy(c->map_ids, prog->map_ids, sizeof(c->map_ids));
	memcpy(c->tag, prog->tag, sizeof(c->tag));
	util_copy(c->func, sizeof(c->func), prog->func);
	describe_record(census_record(census, prog->id, prog->load_time), c);
}

static void read_slot(struct kernel *k, const struct census *census,
		      const struct kernel_dispatcher *dispatcher, unsigned int slot,
		      struct snapshot *out, struct slot_facts *worst)
{
	struct xdpctl_component *c = &out->iface.components[slot];
	struct slot_facts facts = { .prog_pin_fd = -1 };
	struct kernel_prog prog;

	find_live(census, dispatcher, out->iface.prog_id, slot, &facts);
	if (out->pin_dir[0]) {
		read_link_pin(k, out->pin_dir, slot, &facts);
		read_prog_pin(k, out->pin_dir, slot, &facts);
	}
	c->slot = slot;
	c->prio = dispatcher->config.slots[slot].prio;
	c->actions = dispatcher->config.slots[slot].actions;
	c->frags = dispatcher->config.slots[slot].frags;
	c->link_id = facts.live ? facts.link.id : 0;
	c->link_pinned = facts.link_pinned;
	c->prog_pinned = facts.prog_pin_fd >= 0;
	c->health = judge(&facts);
	out->component_fds[slot] = open_component(k, &facts, &prog);
	if (out->component_fds[slot] >= 0) {
		snapshot_describe(census, &prog, c);
	}
	if (facts.prog_pin_fd >= 0)
		util_close(facts.prog_pin_fd);
	if (facts.unreadable || !worst->why[0])
		util_copy(worst->why, sizeof(worst->why), facts.why);
	worst->unreadable |= facts.unreadable;
}

/* ---------------------------------------------------------------- a chain */

static void explain_intruder(const struct kernel_dispatcher *dispatcher,
			     const struct kernel_link *link, char *why)
{
	bool whole = link->target_btf_id == dispatcher->main_btf_id;

	snprintf(why, WHY_SIZE, "program %u is linked over the dispatcher%s, outside of the chain",
		 link->prog_id, whole ? " as a whole" : "");
}

/* Links on the dispatcher that are in no slot: tracers are reported, a replaced function is a fault. */
static void read_others(const struct census *census, const struct kernel_dispatcher *dispatcher,
			struct xdpctl_iface *iface, char *why)
{
	size_t n;
	const struct kernel_link *links = census_links_on(census, iface->prog_id, &n);

	for (size_t i = 0; i < n; i++) {
		bool in_slot = false;

		for (unsigned int slot = 0; slot < iface->n_components; slot++)
			in_slot |= iface->components[slot].link_id == links[i].id;
		if (in_slot)
			continue;
		if (links[i].attach_type == 0 && !why[0])
			explain_intruder(dispatcher, &links[i], why);
		else if (links[i].attach_type != 0 && iface->n_tracers < ARRAY_SIZE(iface->tracers))
			iface->tracers[iface->n_tracers++] = links[i].id;
	}
}

static void explain_health(const struct xdpctl_iface *iface, char *why)
{
	static const char *const said[] = {
		[XDPCTL_HEALTH_OK] = "is well",
		[XDPCTL_HEALTH_GONE] = "is gone, packets pass its slot unseen",
		[XDPCTL_HEALTH_LINK_UNPINNED] = "dies with the process that holds its link",
		[XDPCTL_HEALTH_PROG_UNPINNED] = "has lost its program's pin",
		[XDPCTL_HEALTH_MISMATCH] = "is another program than its pins say",
		[XDPCTL_HEALTH_CODE_LOST] = "can't be fused again",
	};

	for (unsigned int i = 0; i < iface->n_components; i++) {
		const struct xdpctl_component *c = &iface->components[i];

		if (c->health == XDPCTL_HEALTH_OK)
			continue;
		snprintf(why, WHY_SIZE, "the component in slot %u, \"%s\", %s", i, c->name,
			 said[c->health]);
		return;
	}
}

static void read_chain(struct kernel *k, const struct census *census,
		       const struct kernel_dispatcher *dispatcher, struct snapshot *out)
{
	struct xdpctl_iface *iface = &out->iface;
	struct slot_facts worst = { .why = "" };
	char *why = worst.why;

	iface->version = dispatcher->config.version;
	iface->frags = dispatcher->config.frags;
	iface->devbound = dispatcher->config.devbound;
	iface->n_components = dispatcher->config.n_slots;
	for (unsigned int slot = 0; slot < iface->n_components; slot++)
		read_slot(k, census, dispatcher, slot, out, &worst);
	chain_name_components(iface->components, iface->n_components);
	read_others(census, dispatcher, iface, why);
	if (!why[0])
		explain_health(iface, why);
	if (!out->pin_dir[0])
		snprintf(why, WHY_SIZE, "%s",
			 census->dirs_why[0] ? census->dirs_why : "its pin directory is missing");
	iface->state = why[0] ? XDPCTL_STATE_DEGRADED : XDPCTL_STATE_CHAIN;
	if (!why[0] && census->records_why[0])
		util_copy(why, WHY_SIZE, census->records_why);
	if (census->links_why[0]) {
		worst.unreadable = true;
		util_copy(why, WHY_SIZE, census->links_why);
	}
	if (worst.unreadable)
		iface->state = XDPCTL_STATE_UNREADABLE;
	util_copy(iface->why, sizeof(iface->why), why);
}

static void find_pins(struct kernel *k, const struct census *census, struct snapshot *out)
{
	const struct census_dir *dir = census_dir(census, out->iface.prog_id);

	if (!dir || dir->engine != out->iface.engine)
		return;
	util_copy(out->pin_dir, sizeof(out->pin_dir), dir->path);
	snprintf(out->iface.pin_dir, sizeof(out->iface.pin_dir), "%s/%s", k->bpffs ? k->bpffs : "",
		 dir->path);
}

static void find_xdp_link(const struct census *census, struct xdpctl_iface *iface)
{
	size_t n;
	const struct kernel_link *links = census_xdp_links(census, iface->prog_id, &n);

	for (size_t i = 0; i < n; i++)
		if (links[i].ifindex == iface->ifindex)
			iface->link_id = links[i].id;
}

static enum xdpctl_state state_of_result(int r)
{
	if (r == -ENOTTY)
		return XDPCTL_STATE_FOREIGN;
	if (r == -EOPNOTSUPP)
		return XDPCTL_STATE_NEWER;
	return r == 0 || r == -EINVAL ? XDPCTL_STATE_DEGRADED : XDPCTL_STATE_UNREADABLE;
}

/* What is attached is open; is it a dispatcher, and of what kind? */
static void classify(struct kernel *k, const struct census *census, const struct kernel_prog *prog,
		     struct snapshot *out)
{
	struct xdpctl_error failure = { 0 };
	struct kernel_dispatcher dispatcher = { 0 };
	struct xdpctl_iface *iface = &out->iface;
	int r;

	if (strcmp(prog->func, FUSE_MAIN) == 0) {
		find_xdp_link(census, iface);
		iface->engine = XDPCTL_ENGINE_FUSED;
		find_pins(k, census, out);
		fusedchain_read(k, census, prog, out);
		return;
	}
	r = k->ops->dispatcher_read(k, out->prog_fd, prog, &dispatcher, &failure);

	find_xdp_link(census, iface);
	iface->state = state_of_result(r);
	if (r == -EOPNOTSUPP)
		iface->version = dispatcher.config.version;
	util_copy(iface->why, sizeof(iface->why), failure.message);
	xdpctl_error_clear(&failure);
	if (r == -ENOTTY)
		return;
	iface->engine = XDPCTL_ENGINE_FREPLACE;
	find_pins(k, census, out);
	if (r == 0)
		read_chain(k, census, &dispatcher, out);
}

static int read_attached(struct kernel *k, const struct census *census, struct snapshot *out)
{
	struct xdpctl_error failure = { 0 };
	struct xdpctl_iface *iface = &out->iface;
	struct kernel_prog prog;
	int r;

	r = k->ops->prog_open(k, iface->prog_id, &out->prog_fd, &failure);
	if (r == 0)
		r = k->ops->prog_read(k, out->prog_fd, &prog, &failure);
	if (r < 0) {
		iface->state = XDPCTL_STATE_UNREADABLE;
		util_copy(iface->why, sizeof(iface->why), failure.message);
		xdpctl_error_clear(&failure);
		return r == -ENOENT ? -ENOENT : 0;
	}
	util_copy(iface->func, sizeof(iface->func), prog.func);
	memcpy(iface->tag, prog.tag, sizeof(iface->tag));
	classify(k, census, &prog, out);
	return 0;
}

int snapshot_take(struct kernel *k, const struct census *census, const struct kernel_iface *link,
		  struct snapshot *out)
{
	*out = (struct snapshot){ .prog_fd = -1 };
	for (unsigned int i = 0; i < XDPCTL_COMPONENTS_MAX; i++)
		out->component_fds[i] = out->code_fds[i] = -1;
	out->iface.ifindex = link->ifindex;
	out->iface.mode = link->mode;
	out->iface.prog_id = link->prog_id;
	out->iface.hw_prog_id = link->hw_prog_id;
	util_copy(out->iface.ifname, sizeof(out->iface.ifname), link->ifname);
	return link->prog_id ? read_attached(k, census, out) : 0;
}

bool snapshot_is_stale(struct kernel *k, const struct snapshot *snapshot)
{
	_cleanup_free_ struct kernel_iface *now = NULL;
	bool broken = snapshot->iface.state == XDPCTL_STATE_DEGRADED ||
		      snapshot->iface.state == XDPCTL_STATE_UNREADABLE;
	size_t n;

	if (!broken || k->ops->ifaces(k, snapshot->iface.ifindex, &now, &n, NULL) < 0)
		return false;
	return now[0].prog_id != snapshot->iface.prog_id;
}

void snapshot_close(struct snapshot *snapshot)
{
	if (snapshot->prog_fd >= 0)
		util_close(snapshot->prog_fd);
	for (unsigned int i = 0; i < XDPCTL_COMPONENTS_MAX; i++) {
		if (snapshot->component_fds[i] >= 0)
			util_close(snapshot->component_fds[i]);
		if (snapshot->code_fds[i] >= 0)
			util_close(snapshot->code_fds[i]);
	}
}
