/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps: one commit point, everything that can fail before it, nothing torn down before it. */
#include "model/plan.h"

#include <stdio.h>

#include "fake/sample.h"
#include "util.h"

#include "tap.h"

/* What a plan is made from. */
struct scene {
	const char *name;
	struct xdpctl_iface iface;
	struct decision decision;
};

static void keep(struct scene *scene, unsigned int index)
{
	scene->decision.chain.entries[scene->decision.chain.n++] = chain_keep(&scene->iface, index);
}

static void add(struct scene *scene, const char *func, unsigned int index)
{
	struct chain_addition a = sample_addition(func, 60 + index);

	scene->decision.chain.entries[scene->decision.chain.n++] = chain_add(&a, index);
}

static struct scene scene_of(const char *name, unsigned int n_components)
{
	struct scene scene = { .name = name };
	char func[16];

	scene.iface = sample_iface(n_components ? XDPCTL_STATE_CHAIN : XDPCTL_STATE_EMPTY);
	for (unsigned int i = 0; i < n_components; i++) {
		snprintf(func, sizeof(func), "c%u", i);
		sample_recorded(&scene.iface, func, i);
	}
	scene.decision.mode = XDPCTL_MODE_NATIVE;
	scene.decision.version = 3;
	return scene;
}

static struct scene load_first(unsigned int n)
{
	struct scene scene = scene_of("load on an empty interface", 0);
	char func[16];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(func, sizeof(func), "n%u", i);
		add(&scene, func, i);
	}
	return scene;
}

static struct scene load_further(void)
{
	struct scene scene = scene_of("load on a chain", 2);

	keep(&scene, 0);
	add(&scene, "new", 0);
	keep(&scene, 1);
	return scene;
}

static struct scene unload_one(void)
{
	struct scene scene = scene_of("unload one of three", 3);

	keep(&scene, 0);
	keep(&scene, 2);
	return scene;
}

static struct scene unload_last(void)
{
	struct scene scene = scene_of("unload the last", 1);

	scene.decision.detach = true;
	return scene;
}

static struct scene detach_full(void)
{
	struct scene scene = scene_of("unload ten", XDPCTL_SLOTS_MAX);

	scene.decision.detach = true;
	return scene;
}

static struct scene detach_foreign(void)
{
	struct scene scene = scene_of("detach a foreign program", 0);

	scene.iface = sample_iface(XDPCTL_STATE_FOREIGN);
	scene.decision.detach = true;
	return scene;
}

/* Everything goes and as much comes: more than any command asks for, but a plan must hold it. */
static struct scene replace_all(void)
{
	struct scene scene = scene_of("replace ten by ten", XDPCTL_SLOTS_MAX);
	char func[16];

	for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++) {
		snprintf(func, sizeof(func), "n%u", i);
		add(&scene, func, i);
	}
	return scene;
}

static struct scene repair(void)
{
	struct scene scene = scene_of("repair", 3);

	scene.iface.state = XDPCTL_STATE_DEGRADED;
	scene.iface.components[1].prog_id = 0;
	keep(&scene, 0);
	keep(&scene, 2);
	return scene;
}

/* The same, of the fused engine. */
static struct scene fused(struct scene scene)
{
	scene.decision.engine = XDPCTL_ENGINE_FUSED;
	scene.decision.version = 0;
	if (scene.iface.n_components)
		sample_fuse(&scene.iface);
	return scene;
}

/* From one engine to the other; what was fused comes from its code. */
static struct scene convert(enum xdpctl_engine to)
{
	struct scene scene = scene_of("convert", 3);

	for (unsigned int i = 0; i < 3; i++) {
		keep(&scene, i);
		scene.decision.chain.entries[i].origin = to == XDPCTL_ENGINE_FUSED ?
								 CHAIN_ADDED :
								 CHAIN_CONVERTED;
	}
	if (to == XDPCTL_ENGINE_FREPLACE)
		sample_fuse(&scene.iface);
	scene.decision.engine = to;
	return scene;
}

/* One that had lost its program is loaded from its code, for it isn't there to be kept. */
static struct scene recover(void)
{
	struct scene scene = fused(scene_of("recover", 3));

	keep(&scene, 0);
	keep(&scene, 1);
	keep(&scene, 2);
	scene.decision.chain.entries[1].origin = CHAIN_CONVERTED;
	return scene;
}

/* As many as there can be go, and as many come. */
static struct scene replace_64(void)
{
	struct scene scene = fused(scene_of("replace 64 by 64", XDPCTL_COMPONENTS_MAX));
	char func[16];

	for (unsigned int i = 0; i < XDPCTL_COMPONENTS_MAX; i++) {
		snprintf(func, sizeof(func), "n%u", i);
		add(&scene, func, i);
	}
	return scene;
}

/* ---------------------------------------------------------------- looking at plans */

static unsigned int count(const struct plan *plan, enum step_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < plan->n; i++)
		n += plan->steps[i].kind == kind;
	return n;
}

static unsigned int count_commits(const struct plan *plan)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < plan->n; i++)
		n += plan_step_facts(plan->steps[i].kind)->commits;
	return n;
}

static int first_of(const struct plan *plan, enum step_kind kind)
{
	for (unsigned int i = 0; i < plan->n; i++)
		if (plan->steps[i].kind == kind)
			return (int)i;
	return -1;
}

static int last_of(const struct plan *plan, enum step_kind kind)
{
	int last = -1;

	for (unsigned int i = 0; i < plan->n; i++)
		if (plan->steps[i].kind == kind)
			last = (int)i;
	return last;
}

/* No step of kind @a comes behind one of kind @b. */
static bool ordered(const struct plan *plan, enum step_kind a, enum step_kind b)
{
	return last_of(plan, a) < 0 || first_of(plan, b) < 0 ||
	       last_of(plan, a) < first_of(plan, b);
}

static int position(const struct plan *plan, enum step_kind kind, unsigned int arg)
{
	for (unsigned int i = 0; i < plan->n; i++)
		if (plan->steps[i].kind == kind && plan->steps[i].arg == arg)
			return (int)i;
	return -1;
}

static bool once_for_each_slot(const struct plan *plan, const struct chain *chain,
			       enum step_kind kind)
{
	for (unsigned int slot = 0; slot < chain->n; slot++)
		if (position(plan, kind, slot) < 0)
			return false;
	return count(plan, kind) == chain->n;
}

static bool once_for_each_new(const struct plan *plan, const struct chain *chain,
			      enum step_kind kind)
{
	unsigned int n = 0;

	for (unsigned int slot = 0; slot < chain->n; slot++) {
		if (chain->entries[slot].origin == CHAIN_KEPT)
			continue;
		n++;
		if (position(plan, kind, slot) < 0)
			return false;
	}
	return count(plan, kind) == n;
}

static struct plan plan_of(const struct scene *scene)
{
	struct plan plan;

	memset(&plan, 0xa5, sizeof(plan));
	plan_make(&scene->iface, &scene->decision, &plan);
	return plan;
}

/* ---------------------------------------------------------------- tests */

static void test_facts(void)
{
	for (unsigned int i = 0; i < STEP_KINDS; i++) {
		const struct step_facts *facts = plan_step_facts((enum step_kind)i);

		tap_ok(facts->name && facts->name[0], "step %u has a word", i);
		tap_is_int(facts->commits, i == STEP_SWAP || i == STEP_DETACH, "%s: commits?",
			   facts->name);
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(facts->name, plan_step_facts((enum step_kind)j)->name) == 0)
				tap_ok(false, "%s: the word is its own", facts->name);
	}
}

static void test_nothing(void)
{
	struct scene scene = load_further();
	struct plan plan;

	scene.decision.nothing = true;
	plan = plan_of(&scene);
	tap_is_int(plan.n, 0, "nothing to do is a plan without steps");
}

/* What holds for every plan. */
static void test_rules(const struct scene *scene)
{
	struct plan plan = plan_of(scene);
	int commit = first_of(&plan, scene->decision.detach ? STEP_DETACH : STEP_SWAP);

	tap_ok(plan.n > 0 && plan.n <= PLAN_STEPS_MAX, "%s: there are steps", scene->name);
	tap_is_int(count_commits(&plan), 1, "%s: exactly one commits", scene->name);
	tap_ok(commit >= 0, "%s: the right one", scene->name);
	tap_ok(commit >= 0 &&
		       position(&plan, STEP_CONFIRM, plan.steps[commit + 1].arg) == commit + 1,
	       "%s: what was committed is looked at next", scene->name);
	tap_ok(first_of(&plan, STEP_UNPIN_OLD) < 0 || first_of(&plan, STEP_UNPIN_OLD) > commit,
	       "%s: old pins go after the commit", scene->name);
	tap_ok(first_of(&plan, STEP_FORGET_RECORD) < 0 ||
		       first_of(&plan, STEP_FORGET_RECORD) > commit,
	       "%s: old records go after the commit", scene->name);
}

/* What holds for every plan that builds a chain. */
static void test_building_rules(const struct scene *scene)
{
	struct plan plan = plan_of(scene);
	const struct chain *chain = &scene->decision.chain;

	tap_ok(once_for_each_new(&plan, chain, STEP_LOAD_COMPONENT),
	       "%s: only new components are loaded", scene->name);
	tap_ok(once_for_each_slot(&plan, chain, STEP_PIN_COMPONENT), "%s: all are pinned",
	       scene->name);
	tap_ok(once_for_each_new(&plan, chain, STEP_RECORD_COMPONENT), "%s: new ones are recorded",
	       scene->name);
	tap_is_int(count(&plan, STEP_MAKE_DIRECTORY), 1, "%s: in one directory", scene->name);
	tap_ok(ordered(&plan, STEP_MAKE_DIRECTORY, STEP_PIN_COMPONENT),
	       "%s: the directory before what is in it", scene->name);
	tap_ok(ordered(&plan, STEP_PIN_COMPONENT, STEP_SWAP), "%s: pins before the swap",
	       scene->name);
	tap_ok(ordered(&plan, STEP_RECORD_COMPONENT, STEP_SWAP), "%s: records before the swap",
	       scene->name);
}

static void test_freplace_rules(const struct scene *scene)
{
	struct plan plan = plan_of(scene);
	const struct chain *chain = &scene->decision.chain;

	tap_is_int(count(&plan, STEP_LOAD_DISPATCHER), 1, "%s: one dispatcher", scene->name);
	tap_is_int(plan.steps[0].kind, STEP_LOAD_DISPATCHER, "%s: it comes first", scene->name);
	tap_is_int(count(&plan, STEP_FUSE) + count(&plan, STEP_PIN_CHAIN), 0,
		   "%s: nothing is fused", scene->name);
	tap_ok(once_for_each_slot(&plan, chain, STEP_ATTACH_COMPONENT), "%s: all are attached",
	       scene->name);
	for (unsigned int slot = 0; slot < chain->n; slot++)
		if (chain->entries[slot].origin != CHAIN_KEPT)
			tap_ok(position(&plan, STEP_LOAD_COMPONENT, slot) <
				       position(&plan, STEP_ATTACH_COMPONENT, slot),
			       "%s: slot %u is loaded, then attached", scene->name, slot);
	tap_ok(ordered(&plan, STEP_ATTACH_COMPONENT, STEP_PIN_COMPONENT),
	       "%s: links before their pins", scene->name);
}

static void test_fused_rules(const struct scene *scene)
{
	struct plan plan = plan_of(scene);

	tap_is_int(count(&plan, STEP_FUSE), 1, "%s: it is fused once", scene->name);
	tap_is_int(count(&plan, STEP_LOAD_DISPATCHER) + count(&plan, STEP_ATTACH_COMPONENT), 0,
		   "%s: nothing is linked", scene->name);
	tap_ok(ordered(&plan, STEP_LOAD_COMPONENT, STEP_FUSE),
	       "%s: components are loaded, then fused", scene->name);
	/* The directory is named after the program that is fused. */
	tap_ok(ordered(&plan, STEP_FUSE, STEP_MAKE_DIRECTORY), "%s: then comes the directory",
	       scene->name);
	tap_is_int(count(&plan, STEP_PIN_CHAIN), 1, "%s: what the slots are is pinned",
		   scene->name);
	tap_ok(ordered(&plan, STEP_MAKE_DIRECTORY, STEP_PIN_CHAIN) &&
		       ordered(&plan, STEP_PIN_CHAIN, STEP_SWAP),
	       "%s: in the directory and before the swap", scene->name);
}

static void test_detach_rules(const struct scene *scene)
{
	struct plan plan = plan_of(scene);

	tap_is_int(plan.steps[0].kind, STEP_DETACH, "%s: nothing is built", scene->name);
	tap_is_int(count(&plan, STEP_LOAD_DISPATCHER) + count(&plan, STEP_FUSE) +
			   count(&plan, STEP_PIN_COMPONENT) + count(&plan, STEP_PIN_CHAIN) +
			   count(&plan, STEP_RECORD_COMPONENT),
		   0, "%s: at all", scene->name);
}

static void test_tidying(void)
{
	struct scene scene = load_first(1);
	struct plan plan = plan_of(&scene);

	tap_is_int(count(&plan, STEP_UNPIN_OLD), 0, "a first load has no old pins");
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 0, "and no old records");
	scene = load_further();
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_UNPIN_OLD), 1,
		   "a further load removes the old dispatcher's pins");
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 0, "and no record of what is kept");
	scene = unload_one();
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 1, "an unload forgets one record");
	tap_ok(position(&plan, STEP_FORGET_RECORD, 1) >= 0, "that of the one that went");
	scene = unload_last();
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_UNPIN_OLD), 1, "the last unload removes the pins");
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 1, "and the record");
	scene = detach_foreign();
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_UNPIN_OLD) + count(&plan, STEP_FORGET_RECORD), 0,
		   "a foreign program has neither");
	scene = unload_last();
	scene.iface.components[0].recorded = false;
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 0, "what wasn't recorded isn't forgotten");
}

/* What is loaded anew is another program: the records of the old ones go. */
static void test_converting(void)
{
	struct scene scene = convert(XDPCTL_ENGINE_FUSED);
	struct plan plan = plan_of(&scene);

	tap_is_int(count(&plan, STEP_FORGET_RECORD), 3, "a conversion forgets the old programs");
	tap_is_int(count(&plan, STEP_RECORD_COMPONENT), 3, "and records the new ones");
	tap_is_int(count(&plan, STEP_UNPIN_OLD), 1, "the old engine's directory goes");
	scene = convert(XDPCTL_ENGINE_FREPLACE);
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 3, "the way back does so, too");
	tap_is_int(count(&plan, STEP_RECORD_COMPONENT), 3, "and records the new ones");
	scene = recover();
	plan = plan_of(&scene);
	tap_is_int(count(&plan, STEP_LOAD_COMPONENT), 1, "a repair loads what is lost");
	tap_ok(position(&plan, STEP_FORGET_RECORD, 1) >= 0 &&
		       position(&plan, STEP_RECORD_COMPONENT, 1) >= 0,
	       "and records it in place of the lost one");
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 1, "of which alone the record goes");
}

static void test_size(void)
{
	struct scene scene = replace_all();
	struct plan plan = plan_of(&scene);

	tap_ok(plan.n <= PLAN_STEPS_MAX, "ten for ten fit (%u of %u)", plan.n, PLAN_STEPS_MAX);
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 10, "and forget ten records");
	scene = replace_64();
	plan = plan_of(&scene);
	tap_ok(plan.n <= PLAN_STEPS_MAX, "64 for 64 fit (%u of %u)", plan.n, PLAN_STEPS_MAX);
	tap_is_int(count(&plan, STEP_FORGET_RECORD), 64, "and forget 64 records");
}

/* The same question has the same answer: --dry-run prints what would be executed. */
static void test_pure(void)
{
	struct scene scene = load_further();
	struct plan a = plan_of(&scene), b = plan_of(&scene);
	bool same = a.n == b.n;

	for (unsigned int i = 0; same && i < a.n; i++)
		same = a.steps[i].kind == b.steps[i].kind && a.steps[i].arg == b.steps[i].arg;
	tap_ok(same, "a plan made twice is the same");
}

static void test_objects(const struct scene *scene)
{
	struct plan plan = plan_of(scene);
	unsigned int empty = 0, open = 0;

	for (unsigned int i = 0; i < plan.n; i++) {
		for (size_t size = 1; size <= XDPCTL_PATH_SIZE; size += size < 4 ? 1 : 63) {
			char *buf = malloc(size);

			memset(buf, 0x7f, size);
			plan_step_object(&plan.steps[i], &scene->iface, &scene->decision, buf,
					 size);
			open += !memchr(buf, '\0', size);
			empty += size > 1 && !buf[0];
			free(buf);
		}
	}
	tap_is_int(open, 0, "%s: what a step works on ends within its buffer", scene->name);
	tap_is_int(empty, 0, "%s: and is never empty", scene->name);
}

static void test_object_names(void)
{
	struct scene scene = load_further();
	char buf[XDPCTL_PATH_SIZE];

	plan_step_object(&(struct step){ STEP_LOAD_COMPONENT, 1 }, &scene.iface, &scene.decision,
			 buf, sizeof(buf));
	tap_has_str(buf, "new", "a component is named");
	plan_step_object(&(struct step){ STEP_SWAP, 0 }, &scene.iface, &scene.decision, buf,
			 sizeof(buf));
	tap_has_str(buf, "eth0", "an interface is named");
	scene = unload_one();
	plan_step_object(&(struct step){ STEP_FORGET_RECORD, 1 }, &scene.iface, &scene.decision,
			 buf, sizeof(buf));
	tap_has_str(buf, "c1", "a forgotten component is named");
}

static void test_fused_names(void)
{
	struct scene scene = fused(load_further());
	char buf[XDPCTL_PATH_SIZE];

	plan_step_object(&(struct step){ STEP_FUSE, 0 }, &scene.iface, &scene.decision, buf,
			 sizeof(buf));
	tap_is_str(buf, "3 components in one program", "what is fused is counted");
	plan_step_object(&(struct step){ STEP_MAKE_DIRECTORY, 0 }, &scene.iface, &scene.decision,
			 buf, sizeof(buf));
	tap_is_str(buf, "fused-4-*", "a fused chain's directory");
	scene.decision.engine = XDPCTL_ENGINE_FREPLACE;
	plan_step_object(&(struct step){ STEP_MAKE_DIRECTORY, 0 }, &scene.iface, &scene.decision,
			 buf, sizeof(buf));
	tap_is_str(buf, "dispatch-4-*", "a dispatcher's");
}

static void test_builds(const struct scene *builds, size_t n,
			void (*test_engine)(const struct scene *scene))
{
	for (size_t i = 0; i < n; i++) {
		test_rules(&builds[i]);
		test_building_rules(&builds[i]);
		test_engine(&builds[i]);
		test_objects(&builds[i]);
	}
}

int main(void)
{
	const struct scene freplaces[] = { load_first(1),
					   load_first(XDPCTL_SLOTS_MAX),
					   load_further(),
					   unload_one(),
					   repair(),
					   replace_all(),
					   convert(XDPCTL_ENGINE_FREPLACE) };
	const struct scene fuses[] = { fused(load_first(1)),
				       fused(load_first(XDPCTL_COMPONENTS_MAX)),
				       fused(load_further()),
				       fused(unload_one()),
				       fused(repair()),
				       convert(XDPCTL_ENGINE_FUSED),
				       recover(),
				       replace_64() };
	const struct scene detaches[] = { unload_last(), detach_full(), detach_foreign(),
					  fused(unload_last()) };

	test_facts();
	test_nothing();
	test_builds(freplaces, ARRAY_SIZE(freplaces), test_freplace_rules);
	test_builds(fuses, ARRAY_SIZE(fuses), test_fused_rules);
	for (size_t i = 0; i < ARRAY_SIZE(detaches); i++) {
		test_rules(&detaches[i]);
		test_detach_rules(&detaches[i]);
		test_objects(&detaches[i]);
	}
	test_tidying();
	test_converting();
	test_size();
	test_pure();
	test_object_names();
	test_fused_names();
	return tap_done();
}
