// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/fusedconf.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "util.h"

#define MAGIC 0x46504458u
#define SCHEMA 1u
#define FRAGS 1u
#define CALLED 2u

/* As it is in the map. */
struct slot {
	uint32_t prio;
	uint32_t actions;
	uint32_t flags;
	uint32_t prog_id;
	uint64_t load_time;
	char func[FUSEDCONF_FUNC_SIZE];
};

struct image {
	uint32_t magic;
	uint32_t schema;
	uint32_t n;
	uint32_t flags;
	uint64_t load_time;
	uint32_t prog_id;
	uint32_t zero;
	char why[FUSEDCONF_WHY_SIZE];
	struct slot slots[XDPCTL_COMPONENTS_MAX];
};

_Static_assert(sizeof(struct image) == FUSEDCONF_SIZE, "the layout is a protocol");

static void encode_slot(const struct fusedconf_slot *slot, struct slot *out)
{
	*out = (struct slot){
		.prio = slot->prio,
		.actions = slot->actions,
		.flags = (slot->frags ? FRAGS : 0) | (slot->called ? CALLED : 0),
		.prog_id = slot->prog_id,
		.load_time = slot->load_time,
	};
	util_copy(out->func, sizeof(out->func), slot->func);
}

static void decode_slot(const struct slot *slot, struct fusedconf_slot *out)
{
	*out = (struct fusedconf_slot){
		.prio = slot->prio,
		.actions = slot->actions,
		.frags = slot->flags & FRAGS,
		.called = slot->flags & CALLED,
		.prog_id = slot->prog_id,
		.load_time = slot->load_time,
	};
	memcpy(out->func, slot->func, sizeof(out->func) - 1);
}

void fusedconf_encode(const struct fusedconf *conf, uint8_t out[FUSEDCONF_SIZE])
{
	struct image image = {
		.magic = MAGIC,
		.schema = SCHEMA,
		.n = conf->n,
		.flags = conf->frags ? FRAGS : 0,
		.load_time = conf->load_time,
		.prog_id = conf->prog_id,
	};

	util_copy(image.why, sizeof(image.why), conf->why);
	for (unsigned int i = 0; i < conf->n; i++)
		encode_slot(&conf->slots[i], &image.slots[i]);
	memcpy(out, &image, sizeof(image));
}

static int unknown(struct xdpctl_error *err)
{
	return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
			 "the map \"chain\" is of a layout that this version doesn't know");
}

int fusedconf_decode(const uint8_t *bytes, size_t size, struct fusedconf *out,
		     struct xdpctl_error *err)
{
	struct image image;

	if (size != sizeof(image))
		return unknown(err);
	memcpy(&image, bytes, sizeof(image));
	if (image.magic != MAGIC || image.schema != SCHEMA)
		return unknown(err);
	if (!image.n || image.n > XDPCTL_COMPONENTS_MAX)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
				 "the map \"chain\" speaks of %u components", image.n);
	*out = (struct fusedconf){
		.prog_id = image.prog_id,
		.load_time = image.load_time,
		.frags = image.flags & FRAGS,
		.n = image.n,
	};
	image.why[sizeof(image.why) - 1] = '\0';
	util_copy(out->why, sizeof(out->why), image.why);
	for (unsigned int i = 0; i < image.n; i++)
		decode_slot(&image.slots[i], &out->slots[i]);
	return 0;
}
