/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One interface as it is now: the public value, and the descriptors that keep what it speaks of from
 * going away while a change is made.
 */
#ifndef XDPCTL_COMPOSE_SNAPSHOT_H
#define XDPCTL_COMPOSE_SNAPSHOT_H

#include "compose/census.h"

struct snapshot {
	struct xdpctl_iface iface;
	int prog_fd;                              /* what is attached, -1: nothing */
	int component_fds[XDPCTL_COMPONENTS_MAX]; /* by index of iface.components; -1: none is alive */
	int code_fds[XDPCTL_COMPONENTS_MAX];      /* fused: their kept code, likewise */
	uint32_t lost_ids[XDPCTL_COMPONENTS_MAX]; /* fused: of programs that are lost; 0 else */
	char pin_dir[XDPCTL_PATH_SIZE];           /* relative to the bpffs, or "" */
};

/*
 * Always fills in @out, which snapshot_close() must close: what can't be read makes the state
 * UNREADABLE or DEGRADED, with the reason. -ENOENT, and nothing to close: what was attached has been
 * replaced since @link was read; read again.
 */
int snapshot_take(struct kernel *k, const struct census *census, const struct kernel_iface *link,
		  struct snapshot *out);
/*
 * libxdp swaps first and removes the old dispatcher's pins afterwards, without a lock around both: what
 * looks broken may only be old. True if it is: read again, the census as well.
 */
bool snapshot_is_stale(struct kernel *k, const struct snapshot *snapshot);
void snapshot_close(struct snapshot *snapshot);

/* What the kernel and our record tell of a component's program. */
void snapshot_describe(const struct census *census, const struct kernel_prog *prog,
		       struct xdpctl_component *c);

#endif
