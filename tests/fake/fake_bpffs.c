/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bpffs, its lock, our records and the pins of maps, as calls. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "fake/fake_state.h"
#include "util.h"

/* ---------------------------------------------------------------- bpffs */

static int do_lock(struct fake *f, bool exclusive, struct xdpctl_error *err)
{
	if (f->locked_by == getpid())
		fk_violate(f, "the lock is taken twice");
	if (f->lock_holder)
		return error_say(err, XDPCTL_FAULT_FAILED, EBUSY, "the lock is held by process %d",
				 f->lock_holder);
	if (fk_is_alive(f->locked_by) && (exclusive || f->exclusive))
		return fk_fail(f, EBUSY, err);
	if (exclusive)
		fk_make_dirs(f, ROOT_DIR);
	f->locked_by = getpid();
	f->exclusive = exclusive;
	return 0;
}

static int fake_lock(struct kernel *k, bool exclusive, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_LOCK, err, "%s", exclusive ? "exclusive" : "shared");

	return rc ? rc : fk_leave(f, do_lock(f, exclusive, err), err);
}

static void fake_unlock(struct kernel *k)
{
	struct fake *f = fake_of(k);

	fk_enter(f, FAKE_UNLOCK, NULL, " ");
	if (f->locked_by == getpid())
		f->locked_by = 0;
	fk_leave(f, 0, NULL);
}

static int compare_dirents(const void *a, const void *b)
{
	return strcmp(((const struct kernel_dirent *)a)->name,
		      ((const struct kernel_dirent *)b)->name);
}

/* The entry's name if @path is directly in @dir, else NULL. */
static const char *child_of(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (len && (strncmp(path, dir, len) != 0 || path[len] != '/'))
		return NULL;
	path += len ? len + 1 : 0;
	return strchr(path, '/') ? NULL : path;
}

static int fake_dir_read(struct kernel *k, const char *path, struct kernel_dirent **out, size_t *n,
			 struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_DIR_READ, err, "%s", path);
	struct kernel_dirent *entries;
	size_t count = 0;

	if (rc)
		return rc;
	if (strcmp(path, ".") == 0)
		path = "";
	if (!fk_is_dir(f, path))
		return fk_leave(f, fk_fail(f, fk_pin_find(f, path) ? ENOTDIR : ENOENT, err), err);
	rc = fk_leave(f, 0, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < f->n.pins; i++)
		count += f->pins[i].live && child_of(path, f->pins[i].path);
	entries = fk_array_new(count, sizeof(*entries));
	count = 0;
	for (size_t i = 0; i < f->n.pins; i++) {
		const struct pin *pin = &f->pins[i];
		const char *name = pin->live ? child_of(path, pin->path) : NULL;

		if (!name)
			continue;
		util_copy(entries[count].name, sizeof(entries[count].name), name);
		entries[count++].is_dir = pin->type == KERNEL_PIN_DIR;
	}
	qsort(entries, count, sizeof(*entries), compare_dirents);
	*out = entries;
	*n = count;
	return 0;
}

static int fake_dir_make(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_DIR_MAKE, err, "%s", path);

	if (rc)
		return rc;
	fk_must_be_locked(f);
	if (fk_pin_find(f, path) && !fk_is_dir(f, path))
		return fk_leave(f, fk_fail(f, EEXIST, err), err);
	fk_make_dirs(f, path);
	return fk_leave(f, 0, err);
}

static int do_dir_remove(struct fake *f, const char *path, struct xdpctl_error *err)
{
	struct pin *pin = fk_pin_find(f, path);

	fk_must_be_locked(f);
	if (!pin)
		return fk_fail(f, ENOENT, err);
	if (pin->type != KERNEL_PIN_DIR)
		return fk_fail(f, ENOTDIR, err);
	if (!fk_dir_is_empty(f, path))
		return fk_fail(f, ENOTEMPTY, err);
	fk_must_not_run(f, path);
	fk_pin_remove(f, pin);
	return 0;
}

static int fake_dir_remove(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_DIR_REMOVE, err, "%s", path);

	return rc ? rc : fk_leave(f, do_dir_remove(f, path, err), err);
}

static int do_pin(struct fake *f, const char *path, int fd, struct xdpctl_error *err)
{
	struct handle *handle = fk_handle_find(f, fd);
	char parent[XDPCTL_PATH_SIZE];

	fk_must_be_locked(f);
	if (!handle) {
		fk_violate(f, "descriptor %d isn't open", fd);
		return fk_fail(f, EBADF, err);
	}
	fk_parent_of(path, parent);
	if (strchr(path, '.'))
		return fk_fail(f, EPERM, err);
	if (!fk_is_dir(f, parent))
		return fk_fail(f, ENOENT, err);
	if (fk_pin_find(f, path))
		return fk_fail(f, EEXIST, err);
	fk_pin_new(f, path, handle->type, handle->id);
	return 0;
}

static int fake_pin(struct kernel *k, const char *path, int fd, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_PIN, err, "%s", path);

	return rc ? rc : fk_leave(f, do_pin(f, path, fd, err), err);
}

static int do_unpin(struct fake *f, const char *path, struct xdpctl_error *err)
{
	struct pin *pin = fk_pin_find(f, path);

	fk_must_be_locked(f);
	if (!pin)
		return fk_fail(f, ENOENT, err);
	if (pin->type == KERNEL_PIN_DIR)
		return fk_fail(f, EISDIR, err);
	fk_must_not_run(f, path);
	fk_defer_link(f, pin);
	fk_pin_remove(f, pin);
	return 0;
}

static int fake_unpin(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_UNPIN, err, "%s", path);

	return rc ? rc : fk_leave(f, do_unpin(f, path, err), err);
}

static int fake_pin_open(struct kernel *k, const char *path, int *fd, enum kernel_pin_type *type,
			 struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_PIN_OPEN, err, "%s", path);
	struct pin *pin;

	if (rc)
		return rc;
	pin = fk_pin_find(f, path);
	if (!pin)
		return fk_leave(f, fk_fail(f, ENOENT, err), err);
	if (pin->type == KERNEL_PIN_DIR)
		return fk_leave(f, fk_fail(f, ELOOP, err), err);
	if (pin->type == KERNEL_PIN_UNREADABLE)
		return fk_leave(f, fk_fail(f, EACCES, err), err);
	rc = fk_give_handle(f, pin->type, pin->id, fd, err);
	if (!rc)
		*type = pin->type;
	return rc;
}

/* ---------------------------------------------------------------- our records */

static int do_record_put(struct fake *f, const struct kernel_record *record)
{
	struct kernel_record *old = fk_record_find(f, record->prog_id);

	fk_must_be_locked(f);
	if (!fk_prog_find(f, record->prog_id))
		fk_violate(f, "a record of program %u, which isn't there", record->prog_id);
	if (!old) {
		size_t at = 0;

		while (at < f->n.records && f->records[at].prog_id)
			at++;
		old = &f->records[fk_take_entry(&f->n.records, at, RECORDS)];
	}
	*old = *record;
	return 0;
}

static int fake_record_put(struct kernel *k, const struct kernel_record *record,
			   struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_RECORD_PUT, err, "%u %s", record->prog_id, record->name);

	return rc ? rc : fk_leave(f, do_record_put(f, record), err);
}

/* Here a table goes with its last entry, without a step between: what is left is an empty directory. */
static void fake_sweep(struct kernel *k)
{
	struct fake *f = fake_of(k);
	struct pin *dir;

	fk_enter(f, FAKE_SWEEP, NULL, "tables");
	fk_must_be_locked(f);
	dir = fk_pin_find(f, OUR_DIR);
	if (dir && fk_dir_is_empty(f, OUR_DIR))
		fk_pin_remove(f, dir);
	fk_leave(f, 0, NULL);
}

static int fake_record_remove(struct kernel *k, uint32_t prog_id, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_RECORD_REMOVE, err, "%u", prog_id);
	struct kernel_record *record;

	if (rc)
		return rc;
	fk_must_be_locked(f);
	fk_record_must_be_idle(f, prog_id);
	record = fk_record_find(f, prog_id);
	if (record)
		record->prog_id = 0;
	return fk_leave(f, 0, err);
}

static int fake_records(struct kernel *k, struct kernel_record **out, size_t *n,
			struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_RECORDS, err, "all");
	struct kernel_record *records;
	size_t count = 0;

	if (rc)
		return rc;
	rc = fk_leave(f, 0, err);
	if (rc)
		return rc;
	records = fk_array_new(f->n.records, sizeof(*records));
	for (size_t i = 0; i < f->n.records; i++)
		if (f->records[i].prog_id)
			records[count++] = f->records[i];
	*out = records;
	*n = count;
	return 0;
}

/* ---------------------------------------------------------------- pins of maps */

static int fake_map_pins(struct kernel *k, struct kernel_map_pin **out, size_t *n,
			 struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_MAP_PINS, err, "all");
	struct kernel_map_pin *pins;
	size_t count = 0;

	if (rc)
		return rc;
	rc = fk_leave(f, 0, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < f->n.pins; i++)
		count += f->pins[i].live && f->pins[i].recorded;
	pins = fk_array_new(count, sizeof(*pins));
	count = 0;
	for (size_t i = 0; i < f->n.pins; i++) {
		if (!f->pins[i].live || !f->pins[i].recorded)
			continue;
		pins[count].map_id = f->pins[i].id;
		snprintf(pins[count++].path, sizeof(pins->path), "%s/%.200s", f->k.bpffs,
			 f->pins[i].path);
	}
	*out = pins;
	*n = count;
	return 0;
}

static int fake_map_unpin(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_MAP_UNPIN, err, "%s", path);
	size_t root = strlen(f->k.bpffs);
	struct pin *pin;

	if (rc)
		return rc;
	fk_must_be_locked(f);
	if (strncmp(path, f->k.bpffs, root) != 0 || path[root] != '/') {
		fk_violate(f, "%s is not below the bpffs", path);
		return fk_leave(f, fk_fail(f, EINVAL, err), err);
	}
	pin = fk_pin_find(f, path + root + 1);
	if (pin && !pin->recorded)
		fk_violate(f, "%s is not ours", path);
	if (pin) {
		fk_map_must_be_idle(f, pin->id);
		fk_pin_remove(f, pin);
	}
	return fk_leave(f, 0, err);
}

static bool uses_map(const struct prog *prog, uint32_t map_id)
{
	for (unsigned int i = 0; prog->live && i < prog->info.n_maps; i++)
		if (prog->info.map_ids[i] == map_id)
			return true;
	return false;
}

static int fake_map_used(struct kernel *k, uint32_t map_id, const uint32_t *except, size_t n,
			 bool *used, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_MAP_USED, err, "%u", map_id);

	if (rc)
		return rc;
	rc = fk_leave(f, 0, err);
	if (rc)
		return rc;
	*used = false;
	for (size_t i = 0; i < f->n.progs; i++) {
		bool left_out = false;

		for (size_t j = 0; j < n; j++)
			left_out |= except[j] == f->progs[i].info.id;
		*used |= !left_out && uses_map(&f->progs[i], map_id);
	}
	return 0;
}

void fk_bpffs_ops(struct kernel_ops *ops)
{
	ops->lock = fake_lock;
	ops->unlock = fake_unlock;
	ops->dir_read = fake_dir_read;
	ops->dir_make = fake_dir_make;
	ops->dir_remove = fake_dir_remove;
	ops->pin = fake_pin;
	ops->unpin = fake_unpin;
	ops->pin_open = fake_pin_open;
	ops->record_put = fake_record_put;
	ops->record_remove = fake_record_remove;
	ops->sweep = fake_sweep;
	ops->records = fake_records;
	ops->map_pins = fake_map_pins;
	ops->map_unpin = fake_map_unpin;
	ops->map_used = fake_map_used;
}
