// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Layouts (offsets in bytes; numbers are in the machine's byte order):
 *
 *   v1  0 u8 n, 4 u32 actions[10], 44 u32 prios[10]                               84 bytes
 *   v2  0 u8 magic 236, u8 version, u8 n, u8 frags,
 *       4 u32 actions[10], 44 u32 prios[10], 84 u32 flags[10]                    124 bytes
 *   v3  as v2, then 124 u8 devbound, 3 bytes of padding                          128 bytes
 */
#include "model/wire.h"

#include <errno.h>
#include <string.h>

#include "error.h"

#define MAGIC 236u
#define RETVAL_BIT (1u << 31) /* the stub's return code: an empty slot lets the packet on */

enum {
	AT_MAGIC,
	AT_VERSION,
	AT_COUNT,
	AT_FRAGS,
	AT_ACTIONS,
	AT_PRIOS = 44,
	AT_FLAGS = 84,
	AT_DEVBOUND = 124
};

static uint32_t get_u32(const uint8_t *bytes, size_t at, unsigned int i)
{
	uint32_t value;

	memcpy(&value, bytes + at + i * sizeof(value), sizeof(value));
	return value;
}

static void put_u32(uint8_t *bytes, size_t at, unsigned int i, uint32_t value)
{
	memcpy(bytes + at + i * sizeof(value), &value, sizeof(value));
}

static int bad_size(unsigned int version, size_t size, struct xdpctl_error *err)
{
	return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
			 "the configuration map of a version %u dispatcher has %zu bytes", version,
			 size);
}

/* Which version these bytes are, and whether they have the size for it. */
static int decode_version(const uint8_t *bytes, size_t size, unsigned int btf_version,
			  unsigned int *out, struct xdpctl_error *err)
{
	unsigned int version = btf_version;

	if (size > AT_VERSION && bytes[AT_MAGIC] == MAGIC)
		version = bytes[AT_VERSION];
	*out = version;
	if (version > 3)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
				 "dispatcher version %u is newer than 3, the newest that we know",
				 version);
	if (version == 0)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
				 "the dispatcher's configuration has no version");
	if (version == 1)
		return size >= WIRE_SIZE_V1 ? 0 : bad_size(version, size, err);
	if (size != (version == 2 ? WIRE_SIZE_V2 : WIRE_SIZE_V3))
		return bad_size(version, size, err);
	return 0;
}

static int decode_count(const uint8_t *bytes, struct wire_config *config, struct xdpctl_error *err)
{
	config->n_slots = bytes[config->version == 1 ? 0 : AT_COUNT];
	if (config->n_slots > XDPCTL_SLOTS_MAX)
		return error_say(
			err, XDPCTL_FAULT_FAILED, EINVAL,
			"the dispatcher's configuration claims %u components, ten is the limit",
			config->n_slots);
	return 0;
}

int wire_decode(const void *data, size_t size, unsigned int btf_version, struct wire_config *out,
		struct xdpctl_error *err)
{
	const uint8_t *bytes = data;
	struct wire_config config = { 0 };
	int r;

	r = decode_version(bytes, size, btf_version, &config.version, err);
	if (r < 0) {
		out->version = config.version;
		return r;
	}
	r = decode_count(bytes, &config, err);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < config.n_slots; i++) {
		config.slots[i].actions = get_u32(bytes, AT_ACTIONS, i) & ~RETVAL_BIT;
		config.slots[i].prio = get_u32(bytes, AT_PRIOS, i);
		if (config.version >= 2)
			config.slots[i].frags = get_u32(bytes, AT_FLAGS, i) & WIRE_FLAG_FRAGS;
	}
	if (config.version >= 2)
		config.frags = bytes[AT_FRAGS] != 0;
	if (config.version >= 3)
		config.devbound = bytes[AT_DEVBOUND] != 0;
	*out = config;
	return 0;
}

size_t wire_encode(const struct wire_config *config, uint8_t bytes[WIRE_SIZE_MAX])
{
	uint32_t bound = config->devbound ? WIRE_FLAG_DEVBOUND : 0;

	if (config->version != 2 && config->version != 3)
		return 0;
	memset(bytes, 0, WIRE_SIZE_MAX);
	bytes[AT_MAGIC] = MAGIC;
	bytes[AT_VERSION] = (uint8_t)config->version;
	bytes[AT_COUNT] = (uint8_t)config->n_slots;
	bytes[AT_FRAGS] = config->frags;
	for (unsigned int i = 0; i < config->n_slots; i++) {
		const struct wire_slot *slot = &config->slots[i];

		put_u32(bytes, AT_ACTIONS, i, slot->actions | RETVAL_BIT);
		put_u32(bytes, AT_PRIOS, i, slot->prio);
		put_u32(bytes, AT_FLAGS, i, (slot->frags ? WIRE_FLAG_FRAGS : 0) | bound);
	}
	if (config->version == 2)
		return WIRE_SIZE_V2;
	bytes[AT_DEVBOUND] = config->devbound;
	return WIRE_SIZE_V3;
}
