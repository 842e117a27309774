/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatcher's configuration map. The layouts here are written down a second time, as libxdp's
 * releases have them, so that an error in wire.c can't be in its test as well.
 */
#include "model/wire.h"

#include <errno.h>

#include "fake/sample.h"
#include "util.h"

#include "tap.h"

struct layout_v1 {
	uint8_t num_progs_enabled;
	uint32_t chain_call_actions[10];
	uint32_t run_prios[10];
};

struct layout_v2 {
	uint8_t magic;
	uint8_t dispatcher_version;
	uint8_t num_progs_enabled;
	uint8_t is_xdp_frags;
	uint32_t chain_call_actions[10];
	uint32_t run_prios[10];
	uint32_t program_flags[10];
};

struct layout_v3 {
	struct layout_v2 v2;
	uint8_t is_xdp_devbound;
	uint8_t pad[3];
};

_Static_assert(sizeof(struct layout_v1) == WIRE_SIZE_V1, "v1");
_Static_assert(sizeof(struct layout_v2) == WIRE_SIZE_V2, "v2");
_Static_assert(sizeof(struct layout_v3) == WIRE_SIZE_V3, "v3");

/* Decodes from memory of exactly @size bytes, so that the sanitizer sees a read beyond. */
static int decode(const void *bytes, size_t size, unsigned int btf_version, struct wire_config *out,
		  struct xdpctl_error *err)
{
	uint8_t *copy = malloc(size ? size : 1);
	int rc;

	memcpy(copy, bytes, size);
	rc = wire_decode(copy, size, btf_version, out, err);
	free(copy);
	return rc;
}

static struct layout_v3 sample_v3(void)
{
	struct layout_v3 v3 = {
		.v2 = { 236, 3, 2, 1, { 0x80000004, 0x80000006 }, { 50, 0 }, { 0x60, 0x60 } },
		.is_xdp_devbound = 1
	};

	return v3;
}

static void test_encode_bytes(void)
{
	struct wire_config config = { .version = 2, .n_slots = 2 };
	uint8_t bytes[WIRE_SIZE_MAX];
	struct layout_v2 v2;

	memset(bytes, 0xa5, sizeof(bytes));
	config.slots[0] = (struct wire_slot){ .actions = 4, .prio = 50, .frags = true };
	config.slots[1] = (struct wire_slot){ .actions = 0, .prio = 0xfffffffe };
	tap_is_int(wire_encode(&config, bytes), 124, "version 2 has 124 bytes");
	memcpy(&v2, bytes, sizeof(v2));
	tap_is_int(v2.magic, 236, "magic first");
	tap_is_int(v2.dispatcher_version, 2, "then the version");
	tap_is_int(v2.num_progs_enabled, 2, "then the count");
	tap_is_int(v2.is_xdp_frags, 0, "then frags of the whole");
	tap_is_int(v2.chain_call_actions[0], 0x80000004, "pass, with the stub's own code 31");
	tap_is_int(v2.chain_call_actions[1], 0x80000000, "none is still let on by an empty stub");
	tap_is_int(v2.chain_call_actions[2], 0, "unused slots have no actions");
	tap_is_int(v2.run_prios[0], 50, "priority");
	tap_is_int(v2.run_prios[1], 0xfffffffe, "the greatest, too");
	tap_is_int(v2.program_flags[0], 0x20, "frags of one");
	tap_is_int(v2.program_flags[1], 0, "and not of the other");
	tap_is_int(v2.program_flags[9], 0, "unused slots have no flags");
}

static void test_encode_v3(void)
{
	struct wire_config config = { .version = 3, .n_slots = 1, .frags = true, .devbound = true };
	uint8_t bytes[WIRE_SIZE_MAX];
	struct layout_v3 v3;

	memset(bytes, 0xa5, sizeof(bytes));
	config.slots[0] = (struct wire_slot){ .actions = 4, .prio = 1, .frags = true };
	tap_is_int(wire_encode(&config, bytes), 128, "version 3 has 128 bytes");
	memcpy(&v3, bytes, sizeof(v3));
	tap_is_int(v3.v2.dispatcher_version, 3, "and says so");
	tap_is_int(v3.v2.is_xdp_frags, 1, "frags");
	tap_is_int(v3.v2.program_flags[0], 0x60, "device-bound is a flag of each slot");
	tap_is_int(v3.is_xdp_devbound, 1, "and of the whole, at byte 124");
	tap_ok(!v3.pad[0] && !v3.pad[1] && !v3.pad[2], "padding is zero");
}

static void test_encode_other_versions(void)
{
	static const unsigned int versions[] = { 0, 1, 4, 255 };
	uint8_t bytes[WIRE_SIZE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct wire_config config = { .version = versions[i], .n_slots = 1 };

		tap_is_int(wire_encode(&config, bytes), 0, "version %u isn't written", versions[i]);
	}
}

static void test_decode_v1(void)
{
	struct layout_v1 v1 = { 3, { 0x80000004, 0x80000002, 0x80000000 }, { 10, 20, 30 } };
	struct wire_config config = { 0 };

	tap_is_int(decode(&v1, sizeof(v1), 1, &config, NULL), 0, "version 1 by BTF is read");
	tap_is_int(config.version, 1, "as such");
	tap_is_int(config.n_slots, 3, "with its count");
	tap_is_int(config.slots[0].actions, 4, "the stub's code 31 isn't the user's");
	tap_is_int(config.slots[2].actions, 0, "none is none");
	tap_is_int(config.slots[1].prio, 20, "priority");
	tap_ok(!config.frags && !config.devbound && !config.slots[0].frags, "nothing is invented");
	tap_ok(decode(&v1, sizeof(v1), 0, &config, NULL) < 0, "without BTF's word it is nothing");
	tap_is_int(decode(&v1, sizeof(v1) - 1, 1, &config, NULL), -EINVAL,
		   "a byte less is refused");
	v1.num_progs_enabled = 11;
	tap_is_int(decode(&v1, sizeof(v1), 1, &config, NULL), -EINVAL, "eleven are refused");
}

static void test_decode_v2(void)
{
	struct layout_v2 v2 = { 236, 2, 2, 1, { 0x80000004, 0x8000001f }, { 42, 43 }, { 0x20, 0 } };
	struct wire_config config = { 0 };

	tap_is_int(decode(&v2, sizeof(v2), 2, &config, NULL), 0, "version 2 is read");
	tap_is_int(config.version, 2, "as such");
	tap_is_int(config.n_slots, 2, "with its count");
	tap_ok(config.frags, "frags of the whole");
	tap_ok(config.slots[0].frags && !config.slots[1].frags, "frags of each");
	tap_is_int(config.slots[1].actions, 0x1f, "all five actions");
	tap_is_int(config.slots[1].prio, 43, "priority");
	tap_is_int(decode(&v2, sizeof(v2), 0, &config, NULL), 0, "BTF needn't say so");
	tap_is_int(decode(&v2, sizeof(v2), 1, &config, NULL), 0,
		   "and isn't believed against the bytes");
	tap_is_int(config.version, 2, "which say 2");
}

static void test_decode_v3(void)
{
	struct layout_v3 v3 = sample_v3();
	struct wire_config config = { 0 };

	tap_is_int(decode(&v3, sizeof(v3), 3, &config, NULL), 0, "version 3 is read");
	tap_is_int(config.version, 3, "as such");
	tap_ok(config.devbound, "device-bound");
	tap_ok(config.frags && config.slots[0].frags, "frags");
	tap_is_int(config.slots[0].prio, 50, "priority");
	v3.v2.num_progs_enabled = 10;
	tap_is_int(decode(&v3, sizeof(v3), 3, &config, NULL), 0, "ten are the limit");
	tap_is_int(config.n_slots, 10, "and read");
	v3.v2.num_progs_enabled = 0;
	tap_is_int(decode(&v3, sizeof(v3), 3, &config, NULL), 0, "none is a configuration");
}

static void test_bad_count(void)
{
	struct layout_v3 v3 = sample_v3();

	for (unsigned int n = 11; n < 256; n += n == 11 ? 1 : 61) {
		struct wire_config config = { .n_slots = 77 };
		struct xdpctl_error err = { 0 };

		v3.v2.num_progs_enabled = (uint8_t)n;
		tap_is_int(decode(&v3, sizeof(v3), 3, &config, &err), -EINVAL, "%u are refused", n);
		tap_ok(err.fault && err.message[0], "in words");
		tap_is_int(config.n_slots, 77, "and *out isn't half set");
		xdpctl_error_clear(&err);
	}
}

static void test_wrong_size(void)
{
	static const struct {
		uint8_t version;
		size_t size;
	} wrong[] = {
		{ 2, 84 }, { 2, 123 }, { 2, 125 }, { 2, 128 },
		{ 3, 84 }, { 3, 124 }, { 3, 127 }, { 3, 129 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint8_t bytes[160] = { 236, wrong[i].version, 1 };
		struct wire_config config;
		struct xdpctl_error err = { 0 };

		tap_is_int(decode(bytes, wrong[i].size, wrong[i].version, &config, &err), -EINVAL,
			   "version %u in %zu bytes is refused", wrong[i].version, wrong[i].size);
		tap_ok(err.message[0], "in words");
		xdpctl_error_clear(&err);
	}
}

static void test_newer(void)
{
	static const size_t sizes[] = { 2, 84, 124, 128, 132, 200 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t bytes[200] = { 236, 4, 200 };
		struct wire_config config = { 0 };
		struct xdpctl_error err = { 0 };

		tap_is_int(decode(bytes, sizes[i], 0, &config, &err), -EOPNOTSUPP,
			   "version 4 in %zu bytes is newer", sizes[i]);
		tap_is_int(err.fault, XDPCTL_FAULT_UNSUPPORTED, "and not supported");
		tap_is_int(config.version, 4, "which is told");
		xdpctl_error_clear(&err);
	}
	for (unsigned int version = 5; version < 256; version += 50) {
		uint8_t bytes[128] = { 236, (uint8_t)version };
		struct wire_config config = { 0 };

		tap_is_int(decode(bytes, sizeof(bytes), 3, &config, NULL), -EOPNOTSUPP,
			   "version %u is newer, whatever BTF says", version);
		tap_is_int(config.version, version, "and told");
	}
}

static void test_no_version(void)
{
	uint8_t zeroes[128] = { 0 };
	uint8_t magic[128] = { 236, 0, 1 };
	uint8_t one[128] = { 236, 1, 1 };
	struct wire_config config;

	tap_is_int(decode(zeroes, 128, 0, &config, NULL), -EINVAL, "zeroes are no configuration");
	tap_is_int(decode(magic, 128, 0, &config, NULL), -EINVAL, "version 0 is none");
	tap_is_int(decode(one, 84, 1, &config, NULL), -EINVAL,
		   "version 1 has no magic, so 236 is a count");
	tap_is_int(decode(zeroes, 0, 0, &config, NULL), -EINVAL, "nothing is none");
	tap_is_int(decode(zeroes, 0, 3, &config, NULL), -EINVAL,
		   "nothing is none, whatever BTF says");
	tap_is_int(decode(magic, 1, 0, &config, NULL), -EINVAL, "one byte is none");
}

static bool same_config(const struct wire_config *a, const struct wire_config *b)
{
	if (a->version != b->version || a->n_slots != b->n_slots || a->frags != b->frags ||
	    a->devbound != b->devbound)
		return false;
	for (unsigned int i = 0; i < a->n_slots; i++)
		if (a->slots[i].actions != b->slots[i].actions ||
		    a->slots[i].prio != b->slots[i].prio || a->slots[i].frags != b->slots[i].frags)
			return false;
	return true;
}

static void test_round_trip(void)
{
	uint32_t seed = 0x2545f491;
	unsigned int wrong = 0;

	for (unsigned int round = 0; round < 20000; round++) {
		struct wire_config config = { .version = 2 + round % 2 }, back = { 0 };
		uint8_t bytes[WIRE_SIZE_MAX];
		size_t size;

		config.n_slots = sample_random(&seed) % 11;
		config.frags = sample_random(&seed) & 1;
		config.devbound = config.version == 3 && sample_random(&seed) & 1;
		for (unsigned int i = 0; i < config.n_slots; i++)
			config.slots[i] = (struct wire_slot){ sample_random(&seed) & 0x1f,
							      sample_random(&seed),
							      sample_random(&seed) & 1 };
		size = wire_encode(&config, bytes);
		if (decode(bytes, size, config.version, &back, NULL) < 0 ||
		    !same_config(&config, &back))
			wrong++;
	}
	tap_is_int(wrong, 0, "20,000 random configurations survive a round trip");
}

/* Whatever the bytes are: an answer, no crash, never more than ten slots. */
static void test_random_bytes(void)
{
	uint32_t seed = 0x9e3779b9;
	unsigned int wrong = 0, read = 0;

	for (size_t size = 0; size <= 200; size++) {
		for (unsigned int round = 0; round < 300; round++) {
			struct wire_config config = { 0 };
			uint8_t bytes[200];
			int rc;

			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = (uint8_t)sample_random(&seed);
			if (round % 3 == 0)
				bytes[0] = 236;
			if (round % 2 == 0)
				bytes[1] = (uint8_t)(sample_random(&seed) % 6);
			if (round % 5 == 0)
				bytes[2] %= 12;
			rc = decode(bytes, size, sample_random(&seed) % 6, &config, NULL);
			read += rc == 0;
			wrong += rc > 0 || (rc == 0 && (config.n_slots > 10 || config.version < 1 ||
							config.version > 3));
			wrong += rc < 0 && rc != -EINVAL && rc != -EOPNOTSUPP;
		}
	}
	tap_is_int(wrong, 0, "60,300 random byte strings of 0 to 200 bytes have an answer");
	tap_ok(read > 0, "some of them are configurations (%u)", read);
}

int main(void)
{
	test_encode_bytes();
	test_encode_v3();
	test_encode_other_versions();
	test_decode_v1();
	test_decode_v2();
	test_decode_v3();
	test_bad_count();
	test_wrong_size();
	test_newer();
	test_no_version();
	test_round_trip();
	test_random_bytes();
	return tap_done();
}
