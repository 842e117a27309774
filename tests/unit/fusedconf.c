/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of a fused chain: what is written is read, and no bytes are trusted. */
#include "model/fusedconf.h"

#include <errno.h>

#include "fake/sample.h"
#include "util.h"

#include "tap.h"

/* The layout, written down a second time, so that an error in fusedconf.c can't be in its test as well. */
struct layout_slot {
	uint32_t prio, actions;
	uint32_t flags; /* 1: frags, 2: called */
	uint32_t prog_id;
	uint64_t load_time;
	char func[16];
};

struct layout {
	char magic[4];
	uint32_t schema, n;
	uint32_t flags; /* 1: frags */
	uint64_t load_time;
	uint32_t prog_id, zero;
	char why[128];
	struct layout_slot slots[64];
};

_Static_assert(sizeof(struct layout) == FUSEDCONF_SIZE, "the whole");

static struct fusedconf sample(unsigned int n)
{
	struct fusedconf conf = {
		.prog_id = 71,
		.load_time = 987654321012345,
		.frags = n % 2,
		.why = "freplace doesn't work here",
		.n = n,
	};

	for (unsigned int i = 0; i < n; i++) {
		conf.slots[i] = (struct fusedconf_slot){
			.prio = 10 * i,
			.actions = 4 + i % 3,
			.frags = i % 2,
			.called = i % 3 == 0,
			.prog_id = 100 + i,
			.load_time = 1000000007ull * i,
		};
		snprintf(conf.slots[i].func, sizeof(conf.slots[i].func), "component_%u", i);
	}
	return conf;
}

/* Decodes from memory of exactly @size bytes, so that the sanitizer sees a read beyond. */
static int decode(const void *bytes, size_t size, struct fusedconf *out, struct xdpctl_error *err)
{
	uint8_t *copy = malloc(size ? size : 1);
	int rc;

	memcpy(copy, bytes, size);
	rc = fusedconf_decode(copy, size, out, err);
	free(copy);
	return rc;
}

static bool same_slot(const struct fusedconf_slot *a, const struct fusedconf_slot *b)
{
	return a->prio == b->prio && a->actions == b->actions && a->frags == b->frags &&
	       a->called == b->called && a->prog_id == b->prog_id && a->load_time == b->load_time &&
	       strcmp(a->func, b->func) == 0;
}

static bool same(const struct fusedconf *a, const struct fusedconf *b)
{
	for (unsigned int i = 0; i < a->n && i < XDPCTL_COMPONENTS_MAX; i++)
		if (!same_slot(&a->slots[i], &b->slots[i]))
			return false;
	return a->prog_id == b->prog_id && a->load_time == b->load_time && a->frags == b->frags &&
	       a->n == b->n && strcmp(a->why, b->why) == 0;
}

/* Refused with the errno, in a sentence, and the caller's value is as it was. */
static void is_refused(const void *bytes, size_t size, int code, const char *what)
{
	struct fusedconf before, out;
	struct xdpctl_error err = { 0 };

	memset(&before, 0x5a, sizeof(before));
	out = before;
	tap_is_int(decode(bytes, size, &out, &err), -code, "%s: refused", what);
	tap_is_int(err.code, code, "%s: with the errno", what);
	tap_ok(err.message[0], "%s: in a sentence", what);
	tap_ok(memcmp(&out, &before, sizeof(out)) == 0, "%s: nothing is handed out", what);
	xdpctl_error_clear(&err);
}

static struct layout layout_of(unsigned int n)
{
	struct fusedconf conf = sample(n);
	uint8_t bytes[FUSEDCONF_SIZE];
	struct layout layout;

	fusedconf_encode(&conf, bytes);
	memcpy(&layout, bytes, sizeof(layout));
	return layout;
}

/* ---------------------------------------------------------------- tests */

static void test_round_trips(void)
{
	for (unsigned int n = 1; n <= XDPCTL_COMPONENTS_MAX; n++) {
		struct fusedconf conf = sample(n), back;
		uint8_t bytes[FUSEDCONF_SIZE];

		fusedconf_encode(&conf, bytes);
		tap_ok(decode(bytes, sizeof(bytes), &back, NULL) == 0 && same(&conf, &back),
		       "%u components go round", n);
	}
}

static void test_layout(void)
{
	struct layout layout = layout_of(5);

	tap_ok(memcmp(layout.magic,
		      "XDP"
		      "F",
		      4) == 0,
	       "it begins with its magic");
	tap_is_int(layout.schema, 1, "its schema");
	tap_is_int(layout.n, 5, "how many there are");
	tap_is_int(layout.flags, 1, "the whole's frags");
	tap_is_int(layout.prog_id, 71, "whose it is");
	tap_is_int(layout.load_time, 987654321012345, "and of when");
	tap_is_str(layout.why, "freplace doesn't work here", "why it is fused");
	tap_is_int(layout.slots[3].flags, 3, "frags and a call");
	tap_is_int(layout.slots[4].prog_id, 104, "a component's program");
	tap_is_str(layout.slots[4].func, "component_4", "its function");
	tap_is_int(layout.slots[5].prog_id + layout.zero, 0, "and nothing else");
}

static void test_sizes(void)
{
	struct layout layout[2] = { layout_of(3), layout_of(3) };
	struct fusedconf out;
	unsigned int wrong = 0;

	for (size_t size = 0; size < sizeof(layout[0]); size++)
		wrong += decode(layout, size, &out, NULL) != -EOPNOTSUPP;
	tap_is_int(wrong, 0, "each of %zu truncations is refused", sizeof(layout[0]));
	is_refused(layout, sizeof(layout[0]) + 8, EOPNOTSUPP, "a longer value");
}

static void test_other_layouts(void)
{
	struct layout layout = layout_of(3);

	layout.schema = 2;
	is_refused(&layout, sizeof(layout), EOPNOTSUPP, "another schema");
	layout = layout_of(3);
	layout.magic[3] = 'C';
	is_refused(&layout, sizeof(layout), EOPNOTSUPP, "another magic");
	memset(&layout, 0, sizeof(layout));
	is_refused(&layout, sizeof(layout), EOPNOTSUPP, "zeros");
}

static void test_counts(void)
{
	static const uint32_t counts[] = { 0, 65, 256, 0x80000000, 0xffffffff };
	struct layout layout = layout_of(64);

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		char what[32];

		layout.n = counts[i];
		snprintf(what, sizeof(what), "%u components", counts[i]);
		is_refused(&layout, sizeof(layout), EINVAL, what);
	}
}

/* Strings that don't end, and ones that are too long to be written. */
static void test_strings(void)
{
	struct layout layout = layout_of(2);
	struct fusedconf conf;

	memset(layout.why, 'y', sizeof(layout.why));
	memset(layout.slots[1].func, 'f', sizeof(layout.slots[1].func));
	tap_is_int(decode(&layout, sizeof(layout), &conf, NULL), 0, "strings without an end");
	tap_is_int(strlen(conf.why), sizeof(conf.why) - 1, "a reason ends");
	tap_is_int(strlen(conf.slots[1].func), sizeof(conf.slots[1].func) - 1, "a name ends");
	memset(conf.why, 'y', sizeof(conf.why) - 1);
	fusedconf_encode(&conf, (uint8_t *)&layout);
	tap_is_int(strnlen(layout.why, sizeof(layout.why)), sizeof(layout.why) - 1,
		   "the longest reason is written with its end");
}

static void test_damage(void)
{
	struct layout good = layout_of(64);
	uint32_t random = 20240917;
	unsigned int accepted = 0, wild = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		struct layout bad = good;
		struct fusedconf conf;

		for (unsigned int n = sample_random(&random) % 8 + 1; n > 0; n--)
			((uint8_t *)&bad)[sample_random(&random) % (i % 2 ? sizeof(bad) : 32)] =
				(uint8_t)sample_random(&random);
		if (decode(&bad, sizeof(bad), &conf, NULL) < 0)
			continue;
		accepted++;
		wild += !conf.n || conf.n > XDPCTL_COMPONENTS_MAX;
		for (unsigned int slot = 0; slot < conf.n; slot++)
			wild += strlen(conf.slots[slot].func) >= sizeof(conf.slots[slot].func);
	}
	tap_ok(accepted > 0, "damage that can't be told is read (%u)", accepted);
	tap_is_int(wild, 0, "as something that makes sense");
}

int main(void)
{
	test_round_trips();
	test_layout();
	test_sizes();
	test_other_layouts();
	test_counts();
	test_strings();
	test_damage();
	return tap_done();
}
