/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the public calls do once object files are read: lock, collect garbage, then snapshot, policy,
 * plan and execute, again after a lost race. Works on a struct kernel, so on a fake as well.
 */
#ifndef XDPCTL_COMPOSE_SESSION_H
#define XDPCTL_COMPOSE_SESSION_H

#include "kernel/kernel.h"
#include "kernel/object.h"

#define SESSION_ATTEMPTS_MAX 10

/* A load whose programs have been chosen. Everything is borrowed. */
struct session_load {
	const struct xdpctl_load *load;
	const struct object_choice *choices; /* one for each item */
	unsigned int default_version;        /* of a new dispatcher */
};

/* A conversion; to the fused engine with the components' objects as they are now. */
struct session_convert {
	const struct xdpctl_convert *convert;
	const struct object_choice *choices;
	size_t n_choices;
	unsigned int default_version;
};

int session_load(struct kernel *k, const struct session_load *load, struct xdpctl_report **out,
		 struct xdpctl_error *err);
int session_unload(struct kernel *k, const struct xdpctl_unload *unload, struct xdpctl_report **out,
		   struct xdpctl_error *err);
int session_repair(struct kernel *k, const struct xdpctl_change *change, struct xdpctl_report **out,
		   struct xdpctl_error *err);
int session_convert(struct kernel *k, const struct session_convert *convert,
		    struct xdpctl_report **out, struct xdpctl_error *err);
int session_clean(struct kernel *k, bool dry_run, struct xdpctl_garbage_list **out,
		  struct xdpctl_error *err);
int session_status(struct kernel *k, const int *ifindexes, size_t n, struct xdpctl_status **out,
		   struct xdpctl_error *err);
int session_pins(struct kernel *k, struct xdpctl_pins **out, struct xdpctl_error *err);

#endif
