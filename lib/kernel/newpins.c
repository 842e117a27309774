// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/newpins.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

void new_pins_free(struct new_pins *pins)
{
	for (size_t i = 0; pins->paths && i < pins->n; i++)
		free(pins->paths[i]);
	free(pins->paths);
	free(pins->maps);
}

static int new_pins_add(struct new_pins *pins, struct bpf_map *map, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	pins->maps[pins->n] = map;
	pins->paths[pins->n++] = copy;
	return bpf_map__set_pin_path(map, NULL);
}

int new_pins_find(struct bpf_object *object, struct new_pins *pins)
{
	struct bpf_map *map;
	size_t n = 0;
	int r = 0;

	bpf_object__for_each_map(map, object)
		n++;
	pins->maps = calloc(n + 1, sizeof(*pins->maps));
	pins->paths = calloc(n + 1, sizeof(*pins->paths));
	if (!pins->maps || !pins->paths)
		return -ENOMEM;
	bpf_object__for_each_map(map, object) {
		const char *path = bpf_map__pin_path(map);
		struct stat st;

		if (r == 0 && path && lstat(path, &st) < 0 && errno == ENOENT)
			r = new_pins_add(pins, map, path);
	}
	return r;
}

static void undo(struct kernel *k, char *const *paths, size_t n)
{
	while (n > 0)
		map_pins_unpin(k, paths[--n], NULL);
}

void new_pins_undo(struct kernel *k, const struct new_pins *pins)
{
	undo(k, pins->paths, pins->n);
}

/* The directory of --pin-maps is made when it isn't there, as libbpf does. */
static void make_parent(const char *path)
{
	char parent[XDPCTL_PATH_SIZE * 2];
	char *slash;

	util_copy(parent, sizeof(parent), path);
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		mkdir(parent, 0700); /* if it can't be made, pinning says why */
	}
}

static int pin_map(struct kernel *k, const struct bpf_map *map, const char *path, bool record,
		   struct xdpctl_error *err)
{
	int fd = bpf_map__fd(map), r = 0;
	char name[16];
	uint32_t id;

	if (record && (r = map_read(k, fd, &id, name, err)) == 0)
		r = map_pins_put(k, id, path, err);
	if (r < 0)
		return r;
	make_parent(path);
	if (bpf_obj_pin(fd, path) == 0)
		return 0;
	return error_set(err, XDPCTL_FAULT_FAILED, errno, "pin map \"%s\" at %s",
			 bpf_map__name(map), path);
}

int new_pins_make(struct kernel *k, const struct new_pins *pins, bool record,
		  struct xdpctl_error *err)
{
	for (size_t i = 0; i < pins->n; i++) {
		int r = pin_map(k, pins->maps[i], pins->paths[i], record, err);

		if (r == 0)
			continue;
		/* Of the one that failed only a record is ours; its path may be somebody else's by now. */
		undo(k, pins->paths, record ? i + 1 : i);
		return r;
	}
	return 0;
}
