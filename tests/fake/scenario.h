/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands worth disturbing, each with what it finds. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "fake/world.h"

enum {
	COLLECTS = 1, /* removes garbage, so a failure may leave a part of it */
	REFUSED = 2,  /* must never succeed */
	SAVES = 4, /* what is there is saved, so a pin that is said not to be there isn't missed */
	LOOKS = 8, /* changes nothing, so it doesn't collect what others left either */
	LIBXDP = 16,  /* what is there is no chain of ours, so the engine has no part in it */
	FUSED = 32,   /* only with the fused engine */
	LEAVES = 128, /* what nobody can know of is left to the next command */
	BOTH = 64,    /* the same, where the other engine works as well */
};

struct scenario {
	const char *name;
	void (*setup)(struct kernel *k); /* of world_new(); NULL: eth0 is empty */
	struct outcome (*run)(struct kernel *k);
	unsigned int flags;
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

#endif
