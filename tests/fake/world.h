/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine in memory with neighbours that no command may touch, and the commands of a session on it.
 *
 * Interface 4 (eth0) is the one that is worked on; empty at first. Around it: another interface 4 in
 * another network namespace over the same bpffs, with a chain; interface 7 (eth1) with a chain; pins and
 * directories of others.
 */
#ifndef WORLD_H
#define WORLD_H

#include "compose/session.h"
#include "fake/fake_kernel.h"

#define WORLD_IFINDEX 4
#define WORLD_VERSION 3 /* of new dispatchers */

struct kernel *world_new(unsigned int lacks);

/* What came of a command. @report is NULL where there is none, as with clean. */
struct outcome {
	int rc;
	struct xdpctl_report *report;
	struct xdpctl_error err;
};
void outcome_free(struct outcome *outcome);

struct world_load {
	const struct fake_program *programs;
	size_t n;
	enum xdpctl_mode mode; /* NONE: native */
	unsigned int version;
	struct xdpctl_change change; /* of interface 4, whatever it says */
};
struct outcome world_load(struct kernel *k, const struct world_load *load);
/* The same, of one program in native mode; component and function have the same name. */
struct outcome world_load_one(struct kernel *k, const char *func, uint32_t prio);
struct outcome world_unload(struct kernel *k, const struct xdpctl_unload *unload);
struct outcome world_unload_name(struct kernel *k, const char *name);
struct outcome world_unload_all(struct kernel *k);
struct outcome world_repair(struct kernel *k);
struct outcome world_clean(struct kernel *k);

/* For setting up: the command must succeed. */
void world_must(struct outcome outcome);

#endif
