// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compose/execute.h"
#include "compose/garbage.h"
#include "compose/report.h"
#include "error.h"
#include "model/plan.h"
#include "util.h"

/* A change: what tells load, unload and repair apart is how they decide. */
struct session {
	struct kernel *k;
	const struct xdpctl_change *change;
	int (*decide)(struct session *s, const struct xdpctl_iface *iface, struct decision *out,
		      struct xdpctl_error *err);
	const void *request;
	const struct object_choice *choices;
	const struct chain_addition *additions; /* the same, as the model sees them */
	enum xdpctl_engine auto_engine;         /* what AUTO means here; AUTO: not yet asked */
	char engine_why[XDPCTL_PATH_SIZE];      /* and why, if it isn't freplace */
	enum xdpctl_mode auto_mode;             /* what AUTO means now */
	bool auto_asked;                        /* and whether it was asked for */
	bool unsure;                            /* an attempt's outcome isn't known */
};

/* ---------------------------------------------------------------- one attempt */

static int take(struct kernel *k, int ifindex, struct snapshot *out, struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_iface *link = NULL;
	struct census census;
	size_t n;
	int r;

	r = k->ops->ifaces(k, ifindex, &link, &n, err);
	if (r < 0)
		return r;
	r = census_take(k, true, &census, err);
	if (r < 0)
		return r;
	r = snapshot_take(k, &census, link, out);
	census_free(&census);
	if (r < 0 || snapshot_is_stale(k, out)) {
		snapshot_close(out);
		return error_say(err, XDPCTL_FAULT_CONFLICT, EEXIST,
				 "%s was changed by somebody else while it was read", link->ifname);
	}
	return 0;
}

static void note(void *report, const char *sentence)
{
	report_note(report, sentence);
}

static int carry_out(const struct session *s, const struct snapshot *before,
		     const struct decision *decision, const struct plan *plan,
		     struct xdpctl_report *report, struct xdpctl_error *err)
{
	struct kernel_fusion fusion = { 0 };
	int r;
	const struct execution execution = {
		.k = s->k,
		.before = before,
		.decision = decision,
		.plan = plan,
		.choices = s->choices,
		.check_only = s->change->run == XDPCTL_RUN_CHECK,
		.fusion = &fusion,
		.note = note,
		.note_context = report,
	};

	if (s->change->run == XDPCTL_RUN_DRY || !plan->n)
		return 0;
	r = execute(&execution, err);
	report->verified = fusion.verified;
	return r;
}

/* What was lost can only be told from the chain as it was. */
static void note_losses(const struct snapshot *before, const struct decision *decision,
			struct xdpctl_report *report)
{
	const struct xdpctl_iface *iface = &before->iface;

	if (iface->state != XDPCTL_STATE_DEGRADED || decision->detach || decision->nothing)
		return;
	report_note(report, iface->why); /* it may be of a program that isn't of the chain */
	for (unsigned int i = 0; i < iface->n_components; i++) {
		const struct xdpctl_component *c = &iface->components[i];
		char sentence[XDPCTL_PATH_SIZE], actions[64];

		if (iface->engine == XDPCTL_ENGINE_FUSED || c->prog_id)
			continue; /* what was fused is never lost without being named */
		snprintf(sentence, sizeof(sentence),
			 "the component of slot %u (priority %u, chain actions %s) could not be saved: its "
			 "%s is gone",
			 i, c->prio, xdpctl_actions_format(c->actions, actions, sizeof(actions)),
			 iface->engine == XDPCTL_ENGINE_FUSED ? "code" : "program");
		report_note(report, sentence);
	}
}

static void note_frags(const struct session *s, const struct decision *decision,
		       struct xdpctl_report *report)
{
	for (unsigned int i = 0; i < decision->chain.n; i++) {
		const struct chain_entry *entry = &decision->chain.entries[i];
		char sentence[XDPCTL_PATH_SIZE];

		if (entry->origin != CHAIN_ADDED || !entry->frags || s->k->ops->has_frags(s->k))
			continue;
		snprintf(sentence, sizeof(sentence),
			 "\"%.64s\" can deal with fragmented packets, but this kernel can't (Linux 5.18): "
			 "it gets whole ones only",
			 entry->name);
		report_note(report, sentence);
	}
}

static int decide(struct session *s, const struct snapshot *before, struct decision *decision,
		  struct xdpctl_error *err)
{
	int r = s->decide(s, &before->iface, decision, err);

	s->auto_asked = r == 0 && decision->mode == XDPCTL_MODE_AUTO;
	if (s->auto_asked)
		decision->mode = s->auto_mode;
	return r;
}

/* From a snapshot to a report of what was done, or would be. */
static int attempt(struct session *s, const struct snapshot *before, struct xdpctl_report *report,
		   struct xdpctl_error *err)
{
	struct decision decision;
	struct plan plan;
	int r;

	report->before = before->iface;
	report->n_steps = 0;
	r = decide(s, before, &decision, err);
	if (r < 0)
		return r;
	plan_make(&before->iface, &decision, &plan);
	if (report_plan(report, &plan, &before->iface, &decision) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "report");
	report->mode = decision.mode;
	note_losses(before, &decision, report);
	note_frags(s, &decision, report);
	r = carry_out(s, before, &decision, &plan, report, err);
	if (r < 0) {
		error_context(err, "%s", before->iface.ifname);
		return r;
	}
	report->changed = plan.n && s->change->run == XDPCTL_RUN_DO;
	if (decision.nothing)
		report->after = before->iface;
	else
		chain_preview(&decision.chain, &before->iface, s->additions, &report->after);
	report->after.mode = decision.detach ? XDPCTL_MODE_NONE : decision.mode;
	if (!decision.nothing && !decision.detach) {
		report->after.version = decision.version;
		report->after.engine = decision.engine;
		util_copy(report->after.engine_why, sizeof(report->after.engine_why),
			  decision.engine_why);
	}
	return 0;
}

/* ---------------------------------------------------------------- attempts */

static bool lost_race(int r, const struct xdpctl_error *err)
{
	return (r == -EEXIST || r == -ECOMM) && err->fault == XDPCTL_FAULT_CONFLICT;
}

/* What was to be removed isn't there any more, after an attempt of which nobody knows how it ended. */
static bool done_before(const struct session *s, int r, const struct xdpctl_error *err)
{
	return s->unsure && r == -ENOENT && err->fault == XDPCTL_FAULT_NOT_FOUND;
}

/* The driver has no native XDP, and the user let us choose. */
static bool try_generic(struct session *s, int r, const struct xdpctl_report *report)
{
	if (r != -EPROTONOSUPPORT || !s->auto_asked || s->auto_mode != XDPCTL_MODE_NATIVE ||
	    report->mode != XDPCTL_MODE_NATIVE)
		return false;
	s->auto_mode = XDPCTL_MODE_SKB;
	return true;
}

/* What earlier commands and attempts left; that it can't be collected is no reason to refuse this one. */
static void collect_first(const struct session *s, struct xdpctl_report *report)
{
	struct xdpctl_garbage_list list = { 0 };
	struct xdpctl_error failure = { 0 };

	if (s->change->run != XDPCTL_RUN_DO)
		return;
	if (garbage_collect(s->k, false, &list, &failure) < 0)
		report_note(report, failure.message);
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].failed)
			report_note(report, list.items[i].why);
	xdpctl_error_clear(&failure);
	free(list.items);
}

static int attempt_once(struct session *s, struct xdpctl_report *report, struct xdpctl_error *err)
{
	struct snapshot before;
	int r;

	collect_first(s, report);
	r = take(s->k, s->change->ifindex, &before, err);
	if (r < 0)
		return r;
	r = attempt(s, &before, report, err);
	snapshot_close(&before);
	return r;
}

static void give_up(struct xdpctl_error *err)
{
	error_context(err, "after %u attempts", SESSION_ATTEMPTS_MAX);
	error_hint(err, "another program keeps changing this interface");
}

/* An expectation of the user's isn't met by trying again, a lost race is. */
static int attempts(struct session *s, struct xdpctl_report *report, struct xdpctl_error *err)
{
	struct xdpctl_error failure = { 0 };
	struct xdpctl_error *e = err ? err : &failure;
	int r;

	for (report->attempts = 1;; report->attempts++) {
		r = attempt_once(s, report, e);
		if (try_generic(s, r, report)) {
			xdpctl_error_clear(e);
			continue;
		}
		if (done_before(s, r, e)) {
			xdpctl_error_clear(e);
			report->changed = true;
			r = 0;
		}
		if (!lost_race(r, e) || s->change->has_expect)
			break;
		s->unsure |= r == -ECOMM;
		if (report->attempts >= SESSION_ATTEMPTS_MAX) {
			give_up(e);
			break;
		}
		xdpctl_error_clear(e);
		s->k->ops->backoff(s->k, report->attempts);
	}
	xdpctl_error_clear(&failure);
	return r;
}

/*
 * The chain as it is found after the change; a plan's preview knows no ids. That it can't be read doesn't
 * undo the change, so it is a note, but for an interface that isn't there any more.
 */
static int find_after(const struct session *s, struct xdpctl_report *report,
		      struct xdpctl_error *err)
{
	struct xdpctl_error failure = { 0 };
	struct snapshot after;
	int r;

	if (!report->changed)
		return 0;
	r = take(s->k, s->change->ifindex, &after, &failure);
	if (r == 0) {
		report->after = after.iface;
		snapshot_close(&after);
	} else if (r == -ENODEV) {
		r = error_say(err, failure.fault, ENODEV, "%s vanished after the change: %s",
			      report->before.ifname, failure.message);
	} else {
		report_note(report, failure.message);
		r = 0;
	}
	xdpctl_error_clear(&failure);
	return r;
}

static int run_locked(struct session *s, struct xdpctl_report *report, struct xdpctl_error *err)
{
	int r;

	r = attempts(s, report, err);
	return r < 0 ? r : find_after(s, report, err);
}

static int run_session(struct session *s, struct xdpctl_report **out, struct xdpctl_error *err)
{
	struct xdpctl_report *report = report_new();
	int r;

	if (!report)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "start");
	s->auto_mode = XDPCTL_MODE_NATIVE;
	r = s->k->ops->lock(s->k, s->change->run != XDPCTL_RUN_DRY, err);
	if (r == 0) {
		r = run_locked(s, report, err);
		s->k->ops->unlock(s->k);
	}
	if (r < 0) {
		xdpctl_report_free(report);
		return r;
	}
	*out = report;
	return 0;
}

/* ---------------------------------------------------------------- the changes */

/* Probed only where it is needed, for a new chain of which nobody says how it is to be made, and once. */
static int choose_engine(struct session *s, struct xdpctl_error *err)
{
	struct xdpctl_error why = { 0 };
	int r;

	if (s->auto_engine)
		return 0;
	r = s->k->ops->has_freplace(s->k, &why);
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EAGAIN || r == -EINTR) {
		r = error_say(err, XDPCTL_FAULT_FAILED, -r, "%s", why.message);
		xdpctl_error_clear(&why);
		return r; /* that says nothing about the kernel */
	}
	s->auto_engine = r < 0 ? XDPCTL_ENGINE_FUSED : XDPCTL_ENGINE_FREPLACE;
	if (r < 0)
		snprintf(s->engine_why, sizeof(s->engine_why), "freplace doesn't work here: %.200s",
			 why.message);
	xdpctl_error_clear(&why);
	return 0;
}

static int decide_load(struct session *s, const struct xdpctl_iface *iface, struct decision *out,
		       struct xdpctl_error *err)
{
	const struct session_load *load = s->request;
	struct policy_load wish = {
		.change = s->change,
		.mode = load->load->mode,
		.engine = load->load->engine,
		.default_version = load->default_version,
		.additions = s->additions,
		.n_additions = load->load->n_items,
	};

	if (iface->state == XDPCTL_STATE_EMPTY && !wish.engine) {
		int r = choose_engine(s, err);

		if (r < 0)
			return r;
		wish.default_engine = s->auto_engine;
		wish.default_why = s->engine_why;
	}
	return policy_load(iface, &wish, out, err);
}

int session_load(struct kernel *k, const struct session_load *load, struct xdpctl_report **out,
		 struct xdpctl_error *err)
{
	size_t n = load->load->n_items;
	_cleanup_free_ struct chain_addition *additions = calloc(n + 1, sizeof(*additions));
	struct session s = {
		.k = k,
		.change = &load->load->change,
		.decide = decide_load,
		.request = load,
		.choices = load->choices,
		.additions = additions,
	};

	if (!additions)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "load");
	for (size_t i = 0; i < n; i++)
		additions[i] = load->choices[i].addition;
	return run_session(&s, out, err);
}

static int decide_unload(struct session *s, const struct xdpctl_iface *iface, struct decision *out,
			 struct xdpctl_error *err)
{
	return policy_unload(iface, s->request, out, err);
}

int session_unload(struct kernel *k, const struct xdpctl_unload *unload, struct xdpctl_report **out,
		   struct xdpctl_error *err)
{
	struct session s = {
		.k = k,
		.change = &unload->change,
		.decide = decide_unload,
		.request = unload,
	};

	return run_session(&s, out, err);
}

static int decide_repair(struct session *s, const struct xdpctl_iface *iface, struct decision *out,
			 struct xdpctl_error *err)
{
	return policy_repair(iface, s->change, out, err);
}

int session_repair(struct kernel *k, const struct xdpctl_change *change, struct xdpctl_report **out,
		   struct xdpctl_error *err)
{
	struct session s = { .k = k, .change = change, .decide = decide_repair };

	return run_session(&s, out, err);
}

/* The maps to go on with were read before the lock was taken: they must be those that are used now. */
static int check_reused(const struct session_convert *convert, const struct xdpctl_iface *iface,
			struct xdpctl_error *err)
{
	for (size_t i = 0; i < convert->n_choices; i++) {
		const struct object_choice *choice = &convert->choices[i];
		int at = chain_find_name(iface, choice->addition.name);
		const struct xdpctl_component *c = &iface->components[at < 0 ? 0 : at];

		if (at >= 0 && c->n_maps == choice->n_reuse &&
		    memcmp(c->map_ids, choice->reuse, c->n_maps * sizeof(*c->map_ids)) != 0)
			at = -1;
		if (choice->addition.name[0] && (at < 0 || c->n_maps != choice->n_reuse))
			return error_say(err, XDPCTL_FAULT_CONFLICT, EBUSY,
					 "the chain of %s was changed meanwhile", iface->ifname);
	}
	return 0;
}

static int decide_convert(struct session *s, const struct xdpctl_iface *iface, struct decision *out,
			  struct xdpctl_error *err)
{
	const struct session_convert *convert = s->request;
	int r;
	const struct policy_convert wish = {
		.change = s->change,
		.engine = convert->convert->engine,
		.default_version = convert->default_version,
		.additions = s->additions,
		.n_additions = convert->n_choices,
	};

	r = check_reused(convert, iface, err);
	return r < 0 ? r : policy_convert(iface, &wish, out, err);
}

int session_convert(struct kernel *k, const struct session_convert *convert,
		    struct xdpctl_report **out, struct xdpctl_error *err)
{
	size_t n = convert->n_choices;
	_cleanup_free_ struct chain_addition *additions = calloc(n + 1, sizeof(*additions));
	struct session s = {
		.k = k,
		.change = &convert->convert->change,
		.decide = decide_convert,
		.request = convert,
		.choices = convert->choices,
		.additions = additions,
	};

	if (!additions)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "convert");
	for (size_t i = 0; i < n; i++)
		additions[i] = convert->choices[i].addition;
	return run_session(&s, out, err);
}

/* ---------------------------------------------------------------- clean */

#define CLEAN_ATTEMPTS_MAX 9

static bool all_collected(const struct xdpctl_garbage_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!list->items[i].collected)
			return false;
	return true;
}

static void keep_collected(struct xdpctl_garbage_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].collected)
			list->items[kept++] = list->items[i];
	list->n = kept;
}

/*
 * References go a moment after what held them, a process that has just died or a pin that has just been
 * removed: up to some tenths of a second. So where anything was found it is looked again a few times, with
 * growing pauses. What was collected stays in the list.
 */
static int clean_locked(struct kernel *k, bool dry_run, struct xdpctl_garbage_list *list,
			struct xdpctl_error *err)
{
	int r = garbage_collect(k, dry_run, list, err);

	for (unsigned int try = 1; r == 0 && list->n && try < CLEAN_ATTEMPTS_MAX; try++) {
		if (dry_run && all_collected(list))
			break;
		k->ops->backoff(k, try + 2);
		if (dry_run)
			list->n = 0;
		keep_collected(list);
		r = garbage_collect(k, dry_run, list, err);
	}
	return r;
}

int session_clean(struct kernel *k, bool dry_run, struct xdpctl_garbage_list **out,
		  struct xdpctl_error *err)
{
	struct xdpctl_garbage_list *list = calloc(1, sizeof(*list));
	int r;

	if (!list)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "clean");
	r = k->ops->lock(k, !dry_run, err);
	if (r == 0) {
		r = clean_locked(k, dry_run, list, err);
		k->ops->unlock(k);
	}
	if (r < 0) {
		xdpctl_garbage_free(list);
		return r;
	}
	*out = list;
	return 0;
}

void xdpctl_garbage_free(struct xdpctl_garbage_list *list)
{
	if (!list)
		return;
	free(list->items);
	free(list);
}
