// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Our records of components: one hash map pinned at <bpffs>/xdpctl/components, keyed by program id, which
 * is unique in the whole kernel while an ifindex is not. Made with its first record, gone with its last.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

#define RECORD_DIR "xdpctl"
#define RECORD_PIN RECORD_DIR "/components"
#define RECORD_SCHEMA 1u
#define RECORDS_MAX 65536

/* The value's layout, documented in xdpctl-protocol(7). A change of it gets a new schema number. */
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

/* ---------------------------------------------------------------- the map */

static int check_map(int fd, struct xdpctl_error *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read the info of our records");
	if (info.type == BPF_MAP_TYPE_HASH && info.key_size == sizeof(uint32_t) &&
	    info.value_size == sizeof(struct record_value))
		return 0;
	error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
		  "%s is no map of records that this version knows", RECORD_PIN);
	error_hint(err, "another version of xdpctl made it, or another program did");
	return -EOPNOTSUPP;
}

/* -ENOENT: there are no records. */
static int open_map(struct kernel *k, int *out, struct xdpctl_error *err)
{
	enum kernel_pin_type type;
	_cleanup_fd_ int fd = -1;
	int r;

	r = bpffs_pin_open(k, RECORD_PIN, &fd, &type, err);
	if (r < 0)
		return r;
	if (type != KERNEL_PIN_MAP)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL, "%s is no map", RECORD_PIN);
	r = check_map(fd, err);
	if (r == 0)
		*out = take_fd(&fd);
	return r;
}

static int make_map(struct kernel *k, int *out, struct xdpctl_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	_cleanup_fd_ int fd = -1;
	int r;

	r = bpffs_dir_make(k, RECORD_DIR, err);
	if (r < 0)
		return r;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "xdpctl_records", sizeof(uint32_t),
			    sizeof(struct record_value), RECORDS_MAX, &opts);
	if (fd < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "make the map of records");
	r = bpffs_pin(k, RECORD_PIN, fd, err);
	if (r == 0)
		*out = take_fd(&fd);
	return r;
}

static void remove_if_empty(struct kernel *k, int fd)
{
	uint32_t key;

	if (bpf_map_get_next_key(fd, NULL, &key) == 0 || errno != ENOENT)
		return;
	bpffs_unpin(k, RECORD_PIN, NULL);
	bpffs_dir_remove(k, RECORD_DIR, NULL);
}

/* ---------------------------------------------------------------- records */

int records_put(struct kernel *k, const struct kernel_record *record, struct xdpctl_error *err)
{
	struct record_value value = value_of(record);
	_cleanup_fd_ int fd = -1;
	int r;

	r = open_map(k, &fd, err);
	if (r == -ENOENT) {
		xdpctl_error_clear(err);
		r = make_map(k, &fd, err);
	}
	if (r < 0)
		return r;
	if (bpf_map_update_elem(fd, &record->prog_id, &value, BPF_ANY) < 0) {
		error_set(err, XDPCTL_FAULT_FAILED, errno, "record component \"%s\"", record->name);
		remove_if_empty(k, fd);
		return -errno;
	}
	return 0;
}

int records_remove(struct kernel *k, uint32_t prog_id, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;
	int r;

	r = open_map(k, &fd, err);
	if (r == -ENOENT) {
		xdpctl_error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	if (bpf_map_delete_elem(fd, &prog_id) < 0 && errno != ENOENT)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "remove the record of program %u",
				 prog_id);
	remove_if_empty(k, fd);
	return 0;
}

static int read_all(int fd, struct kernel_record **out, size_t *n, struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_record *records = NULL;
	size_t used = 0, room = 0;
	uint32_t key, *previous = NULL;

	while (bpf_map_get_next_key(fd, previous, &key) == 0 && used <= RECORDS_MAX) {
		struct record_value value;

		previous = &key;
		if (bpf_map_lookup_elem(fd, &key, &value) < 0 || value.schema != RECORD_SCHEMA)
			continue;
		if (used == room) {
			struct kernel_record *more;

			room = room ? 2 * room : 16;
			more = reallocarray(records, room, sizeof(*records));
			if (!more)
				return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read records");
			records = more;
		}
		records[used++] = record_of(key, &value);
	}
	*out = records;
	records = NULL;
	*n = used;
	return 0;
}

int records_all(struct kernel *k, struct kernel_record **out, size_t *n, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;
	int r;

	r = open_map(k, &fd, err);
	if (r == -ENOENT) {
		xdpctl_error_clear(err);
		*out = NULL;
		*n = 0;
		return 0;
	}
	return r < 0 ? r : read_all(fd, out, n, err);
}
