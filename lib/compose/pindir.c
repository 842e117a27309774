// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/pindir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "util.h"

void pindir_path(int ifindex, uint32_t dispatcher, char *buf, size_t size)
{
	snprintf(buf, size, "xdp/dispatch-%d-%u", ifindex, dispatcher);
}

static void pin_path(const char *dir, unsigned int slot, const char *kind, char *buf, size_t size)
{
	snprintf(buf, size, "%s/prog%u-%s", dir, slot, kind);
}

int pindir_add(struct kernel *k, const char *dir, unsigned int slot, int link_fd, int prog_fd,
	       struct xdpctl_error *err)
{
	char link[XDPCTL_PATH_SIZE + 32], prog[XDPCTL_PATH_SIZE + 32];
	int r;

	pin_path(dir, slot, "link", link, sizeof(link));
	pin_path(dir, slot, "prog", prog, sizeof(prog));
	r = k->ops->pin(k, link, link_fd, err);
	if (r < 0)
		return r;
	r = k->ops->pin(k, prog, prog_fd, err);
	if (r < 0)
		k->ops->unpin(k, link, NULL);
	return r;
}

bool pindir_parse_pin(const char *name, unsigned int *slot, bool *is_link)
{
	int end = 0;

	if (sscanf(name, "prog%u-%n", slot, &end) != 1 || !end || *slot >= XDPCTL_SLOTS_MAX)
		return false;
	*is_link = strcmp(name + end, "link") == 0;
	return *is_link || strcmp(name + end, "prog") == 0;
}

/* Sorted by name, so a slot's link comes before its program: libxdp's order. */
static int remove_pins(struct kernel *k, const char *dir, const struct kernel_dirent *entries,
		       size_t n, struct xdpctl_error *err)
{
	for (size_t i = 0; i < n; i++) {
		char path[XDPCTL_PATH_SIZE * 2 + 2];
		unsigned int slot;
		bool is_link;
		int r;

		if (!pindir_parse_pin(entries[i].name, &slot, &is_link))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i].name);
		r = k->ops->unpin(k, path, err);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int pindir_remove(struct kernel *k, const char *dir, struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_dirent *entries = NULL;
	size_t n;
	int r;

	r = k->ops->dir_read(k, dir, &entries, &n, err);
	if (r == 0)
		r = remove_pins(k, dir, entries, n, err);
	if (r == 0)
		r = k->ops->dir_remove(k, dir, err);
	if (r != -ENOENT)
		return r;
	if (err)
		xdpctl_error_clear(err);
	return 0;
}
