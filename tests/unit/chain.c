/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order, names and previews of chains. */
#include "model/chain.h"

#include <stdio.h>

#include "fake/sample.h"
#include "util.h"

#include "tap.h"

#define LONG_NAME "a_function_whose_name_is_longer_than_fifteen_"

static struct chain_entry kept(const char *func, uint32_t prio, uint8_t tag, uint64_t load_time)
{
	struct chain_entry entry = { .origin = CHAIN_KEPT, .prio = prio, .load_time = load_time };

	util_copy(entry.func, sizeof(entry.func), func);
	entry.tag[7] = tag;
	return entry;
}

static struct chain_entry added(const char *func, uint32_t prio, size_t insns)
{
	struct chain_entry entry = { .origin = CHAIN_ADDED, .prio = prio, .insns = insns };

	util_copy(entry.func, sizeof(entry.func), func);
	return entry;
}

/* Sorts the two, given in the wrong order, then in the right one. */
static void is_before(struct chain_entry first, struct chain_entry second, const char *rule)
{
	struct chain chain = { .n = 2 };

	first.index = 1;
	second.index = 2;
	chain.entries[0] = second;
	chain.entries[1] = first;
	chain_sort(&chain);
	tap_is_int(chain.entries[0].index, 1, "%s", rule);
	chain.entries[0] = first;
	chain.entries[1] = second;
	chain_sort(&chain);
	tap_is_int(chain.entries[0].index, 1, "%s, in whatever order they come", rule);
}

static void test_rules(void)
{
	is_before(kept("z", 10, 9, 9), kept("a", 20, 0, 0), "lower priority first");
	is_before(kept("z", 0, 9, 9), kept("a", 1, 0, 0), "priority 0 is a priority");
	is_before(kept("z", 0x7fffffff, 9, 9), kept("a", 0x80000000, 0, 0),
		  "priorities are unsigned");
	is_before(added("z", 0, 9), kept("a", 0xffffffff, 0, 0), "the greatest comes last");
	is_before(added("a", 50, 999), kept("b", 50, 0, 0), "then the function's name");
	is_before(kept("B", 50, 9, 9), kept("a", 50, 0, 0), "by its bytes, not by a locale");
	is_before(kept("ab", 50, 9, 9), kept("abc", 50, 0, 0), "a prefix first");
	is_before(added(LONG_NAME "1", 50, 99), added(LONG_NAME "2", 50, 1),
		  "all of it, not the kernel's fifteen characters");
	is_before(kept("a", 50, 9, 9), added("a", 50, 1), "loaded before new");
	is_before(added("a", 50, 7), added("a", 50, 8), "among new ones fewer instructions first");
	is_before(kept("a", 50, 1, 9), kept("a", 50, 2, 1), "among loaded ones the tag");
	is_before(kept("a", 50, 0x7f, 9), kept("a", 50, 0x80, 1), "tags are unsigned bytes");
	is_before(kept("a", 50, 1, 1), kept("a", 50, 1, 2), "then the load time");
	is_before(kept("a", 50, 1, 1), kept("a", 50, 1, 0x100000001), "all 64 bits of it");
}

static int compare(const struct chain_entry *a, const struct chain_entry *b)
{
	int order;

	if (a->prio != b->prio)
		return a->prio < b->prio ? -1 : 1;
	order = strcmp(a->func, b->func);
	if (order)
		return order;
	if (a->origin == CHAIN_KEPT && b->origin == CHAIN_ADDED)
		return -1;
	if (a->origin == CHAIN_ADDED && b->origin == CHAIN_KEPT)
		return 1;
	if (a->origin == CHAIN_ADDED && a->insns != b->insns)
		return a->insns < b->insns ? -1 : 1;
	if (a->origin == CHAIN_ADDED)
		return 0;
	order = memcmp(a->tag, b->tag, sizeof(a->tag));
	if (order)
		return order;
	return a->load_time < b->load_time ? -1 : a->load_time > b->load_time;
}

/* Few different values, so that every rule is reached. */
static struct chain random_chain(uint32_t *seed)
{
	struct chain chain = { .n = sample_random(seed) % (XDPCTL_SLOTS_MAX + 1) };

	for (unsigned int i = 0; i < chain.n; i++) {
		uint32_t r = sample_random(seed);
		const char *func = r & 1 ? LONG_NAME "x" : LONG_NAME "y";

		chain.entries[i] = r & 2 ? kept(func, r >> 8 & 1, r >> 16 & 1, r >> 20 & 1) :
					   added(func, r >> 8 & 1, r >> 16 & 1);
		chain.entries[i].index = i;
	}
	return chain;
}

static bool is_sorted_and_stable(const struct chain *chain)
{
	for (unsigned int i = 1; i < chain->n; i++) {
		int order = compare(&chain->entries[i - 1], &chain->entries[i]);

		if (order > 0 ||
		    (order == 0 && chain->entries[i - 1].index > chain->entries[i].index))
			return false;
	}
	return true;
}

static bool is_permutation(const struct chain *chain, unsigned int n)
{
	unsigned int seen = 0;

	for (unsigned int i = 0; i < chain->n; i++)
		seen |= 1u << chain->entries[i].index;
	return chain->n == n && seen == (1u << n) - 1;
}

static void test_random_order(void)
{
	uint32_t seed = 42;
	unsigned int wrong = 0;

	for (unsigned int round = 0; round < 50000; round++) {
		struct chain chain = random_chain(&seed);
		unsigned int n = chain.n;

		chain_sort(&chain);
		wrong += !is_permutation(&chain, n) || !is_sorted_and_stable(&chain);
	}
	tap_is_int(wrong, 0, "50,000 random chains: sorted, stable, nothing lost");
}

/* Sorting what is sorted moves nothing: a rebuild without a change keeps the slots. */
static void test_idempotent(void)
{
	uint32_t seed = 4711;
	unsigned int wrong = 0;

	for (unsigned int round = 0; round < 5000; round++) {
		struct chain chain = random_chain(&seed), again;

		chain_sort(&chain);
		again = chain;
		chain_sort(&again);
		for (unsigned int i = 0; i < chain.n; i++)
			wrong += again.entries[i].index != chain.entries[i].index;
	}
	tap_is_int(wrong, 0, "sorted twice is sorted once");
}

static void test_keep_and_add(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	struct chain_addition a = sample_addition(LONG_NAME "a", 7);
	struct chain_entry entry;

	sample_component(&iface, "one", 10);
	sample_component(&iface, LONG_NAME "b", 20)->frags = true;
	iface.components[1].actions = 0;
	util_copy(iface.components[1].name, XDPCTL_NAME_SIZE, "two");
	entry = chain_keep(&iface, 1);
	tap_is_int(entry.origin, CHAIN_KEPT, "a kept entry says so");
	tap_is_int(entry.index, 1, "which component it is");
	tap_ok(entry.prio == 20 && entry.actions == 0 && entry.frags, "its place and flags");
	tap_is_str(entry.name, "two", "its name");
	tap_is_str(entry.func, LONG_NAME "b", "its function");
	tap_ok(entry.load_time == iface.components[1].load_time &&
		       memcmp(entry.tag, iface.components[1].tag, 8) == 0,
	       "what orders it");

	a.actions = 3;
	util_copy(a.name, sizeof(a.name), "mine");
	entry = chain_add(&a, 5);
	tap_is_int(entry.origin, CHAIN_ADDED, "an added entry says so");
	tap_is_int(entry.index, 5, "which addition it is");
	tap_ok(entry.prio == 7 && entry.actions == 3 && !entry.frags && entry.insns == 20,
	       "its place and flags");
	tap_is_str(entry.name, "mine", "its name");
	tap_is_str(entry.func, LONG_NAME "a", "its function");
}

static void test_names(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	struct xdpctl_component *c = iface.components;

	sample_component(&iface, "pass", 1);
	sample_component(&iface, "drop", 2);
	sample_component(&iface, "pass", 3);
	sample_component(&iface, "pass", 4);
	for (unsigned int i = 0; i < 4; i++)
		c[i].name[0] = '\0';
	chain_name_components(c, 4);
	tap_is_str(c[0].name, "pass", "an unrecorded component has its function's name");
	tap_is_str(c[1].name, "drop", "as has another");
	tap_is_str(c[2].name, "pass.2", "a twin has a number");
	tap_is_str(c[3].name, "pass.3", "a third the next");
}

static void test_recorded_names(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	struct xdpctl_component *c = iface.components;

	sample_component(&iface, "pass", 1);
	sample_recorded(&iface, "pass", 2);
	sample_recorded(&iface, "filter", 3);
	util_copy(c[0].name, XDPCTL_NAME_SIZE, "left over");
	util_copy(c[2].name, XDPCTL_NAME_SIZE, "edge");
	chain_name_components(c, 3);
	tap_is_str(c[1].name, "pass", "a recorded component keeps its name");
	tap_is_str(c[2].name, "edge", "also one that was given");
	tap_is_str(c[0].name, "pass.2", "an unrecorded one before it gives way");
}

static unsigned int count_equal_names(const struct xdpctl_component *c, unsigned int n)
{
	unsigned int equal = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			equal += strcmp(c[i].name, c[j].name) == 0;
	return equal;
}

static unsigned int count_open_names(const struct xdpctl_component *c, unsigned int n)
{
	unsigned int open = 0;

	for (unsigned int i = 0; i < n; i++)
		open += !c[i].name[0] || !memchr(c[i].name, '\0', sizeof(c[i].name));
	return open;
}

/* Ten functions as long as can be, alike until far behind what a name can hold. */
static void test_long_names(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	char func[XDPCTL_FUNC_SIZE];

	for (unsigned int len = XDPCTL_NAME_SIZE - 6; len < XDPCTL_FUNC_SIZE; len++) {
		iface.n_components = 0;
		memset(func, 'x', len);
		func[len] = '\0';
		for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++)
			sample_component(&iface, func, i);
		chain_name_components(iface.components, XDPCTL_SLOTS_MAX);
		if (count_equal_names(iface.components, XDPCTL_SLOTS_MAX) ||
		    count_open_names(iface.components, XDPCTL_SLOTS_MAX))
			break;
	}
	tap_is_int(count_equal_names(iface.components, XDPCTL_SLOTS_MAX), 0,
		   "twins of names too long are told apart");
	tap_is_int(count_open_names(iface.components, XDPCTL_SLOTS_MAX), 0, "and end");
}

static void test_hostile_names(void)
{
	static const char *const funcs[] = { "a",   "a", "a.2", "a.2", "a.2.2",
					     "a.3", "",  "",    "a",   "a" };
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	uint32_t seed = 77;
	unsigned int equal = 0;

	for (unsigned int round = 0; round < 5000; round++) {
		iface.n_components = 0;
		for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++) {
			uint32_t r = sample_random(&seed);
			const char *func = funcs[r % ARRAY_SIZE(funcs)];

			if (r & 0x10000)
				sample_recorded(&iface, func, i);
			else
				sample_component(&iface, func, i);
		}
		chain_name_components(iface.components, XDPCTL_SLOTS_MAX);
		equal += count_equal_names(iface.components, XDPCTL_SLOTS_MAX);
	}
	tap_is_int(equal, 0, "names are unique whatever functions and records say");
}

/* The same chain read twice has the same names: `unload NAME` means what `status` showed. */
static void test_names_are_stable(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN), again;
	unsigned int wrong = 0;

	sample_component(&iface, "a", 1);
	sample_recorded(&iface, "a", 2);
	sample_component(&iface, "a.2", 3);
	sample_component(&iface, "a", 4);
	again = iface;
	chain_name_components(iface.components, 4);
	for (unsigned int i = 0; i < 4; i++)
		if (!again.components[i].recorded)
			util_copy(again.components[i].name, XDPCTL_NAME_SIZE, "garbage");
	chain_name_components(again.components, 4);
	for (unsigned int i = 0; i < 4; i++)
		wrong += strcmp(iface.components[i].name, again.components[i].name) != 0;
	tap_is_int(wrong, 0, "names depend on functions and records alone");
}

static void test_find(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_DEGRADED);

	tap_is_int(chain_find_name(&iface, "one"), -1, "nothing is found in nothing");
	sample_component(&iface, "one", 1);
	sample_component(&iface, "two", 2);
	sample_component(&iface, "gone", 3)->prog_id = 0;
	tap_is_int(chain_find_name(&iface, "two"), 1, "found by name");
	tap_is_int(chain_find_name(&iface, "tw"), -1, "not by part of it");
	tap_is_int(chain_find_name(&iface, "three"), -1, "not found by name");
	tap_is_int(chain_find_id(&iface, 101), 1, "found by program id");
	tap_is_int(chain_find_id(&iface, 71), -1, "the dispatcher is no component");
	tap_is_int(chain_find_id(&iface, 0), -1, "0 is no id, not even of what is gone");
}

static void test_preview(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	struct chain_addition a = sample_addition("new", 15);
	struct chain chain = { .n = 3 };
	struct xdpctl_iface after;

	sample_component(&iface, "ten", 10);
	sample_recorded(&iface, "twenty", 20);
	util_copy(a.owner, sizeof(a.owner), "ops");
	a.frags = true;
	chain.entries[0] = chain_keep(&iface, 0);
	chain.entries[1] = chain_add(&a, 0);
	chain.entries[2] = chain_keep(&iface, 1);
	memset(&after, 0xa5, sizeof(after));
	chain_preview(&chain, &iface, &a, &after);
	tap_is_int(after.state, XDPCTL_STATE_CHAIN, "the preview is a chain");
	tap_is_int(after.ifindex, 4, "of that interface");
	tap_is_str(after.ifname, "eth0", "by name");
	tap_is_int(after.n_components, 3, "of three");
	tap_is_str(after.components[1].name, "new", "the new one between the others");
	tap_is_int(after.components[0].prog_id, 100, "a kept one with its program");
	tap_is_int(after.components[2].prog_id, 101, "and another");
	tap_is_int(after.components[1].prog_id, 0, "a new one has none yet");
	tap_is_str(after.components[1].owner, "ops", "but its owner");
	tap_is_str(after.components[1].object, "/usr/lib/bpf/new.o", "its object");
	tap_ok(memcmp(after.components[1].sha256, a.sha256, 32) == 0, "its content");
	tap_ok(after.components[1].frags && !after.components[0].frags, "its frags");
	tap_ok(after.components[0].slot == 0 && after.components[1].slot == 1 &&
		       after.components[2].slot == 2,
	       "slots in run order");
	tap_ok(after.components[0].prio == 10 && after.components[1].prio == 15 &&
		       after.components[2].prio == 20,
	       "with their priorities");
}

static void test_preview_of_nothing(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	struct chain chain = { .n = 0 };
	struct xdpctl_iface after;

	sample_component(&iface, "ten", 10);
	memset(&after, 0xa5, sizeof(after));
	chain_preview(&chain, &iface, NULL, &after);
	tap_is_int(after.state, XDPCTL_STATE_EMPTY,
		   "the last component gone, the interface is empty");
	tap_is_int(after.n_components, 0, "without components");
	tap_is_int(after.prog_id, 0, "without a program");
	tap_is_int(after.mode, XDPCTL_MODE_NONE, "and in no mode");
}

int main(void)
{
	test_rules();
	test_random_order();
	test_idempotent();
	test_keep_and_add();
	test_names();
	test_recorded_names();
	test_long_names();
	test_hostile_names();
	test_names_are_stable();
	test_find();
	test_preview();
	test_preview_of_nothing();
	return tap_done();
}
