// SPDX-License-Identifier: LGPL-2.1-or-later
/* The freplace engine's steps: a dispatcher, and EXT programs linked over its slots. */
#include "compose/pindir.h"
#include "compose/run.h"
#include "error.h"

static int load_dispatcher(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	struct wire_config config = { .version = run->ex->decision->version,
				      .n_slots = run_target(run)->n };
	int r;

	(void)arg;
	config.frags = run->k->ops->has_frags(run->k);
	for (unsigned int i = 0; i < config.n_slots; i++) {
		const struct chain_entry *entry = &run_target(run)->entries[i];

		config.slots[i] = (struct wire_slot){ entry->actions, entry->prio, entry->frags };
		config.frags &= entry->frags;
	}
	r = run->k->ops->dispatcher_load(run->k, &config, &run->dispatcher_fd, err);
	return r < 0 ? r : run_loaded(run, err);
}

/* A fused component's code is kept, so no object file is needed. */
static int convert_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	const struct chain_entry *entry = &run_target(run)->entries[slot];
	int r = run->k->ops->code_to_ext(run->k, run->ex->before->code_fds[entry->index],
					 entry->func, run->dispatcher_fd, slot, run_target(run)->n,
					 &run->prog_fds[slot], err);

	if (r < 0)
		error_context(err, "component \"%s\"", entry->name);
	return r;
}

static int load_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	if (run_target(run)->entries[slot].origin == CHAIN_CONVERTED)
		return convert_component(run, slot, err);
	return run->k->ops->component_load(run->k, run_choice(run, slot), run->dispatcher_fd, slot,
					   run_target(run)->n, &run->prog_fds[slot],
					   &run->map_pins[slot], &run->n_map_pins[slot], err);
}

static int attach_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	int r = run->k->ops->component_attach(run->k, run_prog_fd(run, slot), run->dispatcher_fd,
					      slot, run_target(run)->n, &run->link_fds[slot], err);

	if (r < 0)
		error_context(err, "component \"%s\"", run_target(run)->entries[slot].name);
	return r;
}

static int detach_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	(void)err;
	run_close(&run->link_fds[slot]);
	return 0;
}

static int pin_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	return pindir_add(run->k, run->dir, slot, PINDIR_LINK, run->link_fds[slot],
			  run_prog_fd(run, slot), err);
}

const struct step_work freplace_steps[STEP_KINDS] = {
	[STEP_LOAD_DISPATCHER] = { load_dispatcher, run_unload_dispatcher },
	[STEP_LOAD_COMPONENT] = { load_component, run_unload_component },
	[STEP_ATTACH_COMPONENT] = { attach_component, detach_component },
	[STEP_PIN_COMPONENT] = { pin_component, NULL }, /* goes with its directory */
};
