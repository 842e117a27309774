/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carries out a plan: each step in order; a failure before the commit point undoes what was done, in
 * reverse, and a failure after it is a note, for the change is made and only tidying is left.
 */
#ifndef XDPCTL_COMPOSE_EXECUTE_H
#define XDPCTL_COMPOSE_EXECUTE_H

#include "compose/snapshot.h"
#include "kernel/object.h"
#include "model/plan.h"

/* Everything is borrowed. */
struct execution {
	struct kernel *k;
	const struct snapshot *before;
	const struct decision *decision;
	const struct plan *plan;
	const struct object_choice *choices; /* what a CHAIN_ADDED entry's index points into */
	bool check_only;                     /* stop before the commit point and undo */
	struct kernel_fusion *fusion;        /* what became of fused components; may be NULL */
	/* Takes a sentence about something that is not quite right; may be NULL. */
	void (*note)(void *context, const char *sentence);
	void *note_context;
};

/*
 * 0: done (or checked). -EEXIST with CONFLICT: the interface had changed since the snapshot; nothing was
 * done, plan again. -ECOMM with CONFLICT: it has changed, and nobody knows whether by us before; plan
 * again, and what is found as wanted may have been our doing. Any other error: nothing was done, or the message says what is there.
 */
int execute(const struct execution *execution, struct xdpctl_error *err);

#endif
