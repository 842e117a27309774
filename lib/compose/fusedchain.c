// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/fusedchain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compose/pindir.h"
#include "error.h"
#include "model/chain.h"
#include "util.h"

/* One reading; the first thing that is wrong is what is told. */
struct reading {
	struct kernel *k;
	const struct census *census;
	const struct kernel_prog *prog;
	struct snapshot *out;
	bool unreadable; /* something couldn't be heard, which is not the same as "nothing there" */
};

static void say(struct reading *reading, const char *why)
{
	char *to = reading->out->iface.why;

	if (!to[0])
		util_copy(to, sizeof(reading->out->iface.why), why);
}

/* -1: it isn't there, or it is something else, or it can't be read; then it is said which. */
static int open_pin(struct reading *reading, enum pindir_kind kind, unsigned int slot,
		    enum kernel_pin_type wanted)
{
	struct kernel *k = reading->k;
	struct xdpctl_error failure = { 0 };
	char path[XDPCTL_PATH_SIZE + 32], why[XDPCTL_PATH_SIZE * 2];
	enum kernel_pin_type type;
	int fd, r;

	pindir_pin(reading->out->pin_dir, kind, slot, path, sizeof(path));
	r = k->ops->pin_open(k, path, &fd, &type, &failure);
	if (r == 0 && type == wanted)
		return fd;
	if (r == 0)
		util_close(fd);
	snprintf(why, sizeof(why), "the pin %s is %s", path,
		 r == -ENOENT ? "missing" : "of something else");
	reading->unreadable |= r < 0 && r != -ENOENT && r != -ELOOP;
	say(reading, r < 0 && r != -ENOENT && r != -ELOOP ? failure.message : why);
	xdpctl_error_clear(&failure);
	return -1;
}

static int read_conf(struct reading *reading, struct fusedconf *conf)
{
	_cleanup_fd_ int fd = open_pin(reading, PINDIR_CHAIN, 0, KERNEL_PIN_MAP);
	struct xdpctl_error failure = { 0 };
	int r;

	if (fd < 0)
		return -ENOENT;
	r = reading->k->ops->fused_read(reading->k, fd, conf, &failure);
	if (r < 0) {
		reading->unreadable |= r != -EINVAL && r != -EOPNOTSUPP;
		say(reading, failure.message);
		xdpctl_error_clear(&failure);
		return r;
	}
	if (conf->prog_id == reading->prog->id && conf->load_time == reading->prog->load_time)
		return 0;
	say(reading, "its pin directory is that of another program");
	return -EINVAL;
}

/* ---------------------------------------------------------------- one component */

/* The pinned program, if it is the one that was fused; only then is @out set. */
static int open_program(struct reading *reading, unsigned int slot,
			const struct fusedconf_slot *conf, struct kernel_prog *out)
{
	_cleanup_fd_ int fd = open_pin(reading, PINDIR_PROG, slot, KERNEL_PIN_PROG);
	struct xdpctl_component *c = &reading->out->iface.components[slot];
	struct xdpctl_error failure = { 0 };
	struct kernel_prog prog;

	c->health = XDPCTL_HEALTH_PROG_UNPINNED;
	if (fd < 0)
		return -1;
	if (reading->k->ops->prog_read(reading->k, fd, &prog, &failure) < 0) {
		reading->unreadable = true;
		say(reading, failure.message);
		xdpctl_error_clear(&failure);
		return -1;
	}
	c->prog_pinned = true;
	if (prog.id == conf->prog_id && prog.load_time == conf->load_time) {
		*out = prog;
		return take_fd(&fd);
	}
	c->health = XDPCTL_HEALTH_MISMATCH;
	say(reading, "a component is another program than the one that was fused");
	return -1;
}

/* Its code, if it is whole and that program's. */
static int open_code(struct reading *reading, unsigned int slot, const struct fusedconf_slot *conf)
{
	_cleanup_fd_ int fd = open_pin(reading, PINDIR_CODE, slot, KERNEL_PIN_MAP);
	struct xdpctl_error failure = { 0 };
	char why[XDPCTL_PATH_SIZE * 2];
	int r;

	if (fd < 0)
		return -1;
	r = reading->k->ops->code_check(reading->k, fd, conf->prog_id, conf->load_time, &failure);
	if (r == 0)
		return take_fd(&fd);
	reading->unreadable |= r != -EINVAL && r != -EOPNOTSUPP;
	snprintf(why, sizeof(why), "slot %u: %.255s", slot, failure.message);
	say(reading, why);
	xdpctl_error_clear(&failure);
	return -1;
}

static void read_slot(struct reading *reading, unsigned int slot, const struct fusedconf_slot *conf)
{
	struct snapshot *out = reading->out;
	struct xdpctl_component *c = &out->iface.components[slot];
	struct kernel_prog prog = { .id = conf->prog_id, .load_time = conf->load_time };

	c->slot = slot;
	c->prio = conf->prio;
	c->actions = conf->actions;
	c->frags = conf->frags;
	c->called = conf->called;
	util_copy(prog.func, sizeof(prog.func), conf->func);
	out->component_fds[slot] = open_program(reading, slot, conf, &prog);
	out->code_fds[slot] = open_code(reading, slot, conf);
	c->code_kept = out->code_fds[slot] >= 0;
	snapshot_describe(reading->census, &prog, c);
	if (out->component_fds[slot] < 0) {
		c->prog_id = 0; /* lost: all that is known is our record of it */
		out->lost_ids[slot] = conf->prog_id;
	} else {
		c->health = c->code_kept ? XDPCTL_HEALTH_OK : XDPCTL_HEALTH_CODE_LOST;
	}
}

/* ---------------------------------------------------------------- the chain */

static void read_slots(struct reading *reading, const struct fusedconf *conf)
{
	struct xdpctl_iface *iface = &reading->out->iface;

	iface->frags = conf->frags;
	iface->n_components = conf->n;
	util_copy(iface->engine_why, sizeof(iface->engine_why), conf->why);
	for (unsigned int slot = 0; slot < conf->n; slot++)
		read_slot(reading, slot, &conf->slots[slot]);
	chain_name_components(iface->components, iface->n_components);
}

void fusedchain_read(struct kernel *k, const struct census *census, const struct kernel_prog *prog,
		     struct snapshot *out)
{
	struct reading reading = { .k = k, .census = census, .prog = prog, .out = out };
	struct xdpctl_iface *iface = &out->iface;
	struct fusedconf conf;

	if (!out->pin_dir[0])
		say(&reading,
		    census->dirs_why[0] ? census->dirs_why : "its pin directory is missing");
	else if (read_conf(&reading, &conf) == 0)
		read_slots(&reading, &conf);
	iface->state = iface->why[0] ? XDPCTL_STATE_DEGRADED : XDPCTL_STATE_CHAIN;
	if (reading.unreadable || (!out->pin_dir[0] && census->dirs_why[0]))
		iface->state = XDPCTL_STATE_UNREADABLE;
	if (!iface->why[0] && census->records_why[0])
		util_copy(iface->why, sizeof(iface->why), census->records_why);
}
