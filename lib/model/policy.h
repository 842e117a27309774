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
	enum xdpctl_engine engine;
	char engine_why[XDPCTL_PATH_SIZE]; /* why it is fused; "" if that was asked for */
	unsigned int version;              /* of the dispatcher to write; freplace */
};

/* What a load wants. @default_* are for an interface without a chain. */
struct policy_load {
	const struct xdpctl_change *change;
	enum xdpctl_mode mode;
	enum xdpctl_engine engine;
	enum xdpctl_engine default_engine; /* where AUTO is wanted */
	const char *default_why;           /* and why that one, if it is FUSED */
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

/* What a conversion wants. To FUSED, @additions are the recorded components as their objects are now. */
struct policy_convert {
	const struct xdpctl_change *change;
	enum xdpctl_engine engine;
	unsigned int default_version;
	const struct chain_addition *additions;
	size_t n_additions;
};

int policy_convert(const struct xdpctl_iface *iface, const struct policy_convert *wish,
		   struct decision *out, struct xdpctl_error *err);

#endif
