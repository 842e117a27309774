/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps of a change share while it is carried out: execute.c, and a file for each engine. */
#ifndef XDPCTL_COMPOSE_RUN_H
#define XDPCTL_COMPOSE_RUN_H

#include "compose/execute.h"

/* What the steps have made so far. */
struct run {
	const struct execution *ex;
	struct kernel *k;
	int dispatcher_fd;      /* or the fused program */
	uint32_t dispatcher_id; /* 0: none was made */
	struct kernel_fusion fusion;
	char dir[XDPCTL_PATH_SIZE];
	int prog_fds[XDPCTL_COMPONENTS_MAX]; /* of added components, by slot */
	int link_fds[XDPCTL_COMPONENTS_MAX]; /* freplace, by slot */
	int code_fds[XDPCTL_COMPONENTS_MAX]; /* fused: of added components, by slot */
	char **map_pins[XDPCTL_COMPONENTS_MAX];
	size_t n_map_pins[XDPCTL_COMPONENTS_MAX];
	uint32_t recorded[XDPCTL_COMPONENTS_MAX]; /* program ids; 0: none */
	bool committed;
	bool keep_old; /* it isn't sure that the old dispatcher runs nowhere any more */
	bool unsure;   /* nobody can tell whether it was committed: then nothing may be undone */
};

/* One kind of step. @undo also runs after a @run that failed; NULL: there is nothing to undo. */
struct step_work {
	int (*run)(struct run *run, unsigned int arg, struct xdpctl_error *err);
	int (*undo)(struct run *run, unsigned int arg, struct xdpctl_error *err);
};

/* The steps that each engine does its own way; the others have no @run here. */
extern const struct step_work freplace_steps[STEP_KINDS];
extern const struct step_work fused_steps[STEP_KINDS];

static inline const struct chain *run_target(const struct run *run)
{
	return &run->ex->decision->chain;
}

static inline const struct xdpctl_iface *run_before(const struct run *run)
{
	return &run->ex->before->iface;
}

static inline const struct object_choice *run_choice(const struct run *run, unsigned int slot)
{
	return &run->ex->choices[run_target(run)->entries[slot].index];
}

/* A kept component's program is the snapshot's, an added one's is ours. */
int run_prog_fd(const struct run *run, unsigned int slot);
/* The new dispatcher, or fused program, is loaded: its id, and where its pins will be. */
int run_loaded(struct run *run, struct xdpctl_error *err);
/* Closes the component's program, and takes back the pins that it made of its maps. */
int run_unload_component(struct run *run, unsigned int slot, struct xdpctl_error *err);
int run_unload_dispatcher(struct run *run, unsigned int arg, struct xdpctl_error *err);
void run_close(int *fd);

#endif
