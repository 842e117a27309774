/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What load, unload and repair have in common: how far to go, what to expect, for whom. */
#ifndef XDPCTL_CMD_CHANGE_H
#define XDPCTL_CMD_CHANGE_H

#include <stdbool.h>

#include <xdpctl.h>

#include "option.h"
#include "value.h"

struct change_options {
	bool dry_run;
	bool check;
	struct value_u32 expect;
	const char *owner;
	unsigned int version;
};

extern const struct option_entry change_options[];

/* Whether the options go together. */
int change_check(const struct change_options *options, struct xdpctl_error *err);
/* Makes the request's common part for the interface @ifname. */
int change_request(const struct change_options *options, const char *ifname,
		   struct xdpctl_change *change, struct xdpctl_error *err);

#endif
