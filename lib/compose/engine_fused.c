// SPDX-License-Identifier: LGPL-2.1-or-later
/* The fused engine's steps: components loaded by themselves, then all of them made into one program. */
#include <stdio.h>
#include <string.h>

#include "compose/pindir.h"
#include "compose/run.h"
#include "error.h"
#include "util.h"

static int code_fd_of(const struct run *run, unsigned int slot)
{
	const struct chain_entry *entry = &run_target(run)->entries[slot];

	return entry->origin == CHAIN_KEPT ? run->ex->before->code_fds[entry->index] :
					     run->code_fds[slot];
}

/* One whose program is lost, but not its code. */
static int recover_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	const struct chain_entry *entry = &run_target(run)->entries[slot];
	int r = run->k->ops->code_to_part(run->k, run->ex->before->code_fds[entry->index],
					  entry->func, entry->frags, &run->prog_fds[slot],
					  &run->code_fds[slot], err);

	if (r < 0)
		error_context(err, "component \"%s\"", entry->name);
	return r;
}

static int load_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	if (run_target(run)->entries[slot].origin == CHAIN_CONVERTED)
		return recover_component(run, slot, err);
	return run->k->ops->part_load(run->k, run_choice(run, slot), &run->prog_fds[slot],
				      &run->code_fds[slot], &run->map_pins[slot],
				      &run->n_map_pins[slot], err);
}

static int unload_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	run_close(&run->code_fds[slot]);
	return run_unload_component(run, slot, err);
}

/* ---------------------------------------------------------------- fusing */

static bool all_have_frags(const struct run *run)
{
	const struct chain *chain = run_target(run);
	bool frags = run->k->ops->has_frags(run->k);

	for (unsigned int i = 0; i < chain->n; i++)
		frags &= chain->entries[i].frags;
	return frags;
}

/* The names of the components that were added, as far as there is room, and how many more there are. */
static const char *added_names(const struct chain *chain, char *buf, size_t size)
{
	const size_t room_for_rest = sizeof(" and 64 more");
	unsigned int more = 0;
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < chain->n; i++) {
		const char *name = chain->entries[i].name;

		if (chain->entries[i].origin != CHAIN_ADDED)
			continue;
		if (more || used + strlen(name) + sizeof(", \"\"") + room_for_rest > size)
			more++;
		else
			used += (size_t)snprintf(buf + used, size - used, "%s\"%s\"",
						 used ? ", " : "", name);
	}
	if (more)
		snprintf(buf + used, size - used, " and %u more", more);
	return buf;
}

static void hint_freplace(const struct run *run, struct xdpctl_error *err)
{
	const struct xdpctl_iface *iface = run_before(run);

	if (run_target(run)->n > XDPCTL_SLOTS_MAX || run->k->ops->has_freplace(run->k, NULL) < 0)
		error_hint(err, "--verbose prints the verifier's whole log");
	else if (iface->engine == XDPCTL_ENGINE_FUSED)
		error_hint(err,
			   "the freplace engine keeps components apart: xdpctl convert %s --engine "
			   "freplace",
			   iface->ifname);
	else
		error_hint(err, "--engine freplace keeps components apart");
}

/* Each component is good by itself: what is refused is the whole. */
static int refuse(const struct run *run, int r, struct xdpctl_error *err)
{
	char names[192];

	if (!err || !err->log)
		return r;
	added_names(run_target(run), names, sizeof(names));
	if (names[0])
		error_context(err, "with %s, which the verifier accepts alone", names);
	hint_freplace(run, err);
	return r;
}

static int fuse(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	const struct chain *chain = run_target(run);
	struct kernel_part parts[XDPCTL_COMPONENTS_MAX];
	int r;

	(void)arg;
	for (unsigned int i = 0; i < chain->n; i++)
		parts[i] = (struct kernel_part){
			.name = chain->entries[i].name,
			.actions = chain->entries[i].actions,
			.added = chain->entries[i].origin == CHAIN_ADDED,
			.code_fd = code_fd_of(run, i),
		};
	r = run->k->ops->fused_load(run->k, parts, chain->n, all_have_frags(run),
				    &run->dispatcher_fd, &run->fusion, err);
	return r < 0 ? refuse(run, r, err) : run_loaded(run, err);
}

/* ---------------------------------------------------------------- pins */

static int pin_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	return pindir_add(run->k, run->dir, slot, PINDIR_CODE, code_fd_of(run, slot),
			  run_prog_fd(run, slot), err);
}

static int describe_slot(const struct run *run, unsigned int slot, struct fusedconf_slot *out,
			 struct xdpctl_error *err)
{
	const struct chain_entry *entry = &run_target(run)->entries[slot];
	struct kernel_prog prog;
	int r = run->k->ops->prog_read(run->k, run_prog_fd(run, slot), &prog, err);

	if (r < 0)
		return r;
	*out = (struct fusedconf_slot){
		.prio = entry->prio,
		.actions = entry->actions,
		.frags = entry->frags,
		.called = run->fusion.called[slot],
		.prog_id = prog.id,
		.load_time = prog.load_time,
	};
	util_copy(out->func, sizeof(out->func), prog.func);
	return 0;
}

static int describe_chain(const struct run *run, struct fusedconf *out, struct xdpctl_error *err)
{
	struct kernel_prog prog;
	int r = run->k->ops->prog_read(run->k, run->dispatcher_fd, &prog, err);

	*out = (struct fusedconf){ .n = run_target(run)->n, .frags = all_have_frags(run) };
	util_copy(out->why, sizeof(out->why), run->ex->decision->engine_why);
	for (unsigned int slot = 0; slot < out->n && r == 0; slot++)
		r = describe_slot(run, slot, &out->slots[slot], err);
	if (r == 0) {
		out->prog_id = prog.id;
		out->load_time = prog.load_time;
	}
	return r;
}

static int pin_chain(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	char path[XDPCTL_PATH_SIZE + 32];
	_cleanup_fd_ int fd = -1;
	struct fusedconf conf;
	int r;

	(void)arg;
	if ((r = describe_chain(run, &conf, err)) < 0 ||
	    (r = run->k->ops->fused_write(run->k, &conf, &fd, err)) < 0)
		return r;
	pindir_pin(run->dir, PINDIR_CHAIN, 0, path, sizeof(path));
	return run->k->ops->pin(run->k, path, fd, err);
}

const struct step_work fused_steps[STEP_KINDS] = {
	[STEP_LOAD_COMPONENT] = { load_component, unload_component },
	[STEP_FUSE] = { fuse, run_unload_dispatcher },
	[STEP_PIN_COMPONENT] = { pin_component,
				 NULL }, /* goes with its directory, as the next does */
	[STEP_PIN_CHAIN] = { pin_chain, NULL },
};
