// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/pindir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "util.h"

#define FUSED_PARENT "xdpctl"

void pindir_path(enum xdpctl_engine engine, int ifindex, uint32_t dispatcher, char *buf,
		 size_t size)
{
	snprintf(buf, size, "%s-%d-%u",
		 engine == XDPCTL_ENGINE_FUSED ? FUSED_PARENT "/fused" : "xdp/dispatch", ifindex,
		 dispatcher);
}

static const char *const kinds[] = {
	[PINDIR_LINK] = "link",
	[PINDIR_PROG] = "prog",
	[PINDIR_CODE] = "code",
};

void pindir_pin(const char *dir, enum pindir_kind kind, unsigned int slot, char *buf, size_t size)
{
	if (kind == PINDIR_CHAIN)
		snprintf(buf, size, "%s/chain", dir);
	else
		snprintf(buf, size, "%s/prog%u-%s", dir, slot, kinds[kind]);
}

int pindir_add(struct kernel *k, const char *dir, unsigned int slot, enum pindir_kind first_kind,
	       int first_fd, int prog_fd, struct xdpctl_error *err)
{
	char first[XDPCTL_PATH_SIZE + 32], prog[XDPCTL_PATH_SIZE + 32];
	int r;

	pindir_pin(dir, first_kind, slot, first, sizeof(first));
	pindir_pin(dir, PINDIR_PROG, slot, prog, sizeof(prog));
	r = k->ops->pin(k, first, first_fd, err);
	if (r < 0)
		return r;
	r = k->ops->pin(k, prog, prog_fd, err);
	if (r < 0)
		k->ops->unpin(k, first, NULL);
	return r;
}

bool pindir_parse_pin(const char *name, unsigned int *slot, enum pindir_kind *kind)
{
	int end = 0;

	*slot = 0;
	*kind = PINDIR_CHAIN;
	if (strcmp(name, "chain") == 0)
		return true;
	if (sscanf(name, "prog%u-%n", slot, &end) != 1 || !end || *slot >= XDPCTL_COMPONENTS_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(name + end, kinds[i]) == 0) {
			*kind = (enum pindir_kind)i;
			return true;
		}
	return false;
}

/* Sorted by name, so a slot's link comes before its program: libxdp's order. */
static int remove_pins(struct kernel *k, const char *dir, const struct kernel_dirent *entries,
		       size_t n, struct xdpctl_error *err)
{
	for (size_t i = 0; i < n; i++) {
		char path[XDPCTL_PATH_SIZE * 2 + 2];
		enum pindir_kind kind;
		unsigned int slot;
		int r;

		if (!pindir_parse_pin(entries[i].name, &slot, &kind))
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
	if (r == 0 && strncmp(dir, FUSED_PARENT "/", sizeof(FUSED_PARENT)) == 0)
		k->ops->dir_remove(k, FUSED_PARENT, NULL); /* only an empty one goes */
	if (r != -ENOENT)
		return r;
	if (err)
		xdpctl_error_clear(err);
	return 0;
}
