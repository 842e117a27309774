// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Our records of components, keyed by program id, which is unique in the whole kernel while an ifindex is
 * not; and of the pins that maps got because their objects ask for it, keyed by map id.
 */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/real.h"
#include "kernel/table.h"
#include "util.h"

#define RECORD_SCHEMA 1u
#define MAP_PIN_SCHEMA 1u

/* The values' layouts, documented in xdpctl-protocol(7). A change of one gets a new schema number. */
struct record_value {
	uint32_t schema;
	uint32_t uid;
	uint64_t load_time;
	uint64_t loaded_at;
	char name[XDPCTL_NAME_SIZE];
	char owner[XDPCTL_NAME_SIZE];
	char object[XDPCTL_PATH_SIZE];
	uint8_t sha256[32];
	uint8_t settings[32];
};

struct map_pin_value {
	uint32_t schema;
	uint32_t reserved;
	char path[XDPCTL_PATH_SIZE];
};

static const struct table records = {
	.pin = "xdpctl/components",
	.name = "xdpctl_records",
	.value_size = sizeof(struct record_value),
	.schema = RECORD_SCHEMA,
};

static const struct table map_pins = {
	.pin = "xdpctl/map_pins",
	.name = "xdpctl_map_pins",
	.value_size = sizeof(struct map_pin_value),
	.schema = MAP_PIN_SCHEMA,
};

/* ---------------------------------------------------------------- components */

static struct record_value value_of(const struct kernel_record *record)
{
	struct record_value value = {
		.schema = RECORD_SCHEMA,
		.uid = record->uid,
		.load_time = record->load_time,
		.loaded_at = record->loaded_at,
	};

	util_copy(value.name, sizeof(value.name), record->name);
	util_copy(value.owner, sizeof(value.owner), record->owner);
	util_copy(value.object, sizeof(value.object), record->object);
	memcpy(value.sha256, record->sha256, sizeof(value.sha256));
	memcpy(value.settings, record->settings, sizeof(value.settings));
	return value;
}

/* The map's bytes are input: util_copy() ends strings that don't end. */
static struct kernel_record record_of(uint32_t prog_id, const struct record_value *value)
{
	struct kernel_record record = {
		.prog_id = prog_id,
		.uid = value->uid,
		.load_time = value->load_time,
		.loaded_at = value->loaded_at,
	};

	util_copy(record.name, sizeof(record.name), value->name);
	util_copy(record.owner, sizeof(record.owner), value->owner);
	util_copy(record.object, sizeof(record.object), value->object);
	memcpy(record.sha256, value->sha256, sizeof(record.sha256));
	memcpy(record.settings, value->settings, sizeof(record.settings));
	return record;
}

int records_put(struct kernel *k, const struct kernel_record *record, struct xdpctl_error *err)
{
	struct record_value value = value_of(record);

	return table_put(k, &records, record->prog_id, &value, err);
}

int records_remove(struct kernel *k, uint32_t prog_id, struct xdpctl_error *err)
{
	return table_remove(k, &records, prog_id, err);
}

void records_sweep(struct kernel *k)
{
	table_sweep(k, &records);
	table_sweep(k, &map_pins);
}

/* An array that grows as entries come. */
struct list {
	void *items;
	size_t n;
	size_t room;
	size_t size; /* of an item */
};

/* The next item, zeroed; NULL without memory. */
static void *list_next(struct list *list)
{
	char *item;

	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		void *items = reallocarray(list->items, room, list->size);

		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	item = (char *)list->items + list->n++ * list->size;
	memset(item, 0, list->size);
	return item;
}

static int add_record(uint32_t key, const void *value, void *list)
{
	struct kernel_record *record = list_next(list);

	if (!record)
		return -ENOMEM;
	*record = record_of(key, value);
	return 0;
}

static int read_table(struct kernel *k, const struct table *table,
		      int (*add)(uint32_t key, const void *value, void *list), struct list *list,
		      struct xdpctl_error *err)
{
	int r = table_walk(k, table, add, list, err);

	if (r < 0)
		free(list->items);
	return r;
}

int records_all(struct kernel *k, struct kernel_record **out, size_t *n, struct xdpctl_error *err)
{
	struct list list = { .size = sizeof(struct kernel_record) };
	int r = read_table(k, &records, add_record, &list, err);

	if (r < 0)
		return r;
	*out = list.items;
	*n = list.n;
	return 0;
}

/* ---------------------------------------------------------------- pins of maps */

int map_pins_put(struct kernel *k, uint32_t map_id, const char *path, struct xdpctl_error *err)
{
	struct map_pin_value value = { .schema = MAP_PIN_SCHEMA };

	util_copy(value.path, sizeof(value.path), path);
	return table_put(k, &map_pins, map_id, &value, err);
}

static int add_map_pin(uint32_t key, const void *bytes, void *list)
{
	const struct map_pin_value *value = bytes;
	struct kernel_map_pin *pin = list_next(list);

	if (!pin)
		return -ENOMEM;
	pin->map_id = key;
	util_copy(pin->path, sizeof(pin->path), value->path);
	return 0;
}

int map_pins_all(struct kernel *k, struct kernel_map_pin **out, size_t *n, struct xdpctl_error *err)
{
	struct list list = { .size = sizeof(struct kernel_map_pin) };
	int r = read_table(k, &map_pins, add_map_pin, &list, err);

	if (r < 0)
		return r;
	*out = list.items;
	*n = list.n;
	return 0;
}

/* The map that is recorded for that pin; 0: none is, so it is the user's. */
static int recorded_map(struct kernel *k, const char *path, uint32_t *map_id,
			struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_map_pin *pins = NULL;
	size_t n;
	int r = map_pins_all(k, &pins, &n, err);

	*map_id = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(pins[i].path, path) == 0)
			*map_id = pins[i].map_id;
	return r;
}

/* Somebody may have put another map in its place. */
static bool is_pinned_at(struct kernel *k, uint32_t map_id, const char *path)
{
	_cleanup_fd_ int fd = bpf_obj_get(path);
	char name[16];
	uint32_t id;

	return fd >= 0 && map_read(k, fd, &id, name, NULL) == 0 && id == map_id;
}

int map_pins_unpin(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	uint32_t map_id;
	int r = recorded_map(k, path, &map_id, err);

	if (r < 0)
		return r;
	if ((!map_id || is_pinned_at(k, map_id, path)) && unlink(path) < 0 && errno != ENOENT)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "unpin %s", path);
	return map_id ? table_remove(k, &map_pins, map_id, err) : 0;
}
