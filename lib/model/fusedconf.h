/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a fused chain is made of: the value of the map that is pinned as "chain" beside its components,
 * see xdpctl-protocol(7). A program has no configuration map of its own when it is fused, so this says to
 * which program it belongs. Pure.
 */
#ifndef XDPCTL_MODEL_FUSEDCONF_H
#define XDPCTL_MODEL_FUSEDCONF_H

#include "xdpctl.h"

#define FUSEDCONF_WHY_SIZE 128
#define FUSEDCONF_FUNC_SIZE 16 /* as much of a function's name as the kernel keeps */

struct fusedconf_slot {
	uint32_t prio;
	uint32_t actions;
	bool frags;
	bool called;
	uint32_t prog_id; /* of the component as it is loaded by itself */
	uint64_t load_time;
	char func[FUSEDCONF_FUNC_SIZE]; /* for when the program is lost, and is loaded from its code */
};

struct fusedconf {
	uint32_t prog_id; /* of the fused program, with when it was loaded: ids are given out again */
	uint64_t load_time;
	bool frags;
	char why[FUSEDCONF_WHY_SIZE]; /* why it is fused: "" if that was asked for */
	unsigned int n;
	struct fusedconf_slot slots[XDPCTL_COMPONENTS_MAX];
};

#define FUSEDCONF_SIZE (32 + FUSEDCONF_WHY_SIZE + 40 * XDPCTL_COMPONENTS_MAX)

void fusedconf_encode(const struct fusedconf *conf, uint8_t out[FUSEDCONF_SIZE]);
/* -EOPNOTSUPP: of a layout that we don't know; -EINVAL: it makes no sense. */
int fusedconf_decode(const uint8_t *bytes, size_t size, struct fusedconf *out,
		     struct xdpctl_error *err);

#endif
