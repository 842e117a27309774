// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/table.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

#define TABLE_DIR "xdpctl"
#define ENTRIES_MAX 65536

static int check_map(int fd, const struct table *table, struct xdpctl_error *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read the info of %s",
				 table->pin);
	if (info.type == BPF_MAP_TYPE_HASH && info.key_size == sizeof(uint32_t) &&
	    info.value_size == table->value_size)
		return 0;
	error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
		  "%s is no map of a layout that this version knows", table->pin);
	error_hint(err, "another version of xdpctl made it, or another program did");
	return -EOPNOTSUPP;
}

/* -ENOENT: there is none. */
static int open_map(struct kernel *k, const struct table *table, int *out, struct xdpctl_error *err)
{
	enum kernel_pin_type type;
	_cleanup_fd_ int fd = -1;
	int r;

	r = bpffs_pin_open(k, table->pin, &fd, &type, err);
	if (r < 0)
		return r;
	if (type != KERNEL_PIN_MAP)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL, "%s is no map", table->pin);
	r = check_map(fd, table, err);
	if (r == 0)
		*out = take_fd(&fd);
	return r;
}

static int not_made(int code, const struct table *table, struct xdpctl_error *err)
{
	error_set(err, XDPCTL_FAULT_FAILED, code, "make the map %s", table->name);
	if (code == EPERM)
		error_hint(err, "before Linux 5.11 maps count against the limit of locked memory: "
				"CAP_SYS_RESOURCE is missing, or ulimit -l is too low");
	return -code;
}

static int make_map(struct kernel *k, const struct table *table, int *out, struct xdpctl_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	_cleanup_fd_ int fd = -1;
	int r;

	r = bpffs_dir_make(k, TABLE_DIR, err);
	if (r < 0)
		return r;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, table->name, sizeof(uint32_t),
			    (uint32_t)table->value_size, ENTRIES_MAX, &opts);
	if (fd < 0)
		return not_made(errno, table, err);
	r = bpffs_pin(k, table->pin, fd, err);
	if (r == 0)
		*out = take_fd(&fd);
	return r;
}

static void remove_if_empty(struct kernel *k, const struct table *table, int fd)
{
	uint32_t key;

	if (bpf_map_get_next_key(fd, NULL, &key) == 0 || errno != ENOENT)
		return;
	bpffs_unpin(k, table->pin, NULL);
	bpffs_dir_remove(k, TABLE_DIR, NULL);
}

/* No table, and no bpffs, are answers to who only reads. */
static int no_table(int r, struct xdpctl_error *err)
{
	if (r != -ENOENT)
		return r;
	if (err)
		xdpctl_error_clear(err);
	return 0;
}

int table_put(struct kernel *k, const struct table *table, uint32_t key, const void *value,
	      struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;
	int r;

	r = open_map(k, table, &fd, err);
	if (r == -ENOENT && no_table(r, err) == 0)
		r = make_map(k, table, &fd, err);
	if (r < 0)
		return r;
	if (bpf_map_update_elem(fd, &key, value, BPF_ANY) == 0)
		return 0;
	r = error_set(err, XDPCTL_FAULT_FAILED, errno, "write to the map %s", table->name);
	remove_if_empty(k, table, fd);
	return r;
}

int table_remove(struct kernel *k, const struct table *table, uint32_t key,
		 struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;
	int r;

	r = open_map(k, table, &fd, err);
	if (r < 0)
		return no_table(r, err);
	if (bpf_map_delete_elem(fd, &key) < 0 && errno != ENOENT)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "remove entry %u of the map %s",
				 key, table->name);
	remove_if_empty(k, table, fd);
	return 0;
}

void table_sweep(struct kernel *k, const struct table *table)
{
	_cleanup_fd_ int fd = -1;

	if (open_map(k, table, &fd, NULL) == 0)
		remove_if_empty(k, table, fd);
	else
		bpffs_dir_remove(k, TABLE_DIR, NULL); /* only an empty one goes */
}

static int walk(int fd, const struct table *table, uint8_t *value,
		int (*entry)(uint32_t key, const void *value, void *context), void *context)
{
	uint32_t key, schema, *previous = NULL;
	int r = 0;

	for (size_t i = 0; i < ENTRIES_MAX && r == 0; i++) {
		if (bpf_map_get_next_key(fd, previous, &key) < 0)
			return errno == ENOENT ? 0 : -errno;
		previous = &key;
		if (bpf_map_lookup_elem(fd, &key, value) < 0)
			continue;
		memcpy(&schema, value, sizeof(schema));
		if (schema == table->schema)
			r = entry(key, value, context);
	}
	return r;
}

int table_walk(struct kernel *k, const struct table *table,
	       int (*entry)(uint32_t key, const void *value, void *context), void *context,
	       struct xdpctl_error *err)
{
	_cleanup_free_ uint8_t *value = malloc(table->value_size);
	_cleanup_fd_ int fd = -1;
	int r;

	if (!value)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read the map %s", table->name);
	r = open_map(k, table, &fd, err);
	if (r < 0)
		return no_table(r, err);
	r = walk(fd, table, value, entry, context);
	if (r < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, -r, "read the map %s", table->name);
	return 0;
}
