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

/* @engine is what world_load() asks for from now on. */
struct kernel *world_new(unsigned int lacks, enum xdpctl_engine engine);
/* Of the last world: is a new chain fused? */
bool world_fuses(void);
/* What another writer of the same kind does: libxdp, or an xdpctl with the fused engine. */
uint32_t world_other_load(struct kernel *k, int ifindex, const struct fake_program *programs,
			  size_t n);
/* A pin in the directory of what runs on interface 4: @kind is "link", "prog", "code"; or "chain". */
void world_pin(struct kernel *k, const char *kind, unsigned int slot, char path[XDPCTL_PATH_SIZE]);

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
	enum xdpctl_mode mode;     /* NONE: native */
	enum xdpctl_engine engine; /* AUTO: as world_new() was told */
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
/* With the objects of the components @programs as they were loaded. */
struct outcome world_convert(struct kernel *k, enum xdpctl_engine engine,
			     const struct fake_program *programs, size_t n);
struct outcome world_clean(struct kernel *k);
/*
 * What clean does, once: it looks nine times where anything is left, as here always something is. That is
 * needed only where links die late.
 */
struct outcome world_collect(struct kernel *k);

/* For setting up: the command must succeed. */
void world_must(struct outcome outcome);

#endif
