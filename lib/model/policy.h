/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * May this be done, and what will the chain be then? From the interface as it is and a request to the
 * chain as it should be, or a refusal with its reason and a hint. Pure.
 */
#ifndef XDPCTL_MODEL_POLICY_H
#define XDPCTL_MODEL_POLICY_H

#include "model/chain.h"

/* What was decided. */
struct decision {
	bool nothing;          /* it is so already */
	bool detach;           /* the interface ends up empty */
	struct chain chain;    /* else this is its chain */
	enum xdpctl_mode mode; /* in which mode it is attached; AUTO still open */
	unsigned int version;  /* of the dispatcher to write */
};

/* What a load wants. @default_version is for an interface without a dispatcher. */
struct policy_load {
	const struct xdpctl_change *change;
	enum xdpctl_mode mode;
	unsigned int default_version;
	const struct chain_addition *additions;
	size_t n_additions;
};

int policy_load(const struct xdpctl_iface *iface, const struct policy_load *wish,
		struct decision *out, struct xdpctl_error *err);
int policy_unload(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
		  struct decision *out, struct xdpctl_error *err);
int policy_repair(const struct xdpctl_iface *iface, const struct xdpctl_change *change,
		  struct decision *out, struct xdpctl_error *err);

#endif
