// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/plan.h"

#include <stdio.h>

#include "util.h"

static const struct step_facts facts[STEP_KINDS] = {
	[STEP_LOAD_DISPATCHER] = { "load-dispatcher", false },
	[STEP_LOAD_COMPONENT] = { "load-component", false },
	[STEP_ATTACH_COMPONENT] = { "attach-component", false },
	[STEP_FUSE] = { "fuse", false },
	[STEP_MAKE_DIRECTORY] = { "make-directory", false },
	[STEP_PIN_COMPONENT] = { "pin-component", false },
	[STEP_PIN_CHAIN] = { "pin-chain", false },
	[STEP_RECORD_COMPONENT] = { "record-component", false },
	[STEP_SWAP] = { "swap", true },
	[STEP_DETACH] = { "detach", true },
	[STEP_CONFIRM] = { "confirm", false },
	[STEP_UNPIN_OLD] = { "unpin-old", false },
	[STEP_UNPIN_MAPS] = { "unpin-maps", false },
	[STEP_FORGET_RECORD] = { "forget-record", false },
};

const struct step_facts *plan_step_facts(enum step_kind kind)
{
	return &facts[kind];
}

static void add(struct plan *plan, enum step_kind kind, unsigned int arg)
{
	plan->steps[plan->n++] = (struct step){ kind, arg };
}

/* One step of this kind for each slot; only for components to load where @new_only. */
static void add_slots(struct plan *plan, const struct chain *chain, enum step_kind kind,
		      bool new_only)
{
	for (unsigned int slot = 0; slot < chain->n; slot++)
		if (!new_only || chain->entries[slot].origin != CHAIN_KEPT)
			add(plan, kind, slot);
}

/* The first component from @from on that is recorded and isn't kept; n_components: none. */
static unsigned int goes(const struct xdpctl_iface *iface, const struct chain *chain,
			 unsigned int from)
{
	while (from < iface->n_components &&
	       (!iface->components[from].recorded || chain_keeps(chain, from)))
		from++;
	return from;
}

/* What is done after the commit: the old dispatcher's pins and the records of what went. */
static void add_tidying(struct plan *plan, const struct xdpctl_iface *iface,
			const struct chain *chain)
{
	add(plan, STEP_CONFIRM, 0);
	if (iface->pin_dir[0])
		add(plan, STEP_UNPIN_OLD, 0);
	if (goes(iface, chain, 0) < iface->n_components)
		add(plan, STEP_UNPIN_MAPS, 0);
	for (unsigned int i = goes(iface, chain, 0); i < iface->n_components;
	     i = goes(iface, chain, i + 1))
		add(plan, STEP_FORGET_RECORD, i);
}

/* A component of freplace is loaded for a dispatcher, one that is fused comes before what it is fused into. */
static void add_freplace(struct plan *plan, const struct chain *chain)
{
	add(plan, STEP_LOAD_DISPATCHER, 0);
	add_slots(plan, chain, STEP_LOAD_COMPONENT, true);
	add_slots(plan, chain, STEP_ATTACH_COMPONENT, false);
	add(plan, STEP_MAKE_DIRECTORY, 0);
	add_slots(plan, chain, STEP_PIN_COMPONENT, false);
}

static void add_fused(struct plan *plan, const struct chain *chain)
{
	add_slots(plan, chain, STEP_LOAD_COMPONENT, true);
	add(plan, STEP_FUSE, 0);
	add(plan, STEP_MAKE_DIRECTORY, 0);
	add_slots(plan, chain, STEP_PIN_COMPONENT, false);
	add(plan, STEP_PIN_CHAIN, 0);
}

static void add_building(struct plan *plan, const struct decision *decision)
{
	if (decision->engine == XDPCTL_ENGINE_FUSED)
		add_fused(plan, &decision->chain);
	else
		add_freplace(plan, &decision->chain);
	add_slots(plan, &decision->chain, STEP_RECORD_COMPONENT, true);
}

void plan_make(const struct xdpctl_iface *iface, const struct decision *decision, struct plan *out)
{
	static const struct chain no_chain;

	out->n = 0;
	if (decision->nothing)
		return;
	if (decision->detach) {
		add(out, STEP_DETACH, 0);
		add_tidying(out, iface, &no_chain);
		return;
	}
	add_building(out, decision);
	add(out, STEP_SWAP, 0);
	add_tidying(out, iface, &decision->chain);
}

void plan_step_object(const struct step *step, const struct xdpctl_iface *iface,
		      const struct decision *decision, char *buf, size_t size)
{
	switch (step->kind) {
	case STEP_LOAD_DISPATCHER:
		snprintf(buf, size, "version %u, %u slot%s", decision->version, decision->chain.n,
			 decision->chain.n == 1 ? "" : "s");
		return;
	case STEP_LOAD_COMPONENT:
	case STEP_ATTACH_COMPONENT:
	case STEP_PIN_COMPONENT:
	case STEP_RECORD_COMPONENT:
		snprintf(buf, size, "%s, slot %u", decision->chain.entries[step->arg].name,
			 step->arg);
		return;
	case STEP_FORGET_RECORD:
		util_copy(buf, size, iface->components[step->arg].name);
		return;
	case STEP_FUSE:
	case STEP_PIN_CHAIN:
		snprintf(buf, size, "%u component%s in one program", decision->chain.n,
			 decision->chain.n == 1 ? "" : "s");
		return;
	case STEP_MAKE_DIRECTORY:
		snprintf(buf, size, "%s-%d-*",
			 decision->engine == XDPCTL_ENGINE_FUSED ? "fused" : "dispatch",
			 iface->ifindex);
		return;
	case STEP_UNPIN_MAPS:
		util_copy(buf, size, "maps that nothing uses any more");
		return;
	case STEP_UNPIN_OLD:
		util_copy(buf, size, iface->pin_dir);
		return;
	case STEP_SWAP:
	case STEP_DETACH:
	case STEP_CONFIRM:
	case STEP_KINDS:
		break;
	}
	snprintf(buf, size, "%s, %s, program %u now", iface->ifname,
		 xdpctl_mode_name(decision->mode), iface->prog_id);
}
