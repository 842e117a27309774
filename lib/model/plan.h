/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps that lead from what is there to what was decided, with exactly one commit point. Everything
 * before it is invisible to traffic and can be undone; everything after it is tidying up. Pure.
 *
 *   kill before the commit:  the old chain runs; a pin directory and records of a dispatcher that runs
 *                            nowhere are left, which the next change or clean collects.
 *   kill after the commit:   the new chain runs; the old dispatcher's directory is left, likewise.
 */
#ifndef XDPCTL_MODEL_PLAN_H
#define XDPCTL_MODEL_PLAN_H

#include "model/policy.h"

enum step_kind {
	STEP_LOAD_DISPATCHER,
	STEP_LOAD_COMPONENT,   /* arg: slot */
	STEP_ATTACH_COMPONENT, /* arg: slot; freplace */
	STEP_FUSE, /* fused: in place of the dispatcher, when all components are loaded */
	STEP_MAKE_DIRECTORY,
	STEP_PIN_COMPONENT, /* arg: slot */
	STEP_PIN_CHAIN,     /* fused: what the slots are; the dispatcher's configuration says so */
	STEP_RECORD_COMPONENT, /* arg: slot */
	STEP_SWAP,             /* commits */
	STEP_DETACH,           /* commits */
	STEP_CONFIRM,
	STEP_UNPIN_OLD,
	STEP_UNPIN_MAPS,
	STEP_FORGET_RECORD, /* arg: index of the old component */
	STEP_KINDS
};

struct step {
	enum step_kind kind;
	unsigned int arg;
};

#define PLAN_STEPS_MAX (8 + 4 * XDPCTL_COMPONENTS_MAX)

struct plan {
	struct step steps[PLAN_STEPS_MAX];
	unsigned int n;
};

struct step_facts {
	const char *name; /* a documented word */
	bool commits;
};
const struct step_facts *plan_step_facts(enum step_kind kind);

/* @decision->nothing gives a plan without steps. */
void plan_make(const struct xdpctl_iface *iface, const struct decision *decision, struct plan *out);
/* What a step works on, in words: the component's name, the interface. */
void plan_step_object(const struct step *step, const struct xdpctl_iface *iface,
		      const struct decision *decision, char *buf, size_t size);

#endif
