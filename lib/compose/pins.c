// SPDX-License-Identifier: LGPL-2.1-or-later
/* Every pinned object under the bpffs, and what each belongs to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose/garbage.h"
#include "compose/pindir.h"
#include "compose/session.h"
#include "error.h"
#include "util.h"

#define DEPTH_MAX 16
#define PINS_MAX 200000 /* a bound on a tree that somebody else may have made */

struct walk {
	struct kernel *k;
	struct garbage_facts facts;
	struct xdpctl_pins *out;
	size_t room;
	struct kernel_map_pin *map_pins;
	size_t n_map_pins;
	/* of the directory that is being read, if it is a dispatcher's */
	const struct census_dir *dir;
	enum xdpctl_pin_owner owner;
};

static struct xdpctl_pin *new_pin(struct walk *walk, const char *path, struct xdpctl_error *err)
{
	struct xdpctl_pins *out = walk->out;
	struct xdpctl_pin *pin;

	if (out->n == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 64;

		pin = out->n < PINS_MAX ? reallocarray(out->pins, room, sizeof(*pin)) : NULL;
		if (!pin) {
			error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "list pins");
			return NULL;
		}
		out->pins = pin;
		walk->room = room;
	}
	pin = &out->pins[out->n++];
	*pin = (struct xdpctl_pin){ .type = "unreadable", .owner = XDPCTL_PIN_OTHER };
	snprintf(pin->path, sizeof(pin->path), "%.255s/%.255s", walk->k->bpffs, path);
	return pin;
}

/* ---------------------------------------------------------------- what it is */

static void read_prog(struct kernel *k, int fd, struct xdpctl_pin *pin)
{
	struct kernel_prog prog;

	if (k->ops->prog_read(k, fd, &prog, NULL) < 0)
		return;
	pin->type = "prog";
	pin->id = prog.id;
	util_copy(pin->name, sizeof(pin->name), prog.func);
}

static void read_link(struct kernel *k, int fd, struct xdpctl_pin *pin)
{
	struct kernel_link link;

	pin->type = "link"; /* also one of a kind that we know nothing else about */
	if (k->ops->link_read(k, fd, &link, NULL) == 0)
		pin->id = link.id;
}

static void read_map(struct kernel *k, int fd, struct xdpctl_pin *pin)
{
	char name[16];

	if (k->ops->map_read(k, fd, &pin->id, name, NULL) < 0)
		return;
	pin->type = "map";
	util_copy(pin->name, sizeof(pin->name), name);
}

static void identify(struct kernel *k, const char *path, struct xdpctl_pin *pin)
{
	enum kernel_pin_type type;
	_cleanup_fd_ int fd = -1;

	if (k->ops->pin_open(k, path, &fd, &type, NULL) < 0)
		return;
	switch (type) {
	case KERNEL_PIN_PROG:
		read_prog(k, fd, pin);
		return;
	case KERNEL_PIN_LINK:
		read_link(k, fd, pin);
		return;
	case KERNEL_PIN_MAP:
		read_map(k, fd, pin);
		return;
	case KERNEL_PIN_DIR:
	case KERNEL_PIN_UNREADABLE:
		return;
	}
}

/* ---------------------------------------------------------------- whose it is */

static void attribute(const struct walk *walk, const char *path, const char *name,
		      struct xdpctl_pin *pin)
{
	enum pindir_kind kind;

	if (strncmp(path, "xdpctl/", 7) == 0)
		pin->owner = XDPCTL_PIN_RECORD;
	for (size_t i = 0; i < walk->n_map_pins; i++)
		if (strcmp(walk->map_pins[i].path, pin->path) == 0)
			pin->owner = XDPCTL_PIN_MAP;
	if (!walk->dir || !pindir_parse_pin(name, &pin->slot, &kind))
		return;
	pin->owner = walk->owner;
	if (kind == PINDIR_CHAIN) {
		pin->slot = XDPCTL_COMPONENTS_MAX;
		if (pin->owner == XDPCTL_PIN_COMPONENT)
			pin->owner = XDPCTL_PIN_CHAIN;
	}
	pin->ifindex = walk->dir->ifindex;
	pin->dispatcher = walk->dir->dispatcher;
}

static void enter(struct walk *walk, const char *path)
{
	static const enum xdpctl_pin_owner owners[] = {
		[GARBAGE_LIVE] = XDPCTL_PIN_COMPONENT,
		[GARBAGE_ORPHAN] = XDPCTL_PIN_ORPHAN,
		[GARBAGE_UNSURE] = XDPCTL_PIN_UNSURE,
	};
	const struct census *census = walk->facts.census;
	char why[XDPCTL_PATH_SIZE];

	walk->dir = NULL;
	for (size_t i = 0; i < census->n_dirs && !walk->dir; i++)
		if (strcmp(census->dirs[i].path, path) == 0)
			walk->dir = &census->dirs[i];
	if (walk->dir)
		walk->owner = owners[garbage_judge(walk->k, &walk->facts, walk->dir, why)];
}

/* ---------------------------------------------------------------- the walk */

static int walk_dir(struct walk *walk, const char *path, unsigned int depth,
		    struct xdpctl_error *err);

static int visit(struct walk *walk, const char *path, const struct kernel_dirent *entry,
		 unsigned int depth, struct xdpctl_error *err)
{
	struct xdpctl_pin *pin;

	if (entry->is_dir && depth < DEPTH_MAX)
		return walk_dir(walk, path, depth + 1, err);
	pin = new_pin(walk, path, err);
	if (!pin)
		return -ENOMEM;
	attribute(walk, path, entry->name, pin);
	if (entry->is_dir)
		pin->type = "directory";
	else
		identify(walk->k, path, pin);
	return 0;
}

/* A directory that can't be read is a row; it isn't nothing. */
static int unreadable(struct walk *walk, const char *path, struct xdpctl_error *err)
{
	struct xdpctl_pin *pin = new_pin(walk, path, err);

	if (!pin)
		return -ENOMEM;
	pin->type = "directory";
	util_copy(pin->name, sizeof(pin->name), "unreadable");
	return 0;
}

static int walk_dir(struct walk *walk, const char *path, unsigned int depth,
		    struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_dirent *entries = NULL;
	size_t n;
	int r;

	r = walk->k->ops->dir_read(walk->k, path, &entries, &n, depth ? NULL : err);
	if (r < 0)
		return depth ? unreadable(walk, path, err) : r;
	for (size_t i = 0; i < n && r == 0; i++) {
		char child[XDPCTL_PATH_SIZE];

		enter(walk, path);
		if (snprintf(child, sizeof(child), "%s%s%s", path, path[0] ? "/" : "",
			     entries[i].name) < (int)sizeof(child))
			r = visit(walk, child, &entries[i], depth, err);
	}
	return r;
}

static int list_pins(struct kernel *k, struct xdpctl_pins *out, struct xdpctl_error *err)
{
	struct walk walk = { .k = k, .out = out };
	_cleanup_free_ struct kernel_iface *links = NULL;
	struct census census;
	int r;

	r = census_take(k, true, &census, err);
	if (r < 0)
		return r;
	walk.facts.census = &census;
	r = k->ops->ifaces(k, 0, &links, &walk.facts.n_links, err);
	walk.facts.links = links;
	if (r == 0)
		r = k->ops->map_pins(k, &walk.map_pins, &walk.n_map_pins, err);
	if (r == 0)
		r = walk_dir(&walk, "", 0, err);
	free(walk.map_pins);
	garbage_facts_free(&walk.facts);
	census_free(&census);
	return r;
}

int session_pins(struct kernel *k, struct xdpctl_pins **out, struct xdpctl_error *err)
{
	struct xdpctl_pins *pins = calloc(1, sizeof(*pins));
	int r;

	if (!pins)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "list pins");
	r = k->ops->lock(k, false, err);
	if (r == 0) {
		r = list_pins(k, pins, err);
		k->ops->unlock(k);
	}
	if (r < 0) {
		xdpctl_pins_free(pins);
		return r;
	}
	*out = pins;
	return 0;
}

void xdpctl_pins_free(struct xdpctl_pins *pins)
{
	if (!pins)
		return;
	free(pins->pins);
	free(pins);
}
