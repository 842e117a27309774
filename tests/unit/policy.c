/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be done: each request against each state, and what the chain is afterwards. */
#include "model/policy.h"

#include <errno.h>
#include <stdio.h>

#include "fake/sample.h"
#include "util.h"

#include "tap.h"

/* A chain of "ten", "twenty" and "thirty", recorded; program ids 100, 101, 102. */
static struct xdpctl_iface chain_of_three(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);

	sample_recorded(&iface, "ten", 10);
	sample_recorded(&iface, "twenty", 20);
	sample_recorded(&iface, "thirty", 30);
	return iface;
}

/* The same without its second component. */
static struct xdpctl_iface degraded_chain(void)
{
	struct xdpctl_iface iface = chain_of_three();

	iface.state = XDPCTL_STATE_DEGRADED;
	util_copy(iface.why, sizeof(iface.why), "slot 1 is empty");
	iface.components[1].health = XDPCTL_HEALTH_GONE;
	iface.components[1].prog_id = 0;
	iface.components[1].link_id = 0;
	return iface;
}

static struct xdpctl_iface sample_of(enum xdpctl_state state)
{
	switch (state) {
	case XDPCTL_STATE_CHAIN:
		return chain_of_three();
	case XDPCTL_STATE_DEGRADED:
		return degraded_chain();
	case XDPCTL_STATE_EMPTY:
	case XDPCTL_STATE_FOREIGN:
	case XDPCTL_STATE_NEWER:
	case XDPCTL_STATE_UNREADABLE:
		break;
	}
	return sample_iface(state);
}

#define UNTOUCHED 0xeeeeu /* version of a decision that nobody made */

/* What came of a request; a refusal must leave the decision alone and say why. */
struct outcome {
	int rc;
	struct decision d;
	struct xdpctl_error err;
};

static struct outcome load(const struct xdpctl_iface *iface, const struct xdpctl_change *change,
			   const struct policy_load *wish)
{
	static const struct xdpctl_change plain = { .ifindex = 4 };
	struct outcome o = { .d.version = UNTOUCHED };
	struct policy_load w = *wish;

	w.change = change ? change : &plain;
	if (!w.default_version)
		w.default_version = 2;
	o.rc = policy_load(iface, &w, &o.d, &o.err);
	return o;
}

static struct outcome load_one(const struct xdpctl_iface *iface, const struct chain_addition *a)
{
	return load(iface, NULL,
		    &(struct policy_load){
			    .mode = XDPCTL_MODE_NATIVE, .additions = a, .n_additions = 1 });
}

static struct outcome load_in_mode(const struct xdpctl_iface *iface, enum xdpctl_mode mode)
{
	struct chain_addition a = sample_addition("new", 50);

	return load(iface, NULL,
		    &(struct policy_load){ .mode = mode, .additions = &a, .n_additions = 1 });
}

static struct outcome unload(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish)
{
	struct outcome o = { .d.version = UNTOUCHED };

	o.rc = policy_unload(iface, wish, &o.d, &o.err);
	return o;
}

static struct outcome unload_name(const struct xdpctl_iface *iface, const char *name)
{
	return unload(iface, &(struct xdpctl_unload){ .names = &name, .n_names = 1 });
}

static struct outcome unload_id(const struct xdpctl_iface *iface, uint32_t id)
{
	return unload(iface, &(struct xdpctl_unload){ .ids = &id, .n_ids = 1 });
}

static struct outcome unload_all(const struct xdpctl_iface *iface, const char *owner)
{
	return unload(iface, &(struct xdpctl_unload){ .change.owner = owner, .all = true });
}

static struct outcome repair(const struct xdpctl_iface *iface)
{
	struct xdpctl_change change = { .ifindex = 4 };
	struct outcome o = { .d.version = UNTOUCHED };

	o.rc = policy_repair(iface, &change, &o.d, &o.err);
	return o;
}

static void is_refused(struct outcome o, enum xdpctl_fault fault, const char *what)
{
	tap_ok(o.rc < 0, "%s: refused", what);
	tap_is_int(o.err.fault, fault, "%s: as which fault", what);
	tap_ok(o.err.message[0], "%s: in a sentence", what);
	tap_is_int(o.rc, o.err.code ? -o.err.code : -EIO, "%s: the return tells the errno", what);
	tap_is_int(o.d.version, UNTOUCHED, "%s: no decision is handed out", what);
	xdpctl_error_clear(&o.err);
}

static void has_hint(struct outcome o, const char *part, const char *what)
{
	tap_has_str(o.err.hint, part, "%s: the hint", what);
	xdpctl_error_clear(&o.err);
}

static void is_nothing(struct outcome o, const char *what)
{
	tap_is_int(o.rc, 0, "%s: success", what);
	tap_ok(o.d.nothing, "%s: nothing to do", what);
	xdpctl_error_clear(&o.err);
}

static void is_detach(struct outcome o, const char *what)
{
	tap_is_int(o.rc, 0, "%s: success", what);
	tap_ok(o.d.detach && !o.d.nothing, "%s: the interface ends up empty", what);
	xdpctl_error_clear(&o.err);
}

/* "ten +new ~thirty": names in run order, + before an added one, ~ before one that is loaded from its code. */
static const char *chain_text(const struct chain *chain, char *buf, size_t size)
{
	static const char *const marks[] = {
		[CHAIN_KEPT] = "", [CHAIN_ADDED] = "+", [CHAIN_CONVERTED] = "~"
	};
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < chain->n && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s%s", i ? " " : "",
					 marks[chain->entries[i].origin], chain->entries[i].name);
	return buf;
}

static void is_chain(struct outcome o, const char *names, const char *what)
{
	char buf[1024];

	tap_is_int(o.rc, 0, "%s: success", what);
	tap_ok(!o.d.nothing && !o.d.detach, "%s: a chain is built", what);
	tap_is_str(chain_text(&o.d.chain, buf, sizeof(buf)), names, "%s: this chain", what);
	xdpctl_error_clear(&o.err);
}

/* ---------------------------------------------------------------- load */

static void test_load_by_state(void)
{
	struct chain_addition a = sample_addition("new", 15);
	struct xdpctl_iface iface;

	iface = sample_of(XDPCTL_STATE_EMPTY);
	is_chain(load_one(&iface, &a), "+new", "load on an empty interface");
	iface = sample_of(XDPCTL_STATE_CHAIN);
	is_chain(load_one(&iface, &a), "ten +new twenty thirty", "load on a chain");
	iface = sample_of(XDPCTL_STATE_FOREIGN);
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load over a foreign program");
	has_hint(load_one(&iface, &a), "71", "load over a foreign program, which names it");
	iface = sample_of(XDPCTL_STATE_DEGRADED);
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load on a degraded chain");
	has_hint(load_one(&iface, &a), "repair", "load on a degraded chain");
	iface = sample_of(XDPCTL_STATE_UNREADABLE);
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_FAILED, "load on what can't be read");
	iface = sample_of(XDPCTL_STATE_NEWER);
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_UNSUPPORTED, "load on a newer dispatcher");
	has_hint(load_one(&iface, &a), "", "load on a newer dispatcher");
}

static void test_load_names_the_foreign(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_FOREIGN);
	struct chain_addition a = sample_addition("new", 15);
	struct outcome o = load_one(&iface, &a);

	tap_has_str(o.err.message, "eth0", "a refusal names the interface");
	tap_has_str(o.err.message, "xdp_firewall", "and what is there");
	xdpctl_error_clear(&o.err);
}

static void test_load_entries(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct chain_addition a[2] = { sample_addition("b", 10), sample_addition("a", 0) };
	struct outcome o;

	a[0].actions = 0;
	a[0].frags = true;
	o = load(&iface, NULL,
		 &(struct policy_load){
			 .mode = XDPCTL_MODE_NATIVE, .additions = a, .n_additions = 2 });
	tap_is_int(o.d.chain.n, 5, "two are added to three");
	tap_ok(o.d.chain.entries[0].origin == CHAIN_ADDED && o.d.chain.entries[0].index == 1 &&
		       o.d.chain.entries[0].prio == 0,
	       "priority 0 comes first");
	tap_ok(o.d.chain.entries[1].origin == CHAIN_ADDED && o.d.chain.entries[1].index == 0 &&
		       o.d.chain.entries[1].actions == 0 && o.d.chain.entries[1].frags,
	       "no actions are none, not the default");
	tap_ok(o.d.chain.entries[2].origin == CHAIN_KEPT && o.d.chain.entries[2].index == 0,
	       "a kept one is the interface's");
	xdpctl_error_clear(&o.err);
}

static void test_load_idempotent(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct chain_addition a[2] = { sample_addition("twenty", 20), sample_addition("new", 40) };
	struct policy_load both = { .mode = XDPCTL_MODE_NATIVE, .additions = a, .n_additions = 2 };

	is_nothing(load_one(&iface, &a[0]), "load of what is there");
	is_chain(load(&iface, NULL, &both), "ten twenty thirty +new",
		 "load of what is there and of something new");
	util_copy(a[0].owner, sizeof(a[0].owner), "another");
	util_copy(a[0].object, sizeof(a[0].object), "/elsewhere/twenty.o");
	a[0].insns = 999;
	is_nothing(load_one(&iface, &a[0]), "load of the same content from another file");
}

static void test_load_not_the_same(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct chain_addition a;

	a = sample_addition("twenty", 20);
	a.sha256[31] ^= 1;
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED,
		   "load of another object by that name");
	has_hint(load_one(&iface, &a), "replace", "load of another object by that name");
	a = sample_addition("twenty", 20);
	a.settings[0] ^= 1;
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load with other variables");
	has_hint(load_one(&iface, &a), "replace", "load with other variables");
	a = sample_addition("twenty", 21);
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load with another priority");
	a = sample_addition("twenty", 20);
	a.actions = 0;
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load with other actions");
	a = sample_addition("twenty", 20);
	iface.components[1].recorded = false;
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load of a name that libxdp loaded");
	has_hint(load_one(&iface, &a), "name", "load of a name that libxdp loaded");
}

/* All or none: one bad addition spoils the call, wherever it stands. */
static void test_load_all_or_none(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct chain_addition a[2] = { sample_addition("new", 1), sample_addition("twenty", 99) };
	struct policy_load wish = { .mode = XDPCTL_MODE_NATIVE, .additions = a, .n_additions = 2 };

	is_refused(load(&iface, NULL, &wish), XDPCTL_FAULT_REFUSED, "load of one good, one bad");
	a[0] = sample_addition("same", 1);
	a[1] = sample_addition("same", 2);
	is_refused(load(&iface, NULL, &wish), XDPCTL_FAULT_USAGE, "a name twice in one call");
	a[1] = a[0];
	is_refused(load(&iface, NULL, &wish), XDPCTL_FAULT_USAGE, "the same twice in one call");
	util_copy(a[1].name, sizeof(a[1].name), "other");
	is_chain(load(&iface, NULL, &wish), "+same +other ten twenty thirty",
		 "the same program twice under two names");
}

static void test_ten(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_EMPTY);
	struct chain_addition a[12];
	struct policy_load wish = { .mode = XDPCTL_MODE_NATIVE, .additions = a };
	char name[16];
	struct outcome o;

	for (unsigned int i = 0; i < ARRAY_SIZE(a); i++) {
		snprintf(name, sizeof(name), "p%02u", i);
		a[i] = sample_addition(name, i);
	}
	wish.n_additions = 10;
	is_chain(load(&iface, NULL, &wish), "+p00 +p01 +p02 +p03 +p04 +p05 +p06 +p07 +p08 +p09",
		 "ten at once");
	wish.n_additions = 11;
	is_refused(load(&iface, NULL, &wish), XDPCTL_FAULT_REFUSED, "eleven at once");
	wish.n_additions = 12;
	o = load(&iface, NULL, &wish);
	tap_has_str(o.err.message, "ten", "the limit is named");
	is_refused(o, XDPCTL_FAULT_REFUSED, "twelve at once");

	iface = chain_of_three();
	wish.n_additions = 7;
	tap_is_int(load(&iface, NULL, &wish).rc, 0, "seven to three");
	wish.n_additions = 8;
	is_refused(load(&iface, NULL, &wish), XDPCTL_FAULT_REFUSED, "eight to three");
}

static void test_ten_and_the_same(void)
{
	struct xdpctl_iface iface = sample_iface(XDPCTL_STATE_CHAIN);
	struct chain_addition a;
	char name[16];

	for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		sample_recorded(&iface, name, i);
	}
	a = sample_addition("p9", 9);
	is_nothing(load_one(&iface, &a), "load of what is there into a full chain");
	a = sample_addition("p10", 10);
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load into a full chain");
	is_chain(unload_name(&iface, "p0"), "p1 p2 p3 p4 p5 p6 p7 p8 p9",
		 "unload from a full chain");
}

static void test_modes(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_EMPTY);

	tap_is_int(load_in_mode(&iface, XDPCTL_MODE_NATIVE).d.mode, XDPCTL_MODE_NATIVE,
		   "native on an empty interface is native");
	tap_is_int(load_in_mode(&iface, XDPCTL_MODE_SKB).d.mode, XDPCTL_MODE_SKB, "skb is skb");
	tap_is_int(load_in_mode(&iface, XDPCTL_MODE_AUTO).d.mode, XDPCTL_MODE_AUTO,
		   "auto is still open");
	iface = chain_of_three();
	tap_is_int(load_in_mode(&iface, XDPCTL_MODE_AUTO).d.mode, XDPCTL_MODE_NATIVE,
		   "auto on a native chain is native");
	is_refused(load_in_mode(&iface, XDPCTL_MODE_SKB), XDPCTL_FAULT_REFUSED, "skb over native");
	has_hint(load_in_mode(&iface, XDPCTL_MODE_SKB), "native", "skb over native");
	iface.mode = XDPCTL_MODE_SKB;
	tap_is_int(load_in_mode(&iface, XDPCTL_MODE_AUTO).d.mode, XDPCTL_MODE_SKB,
		   "auto on an skb chain is skb");
	is_refused(load_in_mode(&iface, XDPCTL_MODE_NATIVE), XDPCTL_FAULT_REFUSED,
		   "native over skb");
	has_hint(load_in_mode(&iface, XDPCTL_MODE_NATIVE), "skb", "native over skb");
	tap_is_int(unload_name(&iface, "ten").d.mode, XDPCTL_MODE_SKB, "an unload keeps the mode");
	tap_is_int(unload_all(&iface, NULL).d.mode, XDPCTL_MODE_SKB,
		   "a detach names the mode that is there");
	iface = degraded_chain();
	iface.mode = XDPCTL_MODE_SKB;
	tap_is_int(repair(&iface).d.mode, XDPCTL_MODE_SKB, "a repair keeps the mode");
}

static unsigned int version_of_load(const struct xdpctl_iface *iface, unsigned int asked,
				    unsigned int by_default)
{
	struct chain_addition a = sample_addition("new", 50);
	struct xdpctl_change change = { .ifindex = 4, .version = asked };
	struct outcome o = load(iface, &change,
				&(struct policy_load){ .mode = XDPCTL_MODE_NATIVE,
						       .default_version = by_default,
						       .additions = &a,
						       .n_additions = 1 });

	xdpctl_error_clear(&o.err);
	return o.rc == 0 ? o.d.version : 0;
}

static void test_versions(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_EMPTY);

	tap_is_int(version_of_load(&iface, 0, 2), 2, "a new dispatcher has the default version");
	tap_is_int(version_of_load(&iface, 0, 3), 3, "whichever that is");
	tap_is_int(version_of_load(&iface, 3, 2), 3, "or the one asked for");
	tap_is_int(version_of_load(&iface, 2, 3), 2, "or the other");
	iface = chain_of_three();
	iface.version = 2;
	tap_is_int(version_of_load(&iface, 0, 3), 2, "version 2 found stays version 2");
	tap_is_int(version_of_load(&iface, 3, 2), 3, "unless another is asked for");
	tap_is_int(unload_name(&iface, "ten").d.version, 2, "also after an unload");
	iface.version = 3;
	tap_is_int(version_of_load(&iface, 0, 2), 3, "version 3 found stays version 3");
	tap_is_int(unload_name(&iface, "ten").d.version, 3, "also after an unload");
	iface.version = 1;
	tap_is_int(version_of_load(&iface, 2, 3), 2, "version 1 found is rewritten as asked");
	tap_ok(version_of_load(&iface, 0, 2) != 1, "version 1 is never written");
	tap_is_int(unload(&iface, &(struct xdpctl_unload){ .change.version = 2,
							   .names = &(const char *){ "ten" },
							   .n_names = 1 })
			   .d.version,
		   2, "nor by an unload that asks for another");
	iface = degraded_chain();
	iface.version = 2;
	tap_is_int(repair(&iface).d.version, 2, "a repair keeps the version");
}

/* ---------------------------------------------------------------- unload */

static void test_unload_by_state(void)
{
	struct xdpctl_iface iface;

	iface = sample_of(XDPCTL_STATE_EMPTY);
	is_nothing(unload_all(&iface, NULL), "unload --all of nothing");
	is_refused(unload_name(&iface, "ten"), XDPCTL_FAULT_NOT_FOUND, "unload from nothing");
	is_refused(unload_id(&iface, 100), XDPCTL_FAULT_NOT_FOUND, "unload an id from nothing");
	is_refused(unload_id(&iface, 0), XDPCTL_FAULT_NOT_FOUND, "unload id 0 from nothing");

	iface = sample_of(XDPCTL_STATE_FOREIGN);
	is_refused(unload_all(&iface, NULL), XDPCTL_FAULT_REFUSED,
		   "unload --all of a foreign program");
	is_refused(unload_name(&iface, "ten"), XDPCTL_FAULT_REFUSED,
		   "unload a name of a foreign one");
	is_refused(unload_id(&iface, 70), XDPCTL_FAULT_REFUSED, "unload another id than its own");
	is_detach(unload_id(&iface, 71), "unload a foreign program by its id");

	iface = sample_of(XDPCTL_STATE_UNREADABLE);
	is_refused(unload_all(&iface, NULL), XDPCTL_FAULT_FAILED,
		   "unload --all of what can't be read");
	iface = sample_of(XDPCTL_STATE_NEWER);
	is_refused(unload_all(&iface, NULL), XDPCTL_FAULT_UNSUPPORTED,
		   "unload --all of a newer one");
	is_refused(unload_name(&iface, "ten"), XDPCTL_FAULT_UNSUPPORTED, "unload from a newer one");
}

static void test_unload_chain(void)
{
	struct xdpctl_iface iface = chain_of_three();
	const char *two[] = { "thirty", "ten" };
	const char *three[] = { "thirty", "ten", "twenty" };
	const char *twice[] = { "ten", "ten" };
	const char *bad[] = { "ten", "nine" };
	uint32_t id = 101;

	is_chain(unload_name(&iface, "twenty"), "ten thirty", "unload the one in the middle");
	is_chain(unload(&iface, &(struct xdpctl_unload){ .names = two, .n_names = 2 }), "twenty",
		 "unload two");
	is_detach(unload(&iface, &(struct xdpctl_unload){ .names = three, .n_names = 3 }),
		  "unload all by name");
	is_detach(unload_all(&iface, NULL), "unload --all");
	is_chain(unload_id(&iface, 101), "ten thirty", "unload by id");
	is_chain(unload(&iface, &(struct xdpctl_unload){ .names = two,
							 .n_names = 2,
							 .ids = &(uint32_t){ 100 },
							 .n_ids = 1 }),
		 "twenty", "unload one by name and by id");
	is_detach(unload(&iface,
			 &(struct xdpctl_unload){
				 .names = two, .n_names = 2, .ids = &id, .n_ids = 1 }),
		  "unload all by names and an id");
	is_chain(unload(&iface, &(struct xdpctl_unload){ .names = twice, .n_names = 2 }),
		 "twenty thirty", "unload a name given twice");
	is_refused(unload_name(&iface, "nine"), XDPCTL_FAULT_NOT_FOUND, "unload a name not there");
	is_refused(unload_id(&iface, 99), XDPCTL_FAULT_NOT_FOUND, "unload an id not there");
	is_refused(unload_id(&iface, 0), XDPCTL_FAULT_NOT_FOUND, "unload id 0");
	is_refused(unload(&iface, &(struct xdpctl_unload){ .names = bad, .n_names = 2 }),
		   XDPCTL_FAULT_NOT_FOUND, "unload one that is there and one that isn't");
}

static void test_unload_says_what_is_there(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct outcome o = unload_name(&iface, "nine");

	tap_has_str(o.err.message, "nine", "what wasn't found is named");
	tap_has_str(o.err.hint, "twenty", "and what is there");
	xdpctl_error_clear(&o.err);
}

/* A request that names nothing asks for nothing: no new dispatcher for it. */
static void test_unload_nothing(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct outcome o = unload(&iface, &(struct xdpctl_unload){ .n_names = 0 });

	tap_ok(o.rc < 0 ? o.err.fault == XDPCTL_FAULT_USAGE : o.d.nothing,
	       "an unload that names nothing changes nothing");
	xdpctl_error_clear(&o.err);
}

static void test_unload_degraded(void)
{
	struct xdpctl_iface iface = degraded_chain();
	const char *both[] = { "ten", "thirty", "twenty" };

	is_detach(unload_all(&iface, NULL), "unload --all of a degraded chain");
	is_detach(unload(&iface, &(struct xdpctl_unload){ .names = both, .n_names = 3 }),
		  "unload everything of a degraded chain by name");
	is_refused(unload_name(&iface, "ten"), XDPCTL_FAULT_REFUSED,
		   "unload from a degraded chain");
	has_hint(unload_name(&iface, "ten"), "repair", "unload from a degraded chain");
	is_refused(unload_id(&iface, 0), XDPCTL_FAULT_NOT_FOUND, "unload id 0, which is gone");
}

static void test_owners(void)
{
	struct xdpctl_iface iface = chain_of_three();

	util_copy(iface.components[1].owner, XDPCTL_NAME_SIZE, "ops");
	is_refused(unload_all(&iface, NULL), XDPCTL_FAULT_REFUSED,
		   "--all with somebody's component");
	has_hint(unload_all(&iface, NULL), "ops", "--all with somebody's component");
	is_refused(unload_all(&iface, "dev"), XDPCTL_FAULT_REFUSED, "--all by another owner");
	is_refused(unload_all(&iface, ""), XDPCTL_FAULT_REFUSED, "--all by an empty owner");
	is_detach(unload_all(&iface, "ops"), "--all by the owner");
	is_chain(unload_name(&iface, "twenty"), "ten thirty", "a component that is named");
	is_chain(unload_id(&iface, 101), "ten thirty", "a component named by id");
	is_chain(unload_name(&iface, "ten"), "twenty thirty", "another one");
}

/* ---------------------------------------------------------------- repair */

static void test_repair(void)
{
	struct xdpctl_iface iface;

	iface = sample_of(XDPCTL_STATE_EMPTY);
	is_nothing(repair(&iface), "repair of nothing");
	iface = sample_of(XDPCTL_STATE_CHAIN);
	is_nothing(repair(&iface), "repair of what is whole");
	iface = sample_of(XDPCTL_STATE_FOREIGN);
	is_refused(repair(&iface), XDPCTL_FAULT_REFUSED, "repair of a foreign program");
	iface = sample_of(XDPCTL_STATE_NEWER);
	is_refused(repair(&iface), XDPCTL_FAULT_UNSUPPORTED, "repair of a newer dispatcher");
	iface = sample_of(XDPCTL_STATE_UNREADABLE);
	is_refused(repair(&iface), XDPCTL_FAULT_FAILED, "repair of what can't be read");
	iface = degraded_chain();
	is_chain(repair(&iface), "ten thirty", "repair of a chain that lost one");
	iface.components[0].health = XDPCTL_HEALTH_LINK_UNPINNED;
	iface.components[0].link_pinned = false;
	iface.components[2].health = XDPCTL_HEALTH_PROG_UNPINNED;
	iface.components[2].prog_pinned = false;
	is_chain(repair(&iface), "ten thirty", "repair keeps what is alive but unpinned");
	iface.components[0].prio = 31;
	is_chain(repair(&iface), "thirty ten", "repair puts it in run order");
}

/* The link is gone, but the program's pin is there: it can be linked again. */
static void test_repair_from_pins(void)
{
	struct xdpctl_iface iface = degraded_chain();

	iface.components[1].prog_id = 101;
	iface.components[1].prog_pinned = true;
	is_chain(repair(&iface), "ten twenty thirty", "repair of what lost only its link");
}

static void test_repair_of_ruins(void)
{
	struct xdpctl_iface iface = degraded_chain();
	struct outcome o;

	for (unsigned int i = 0; i < 3; i++)
		iface.components[i].prog_id = 0;
	o = repair(&iface);
	tap_ok(o.rc < 0 || o.d.detach, "repair of a chain that lost all builds no empty chain");
	tap_ok(o.rc == 0 || o.err.hint[0], "and says what to do");
	xdpctl_error_clear(&o.err);
}

/* ---------------------------------------------------------------- guards */

/* Program @id expected on an interface in @state, by each kind of request; true: all refused so. */
static bool all_conflict(enum xdpctl_state state, uint32_t id)
{
	struct xdpctl_iface iface = sample_of(state);
	struct xdpctl_change change = { .ifindex = 4, .has_expect = true, .expect = id };
	struct chain_addition a = sample_addition("new", 50);
	struct policy_load wish = { .mode = XDPCTL_MODE_NATIVE, .additions = &a, .n_additions = 1 };
	struct outcome o[3] = { load(&iface, &change, &wish),
				unload(&iface,
				       &(struct xdpctl_unload){ .change = change, .all = true }) };
	bool all = true;

	o[2].rc = policy_repair(&iface, &change, &o[2].d, &o[2].err);
	for (unsigned int i = 0; i < 3; i++) {
		all = all && o[i].rc < 0 && o[i].err.fault == XDPCTL_FAULT_CONFLICT &&
		      o[i].err.message[0];
		xdpctl_error_clear(&o[i].err);
	}
	return all;
}

static void test_expect(void)
{
	for (int i = XDPCTL_STATE_EMPTY; i <= XDPCTL_STATE_UNREADABLE; i++) {
		enum xdpctl_state state = (enum xdpctl_state)i;

		tap_ok(all_conflict(state, 999), "%s: another program was expected",
		       xdpctl_state_name(state));
		tap_ok(all_conflict(state, 0) == (state != XDPCTL_STATE_EMPTY),
		       "%s: nothing was expected", xdpctl_state_name(state));
		tap_ok(all_conflict(state, 71) == (state == XDPCTL_STATE_EMPTY),
		       "%s: what is there was expected", xdpctl_state_name(state));
	}
}

/* Without --expect, its value means nothing. */
static void test_no_expect(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct xdpctl_change change = { .ifindex = 4, .expect = 999 };
	struct chain_addition a = sample_addition("new", 50);
	struct policy_load wish = { .mode = XDPCTL_MODE_NATIVE, .additions = &a, .n_additions = 1 };

	is_chain(load(&iface, &change, &wish), "ten twenty thirty +new", "no expectation");
}

static void test_expect_and_idempotence(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct xdpctl_change change = { .ifindex = 4, .has_expect = true, .expect = 999 };
	struct chain_addition a = sample_addition("ten", 10);
	struct policy_load wish = { .mode = XDPCTL_MODE_NATIVE, .additions = &a, .n_additions = 1 };

	is_refused(load(&iface, &change, &wish), XDPCTL_FAULT_CONFLICT,
		   "an expectation counts where nothing is to be done, too");
}

static void test_link_held(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct chain_addition a = sample_addition("new", 50);

	iface.link_id = 9;
	is_refused(load_one(&iface, &a), XDPCTL_FAULT_REFUSED, "load on a chain that a link holds");
	is_refused(unload_name(&iface, "ten"), XDPCTL_FAULT_REFUSED, "unload from one");
	is_refused(unload_all(&iface, NULL), XDPCTL_FAULT_REFUSED, "unload --all of one");
	iface = degraded_chain();
	iface.link_id = 9;
	is_refused(repair(&iface), XDPCTL_FAULT_REFUSED, "repair of one");
	iface = sample_of(XDPCTL_STATE_FOREIGN);
	iface.link_id = 9;
	is_refused(unload_id(&iface, 71), XDPCTL_FAULT_REFUSED,
		   "unload a foreign one that a link holds");
}

/* ---------------------------------------------------------------- engines */

static struct xdpctl_iface fused_of_three(void)
{
	struct xdpctl_iface iface = chain_of_three();

	sample_fuse(&iface);
	util_copy(iface.engine_why, sizeof(iface.engine_why), "it had to be");
	return iface;
}

static struct outcome load_with(const struct xdpctl_iface *iface, enum xdpctl_engine engine,
				enum xdpctl_engine default_engine)
{
	struct chain_addition a = sample_addition("new", 50);

	return load(iface, NULL,
		    &(struct policy_load){ .mode = XDPCTL_MODE_NATIVE,
					   .engine = engine,
					   .default_engine = default_engine,
					   .default_why = "so it is here",
					   .additions = &a,
					   .n_additions = 1 });
}

static void has_engine(struct outcome o, enum xdpctl_engine engine, const char *why,
		       unsigned int version, const char *what)
{
	tap_is_int(o.rc, 0, "%s: success", what);
	tap_is_str(xdpctl_engine_name(o.d.engine), xdpctl_engine_name(engine), "%s: the engine",
		   what);
	tap_is_str(o.d.engine_why, why, "%s: and why", what);
	tap_is_int(o.d.version, version, "%s: the dispatcher's version", what);
	xdpctl_error_clear(&o.err);
}

static void test_engine_of_new_chains(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_EMPTY);

	has_engine(load_with(&iface, XDPCTL_ENGINE_AUTO, XDPCTL_ENGINE_FUSED), XDPCTL_ENGINE_FUSED,
		   "so it is here", 0, "auto where freplace doesn't work");
	has_engine(load_with(&iface, XDPCTL_ENGINE_FUSED, XDPCTL_ENGINE_AUTO), XDPCTL_ENGINE_FUSED,
		   "", 0, "fused is asked for");
	has_engine(load_with(&iface, XDPCTL_ENGINE_FUSED, XDPCTL_ENGINE_FUSED), XDPCTL_ENGINE_FUSED,
		   "", 0, "fused is asked for where nothing else works");
	has_engine(load_with(&iface, XDPCTL_ENGINE_FREPLACE, XDPCTL_ENGINE_FUSED),
		   XDPCTL_ENGINE_FREPLACE, "", 2, "freplace is asked for all the same");
}

static void test_engine_of_chains(void)
{
	struct xdpctl_iface iface = fused_of_three();

	has_engine(load_with(&iface, XDPCTL_ENGINE_AUTO, XDPCTL_ENGINE_FREPLACE),
		   XDPCTL_ENGINE_FUSED, "it had to be", 0, "a fused chain stays one");
	has_engine(load_with(&iface, XDPCTL_ENGINE_FUSED, XDPCTL_ENGINE_FREPLACE),
		   XDPCTL_ENGINE_FUSED, "it had to be", 0, "also where that is asked for");
	has_engine(unload_name(&iface, "ten"), XDPCTL_ENGINE_FUSED, "it had to be", 0,
		   "unload keeps it");
	iface.state = XDPCTL_STATE_DEGRADED;
	has_engine(repair(&iface), XDPCTL_ENGINE_FUSED, "it had to be", 0, "repair keeps it");
	iface = chain_of_three();
	has_engine(load_with(&iface, XDPCTL_ENGINE_AUTO, XDPCTL_ENGINE_FUSED),
		   XDPCTL_ENGINE_FREPLACE, "", 3, "a dispatcher's chain stays one");
	has_engine(unload_name(&iface, "ten"), XDPCTL_ENGINE_FREPLACE, "", 3, "unload keeps it");
	iface.state = XDPCTL_STATE_DEGRADED;
	has_engine(repair(&iface), XDPCTL_ENGINE_FREPLACE, "", 3, "repair keeps it");
}

static void test_other_engine(void)
{
	struct xdpctl_iface iface = fused_of_three();
	struct outcome o = load_with(&iface, XDPCTL_ENGINE_FREPLACE, XDPCTL_ENGINE_FREPLACE);

	tap_is_str(o.err.hint, "xdpctl convert eth0 --engine freplace changes it",
		   "freplace for a fused chain: the hint");
	is_refused(o, XDPCTL_FAULT_REFUSED, "freplace for a fused chain");
	iface = chain_of_three();
	o = load_with(&iface, XDPCTL_ENGINE_FUSED, XDPCTL_ENGINE_FREPLACE);
	tap_is_str(o.err.hint, "xdpctl convert eth0 --engine fused changes it",
		   "fused for a dispatcher's chain: the hint");
	is_refused(o, XDPCTL_FAULT_REFUSED, "fused for a dispatcher's chain");
}

/* @n programs, p00 and so on, onto @iface. */
static struct outcome load_many(const struct xdpctl_iface *iface, enum xdpctl_engine engine,
				unsigned int n)
{
	struct chain_addition a[XDPCTL_COMPONENTS_MAX + 1];
	char name[16];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "p%02u", i);
		a[i] = sample_addition(name, i);
	}
	return load(iface, NULL,
		    &(struct policy_load){ .mode = XDPCTL_MODE_NATIVE,
					   .engine = engine,
					   .additions = a,
					   .n_additions = n });
}

static void test_limits(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_EMPTY);
	struct outcome o = load_many(&iface, XDPCTL_ENGINE_FUSED, 64);

	tap_is_int(o.rc, 0, "64 at once, fused");
	tap_is_int(o.d.chain.n, 64, "are all in the chain");
	o = load_many(&iface, XDPCTL_ENGINE_FUSED, 65);
	tap_is_str(o.err.message,
		   "\"p64\" would be component 65 of eth0, 64 is the limit of the fused engine",
		   "65: the sentence");
	tap_is_str(o.err.hint, "", "there is no larger one to hint at");
	is_refused(o, XDPCTL_FAULT_REFUSED, "65 at once, fused");
	o = load_many(&iface, XDPCTL_ENGINE_FREPLACE, 11);
	tap_has_str(o.err.message, "component 11 of eth0, ten is the limit of the freplace engine",
		    "eleven: the sentence");
	has_hint(o, "xdpctl load eth0 --engine fused", "eleven on an empty interface");
	iface = chain_of_three();
	has_hint(load_many(&iface, XDPCTL_ENGINE_AUTO, 8), "xdpctl convert eth0 --engine fused",
		 "eight to three");
	sample_fuse(&iface);
	tap_is_int(load_many(&iface, XDPCTL_ENGINE_AUTO, 61).rc, 0, "61 to three, fused");
	is_refused(load_many(&iface, XDPCTL_ENGINE_AUTO, 62), XDPCTL_FAULT_REFUSED,
		   "62 to three, fused");
}

/* What is lost comes from its code; what lost its code runs on, and goes only by its name. */
static void test_repair_fused(void)
{
	struct xdpctl_iface iface = fused_of_three();
	struct outcome o;

	iface.state = XDPCTL_STATE_DEGRADED;
	is_chain(repair(&iface), "ten twenty thirty", "repair of what is all there");
	iface.components[1].prog_id = 0;
	is_chain(repair(&iface), "ten ~twenty thirty", "repair of a lost program");
	iface.components[1].prio = 31;
	is_chain(repair(&iface), "ten ~twenty thirty", "in the order in which it runs");
	iface.components[2].code_kept = false;
	has_hint(repair(&iface), "xdpctl unload eth0 thirty", "repair of lost code");
	is_refused(repair(&iface), XDPCTL_FAULT_REFUSED, "repair of lost code");
	is_chain(unload_name(&iface, "thirty"), "ten ~twenty", "unload of what lost its code");
	is_refused(unload_name(&iface, "ten"), XDPCTL_FAULT_REFUSED, "unload beside lost code");
	iface.n_components = 0;
	util_copy(iface.why, sizeof(iface.why), "the pin xdpctl/fused-4-71/chain is missing");
	has_hint(repair(&iface), "xdpctl unload eth0 --id 71", "repair without a configuration");
	is_detach(unload_id(&iface, 71), "unload of it");
	o = unload_all(&iface, NULL);
	tap_ok(o.err.hint[0], "unload --all of it hints at how");
	is_refused(o, XDPCTL_FAULT_REFUSED, "unload --all of it");
}

/* ---------------------------------------------------------------- convert */

/* The three as their objects are now. */
static struct outcome convert(const struct xdpctl_iface *iface, enum xdpctl_engine engine)
{
	const struct xdpctl_change change = { .ifindex = 4 };
	struct chain_addition a[] = { sample_addition("thirty", 30), sample_addition("ten", 10),
				      sample_addition("twenty", 20) };
	struct policy_convert wish = { .change = &change,
				       .engine = engine,
				       .default_version = 2,
				       .additions = a,
				       .n_additions = ARRAY_SIZE(a) };
	struct outcome o = { .d.version = UNTOUCHED };

	o.rc = policy_convert(iface, &wish, &o.d, &o.err);
	return o;
}

static void test_convert(void)
{
	struct xdpctl_iface iface = chain_of_three();
	struct outcome o = convert(&iface, XDPCTL_ENGINE_FUSED);

	tap_is_int(o.d.engine, XDPCTL_ENGINE_FUSED, "to fused: the engine");
	tap_is_str(o.d.engine_why, "", "to fused: because it was asked for");
	is_chain(o, "+ten +twenty +thirty", "to fused");
	is_nothing(convert(&iface, XDPCTL_ENGINE_FREPLACE), "to what it is");
	iface.components[0].prio = 31;
	iface.components[0].actions = 0x1f;
	o = convert(&iface, XDPCTL_ENGINE_FUSED);
	tap_is_int(o.d.chain.entries[0].prio, 31, "the priority is that which it has");
	tap_is_int(o.d.chain.entries[0].actions, 0x1f, "the actions as well");
	is_chain(o, "+ten +twenty +thirty", "in the order in which they run");

	iface = fused_of_three();
	has_engine(convert(&iface, XDPCTL_ENGINE_FREPLACE), XDPCTL_ENGINE_FREPLACE, "", 2,
		   "to freplace");
	is_chain(convert(&iface, XDPCTL_ENGINE_FREPLACE), "~ten ~twenty ~thirty", "from the code");
	is_nothing(convert(&iface, XDPCTL_ENGINE_FUSED), "a fused one to what it is");
}

static void test_convert_refused(void)
{
	struct xdpctl_iface iface = chain_of_three();
	char name[16];

	iface.components[1].recorded = false;
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_REFUSED,
		   "with one that another tool loaded");
	iface = chain_of_three();
	iface.components[1].sha256[0] ^= 1;
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_REFUSED,
		   "with one whose object has changed");
	iface = chain_of_three();
	iface.link_id = 9;
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_REFUSED,
		   "what a bpf_link holds");
	iface = fused_of_three();
	for (unsigned int i = 3; i < 11; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		sample_recorded(&iface, name, 40 + i);
	}
	is_refused(convert(&iface, XDPCTL_ENGINE_FREPLACE), XDPCTL_FAULT_REFUSED,
		   "eleven to freplace");
	iface.n_components = 10;
	tap_is_int(convert(&iface, XDPCTL_ENGINE_FREPLACE).rc, 0, "ten to freplace");
}

static void test_convert_by_state(void)
{
	struct xdpctl_iface iface = sample_of(XDPCTL_STATE_EMPTY);

	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_NOT_FOUND, "of nothing");
	iface = sample_of(XDPCTL_STATE_FOREIGN);
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_REFUSED,
		   "of a foreign program");
	iface = degraded_chain();
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_REFUSED,
		   "of a degraded chain");
	iface = sample_of(XDPCTL_STATE_NEWER);
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_UNSUPPORTED,
		   "of a newer dispatcher");
	iface = sample_of(XDPCTL_STATE_UNREADABLE);
	is_refused(convert(&iface, XDPCTL_ENGINE_FUSED), XDPCTL_FAULT_FAILED,
		   "of what can't be read");
}

int main(void)
{
	test_load_by_state();
	test_load_names_the_foreign();
	test_load_entries();
	test_load_idempotent();
	test_load_not_the_same();
	test_load_all_or_none();
	test_ten();
	test_ten_and_the_same();
	test_modes();
	test_versions();
	test_unload_by_state();
	test_unload_chain();
	test_unload_says_what_is_there();
	test_unload_nothing();
	test_unload_degraded();
	test_owners();
	test_repair();
	test_repair_from_pins();
	test_repair_of_ruins();
	test_expect();
	test_no_expect();
	test_expect_and_idempotence();
	test_link_held();
	test_engine_of_new_chains();
	test_engine_of_chains();
	test_other_engine();
	test_limits();
	test_repair_fused();
	test_convert();
	test_convert_refused();
	test_convert_by_state();
	return tap_done();
}
