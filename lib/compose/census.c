// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "util.h"

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

/* ---------------------------------------------------------------- order */

/* What a link is looked up by: a tracing link by its target, an XDP link by its program. */
static uint32_t link_key(const struct kernel_link *link)
{
	return link->type == KERNEL_LINK_TRACING ? link->target_obj_id : link->prog_id;
}

static int compare_links(const void *va, const void *vb)
{
	const struct kernel_link *a = va, *b = vb;

	if (a->type != b->type)
		return COMPARE(a->type, b->type);
	if (link_key(a) != link_key(b))
		return COMPARE(link_key(a), link_key(b));
	return COMPARE(a->id, b->id);
}

static int compare_records(const void *va, const void *vb)
{
	const struct kernel_record *a = va, *b = vb;

	return COMPARE(a->prog_id, b->prog_id);
}

static int compare_dirs(const void *va, const void *vb)
{
	const struct census_dir *a = va, *b = vb;

	return COMPARE(a->dispatcher, b->dispatcher);
}

static void sort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n)
		qsort(base, n, size, compare);
}

/* ---------------------------------------------------------------- reading */

/* Where each engine keeps its pin directories, and how their names begin. */
static const struct place {
	enum xdpctl_engine engine;
	const char *dir;
	const char *prefix;
} places[] = {
	{ XDPCTL_ENGINE_FREPLACE, "xdp", "dispatch-" },
	{ XDPCTL_ENGINE_FUSED, "xdpctl", "fused-" },
};

/* "dispatch-4-71", and nothing that merely begins so. */
static bool parse_dir(const struct place *place, const char *name, struct census_dir *out)
{
	size_t length = strlen(place->prefix);
	const char *ids = name + length;
	int end = 0;

	if (strncmp(name, place->prefix, length) != 0 ||
	    sscanf(ids, "%d-%u%n", &out->ifindex, &out->dispatcher, &end) != 2 || ids[end] ||
	    !out->dispatcher)
		return false;
	out->engine = place->engine;
	snprintf(out->path, sizeof(out->path), "%s/%.128s", place->dir, name);
	return true;
}

static int read_place(struct kernel *k, const struct place *place, struct census *census,
		      struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_dirent *entries = NULL;
	struct census_dir *dirs;
	size_t n;
	int r;

	r = k->ops->dir_read(k, place->dir, &entries, &n, err);
	if (r == -ENOENT) {
		xdpctl_error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	dirs = reallocarray(census->dirs, census->n_dirs + n + 1, sizeof(*dirs));
	if (!dirs)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read pin directories");
	census->dirs = dirs;
	for (size_t i = 0; i < n; i++)
		if (entries[i].is_dir &&
		    parse_dir(place, entries[i].name, &census->dirs[census->n_dirs]))
			census->n_dirs++;
	return 0;
}

static int read_dirs(struct kernel *k, struct census *census, struct xdpctl_error *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++)
		r = read_place(k, &places[i], census, err);
	return r;
}

static int read_links(struct kernel *k, struct census *census, struct xdpctl_error *err)
{
	return k->ops->links(k, &census->links, &census->n_links, err);
}

static int read_records(struct kernel *k, struct census *census, struct xdpctl_error *err)
{
	int r = k->ops->records(k, &census->records, &census->n_records, err);

	if (r != -ENOENT)
		return r;
	xdpctl_error_clear(err); /* no bpffs, so no records */
	return 0;
}

/* One part: in a report its failure is a remark, before a change it is the end. */
static int read_part(struct kernel *k, struct census *census,
		     int (*read)(struct kernel *, struct census *, struct xdpctl_error *),
		     char *why, bool strict, struct xdpctl_error *err)
{
	struct xdpctl_error failure = { 0 };
	int r;

	if (strict)
		return read(k, census, err);
	r = read(k, census, &failure);
	if (r < 0)
		util_copy(why, XDPCTL_PATH_SIZE, failure.message);
	xdpctl_error_clear(&failure);
	return 0;
}

int census_take(struct kernel *k, bool strict, struct census *out, struct xdpctl_error *err)
{
	struct census census = { 0 };
	int r;

	r = read_part(k, &census, read_links, census.links_why, strict, err);
	if (r == 0)
		r = read_part(k, &census, read_records, census.records_why, strict, err);
	if (r == 0)
		r = read_part(k, &census, read_dirs, census.dirs_why, strict, err);
	if (r < 0) {
		census_free(&census);
		return r;
	}
	sort(census.links, census.n_links, sizeof(*census.links), compare_links);
	sort(census.records, census.n_records, sizeof(*census.records), compare_records);
	sort(census.dirs, census.n_dirs, sizeof(*census.dirs), compare_dirs);
	*out = census;
	return 0;
}

void census_free(struct census *census)
{
	free(census->links);
	free(census->records);
	free(census->dirs);
	*census = (struct census){ 0 };
}

/* ---------------------------------------------------------------- looking up */

/* The first link that doesn't come before (type, key). */
static size_t lower_bound(const struct census *census, enum kernel_link_type type, uint32_t key)
{
	const struct kernel_link wanted = { .type = type, .target_obj_id = key, .prog_id = key };
	size_t low = 0, high = census->n_links;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_links(&census->links[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct kernel_link *find_links(const struct census *census, enum kernel_link_type type,
					    uint32_t key, size_t *n)
{
	size_t first = lower_bound(census, type, key), end = first;

	while (end < census->n_links && census->links[end].type == type &&
	       link_key(&census->links[end]) == key)
		end++;
	*n = end - first;
	return *n ? &census->links[first] : NULL;
}

const struct kernel_link *census_links_on(const struct census *census, uint32_t id, size_t *n)
{
	return find_links(census, KERNEL_LINK_TRACING, id, n);
}

const struct kernel_link *census_xdp_links(const struct census *census, uint32_t id, size_t *n)
{
	return find_links(census, KERNEL_LINK_XDP, id, n);
}

const struct kernel_record *census_record(const struct census *census, uint32_t prog_id,
					  uint64_t load_time)
{
	const struct kernel_record wanted = { .prog_id = prog_id };
	const struct kernel_record *found = NULL;

	if (census->n_records)
		found = bsearch(&wanted, census->records, census->n_records, sizeof(wanted),
				compare_records);
	return found && found->load_time == load_time ? found : NULL;
}

const struct census_dir *census_dir(const struct census *census, uint32_t dispatcher)
{
	const struct census_dir wanted = { .dispatcher = dispatcher };

	if (!census->n_dirs)
		return NULL;
	return bsearch(&wanted, census->dirs, census->n_dirs, sizeof(wanted), compare_dirs);
}
