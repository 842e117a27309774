/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What killed or crashed commands left behind: pin directories of dispatchers that run nowhere, records of
 * programs that are gone. Judged by kernel facts that hold in every network namespace; what can't be
 * judged stays.
 */
#ifndef XDPCTL_COMPOSE_GARBAGE_H
#define XDPCTL_COMPOSE_GARBAGE_H

#include "compose/census.h"

enum garbage_verdict {
	GARBAGE_LIVE,   /* its dispatcher is attached */
	GARBAGE_ORPHAN, /* its dispatcher runs nowhere */
	GARBAGE_UNSURE, /* somebody whom we can't see may run it, or be about to */
};

/* Facts for all judgements of one command. */
struct garbage_facts {
	const struct census *census;
	const struct kernel_iface *links; /* of this network namespace */
	size_t n_links;
	struct kernel_refs *refs;
	size_t n_refs;
	bool counted;                    /* @refs were asked for */
	char refs_why[XDPCTL_PATH_SIZE]; /* why there are none */
};
void garbage_facts_free(struct garbage_facts *facts);

/* @why is at least XDPCTL_PATH_SIZE long and always gets a sentence. */
enum garbage_verdict garbage_judge(struct kernel *k, struct garbage_facts *facts,
				   const struct census_dir *dir, char *why);
/* Needs the lock held exclusively. @dry_run: only say what would go. @out may be NULL. */
int garbage_collect(struct kernel *k, bool dry_run, struct xdpctl_garbage_list *out,
		    struct xdpctl_error *err);

#endif
