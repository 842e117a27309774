// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/execute.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compose/mappins.h"
#include "compose/pindir.h"
#include "compose/run.h"
#include "error.h"
#include "util.h"

void run_close(int *fd)
{
	if (*fd >= 0)
		util_close(*fd);
	*fd = -1;
}

/* ---------------------------------------------------------------- what engines share */

int run_prog_fd(const struct run *run, unsigned int slot)
{
	const struct chain_entry *entry = &run_target(run)->entries[slot];

	return entry->origin == CHAIN_KEPT ? run->ex->before->component_fds[entry->index] :
					     run->prog_fds[slot];
}

int run_loaded(struct run *run, struct xdpctl_error *err)
{
	struct kernel_prog prog;
	int r = run->k->ops->prog_read(run->k, run->dispatcher_fd, &prog, err);

	if (r < 0)
		return r;
	run->dispatcher_id = prog.id;
	pindir_path(run->ex->decision->engine, run_before(run)->ifindex, prog.id, run->dir,
		    sizeof(run->dir));
	return 0;
}

int run_unload_dispatcher(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	(void)arg;
	(void)err;
	run_close(&run->dispatcher_fd);
	return 0;
}

int run_unload_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	int r = 0;

	run_close(&run->prog_fds[slot]);
	for (size_t i = run->n_map_pins[slot]; i > 0; i--)
		if (run->k->ops->map_unpin(run->k, run->map_pins[slot][i - 1], err) < 0)
			r = -EIO;
	return r;
}

/* ---------------------------------------------------------------- pins and records */

static int make_directory(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	(void)arg;
	return run->k->ops->dir_make(run->k, run->dir, err);
}

/* Also takes away what a pin step left: the directory and all of its pins. */
static int remove_directory(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	(void)arg;
	return pindir_remove(run->k, run->dir, err);
}

static void record_addition(const struct chain_addition *a, struct kernel_record *record)
{
	util_copy(record->name, sizeof(record->name), a->name);
	util_copy(record->owner, sizeof(record->owner), a->owner);
	util_copy(record->object, sizeof(record->object), a->object);
	memcpy(record->sha256, a->sha256, sizeof(record->sha256));
	memcpy(record->settings, a->settings, sizeof(record->settings));
}

static void record_converted(const struct xdpctl_component *c, struct kernel_record *record)
{
	util_copy(record->name, sizeof(record->name), c->name);
	util_copy(record->owner, sizeof(record->owner), c->owner);
	util_copy(record->object, sizeof(record->object), c->object);
	memcpy(record->sha256, c->sha256, sizeof(record->sha256));
	memcpy(record->settings, c->settings, sizeof(record->settings));
}

static int record_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	const struct chain_entry *entry = &run_target(run)->entries[slot];
	struct kernel_record record = { .loaded_at = (uint64_t)time(NULL) };
	struct kernel_prog prog;
	int r;

	r = run->k->ops->prog_read(run->k, run->prog_fds[slot], &prog, err);
	if (r < 0)
		return r;
	record.prog_id = prog.id;
	record.load_time = prog.load_time;
	record.uid = prog.uid;
	if (entry->origin == CHAIN_ADDED)
		record_addition(&run_choice(run, slot)->addition, &record);
	else
		record_converted(&run_before(run)->components[entry->index], &record);
	run->recorded[slot] = prog.id;
	return run->k->ops->record_put(run->k, &record, err);
}

static int forget_component(struct run *run, unsigned int slot, struct xdpctl_error *err)
{
	return run->recorded[slot] ? run->k->ops->record_remove(run->k, run->recorded[slot], err) :
				     0;
}

/* ---------------------------------------------------------------- the commit */

/* -1: it could not be asked */
static int attached_now(struct run *run, uint32_t *prog_id)
{
	struct kernel_iface *link = NULL;
	size_t n;

	if (run->k->ops->ifaces(run->k, run_before(run)->ifindex, &link, &n, NULL) < 0)
		return -1;
	*prog_id = link[0].prog_id;
	free(link);
	return 0;
}

/* @code: EEXIST, nothing was done; ECOMM, nobody knows. */
static int lost_race(struct run *run, int code, uint32_t now, struct xdpctl_error *err)
{
	return error_say(err, XDPCTL_FAULT_CONFLICT, code,
			 "program %u was attached to %s meanwhile", now, run_before(run)->ifname);
}

/*
 * The kernel's answer is lost. If a third program runs by now, ours may have been below it: what was built
 * may live on in what somebody else made of it, so nothing is undone, and the next look decides.
 */
static int answer_lost(struct run *run, int r, uint32_t now, uint32_t new_id,
		       struct xdpctl_error *err)
{
	if (now == new_id) {
		xdpctl_error_clear(err);
		return 0;
	}
	if (now == run_before(run)->prog_id)
		return r;
	run->unsure = true;
	return lost_race(run, ECOMM, now, err);
}

/*
 * The interface is asked whatever the kernel answered. After a success, because nothing may be tidied away
 * where the old program still runs (nothing at all is what another writer leaves who came after us);
 * after a refusal, because it may have been for what somebody else attached meanwhile.
 */
static int commit(struct run *run, int new_fd, uint32_t new_id, struct xdpctl_error *err)
{
	uint32_t now;
	int r = run->k->ops->xdp_swap(run->k, run_before(run)->ifindex, run->ex->decision->mode,
				      new_fd, run->ex->before->prog_fd, err);

	if (r == -EEXIST)
		return r;
	if (attached_now(run, &now) < 0) {
		run->unsure = r == -ECOMM;
		return r;
	}
	if (r == -ECOMM)
		return answer_lost(run, r, now, new_id, err);
	if (r < 0)
		return now == run_before(run)->prog_id ? r : lost_race(run, EEXIST, now, err);
	if (now && now == run_before(run)->prog_id)
		return error_say(err, XDPCTL_FAULT_FAILED, EIO,
				 "the kernel reported a change of %s that it didn't make",
				 run_before(run)->ifname);
	return 0;
}

static int swap(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	(void)arg;
	return commit(run, run->dispatcher_fd, run->dispatcher_id, err);
}

static int detach(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	(void)arg;
	return commit(run, -1, 0, err);
}

/* ---------------------------------------------------------------- afterwards */

/* Is the old dispatcher attached elsewhere too, by hand? "Can't be told" counts as yes. */
static bool runs_elsewhere(struct run *run)
{
	_cleanup_free_ struct kernel_iface *links = NULL;
	size_t n;

	if (run->k->ops->ifaces(run->k, 0, &links, &n, NULL) < 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (links[i].prog_id == run_before(run)->prog_id &&
		    links[i].ifindex != run_before(run)->ifindex)
			return true;
	return false;
}

/*
 * Speaks of what is there, not of what the kernel answered. As long as the old dispatcher may run somewhere
 * nothing of it is tidied away; clean will, when it doesn't. Another program than ours by now is another
 * writer's, who came after us.
 */
static int confirm(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	uint32_t now;

	(void)arg;
	run->keep_old = true;
	if (attached_now(run, &now) < 0)
		return error_say(err, XDPCTL_FAULT_FAILED, EIO,
				 "what runs on %s after the change could not be read",
				 run_before(run)->ifname);
	if (run_before(run)->prog_id && runs_elsewhere(run))
		return error_say(
			err, XDPCTL_FAULT_FAILED, EBUSY,
			"dispatcher %u may run on another interface as well, so its pins stay",
			run_before(run)->prog_id);
	run->keep_old = now && now == run_before(run)->prog_id;
	if (now == run->dispatcher_id)
		return 0;
	return error_say(err, XDPCTL_FAULT_CONFLICT, EBUSY,
			 "program %u runs on %s after the change: somebody else changed it since",
			 now, run_before(run)->ifname);
}

static int unpin_old(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	(void)arg;
	if (run->keep_old)
		return 0;
	return pindir_remove(run->k, run->ex->before->pin_dir, err);
}

/* Maps of components that went. Those are alive as long as we hold them, so they don't count as users. */
static int unpin_maps(struct run *run, unsigned int arg, struct xdpctl_error *err)
{
	uint32_t gone[XDPCTL_COMPONENTS_MAX + 1];
	size_t n = 0;

	(void)arg;
	if (run->keep_old)
		return 0;
	for (unsigned int i = 0; i < run_before(run)->n_components; i++)
		if (!chain_keeps(run_target(run), i))
			gone[n++] = run_before(run)->components[i].prog_id;
	if (run_before(run)->engine == XDPCTL_ENGINE_FUSED)
		gone[n++] = run_before(run)->prog_id;
	return mappins_collect(run->k, gone, n, false, NULL, NULL, err);
}

static int forget_record(struct run *run, unsigned int index, struct xdpctl_error *err)
{
	uint32_t id = run_before(run)->components[index].prog_id;

	if (run->keep_old)
		return 0;
	return run->k->ops->record_remove(run->k, id ? id : run->ex->before->lost_ids[index], err);
}

/* ---------------------------------------------------------------- the loop */

/* What doesn't depend on the engine. */
static const struct step_work common_steps[STEP_KINDS] = {
	[STEP_MAKE_DIRECTORY] = { make_directory, remove_directory },
	[STEP_RECORD_COMPONENT] = { record_component, forget_component },
	[STEP_SWAP] = { swap, NULL },
	[STEP_DETACH] = { detach, NULL },
	[STEP_CONFIRM] = { confirm, NULL },
	[STEP_UNPIN_OLD] = { unpin_old, NULL },
	[STEP_UNPIN_MAPS] = { unpin_maps, NULL },
	[STEP_FORGET_RECORD] = { forget_record, NULL },
};

static const struct step_work *work_of(const struct run *run, enum step_kind kind)
{
	bool fused = run->ex->decision->engine == XDPCTL_ENGINE_FUSED;
	const struct step_work *own = fused ? &fused_steps[kind] : &freplace_steps[kind];

	return own->run ? own : &common_steps[kind];
}

static void note(const struct run *run, struct xdpctl_error *failure)
{
	if (run->ex->note)
		run->ex->note(run->ex->note_context, failure->message);
	xdpctl_error_clear(failure);
}

/* What can't be undone is garbage that nothing runs; a later command collects it. */
static void undo_from(struct run *run, unsigned int at)
{
	struct xdpctl_error failure = { 0 };

	for (unsigned int i = at + 1; i > 0; i--) {
		const struct step *step = &run->ex->plan->steps[i - 1];
		const struct step_work *work = work_of(run, step->kind);

		if (work->undo && work->undo(run, step->arg, &failure) < 0)
			note(run, &failure);
	}
}

static int run_step(struct run *run, unsigned int at, struct xdpctl_error *err)
{
	const struct step *step = &run->ex->plan->steps[at];
	const struct step_work *work = work_of(run, step->kind);
	struct xdpctl_error failure = { 0 };
	int r;

	if (!run->committed) {
		r = work->run(run, step->arg, err);
		if (r < 0 && !run->unsure)
			undo_from(run, at);
		return r;
	}
	if (work->run(run, step->arg, &failure) < 0)
		note(run, &failure);
	return 0;
}

static int run_all(struct run *run, struct xdpctl_error *err)
{
	const struct plan *plan = run->ex->plan;
	int r;

	for (unsigned int i = 0; i < plan->n; i++) {
		bool commits = plan_step_facts(plan->steps[i].kind)->commits;

		if (commits && run->ex->check_only) {
			undo_from(run, i);
			return 0;
		}
		r = run_step(run, i, err);
		if (r < 0)
			return r;
		run->committed |= commits;
	}
	return 0;
}

static void release(struct run *run)
{
	run_close(&run->dispatcher_fd);
	for (unsigned int slot = 0; slot < XDPCTL_COMPONENTS_MAX; slot++) {
		run_close(&run->prog_fds[slot]);
		run_close(&run->link_fds[slot]);
		run_close(&run->code_fds[slot]);
		for (size_t i = 0; i < run->n_map_pins[slot]; i++)
			free(run->map_pins[slot][i]);
		free(run->map_pins[slot]);
	}
}

int execute(const struct execution *ex, struct xdpctl_error *err)
{
	struct run run = { .ex = ex, .k = ex->k, .dispatcher_fd = -1 };
	int r;

	for (unsigned int slot = 0; slot < XDPCTL_COMPONENTS_MAX; slot++)
		run.prog_fds[slot] = run.link_fds[slot] = run.code_fds[slot] = -1;
	r = run_all(&run, err);
	if (ex->fusion)
		*ex->fusion = run.fusion;
	release(&run);
	return r;
}
