/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every command, with every call into the kernel failing in every way that it can, with the process
 * killed before and after every call, and with another writer acting before every call. Before the commit
 * the state is as it was, after it as wanted; what is left over is garbage that clean collects; what
 * belongs to others is never touched.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "fake/scenario.h"
#include "fake/trial.h"
#include "util.h"

#include "tap.h"

static const struct fake_program intruder = { "intruder", 25, 4, false };

/*
 * Kernels on which the commands must keep their promises. On the others than the first each call fails in
 * fewer ways: what they lack changes what is asked, not what an errno means.
 */
static const struct world {
	const char *name;
	unsigned int lacks;
	unsigned int n_codes; /* of those in codes[] and general[] that are tried */
	enum xdpctl_engine engine;
} worlds[] = {
	{ "a kernel that has all", 0, 10, XDPCTL_ENGINE_AUTO },
	{ "5.10", FAKE_LACKS_TARGETS | FAKE_LACKS_FRAGS, 2, XDPCTL_ENGINE_AUTO },
	{ "a kernel without program iterators", FAKE_LACKS_REFS, 2, XDPCTL_ENGINE_AUTO },
	{ "a kernel that takes its time", FAKE_LACKS_HASTE, 2, XDPCTL_ENGINE_AUTO },
	{ "the fused engine", 0, 10, XDPCTL_ENGINE_FUSED },
	{ "a kernel without freplace", FAKE_LACKS_FREPLACE | FAKE_LACKS_REFS | FAKE_LACKS_FRAGS, 2,
	  XDPCTL_ENGINE_AUTO },
};

static bool is_full(const struct world *world)
{
	return world->n_codes == 10;
}

static bool has_scenario(const struct world *world, const struct scenario *scenario)
{
	bool fused = world->engine == XDPCTL_ENGINE_FUSED || world->lacks & FAKE_LACKS_FREPLACE;

	if (scenario->flags & BOTH)
		return fused && !(world->lacks & FAKE_LACKS_FREPLACE);
	return fused ? !(scenario->flags & LIBXDP) : !(scenario->flags & FUSED);
}

/* ---------------------------------------------------------------- what each call can meet */

#define CODES_MAX 10

/* What is there is never missing, but for pins, which others may remove: races see to what goes. */
/* clang-format off */
static const int codes[FAKE_OPS][CODES_MAX] = {
	[FAKE_IFACES]           = { ENOMEM, EPERM, EIO, EAGAIN, ENOBUFS },
	[FAKE_XDP_SWAP]         = { EEXIST, EBUSY, ENODEV, ENOMEM, EPERM, EOPNOTSUPP, ERANGE, EINVAL, EIO },
	[FAKE_PROG_OPEN]        = { EPERM, ENOMEM, EMFILE, EIO },
	[FAKE_PROG_READ]        = { ENOMEM, EPERM, EIO },
	[FAKE_LINKS]            = { ENOMEM, EPERM, EIO },
	[FAKE_LINK_OPEN]        = { EPERM, ENOMEM, EMFILE },
	[FAKE_LINK_READ]        = { ENOMEM, EPERM, EIO },
	[FAKE_PROG_REFS]        = { EOPNOTSUPP, EPERM, ENOMEM, EIO },
	[FAKE_MAP_READ]         = { ENOMEM, EPERM },
	[FAKE_DISPATCHER_LOAD]  = { ENOMEM, EPERM, EINVAL, E2BIG, EAGAIN, EOPNOTSUPP },
	[FAKE_DISPATCHER_READ]  = { ENOTTY, EOPNOTSUPP, ENOMEM, EPERM, EIO },
	[FAKE_COMPONENT_LOAD]   = { ENOMEM, EPERM, EINVAL, EACCES, E2BIG, EAGAIN, ENOSPC },
	[FAKE_COMPONENT_ATTACH] = { EBUSY, ENOMEM, EPERM, EINVAL },
	[FAKE_HAS_FRAGS]        = { 0 },
	[FAKE_HAS_FREPLACE]     = { 0 },
	[FAKE_PART_LOAD]        = { ENOMEM, EPERM, EINVAL, EACCES, E2BIG, EAGAIN, ENOSPC },
	[FAKE_CODE_CHECK]       = { EINVAL, EOPNOTSUPP, ENOMEM, EPERM, EIO },
	[FAKE_FUSED_LOAD]       = { ENOMEM, EPERM, EINVAL, EACCES, E2BIG, EAGAIN, ENOSPC, EOPNOTSUPP },
	[FAKE_FUSED_WRITE]      = { ENOMEM, EPERM, EINVAL, ENOSPC },
	[FAKE_FUSED_READ]       = { EINVAL, EOPNOTSUPP, ENOMEM, EPERM, EIO },
	[FAKE_CODE_TO_PART]     = { ENOMEM, EPERM, EINVAL, EACCES, E2BIG, EAGAIN, ENOENT },
	[FAKE_CODE_TO_EXT]      = { ENOMEM, EPERM, EINVAL, EACCES, E2BIG, EAGAIN, ENOENT },
	[FAKE_LOCK]             = { EBUSY, EPERM, EACCES, ENOMEM, ENOENT, EIO },
	[FAKE_UNLOCK]           = { 0 },
	[FAKE_DIR_READ]         = { ENOMEM, EPERM, EACCES, EIO },
	[FAKE_DIR_MAKE]         = { ENOMEM, EPERM, ENOSPC, EROFS, EEXIST, EIO },
	[FAKE_DIR_REMOVE]       = { EPERM, EBUSY, ENOTEMPTY, EROFS, EIO },
	[FAKE_PIN]              = { ENOMEM, EPERM, ENOSPC, EEXIST, EROFS, EBUSY, EIO },
	[FAKE_UNPIN]            = { EPERM, EBUSY, EROFS, EIO },
	[FAKE_PIN_OPEN]         = { ENOENT, EPERM, EACCES, ENOMEM, EMFILE, EIO },
	[FAKE_RECORD_PUT]       = { ENOMEM, EPERM, E2BIG, ENOSPC, EBUSY, EOPNOTSUPP },
	[FAKE_RECORD_REMOVE]    = { ENOMEM, EPERM, EBUSY, EIO },
	[FAKE_RECORDS]          = { ENOMEM, EPERM, EIO, EOPNOTSUPP },
	[FAKE_SWEEP]            = { 0 },
	[FAKE_MAP_PINS]         = { ENOMEM, EPERM, EIO },
	[FAKE_MAP_UNPIN]        = { EPERM, EBUSY, EROFS, EIO },
	[FAKE_MAP_USED]         = { ENOMEM, EPERM, EIO },
	[FAKE_BACKOFF]          = { 0 },
};
/* clang-format on */

static unsigned int n_errors, n_persistent, n_lost, n_kills, n_races, n_healed, n_garbage;

/* ---------------------------------------------------------------- one scenario on one kernel */

struct stage {
	const struct world *world;
	const struct scenario *scenario;
	struct kernel *base;  /* before the command */
	struct kernel *ideal; /* after an undisturbed one, with its log */
	unsigned int calls;   /* of it */
	char *before;         /* with ids */
	char *cleaned;        /* the same, without garbage */
	char *before_chains;
	char *wanted; /* without garbage, normal */
	char *wanted_chains;
};

static void end_group(const struct stage *st, const struct group *g, const char *what)
{
	tap_ok(!g->failed, "%s: %s: %s (%u trials, %u failed)", st->world->name, st->scenario->name,
	       what, g->trials, g->failed);
}

static char *dump_cleaned(struct kernel *k, enum fake_dump how)
{
	struct kernel *copy = fake_clone(k);
	char *text;

	world_must(world_collect(copy));
	text = fake_dump(copy, how);
	fake_free(copy);
	return text;
}

static void stage_open(struct stage *st, const struct world *world, const struct scenario *scenario)
{
	*st = (struct stage){
		.world = world,
		.scenario = scenario,
		.base = world_new(world->lacks, world->engine),
	};
	if (scenario->setup)
		scenario->setup(st->base);
	fake_restart(st->base);
	st->before = fake_dump(st->base, FAKE_DUMP_RAW);
	st->before_chains = fake_dump(st->base, FAKE_DUMP_CHAINS);
	st->cleaned = dump_cleaned(st->base, FAKE_DUMP_RAW);
	st->ideal = fake_clone(st->base);
}

static void stage_close(struct stage *st)
{
	fake_free(st->base);
	fake_free(st->ideal);
	free(st->before);
	free(st->before_chains);
	free(st->cleaned);
	free(st->wanted);
	free(st->wanted_chains);
}

/*
 * Without a count of references no dispatcher is provably garbage, for the links in its directory keep it. A
 * fused program is gone as soon as it runs nowhere.
 */
static bool can_prove(const struct world *world)
{
	return !(world->lacks & FAKE_LACKS_REFS) || world->lacks & FAKE_LACKS_FREPLACE;
}

static bool heals(const struct stage *st)
{
	return can_prove(st->world);
}

/*
 * The next command that changes something collects what is left. Where links die late it may still see
 * their programs alive, and leave their records to the one after.
 */
static bool heals_at_once(const struct stage *st)
{
	return heals(st) && !(st->world->lacks & FAKE_LACKS_HASTE) &&
	       !(st->scenario->flags & (LOOKS | LEAVES));
}

/* What holds after each command, whatever happened. */
static void check_always(struct group *g, struct kernel *k)
{
	struct fake_counts counts = fake_count(k);
	const char *violation = fake_violation(k);

	trial_check(g, !violation, "%s", violation ? violation : "");
	trial_check(g, !counts.handles, "%u descriptors are left open", counts.handles);
	trial_check(g, !counts.locked, "the lock is still held");
}

static void check_failure(struct group *g, const struct outcome *o)
{
	trial_check(g, o->rc < 0, "a positive return, %d", o->rc);
	trial_check(g, !o->report, "a report although it failed");
	trial_check(g, o->err.fault != XDPCTL_FAULT_NONE, "a failure without a fault");
	trial_check(g, o->err.message[0], "a failure without a message");
}

static void run_ideal(struct stage *st)
{
	struct group g = { 0 };
	struct outcome o;

	trial_begin(&g, "undisturbed");
	o = st->scenario->run(st->ideal);
	if (st->scenario->flags & REFUSED)
		trial_check(&g, o.err.fault == XDPCTL_FAULT_REFUSED, "it isn't refused");
	else
		trial_check(&g, o.rc == 0, "it fails: %s", o.err.message);
	check_always(&g, st->ideal);
	trial_check(&g, fake_swaps(st->ideal) <= 1, "it swaps %u times", fake_swaps(st->ideal));
	outcome_free(&o);
	st->calls = fake_calls(st->ideal);
	st->wanted = dump_cleaned(st->ideal, FAKE_DUMP_NORMAL);
	st->wanted_chains = fake_dump(st->ideal, FAKE_DUMP_CHAINS);
	if (heals(st) && !(st->scenario->flags & LEAVES)) {
		char *left = fake_dump(st->ideal, FAKE_DUMP_NORMAL);

		trial_check_text(&g, "it leaves garbage", left, st->wanted);
		free(left);
	}
	end_group(st, &g, "undisturbed");
}

/* Nothing but garbage is gone. */
static void check_as_before(struct group *g, const struct stage *st, struct kernel *k)
{
	char *after = fake_dump(k, FAKE_DUMP_RAW);

	if (st->scenario->flags & COLLECTS) {
		trial_check(g, part_of_text(after, st->before), "it left something new");
		trial_check(g, part_of_text(st->cleaned, after), "it removed more than garbage");
	} else {
		trial_check_text(g, "it failed, but the state isn't as before", after, st->before);
	}
	free(after);
}

/* The chains are as wanted; what is left over was noted. */
static void check_as_wanted(struct group *g, const struct stage *st, struct kernel *k,
			    const struct outcome *o)
{
	char *after = fake_dump(k, FAKE_DUMP_NORMAL);
	char *chains = fake_dump(k, FAKE_DUMP_CHAINS);

	trial_check(g, !(st->scenario->flags & REFUSED), "it isn't refused");
	trial_check_text(g, "it succeeded, but the chains aren't as wanted", chains,
			 st->wanted_chains);
	if (!same_text(after, st->wanted)) {
		n_garbage++;
		trial_check(g,
			    st->scenario->flags & (COLLECTS | LEAVES) || !heals(st) ||
				    (o->report && o->report->n_notes),
			    "it left garbage without a word");
	}
	free(after);
	free(chains);
}

static void check_chains_whole(struct group *g, const struct stage *st, struct kernel *k)
{
	char *chains = fake_dump(k, FAKE_DUMP_CHAINS);

	if (!same_text(chains, st->before_chains))
		trial_check_text(g, "neither the old chain nor the new one", chains,
				 st->wanted_chains);
	free(chains);
}

static bool is_wanted(const struct stage *st, struct kernel *k, enum fake_dump how)
{
	char *now = fake_dump(k, how);
	bool wanted = same_text(now, how == FAKE_DUMP_CHAINS ? st->wanted_chains : st->wanted);

	free(now);
	return wanted;
}

/* The next command does its work, and with clean everything is as if nothing had happened. */
static void check_healing(struct group *g, const struct stage *st, struct kernel *k)
{
	bool done = is_wanted(st, k, FAKE_DUMP_CHAINS), healed;
	struct outcome o;
	char *after;

	fake_restart(k);
	o = st->scenario->run(k);
	/* What has been unloaded can't be unloaded again. */
	trial_check(g,
		    (o.rc == 0 || (done && o.err.fault == XDPCTL_FAULT_NOT_FOUND)) !=
			    !!(st->scenario->flags & REFUSED),
		    "the next command: %s", o.rc < 0 ? o.err.message : "isn't refused");
	outcome_free(&o);
	check_always(g, k);
	healed = is_wanted(st, k, FAKE_DUMP_NORMAL);
	n_healed += healed;
	trial_check(g, healed || !heals_at_once(st),
		    "the next command doesn't collect what was left");

	fake_restart(k);
	o = world_collect(k);
	trial_check(g, o.rc == 0, "clean fails: %s", o.err.message);
	outcome_free(&o);
	check_always(g, k);
	after = fake_dump(k, heals(st) ? FAKE_DUMP_NORMAL : FAKE_DUMP_CHAINS);
	trial_check_text(g, "after the next command and clean it isn't as wanted", after,
			 heals(st) ? st->wanted : st->wanted_chains);
	free(after);
}

/* ---------------------------------------------------------------- errors */

static bool can_meet(const struct stage *st, unsigned int call, int code)
{
	/* All interfaces are never missing. */
	if (fake_call_op(st->ideal, call) == FAKE_IFACES && code == ENODEV)
		return !same_text(fake_call_text(st->ideal, call), "ifaces 0");
	if (fake_call_op(st->ideal, call) == FAKE_PIN_OPEN && code == ENOENT)
		return !(st->scenario->flags & SAVES);
	if (fake_call_op(st->ideal, call) == FAKE_CODE_CHECK &&
	    (code == EINVAL || code == EOPNOTSUPP))
		return !(st->scenario->flags & SAVES);
	/* The parent of fused chains' directories: that it stays, being empty, is no failure. */
	if (same_text(fake_call_text(st->ideal, call), "dir_remove xdpctl"))
		return false;
	return code != 0;
}

static void begin_call(struct group *g, const struct stage *st, unsigned int call, int code,
		       const char *what)
{
	trial_begin(g, "call %u of %u, %s: %s %s", call, st->calls, fake_call_text(st->ideal, call),
		    what, code ? strerrorname_np(code) : "");
}

static void fail_once(struct group *g, const struct stage *st, unsigned int call, int code)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o;

	begin_call(g, st, call, code, "fails with");
	n_errors++;
	fake_inject(k, FAKE_FAIL, call, code);
	o = st->scenario->run(k);
	check_always(g, k);
	if (o.rc == 0) {
		check_as_wanted(g, st, k, &o);
	} else {
		check_failure(g, &o);
		check_as_before(g, st, k);
	}
	outcome_free(&o);
	check_healing(g, st, k);
	fake_free(k);
}

static void test_errors(const struct stage *st)
{
	struct group g = { 0 };

	for (unsigned int call = 1; call <= st->calls; call++)
		for (unsigned int i = 0; i < st->world->n_codes; i++)
			if (can_meet(st, call, codes[fake_call_op(st->ideal, call)][i]))
				fail_once(&g, st, call, codes[fake_call_op(st->ideal, call)][i]);
	end_group(st, &g, "each call fails in each way");
}

/* Also what would undo fails, so something may be left; but not on the interface. */
static void fail_from(struct group *g, const struct stage *st, unsigned int call, int code,
		      enum fake_event event, const char *what)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o;

	begin_call(g, st, call, code, what);
	fake_inject(k, event, call, code);
	o = st->scenario->run(k);
	check_always(g, k);
	check_chains_whole(g, st, k);
	if (o.rc < 0)
		check_failure(g, &o);
	else
		trial_check(g,
			    is_wanted(st, k, FAKE_DUMP_CHAINS) && !(st->scenario->flags & REFUSED),
			    "success, but the chains aren't as wanted");
	if (o.rc < 0 && (event == FAKE_FAIL_FROM || event == FAKE_FAIL_KIND)) {
		char *chains = fake_dump(k, FAKE_DUMP_CHAINS);

		trial_check_text(g, "it failed, but the chains changed", chains, st->before_chains);
		free(chains);
	}
	outcome_free(&o);
	check_healing(g, st, k);
	fake_free(k);
}

static const int general[] = { EIO, EPERM, ENOMEM };

static void test_failing_from(const struct stage *st, enum fake_event event, const char *what,
			      const char *group)
{
	struct group g = { 0 };

	for (unsigned int call = 1; call <= st->calls; call++) {
		for (size_t i = 0; i < ARRAY_SIZE(general) && 2 * i < st->world->n_codes; i++) {
			n_persistent++;
			fail_from(&g, st, call, general[i], event, what);
		}
	}
	end_group(st, &g, group);
}

static void test_persistent_errors(const struct stage *st)
{
	test_failing_from(st, FAKE_FAIL_FROM, "and all after it fail with",
			  "from each call on all fail");
	/* One thing doesn't work any more, all the others do. */
	test_failing_from(st, FAKE_FAIL_KIND, "and all of its kind fail with",
			  "from each call on all of its kind fail");
}

/* The kernel did it, or didn't, and its answer was lost. */
static void lose_answer(struct group *g, const struct stage *st, unsigned int call,
			enum fake_event event)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o;

	begin_call(g, st, call, ECOMM,
		   event == FAKE_FAIL ? "lost on its way:" : "done, answer lost:");
	n_lost++;
	fake_inject(k, event, call, ECOMM);
	o = st->scenario->run(k);
	check_always(g, k);
	if (event == FAKE_FAIL && o.rc < 0)
		check_as_before(g, st, k);
	else if (trial_check(g, o.rc == 0, "it fails: %s", o.err.message))
		check_as_wanted(g, st, k, &o);
	outcome_free(&o);
	check_healing(g, st, k);
	fake_free(k);
}

static void test_lost_answers(const struct stage *st)
{
	struct group g = { 0 };

	for (unsigned int call = 1; call <= st->calls; call++) {
		if (fake_call_op(st->ideal, call) != FAKE_XDP_SWAP)
			continue;
		/* A swap that was refused had no effect to be lost. */
		lose_answer(&g, st, call, FAKE_FAIL);
		lose_answer(&g, st, call, FAKE_ACT_FAIL);
		n_lost += 3;
		fail_from(&g, st, call, ECOMM, FAKE_FAIL_FROM,
			  "lost on its way, and all after it fail:");
		fail_from(&g, st, call, ECOMM, FAKE_ACT_FAIL_FROM,
			  "done, answer lost, and all after it fail:");
		fail_from(&g, st, call, ECOMM, FAKE_ACT_FAIL_BLIND,
			  "done, answer lost, and the interface can't be read any more:");
	}
	if (g.trials)
		end_group(st, &g, "the swap's answer is lost");
}

/* ---------------------------------------------------------------- kills */

/* Runs the command in a child that dies at @call. */
static bool run_killed(const struct stage *st, struct kernel *k)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		st->scenario->run(k);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Without any other command, clean collects what is left. */
static void check_clean_alone(struct group *g, const struct stage *st, struct kernel *killed)
{
	bool done = is_wanted(st, killed, FAKE_DUMP_CHAINS);
	struct kernel *k = fake_clone(killed);
	struct outcome o = is_full(st->world) ? world_clean(k) : world_collect(k);
	char *after = fake_dump(k, FAKE_DUMP_NORMAL);
	char *cleaned = dump_cleaned(st->base, FAKE_DUMP_NORMAL);

	trial_check(g, o.rc == 0, "clean fails: %s", o.err.message);
	check_always(g, k);
	/* Where old and new chain are the same, either will do. */
	if (heals(st) && !(done && same_text(after, st->wanted)))
		trial_check_text(g, "after clean alone it is neither as before nor as wanted",
				 after, cleaned);
	outcome_free(&o);
	free(after);
	free(cleaned);
	fake_free(k);
}

static void kill_at(struct group *g, const struct stage *st, unsigned int call,
		    enum fake_event event)
{
	struct kernel *k = fake_clone(st->base);

	begin_call(g, st, call, 0, event == FAKE_KILL_BEFORE ? "killed before" : "killed after");
	n_kills++;
	fake_inject(k, event, call, 0);
	trial_check(g, run_killed(st, k), "it wasn't killed");
	check_always(g, k);
	check_chains_whole(g, st, k);
	check_clean_alone(g, st, k);
	check_healing(g, st, k);
	fake_free(k);
}

static void test_kills(const struct stage *st)
{
	struct group g = { 0 };

	for (unsigned int call = 1; call <= st->calls; call++) {
		kill_at(&g, st, call, FAKE_KILL_BEFORE);
		kill_at(&g, st, call, FAKE_KILL_AFTER);
	}
	end_group(st, &g, "killed before and after each call");
}

/* ---------------------------------------------------------------- another writer */

/* Where chains are fused: another xdpctl, which somehow has another lock. */
static void hook_load(struct kernel *k, void *arg)
{
	(void)arg;
	world_other_load(k, WORLD_IFINDEX, &intruder, 1);
}

static void hook_unload_all(struct kernel *k, void *arg)
{
	(void)arg;
	fake_other_unload_all(k, WORLD_IFINDEX);
}

static void hook_foreign(struct kernel *k, void *arg)
{
	(void)arg;
	fake_foreign(k, WORLD_IFINDEX, XDPCTL_MODE_NATIVE, "xdp_invader");
}

static void hook_other_mode(struct kernel *k, void *arg)
{
	(void)arg;
	fake_other_unload_all(k, WORLD_IFINDEX);
	fake_other_load(k, WORLD_IFINDEX, XDPCTL_MODE_SKB, WORLD_VERSION, &intruder, 1);
}

/* The interface was empty for a moment, and what runs there then is of the other engine. */
static void hook_other_engine(struct kernel *k, void *arg)
{
	(void)arg;
	fake_other_unload_all(k, WORLD_IFINDEX);
	if (world_fuses())
		fake_other_load(k, WORLD_IFINDEX, XDPCTL_MODE_NATIVE, WORLD_VERSION, &intruder, 1);
	else
		fake_other_fused(k, WORLD_IFINDEX, XDPCTL_MODE_NATIVE, &intruder, 1);
}

static void hook_remove(struct kernel *k, void *arg)
{
	(void)arg;
	fake_iface_remove(k, WORLD_IFINDEX);
}

static const struct race {
	const char *name;
	void (*hook)(struct kernel *k, void *arg);
} races[] = {
	{ "another loads a component", hook_load },
	{ "libxdp unloads all", hook_unload_all },
	{ "somebody replaces all by a foreign program", hook_foreign },
	{ "libxdp starts over in another mode", hook_other_mode },
	{ "another starts over with the other engine", hook_other_engine },
	{ "the interface vanishes", hook_remove },
};

/* What the two would lead to one after the other. */
struct order {
	int rc; /* of the command */
	enum xdpctl_fault fault;
	char *chains;
	char *state; /* without garbage */
};

static void order_free(struct order *order)
{
	free(order->chains);
	free(order->state);
}

static struct order look(struct kernel *k, int rc, enum xdpctl_fault fault)
{
	return (struct order){ rc, fault, fake_dump(k, FAKE_DUMP_CHAINS),
			       dump_cleaned(k, FAKE_DUMP_NORMAL) };
}

static struct order other_alone(const struct stage *st, const struct race *race)
{
	struct kernel *k = fake_clone(st->base);
	struct order order;

	race->hook(k, NULL);
	order = look(k, 0, XDPCTL_FAULT_NONE);
	fake_free(k);
	return order;
}

static struct order other_first(const struct stage *st, const struct race *race)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o;
	struct order order;

	race->hook(k, NULL);
	o = st->scenario->run(k);
	order = look(k, o.rc, o.err.fault);
	outcome_free(&o);
	fake_free(k);
	return order;
}

static struct order other_last(const struct stage *st, const struct race *race)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o = st->scenario->run(k);
	struct order order;

	race->hook(k, NULL);
	order = look(k, o.rc, o.err.fault);
	outcome_free(&o);
	fake_free(k);
	return order;
}

static void check_success(struct group *g, const struct stage *st, struct kernel *k,
			  const struct order *first, const struct order *last)
{
	char *chains = fake_dump(k, FAKE_DUMP_CHAINS);
	char *state = dump_cleaned(k, FAKE_DUMP_NORMAL);

	if (first->rc == 0 && same_text(chains, first->chains)) {
		if (heals(st) && !same_text(state, last->state))
			trial_check_text(g, "success, but not as if the other had come first",
					 state, first->state);
	} else {
		trial_check_text(g, "success, but neither order leads to this", chains,
				 last->chains);
		if (heals(st))
			trial_check_text(g, "success, but not as if the other had come last", state,
					 last->state);
	}
	free(chains);
	free(state);
}

static void check_defeat(struct group *g, const struct stage *st, struct kernel *k,
			 const struct outcome *o, const struct order *alone,
			 const struct order *first, const struct order *last)
{
	bool legal = (first->rc < 0 && o->err.fault == first->fault) ||
		     (last->rc < 0 && o->err.fault == last->fault);

	char *chains = fake_dump(k, FAKE_DUMP_CHAINS);
	char *state = dump_cleaned(k, FAKE_DUMP_NORMAL);

	check_failure(g, o);
	/* One lost race is tried again. */
	trial_check(g, legal, "it fails as %d (%s), which it would not in either order",
		    o->err.fault, o->err.message);
	trial_check_text(g, "it failed, but it isn't as the other left it", chains, alone->chains);
	if (heals(st))
		trial_check_text(g, "it failed, but left something", state, alone->state);
	free(chains);
	free(state);
}

static void race_at(struct group *g, const struct stage *st, const struct race *race,
		    unsigned int call, const struct order *alone, const struct order *first,
		    const struct order *last)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o;

	begin_call(g, st, call, 0, "before it the other acts");
	n_races++;
	fake_hook(k, call, race->hook, NULL);
	o = st->scenario->run(k);
	check_always(g, k);
	fake_restart(k);
	if (o.rc == 0)
		check_success(g, st, k, first, last);
	else
		check_defeat(g, st, k, &o, alone, first, last);
	outcome_free(&o);
	fake_free(k);
}

/*
 * The swap is made, its answer is lost, and before anybody can look another has built on it. If that can't be
 * found out it may be called a conflict, but nothing of what runs now may be taken away, records included.
 */
static void lose_and_race(struct group *g, const struct stage *st, unsigned int call,
			  const struct order *first, const struct order *last)
{
	struct kernel *k = fake_clone(st->base);
	struct outcome o;

	begin_call(g, st, call, ECOMM, "done, answer lost, then another loads a component:");
	n_races++;
	fake_inject(k, FAKE_ACT_FAIL, call, ECOMM);
	fake_hook(k, call + 1, hook_load, NULL);
	o = st->scenario->run(k);
	check_always(g, k);
	fake_restart(k);
	if (o.rc < 0)
		trial_check(g, o.err.fault == XDPCTL_FAULT_CONFLICT, "it fails as %d (%s)",
			    o.err.fault, o.err.message);
	check_success(g, st, k, first, last);
	outcome_free(&o);
	fake_free(k);
}

static void test_lost_answers_and_races(const struct stage *st)
{
	static const struct race race = { "another loads a component", hook_load };
	struct order first = other_first(st, &race);
	struct order last = other_last(st, &race);
	struct group g = { 0 };

	for (unsigned int call = 1; call <= st->calls; call++)
		if (fake_call_op(st->ideal, call) == FAKE_XDP_SWAP)
			lose_and_race(&g, st, call, &first, &last);
	if (g.trials)
		end_group(st, &g, "the swap's answer is lost, and another builds on it");
	order_free(&first);
	order_free(&last);
}

static void test_race(const struct stage *st, const struct race *race)
{
	struct order alone = other_alone(st, race);
	struct order first = other_first(st, race);
	struct order last = other_last(st, race);
	struct group g = { 0 };
	char what[128];

	for (unsigned int call = 1; call <= st->calls; call++)
		race_at(&g, st, race, call, &alone, &first, &last);
	snprintf(what, sizeof(what), "before each call %s", race->name);
	end_group(st, &g, what);
	order_free(&alone);
	order_free(&first);
	order_free(&last);
}

/* ---------------------------------------------------------------- commands that only look */

static struct kernel *looked_at(const struct world *world)
{
	const struct scenario *with_garbage = &scenarios[0];
	struct kernel *k = world_new(world->lacks, world->engine);

	while (strcmp(with_garbage->name, "clean") != 0)
		with_garbage++;
	with_garbage->setup(k);
	fake_restart(k);
	return k;
}

static const struct xdpctl_iface *row_of(const struct xdpctl_status *status, int ifindex)
{
	for (size_t i = 0; i < status->n; i++)
		if (status->ifaces[i].ifindex == ifindex)
			return &status->ifaces[i];
	return NULL;
}

/* What couldn't be read must not look whole, and never like nothing. */
static void check_row(struct group *g, const struct xdpctl_iface *row,
		      const struct xdpctl_iface *ideal)
{
	if (!trial_check(g, row, "a row is missing"))
		return;
	trial_check(g, row->state != XDPCTL_STATE_EMPTY, "it says that nothing is there");
	if (row->state != XDPCTL_STATE_CHAIN) {
		trial_check(g, row->why[0] || row->state == XDPCTL_STATE_FOREIGN,
			    "a state without a reason: %s", xdpctl_state_name(row->state));
		return;
	}
	trial_check(g, row->n_components == ideal->n_components,
		    "it says whole, with %u components", row->n_components);
	for (unsigned int i = 0; i < row->n_components && i < ideal->n_components; i++) {
		const struct xdpctl_component *c = &row->components[i],
					      *want = &ideal->components[i];

		trial_check(g, c->prog_id == want->prog_id && c->health == XDPCTL_HEALTH_OK,
			    "it says whole, but doesn't know component %u", i);
		trial_check(g, row->why[0] || same_text(c->name, want->name),
			    "it says \"%s\" for \"%s\" without a word", c->name, want->name);
	}
}

static void look_disturbed(struct group *g, struct kernel *base, const struct xdpctl_status *ideal,
			   const char *before)
{
	struct outcome o = { 0 };
	struct xdpctl_status *status = NULL;
	char *after;

	o.rc = session_status(base, NULL, 0, &status, &o.err);
	check_always(g, base);
	if (o.rc < 0)
		check_failure(g, &o);
	trial_check(g, (o.rc == 0) == !!status, "it returns %d and %s", o.rc,
		    status ? "a status" : "none");
	for (size_t i = 0; status && i < ideal->n; i++)
		check_row(g, row_of(status, ideal->ifaces[i].ifindex), &ideal->ifaces[i]);
	after = fake_dump(base, FAKE_DUMP_RAW);
	trial_check_text(g, "it changed something", after, before);
	free(after);
	xdpctl_status_free(status);
	outcome_free(&o);
}

static void list_disturbed(struct group *g, struct kernel *k, size_t ideal, const char *before)
{
	struct outcome o = { 0 };
	struct xdpctl_pins *pins = NULL;
	char *after;

	o.rc = session_pins(k, &pins, &o.err);
	check_always(g, k);
	if (o.rc < 0)
		check_failure(g, &o);
	else
		/* An empty directory that can't be read is a row, too. */
		trial_check(g, pins->n && pins->n <= ideal + 1, "%zu pins of %zu", pins->n, ideal);
	after = fake_dump(k, FAKE_DUMP_RAW);
	trial_check_text(g, "it changed something", after, before);
	free(after);
	xdpctl_pins_free(pins);
	outcome_free(&o);
}

static void test_status(const struct world *world)
{
	struct kernel *base = looked_at(world), *log = fake_clone(base);
	struct xdpctl_status *ideal = NULL;
	char *before = fake_dump(base, FAKE_DUMP_RAW);
	struct group g = { 0 };

	tap_is_int(session_status(log, NULL, 0, &ideal, NULL), 0, "%s: status", world->name);
	tap_is_int(ideal->n, 2, "%s: status sees two interfaces", world->name);
	tap_is_int(row_of(ideal, WORLD_IFINDEX)->state, XDPCTL_STATE_CHAIN, "%s: and a chain",
		   world->name);
	for (unsigned int call = 1; call <= fake_calls(log); call++) {
		const int *list = codes[fake_call_op(log, call)];

		for (unsigned int i = 0; i < CODES_MAX && list[i]; i++) {
			struct kernel *k = fake_clone(base);

			trial_begin(&g, "%s: %s", fake_call_text(log, call),
				    strerrorname_np(list[i]));
			n_errors++;
			fake_inject(k, FAKE_FAIL, call, list[i]);
			look_disturbed(&g, k, ideal, before);
			fake_free(k);
		}
	}
	tap_ok(!g.failed, "%s: status: each call fails in each way (%u trials, %u failed)",
	       world->name, g.trials, g.failed);
	xdpctl_status_free(ideal);
	free(before);
	fake_free(log);
	fake_free(base);
}

static unsigned int count_owned(const struct xdpctl_pins *pins, enum xdpctl_pin_owner owner)
{
	unsigned int n = 0;

	for (size_t i = 0; i < pins->n; i++)
		n += pins->pins[i].owner == owner;
	return n;
}

/*
 * Three components here, one next door; two orphaned; two in chains out of sight; three pins of others. Two
 * pins each, and one more for a fused chain.
 */
static void is_owned(const struct world *world, const struct xdpctl_pins *pins)
{
	bool sees = can_prove(world);
	int chain = world_fuses();

	tap_is_int(count_owned(pins, XDPCTL_PIN_COMPONENT), 8, "%s: pins of components",
		   world->name);
	tap_is_int(count_owned(pins, XDPCTL_PIN_CHAIN), chain, "%s: pins of chains", world->name);
	tap_is_int(count_owned(pins, XDPCTL_PIN_ORPHAN), sees ? 4 + chain : 0,
		   "%s: pins of orphans", world->name);
	tap_is_int(count_owned(pins, XDPCTL_PIN_UNSURE), (sees ? 4 : 8 + chain) + chain,
		   "%s: pins that may be in use", world->name);
	tap_is_int(count_owned(pins, XDPCTL_PIN_OTHER), 3, "%s: pins of others", world->name);
}

static void test_pins(const struct world *world)
{
	struct kernel *base = looked_at(world), *log = fake_clone(base);
	struct xdpctl_pins *ideal = NULL;
	char *before = fake_dump(base, FAKE_DUMP_RAW);
	struct group g = { 0 };

	tap_is_int(session_pins(log, &ideal, NULL), 0, "%s: pins", world->name);
	is_owned(world, ideal);
	for (unsigned int call = 1; call <= fake_calls(log); call++) {
		const int *list = codes[fake_call_op(log, call)];

		for (unsigned int i = 0; i < CODES_MAX && list[i]; i++) {
			struct kernel *k = fake_clone(base);

			trial_begin(&g, "%s: %s", fake_call_text(log, call),
				    strerrorname_np(list[i]));
			n_errors++;
			fake_inject(k, FAKE_FAIL, call, list[i]);
			list_disturbed(&g, k, ideal->n, before);
			fake_free(k);
		}
	}
	tap_ok(!g.failed, "%s: pins: each call fails in each way (%u trials, %u failed)",
	       world->name, g.trials, g.failed);
	xdpctl_pins_free(ideal);
	free(before);
	fake_free(log);
	fake_free(base);
}

/* ---------------------------------------------------------------- single cases */

static struct kernel *chain_world(void)
{
	struct kernel *k = world_new(0, XDPCTL_ENGINE_AUTO);

	world_must(world_load_one(k, "ten", 10));
	world_must(world_load_one(k, "twenty", 20));
	fake_restart(k);
	return k;
}

/* Refused with @fault, in words that hold @part, and nothing has changed. */
static void is_refused(struct kernel *k, struct outcome o, const char *before,
		       enum xdpctl_fault fault, const char *part, const char *what)
{
	char *after = fake_dump(k, FAKE_DUMP_RAW);

	tap_ok(o.rc < 0, "%s: it fails", what);
	tap_is_int(o.err.fault, fault, "%s: as which fault", what);
	tap_has_str(o.err.message, part, "%s: in which words", what);
	tap_is_str(after, before, "%s: the state is as before", what);
	tap_ok(!fake_violation(k) && !fake_count(k).handles && !fake_count(k).locked,
	       "%s: nothing is held", what);
	free(after);
	outcome_free(&o);
}

static unsigned int count_calls(const struct kernel *k, enum fake_op op)
{
	unsigned int n = 0;

	for (unsigned int call = 1; call <= fake_calls(k); call++)
		n += fake_call_op(k, call) == op;
	return n;
}

/* Rebuilds the chain before each call: nobody can win against that. */
static void hook_rebuild(struct kernel *k, void *arg)
{
	fake_other_load(k, WORLD_IFINDEX, XDPCTL_MODE_NATIVE, WORLD_VERSION, NULL, 0);
	fake_hook(k, fake_calls(k) + 1, hook_rebuild, arg);
}

static void test_lost_for_good(void)
{
	struct kernel *k = chain_world();
	char *before = fake_dump(k, FAKE_DUMP_CHAINS), *cleaned = dump_cleaned(k, FAKE_DUMP_NORMAL);
	struct outcome o;
	char *after;

	fake_hook(k, 1, hook_rebuild, NULL);
	o = world_load_one(k, "thirty", 30);
	tap_ok(o.rc < 0, "a race lost again and again is lost");
	tap_is_int(o.err.fault, XDPCTL_FAULT_CONFLICT, "as a conflict");
	tap_is_int(count_calls(k, FAKE_BACKOFF), SESSION_ATTEMPTS_MAX - 1, "after ten attempts");
	tap_is_str(fake_violation(k), NULL, "that broke nothing");
	outcome_free(&o);
	fake_restart(k);
	after = fake_dump(k, FAKE_DUMP_CHAINS);
	tap_is_str(after, before, "the chain is the others'");
	free(after);
	after = dump_cleaned(k, FAKE_DUMP_NORMAL);
	tap_is_str(after, cleaned, "and nothing is left");
	free(after);
	free(before);
	free(cleaned);
	fake_free(k);
}

static void test_expectation(void)
{
	struct kernel *k = chain_world();
	char *before = fake_dump(k, FAKE_DUMP_RAW);
	struct world_load load = { .programs = &intruder, .n = 1 };

	load.change.has_expect = true;
	load.change.expect = 4711;
	is_refused(k, world_load(k, &load), before, XDPCTL_FAULT_CONFLICT, "4711",
		   "another program is expected");
	load.change.expect = 0;
	is_refused(k, world_load(k, &load), before, XDPCTL_FAULT_CONFLICT, "eth0",
		   "nothing is expected");
	tap_is_int(count_calls(k, FAKE_BACKOFF), 0, "an expectation is not tried again");
	load.change.expect = fake_attached(k, WORLD_IFINDEX);
	world_must(world_load(k, &load));
	tap_is_int(fake_swaps(k), 1, "what is there is expected: done");
	free(before);
	fake_free(k);
}

static void test_lock_held(void)
{
	struct kernel *k = chain_world();
	char *before = fake_dump(k, FAKE_DUMP_RAW);

	fake_hold_lock(k, 4711);
	is_refused(k, world_load_one(k, "thirty", 30), before, XDPCTL_FAULT_FAILED, "4711",
		   "load while another holds the lock");
	is_refused(k, world_unload_all(k), before, XDPCTL_FAULT_FAILED, "4711",
		   "unload while another holds the lock");
	is_refused(k, world_clean(k), before, XDPCTL_FAULT_FAILED, "4711",
		   "clean while another holds the lock");
	fake_hold_lock(k, 0);
	free(before);
	fake_free(k);
}

static void test_verifier(void)
{
	struct kernel *k = chain_world();
	char *before = fake_dump(k, FAKE_DUMP_RAW);
	struct outcome o;

	fake_refuse(k, "thirty");
	o = world_load_one(k, "thirty", 30);
	tap_ok(o.err.log && strstr(o.err.log, "invalid mem access"), "the verifier's log is kept");
	is_refused(k, o, before, XDPCTL_FAULT_FAILED, "thirty", "the verifier refuses");
	free(before);
	fake_free(k);
}

/* A component that doesn't know frags spoils the chain for a large MTU: the old one stays. */
static void test_large_mtu(void)
{
	static const struct fake_program modern = { "modern", 10, 4, true };
	struct kernel *k = world_new(0, XDPCTL_ENGINE_AUTO);
	char *before;

	fake_iface_remove(k, WORLD_IFINDEX);
	fake_iface_add(k, WORLD_IFINDEX, "eth0", 9000, true);
	world_must(world_load(k, &(struct world_load){ .programs = &modern, .n = 1 }));
	before = fake_dump(k, FAKE_DUMP_RAW);
	is_refused(k, world_load_one(k, "small", 20), before, XDPCTL_FAULT_UNSUPPORTED, "eth0",
		   "a component without frags on a large MTU");
	free(before);
	fake_free(k);
}

static void test_link_held(void)
{
	struct kernel *k = chain_world();
	char *before;

	fake_lock_iface(k, WORLD_IFINDEX, "owner/link");
	before = fake_dump(k, FAKE_DUMP_RAW);
	is_refused(k, world_load_one(k, "thirty", 30), before, XDPCTL_FAULT_REFUSED, "link",
		   "load on a chain that a bpf_link holds");
	is_refused(k, world_unload_all(k), before, XDPCTL_FAULT_REFUSED, "link", "unload of one");
	free(before);
	fake_free(k);
}

static void test_dry_run(void)
{
	static const enum fake_op changes[] = {
		FAKE_XDP_SWAP,
		FAKE_DISPATCHER_LOAD,
		FAKE_COMPONENT_LOAD,
		FAKE_COMPONENT_ATTACH,
		FAKE_DIR_MAKE,
		FAKE_DIR_REMOVE,
		FAKE_PIN,
		FAKE_UNPIN,
		FAKE_MAP_UNPIN,
		FAKE_RECORD_PUT,
		FAKE_RECORD_REMOVE,
	};
	struct kernel *k = looked_at(&worlds[0]);
	struct outcome o = world_load(k,
				      &(struct world_load){ .programs = &intruder,
							    .n = 1,
							    .change = { .run = XDPCTL_RUN_DRY } });

	tap_is_int(o.rc, 0, "a dry run succeeds");
	tap_ok(!o.report->changed && o.report->n_steps > 0, "and tells its steps");
	tap_is_int(o.report->after.n_components, 4, "and the chain to be");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		tap_is_int(count_calls(k, changes[i]), 0, "it changes nothing (%zu)", i);
	outcome_free(&o);
	fake_free(k);
}

/* Promise 8: nothing is collected because there is no such interface here. */
static void test_clean_keeps(enum xdpctl_engine engine)
{
	struct kernel *k = world_new(0, engine);
	uint32_t dispatcher;
	char dir[XDPCTL_PATH_SIZE];

	fake_iface_add(k, 9, "eth9", 1500, true);
	dispatcher = world_other_load(k, 9, &intruder, 1);
	snprintf(dir, sizeof(dir), "%s-9-%u", world_fuses() ? "xdpctl/fused" : "xdp/dispatch",
		 dispatcher);
	fake_iface_hide(k, 9, true);
	world_must(world_clean(k));
	tap_ok(fake_pinned(k, dir), "a chain in another namespace isn't collected");

	fake_iface_hide(k, 9, false);
	fake_hold_prog(k, dispatcher);
	fake_iface_remove(k, 9);
	world_must(world_clean(k));
	tap_ok(fake_pinned(k, dir), "nor one that a process holds, perhaps about to attach it");
	tap_is_str(fake_violation(k), NULL, "and nothing falls out of anything");
	fake_free(k);
}

static void test_idempotence(void)
{
	struct kernel *k = chain_world();
	struct outcome o = world_load_one(k, "ten", 10);

	tap_is_int(o.rc, 0, "loading what is there succeeds");
	tap_ok(!o.report->changed && !o.report->n_steps, "and says that nothing was done");
	tap_is_int(fake_swaps(k) + count_calls(k, FAKE_PIN) + count_calls(k, FAKE_RECORD_PUT), 0,
		   "and does nothing");
	tap_is_int(o.report->after.n_components, 2, "and tells the chain");
	outcome_free(&o);
	fake_free(k);
}

static void test_report(void)
{
	struct kernel *k = chain_world();
	struct outcome o = world_load_one(k, "fifteen", 15);
	const struct xdpctl_iface *after = &o.report->after;

	tap_ok(o.report->changed, "a load says that it changed something");
	tap_is_int(o.report->mode, XDPCTL_MODE_NATIVE, "in which mode");
	tap_is_int(o.report->attempts, 1, "in one attempt");
	tap_is_int(o.report->n_notes, 0, "without a remark");
	tap_is_int(after->state, XDPCTL_STATE_CHAIN, "the chain after it is whole");
	tap_is_int(after->prog_id, fake_attached(k, WORLD_IFINDEX), "it is what is attached");
	tap_is_int(after->n_components, 3, "it has three components");
	tap_is_str(after->components[1].name, "fifteen", "the new one in its place");
	tap_ok(after->components[1].prog_id && after->components[1].link_id, "with its ids");
	tap_ok(after->components[1].recorded, "and its record");
	outcome_free(&o);
	o = world_unload_all(k);
	tap_is_int(o.report->after.state, XDPCTL_STATE_EMPTY, "after an unload of all it is empty");
	tap_is_int(o.report->after.mode, XDPCTL_MODE_NONE, "in no mode");
	outcome_free(&o);
	fake_free(k);
}

/* The longest runs leave everything where it was. */
static void test_thousand(enum xdpctl_engine engine)
{
	struct kernel *k = world_new(0, engine);
	struct fake_counts before = fake_count(k), after;

	for (unsigned int i = 0; i < 500; i++) {
		world_must(world_load_one(k, "ten", 10));
		world_must(world_load_one(k, "twenty", 20));
		world_must(world_unload_name(k, i % 2 ? "ten" : "twenty"));
		world_must(world_unload_name(k, i % 2 ? "twenty" : "ten"));
		if (fake_violation(k))
			break;
		fake_restart(k);
	}
	after = fake_count(k);
	tap_is_str(fake_violation(k), NULL, "1,000 loads and unloads break nothing (%s)",
		   xdpctl_engine_name(engine));
	tap_ok(after.progs == before.progs && after.links == before.links &&
		       after.maps == before.maps && after.pins == before.pins &&
		       after.dirs == before.dirs && after.records == before.records &&
		       after.handles == before.handles,
	       "and leave the numbers of programs, links, maps, pins, records and descriptors");
	fake_free(k);
}

/* Nobody has to want the story of a failure. */
static void test_without_error(void)
{
	struct kernel *base = chain_world(), *log = fake_clone(base);
	struct xdpctl_change change = { .ifindex = WORLD_IFINDEX };
	struct xdpctl_unload unload = { .change = change, .all = true };
	struct xdpctl_report *report = NULL;
	unsigned int calls;

	session_unload(log, &unload, &report, NULL);
	xdpctl_report_free(report);
	calls = fake_calls(log);
	for (unsigned int call = 1; call <= calls; call++) {
		struct kernel *k = fake_clone(base);
		struct xdpctl_garbage_list *list = NULL;

		fake_inject(k, FAKE_FAIL_FROM, call, EIO);
		report = NULL;
		session_unload(k, &unload, &report, NULL);
		xdpctl_report_free(report);
		fake_restart(k);
		fake_inject(k, FAKE_FAIL_FROM, call, EIO);
		report = NULL;
		session_repair(k, &change, &report, NULL);
		xdpctl_report_free(report);
		fake_restart(k);
		fake_inject(k, FAKE_FAIL_FROM, call, EIO);
		session_clean(k, false, &list, NULL);
		xdpctl_garbage_free(list);
		fake_free(k);
	}
	tap_ok(calls > 0, "failures need no error value to be told in");
	fake_free(log);
	fake_free(base);
}

/* ---------------------------------------------------------------- single cases of fused chains */

static struct kernel *fused_world(void)
{
	struct kernel *k = world_new(0, XDPCTL_ENGINE_FUSED);

	world_must(world_load_one(k, "ten", 10));
	world_must(world_load_one(k, "call_twenty", 20));
	world_must(world_load_one(k, "thirty", 30));
	fake_restart(k);
	return k;
}

static const char *pin_of(struct kernel *k, const char *kind, unsigned int slot)
{
	static char paths[2][XDPCTL_PATH_SIZE];
	static unsigned int at;

	at = !at;
	world_pin(k, kind, slot, paths[at]);
	return paths[at];
}

/* Interface 4 as status sees it. */
static struct xdpctl_iface see(struct kernel *k)
{
	struct xdpctl_status *status = NULL;
	struct xdpctl_iface iface;
	int ifindex = WORLD_IFINDEX;

	if (session_status(k, &ifindex, 1, &status, NULL) < 0)
		abort();
	iface = status->ifaces[0];
	xdpctl_status_free(status);
	return iface;
}

static void test_fused_report(void)
{
	struct kernel *k = fused_world();
	struct outcome o = world_load_one(k, "fifteen", 15);
	const struct xdpctl_iface *after = &o.report->after;

	tap_is_int(o.report->verified, 400, "a load tells what the verifier had to do");
	tap_is_int(after->engine, XDPCTL_ENGINE_FUSED, "the chain is fused");
	tap_is_str(after->engine_why, "", "because it was asked for");
	tap_is_int(after->state, XDPCTL_STATE_CHAIN, "and whole");
	tap_is_int(after->n_components, 4, "of four components");
	tap_is_str(after->components[1].name, "fifteen", "the new one in its place");
	tap_ok(after->components[1].recorded && after->components[1].prog_id,
	       "known by its record");
	tap_ok(after->components[2].called && !after->components[1].called,
	       "which one is called is told");
	tap_ok(strstr(after->pin_dir, "/xdpctl/fused-4-"), "its pins are ours");
	outcome_free(&o);
	o = world_load_one(k, "ten", 10);
	tap_ok(o.rc == 0 && !o.report->changed, "loading what is there is nothing to do");
	outcome_free(&o);
	fake_free(k);
}

static void test_fused_because(void)
{
	struct kernel *k = world_new(FAKE_LACKS_FREPLACE, XDPCTL_ENGINE_AUTO);
	struct xdpctl_iface iface;

	world_must(world_load_one(k, "ten", 10));
	iface = see(k);
	tap_is_int(iface.engine, XDPCTL_ENGINE_FUSED, "without freplace a chain is fused");
	tap_is_str(iface.engine_why, "freplace doesn't work here: EXT is refused", "and says why");
	tap_is_int(count_calls(k, FAKE_HAS_FREPLACE), 1, "which is probed once");
	world_must(world_load_one(k, "twenty", 20));
	tap_is_int(count_calls(k, FAKE_HAS_FREPLACE), 1, "and not for a chain that is there");
	iface = see(k);
	tap_is_str(iface.engine_why, "freplace doesn't work here: EXT is refused",
		   "a larger one says so, too");
	fake_free(k);
}

/* Each is good by itself, the whole isn't. */
static void test_fused_verifier(void)
{
	struct kernel *k = fused_world();
	char *before = fake_dump(k, FAKE_DUMP_RAW);
	struct outcome o;

	fake_refuse_fused(k, "forty");
	o = world_load_one(k, "forty", 40);
	tap_ok(o.err.log && strstr(o.err.log, "combined stack size"), "the verifier's log is kept");
	tap_has_str(o.err.hint, "xdpctl convert eth0", "and what to do about it");
	is_refused(k, o, before, XDPCTL_FAULT_FAILED, "\"forty\", which the verifier accepts alone",
		   "the verifier refuses the whole");
	fake_refuse(k, "forty");
	is_refused(k, world_load_one(k, "forty", 40), before, XDPCTL_FAULT_FAILED, "forty",
		   "the verifier refuses a component");
	free(before);
	fake_free(k);
}

/* A map that isn't what it should be: @part is what is said of it, and a load is refused as @fault. */
static void is_damage(struct kernel *k, enum xdpctl_state state, const char *part,
		      enum xdpctl_fault fault, const char *what)
{
	char *before = fake_dump(k, FAKE_DUMP_RAW);
	struct xdpctl_iface iface = see(k);

	tap_is_str(xdpctl_state_name(iface.state), xdpctl_state_name(state), "%s: the state", what);
	tap_has_str(iface.why, part, "%s: why", what);
	is_refused(k, world_load_one(k, "forty", 40), before, fault, part, what);
	free(before);
}

static void is_whole(struct kernel *k, const char *chain, const char *what)
{
	struct xdpctl_iface iface;
	char names[256] = "";

	iface = see(k);
	for (unsigned int i = 0; i < iface.n_components; i++) {
		strcat(names, i ? " " : "");
		strcat(names, iface.components[i].name);
	}
	tap_is_int(iface.state, XDPCTL_STATE_CHAIN, "%s: it is whole again", what);
	tap_is_str(names, chain, "%s: with what there was", what);
	tap_is_str(fake_violation(k), NULL, "%s: and breaks nothing", what);
	fake_free(k);
}

static void is_repaired(struct kernel *k, const char *chain, const char *what)
{
	world_must(world_repair(k));
	is_whole(k, chain, what);
}

/* What runs but can't be fused again goes only by its name: the second of three. */
static void is_unloaded(struct kernel *k, const char *what)
{
	struct outcome o = world_repair(k);

	tap_is_int(o.err.fault, XDPCTL_FAULT_REFUSED, "%s: a repair refuses to drop it", what);
	outcome_free(&o);
	world_must(world_unload_name(k, see(k).components[1].name));
	is_whole(k, "ten thirty", what);
}

static void test_damaged_code(void)
{
	struct kernel *k = fused_world();

	fake_damage_map(k, pin_of(k, "code", 1), EIO);
	is_damage(k, XDPCTL_STATE_UNREADABLE, "slot 1", XDPCTL_FAULT_FAILED, "code can't be read");
	fake_damage_map(k, pin_of(k, "code", 1), EINVAL);
	is_damage(k, XDPCTL_STATE_DEGRADED, "slot 1", XDPCTL_FAULT_REFUSED, "code is damaged");
	tap_is_int(see(k).components[1].health, XDPCTL_HEALTH_CODE_LOST, "it is lost");
	fake_damage_map(k, pin_of(k, "code", 1), EOPNOTSUPP);
	is_damage(k, XDPCTL_STATE_DEGRADED, "slot 1", XDPCTL_FAULT_REFUSED, "code is newer");
	is_unloaded(k, "code is newer");
	k = fused_world();
	fake_repin(k, pin_of(k, "code", 0), pin_of(k, "code", 1));
	is_damage(k, XDPCTL_STATE_DEGRADED, "slot 1", XDPCTL_FAULT_REFUSED, "another's code");
	is_unloaded(k, "another's code");
	k = fused_world();
	fake_repin(k, pin_of(k, "prog", 0), pin_of(k, "code", 1));
	is_damage(k, XDPCTL_STATE_DEGRADED, "something else", XDPCTL_FAULT_REFUSED,
		  "a program for code");
	is_unloaded(k, "a program for code");
}

static void test_damaged_program(void)
{
	struct kernel *k = fused_world();

	fake_repin(k, pin_of(k, "prog", 0), pin_of(k, "prog", 1));
	is_damage(k, XDPCTL_STATE_DEGRADED, "another program", XDPCTL_FAULT_REFUSED,
		  "another program is pinned");
	tap_is_int(see(k).components[1].health, XDPCTL_HEALTH_MISMATCH, "that is a mismatch");
	is_repaired(k, "ten call_twenty thirty", "another program is pinned");
	k = fused_world();
	fake_reuse_id(k, see(k).components[1].prog_id);
	is_damage(k, XDPCTL_STATE_DEGRADED, "another program", XDPCTL_FAULT_REFUSED,
		  "another program of the same id");
	is_repaired(k, "ten call_twenty thirty", "another program of the same id");
}

/* Without a configuration that is the running program's there is nothing to go on from. */
static void is_ruin(struct kernel *k, enum xdpctl_state state, const char *part, const char *what)
{
	uint32_t id = fake_attached(k, WORLD_IFINDEX);
	bool readable = state == XDPCTL_STATE_DEGRADED;

	is_damage(k, state, part, readable ? XDPCTL_FAULT_REFUSED : XDPCTL_FAULT_FAILED, what);
	tap_is_int(see(k).n_components, 0, "%s: no component is made up", what);
	world_must(world_unload(k, &(struct xdpctl_unload){ .ids = &id, .n_ids = 1 }));
	tap_is_int(fake_attached(k, WORLD_IFINDEX), 0, "%s: it can be unloaded by its id", what);
	world_must(world_clean(k));
	tap_is_int(fake_count(k).records, 0, "%s: and nothing is left", what);
	tap_is_str(fake_violation(k), NULL, "%s: nor broken", what);
	fake_free(k);
}

static void test_damaged_chain(void)
{
	struct kernel *k = fused_world();

	fake_damage_map(k, pin_of(k, "chain", 0), EINVAL);
	is_ruin(k, XDPCTL_STATE_DEGRADED, "fused_read", "the chain's map is damaged");
	k = fused_world();
	fake_damage_map(k, pin_of(k, "chain", 0), EOPNOTSUPP);
	is_ruin(k, XDPCTL_STATE_DEGRADED, "fused_read", "the chain's map is newer");
	k = fused_world();
	fake_damage_map(k, pin_of(k, "chain", 0), EIO);
	is_ruin(k, XDPCTL_STATE_UNREADABLE, "fused_read", "the chain's map can't be read");
	k = fused_world();
	fake_repin(k, pin_of(k, "code", 0), pin_of(k, "chain", 0));
	is_ruin(k, XDPCTL_STATE_DEGRADED, "fused_read", "another map is pinned as the chain's");
	k = fused_world();
	fake_reuse_id(k, fake_attached(k, WORLD_IFINDEX));
	is_ruin(k, XDPCTL_STATE_DEGRADED, "that of another program",
		"the chain's map is of a program of the same id");
}

/* What a repair will need isn't garbage, whoever collects; afterwards it is. */
static void test_lost_record(void)
{
	struct kernel *k = fused_world();

	fake_remove_pin(k, pin_of(k, "prog", 1));
	world_must(world_clean(k));
	tap_is_int(fake_count(k).records, 3, "clean leaves the record of a lost program");
	tap_is_str(see(k).components[1].name, "call_twenty", "so it has its name still");
	fake_restart(k);
	world_must(world_unload_all(k));
	tap_is_int(fake_count(k).records, 0, "which goes with the chain");
	fake_free(k);
}

static void test_fused_large_mtu(void)
{
	static const struct fake_program modern = { "modern", 10, 4, true };
	struct kernel *k = world_new(0, XDPCTL_ENGINE_FUSED);
	char *before;

	fake_iface_remove(k, WORLD_IFINDEX);
	fake_iface_add(k, WORLD_IFINDEX, "eth0", 9000, true);
	world_must(world_load(k, &(struct world_load){ .programs = &modern, .n = 1 }));
	tap_ok(see(k).frags, "fused of what knows frags, the whole does");
	before = fake_dump(k, FAKE_DUMP_RAW);
	is_refused(k, world_load_one(k, "small", 20), before, XDPCTL_FAULT_UNSUPPORTED, "eth0",
		   "one without frags, fused, on a large MTU");
	free(before);
	fake_free(k);
}

/* The most there can be, one less, and none. */
static void test_sixty_four(void)
{
	struct kernel *k = world_new(0, XDPCTL_ENGINE_FUSED);
	struct fake_program programs[XDPCTL_COMPONENTS_MAX];
	static char names[XDPCTL_COMPONENTS_MAX][8];
	struct fake_counts before = fake_count(k), after;

	for (unsigned int i = 0; i < XDPCTL_COMPONENTS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "p%02u", i);
		programs[i] = (struct fake_program){ names[i], i, 4, false };
	}
	world_must(world_load(k, &(struct world_load){ .programs = programs, .n = 64 }));
	tap_is_int(see(k).n_components, 64, "64 components are fused");
	fake_restart(k);
	world_must(world_unload_name(k, "p31"));
	fake_restart(k);
	world_must(world_load_one(k, "p31", 31));
	tap_is_str(see(k).components[31].name, "p31", "one goes, and comes to its place");
	tap_is_int(see(k).state, XDPCTL_STATE_CHAIN, "of a chain that is whole");
	fake_restart(k);
	world_must(world_unload_all(k));
	tap_is_str(fake_violation(k), NULL, "all go without breaking anything");
	after = fake_count(k);
	tap_ok(after.progs == before.progs && after.maps == before.maps &&
		       after.pins == before.pins && after.dirs == before.dirs && !after.records,
	       "and leave nothing");
	fake_free(k);
}

/* There and back: the map with its counters is one and the same all the time. */
static void test_convert_keeps_maps(void)
{
	static const struct fake_program counter = { "counter", 10, 4, true };
	struct kernel *k = world_new(0, XDPCTL_ENGINE_FREPLACE);
	struct xdpctl_iface first, then;

	fake_make_dir(k, "maps");
	fake_pin_map(k, "counter", "maps/counters");
	world_must(world_load(k, &(struct world_load){ .programs = &counter, .n = 1 }));
	first = see(k);
	world_must(world_convert(k, XDPCTL_ENGINE_FUSED, &counter, 1));
	then = see(k);
	tap_is_int(then.engine, XDPCTL_ENGINE_FUSED, "a chain is converted");
	tap_ok(then.components[0].n_maps == 1 &&
		       then.components[0].map_ids[0] == first.components[0].map_ids[0],
	       "its map goes with it");
	tap_ok(then.components[0].recorded, "its record, too");
	world_must(world_convert(k, XDPCTL_ENGINE_FREPLACE, NULL, 0));
	then = see(k);
	tap_is_int(then.engine, XDPCTL_ENGINE_FREPLACE, "and back");
	tap_is_int(then.components[0].map_ids[0], first.components[0].map_ids[0], "the same map");
	tap_is_str(then.components[0].object, first.components[0].object, "from the same object");
	tap_ok(fake_pinned(k, "maps/counters"), "still pinned");
	world_must(world_unload_all(k));
	tap_ok(!fake_pinned(k, "maps/counters"), "until the last user goes");
	tap_is_str(fake_violation(k), NULL, "and nothing is broken");
	fake_free(k);
}

static void test_fused_cases(void)
{
	test_fused_report();
	test_fused_because();
	test_fused_verifier();
	test_damaged_code();
	test_damaged_program();
	test_damaged_chain();
	test_lost_record();
	test_fused_large_mtu();
	test_sixty_four();
	test_convert_keeps_maps();
}

static void test_single_cases(void)
{
	for (unsigned int world = 0; world < ARRAY_SIZE(worlds); world++) {
		test_status(&worlds[world]);
		test_pins(&worlds[world]);
	}
	test_lost_for_good();
	test_expectation();
	test_lock_held();
	test_verifier();
	test_large_mtu();
	test_link_held();
	test_dry_run();
	test_clean_keeps(XDPCTL_ENGINE_FREPLACE);
	test_clean_keeps(XDPCTL_ENGINE_FUSED);
	test_idempotence();
	test_report();
	test_thousand(XDPCTL_ENGINE_FREPLACE);
	test_thousand(XDPCTL_ENGINE_FUSED);
	test_without_error();
	test_fused_cases();
}

/* ---------------------------------------------------------------- */

static void test_scenario(const struct world *world, const struct scenario *scenario)
{
	struct stage st;

	stage_open(&st, world, scenario);
	run_ideal(&st);
	test_errors(&st);
	test_persistent_errors(&st);
	test_lost_answers(&st);
	test_kills(&st);
	for (size_t i = 0; i < ARRAY_SIZE(races); i++)
		test_race(&st, &races[i]);
	test_lost_answers_and_races(&st);
	stage_close(&st);
}

/* `faults [PART-OF-A-SCENARIO [PART-OF-A-KERNEL]]` tries only these, `faults single` the rest. */
static bool is_chosen(int argc, char **argv, int at, const char *name)
{
	return argc <= at || strstr(name, argv[at]);
}

int main(int argc, char **argv)
{
	for (unsigned int world = 0; world < ARRAY_SIZE(worlds); world++)
		for (size_t i = 0; i < n_scenarios; i++)
			if (has_scenario(&worlds[world], &scenarios[i]) &&
			    is_chosen(argc, argv, 1, scenarios[i].name) &&
			    is_chosen(argc, argv, 2, worlds[world].name))
				test_scenario(&worlds[world], &scenarios[i]);
	if (is_chosen(argc, argv, 1, "single"))
		test_single_cases();
	printf("# %u injected errors, %u persistent ones, %u lost answers, %u kills, %u races\n",
	       n_errors, n_persistent, n_lost, n_kills, n_races);
	printf("# the next command alone healed %u; garbage left and noted %u times\n", n_healed,
	       n_garbage);
	return tap_done();
}
