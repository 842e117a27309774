// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/garbage.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "compose/mappins.h"
#include "compose/pindir.h"
#include "error.h"
#include "model/fuse.h"
#include "util.h"

void garbage_facts_free(struct garbage_facts *facts)
{
	free(facts->refs);
	facts->refs = NULL;
}

/* ---------------------------------------------------------------- facts */

static bool attached_here(const struct garbage_facts *facts, uint32_t prog_id)
{
	for (size_t i = 0; i < facts->n_links; i++)
		if (facts->links[i].prog_id == prog_id || facts->links[i].hw_prog_id == prog_id)
			return true;
	return false;
}

static bool attached_by_link(const struct census *census, uint32_t prog_id)
{
	size_t n;
	const struct kernel_link *links = census_xdp_links(census, prog_id, &n);

	for (size_t i = 0; i < n; i++)
		if (links[i].ifindex)
			return true;
	return false;
}

/* Before Linux 5.13 links don't tell their target; those that are pinned in its directory do by that. */
static size_t pinned_links(struct kernel *k, const struct census_dir *dir)
{
	_cleanup_free_ struct kernel_dirent *entries = NULL;
	size_t n = 0, links = 0;

	if (k->ops->dir_read(k, dir->path, &entries, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		enum pindir_kind kind;
		unsigned int slot;

		links += pindir_parse_pin(entries[i].name, &slot, &kind) && kind == PINDIR_LINK;
	}
	return links;
}

/* The references that we can account for: links on the dispatcher, and defunct XDP links of it. */
static size_t known_refs(struct kernel *k, const struct census *census,
			 const struct census_dir *dir)
{
	size_t on, of;

	census_links_on(census, dir->dispatcher, &on);
	census_xdp_links(census, dir->dispatcher, &of);
	return (on ? on : pinned_links(k, dir)) + of;
}

/* Counting costs an iterator program, so it is done once, and only for a dispatcher that isn't in sight. */
static void count_refs(struct kernel *k, struct garbage_facts *facts)
{
	struct xdpctl_error failure = { 0 };

	if (facts->counted)
		return;
	facts->counted = true;
	if (k->ops->prog_refs(k, &facts->refs, &facts->n_refs, &failure) < 0)
		util_copy(facts->refs_why, sizeof(facts->refs_why), failure.message);
	xdpctl_error_clear(&failure);
}

static const struct kernel_refs *find_refs(const struct garbage_facts *facts, uint32_t prog_id)
{
	for (size_t i = 0; i < facts->n_refs; i++)
		if (facts->refs[i].prog_id == prog_id)
			return &facts->refs[i];
	return NULL;
}

/* ---------------------------------------------------------------- verdicts */

static enum garbage_verdict verdict(char *why, enum garbage_verdict is, const char *because)
{
	util_copy(why, XDPCTL_PATH_SIZE, because);
	return is;
}

static enum garbage_verdict judge_refs(struct kernel *k, struct garbage_facts *facts,
				       const struct census_dir *dir, char *why)
{
	size_t known = known_refs(k, facts->census, dir);
	const struct kernel_refs *refs;

	count_refs(k, facts);
	if (facts->refs_why[0])
		return verdict(why, GARBAGE_UNSURE, facts->refs_why);
	refs = find_refs(facts, dir->dispatcher);
	if (!refs || refs->refs <= known)
		return verdict(why, GARBAGE_ORPHAN, "its dispatcher runs nowhere");
	snprintf(why, XDPCTL_PATH_SIZE,
		 "dispatcher %u is held by what can't be seen from here: another network "
		 "namespace, or a loader at work",
		 dir->dispatcher);
	return GARBAGE_UNSURE;
}

static const char *func_of(enum xdpctl_engine engine)
{
	return engine == XDPCTL_ENGINE_FUSED ? FUSE_MAIN : "xdp_dispatcher";
}

/* Is the program with that id a dispatcher still? An id could have been given out again. */
static enum garbage_verdict judge_program(struct kernel *k, struct garbage_facts *facts,
					  const struct census_dir *dir, char *why)
{
	struct xdpctl_error failure = { 0 };
	_cleanup_fd_ int fd = -1;
	struct kernel_prog prog;
	int r;

	r = k->ops->prog_open(k, dir->dispatcher, &fd, &failure);
	if (r == 0)
		r = k->ops->prog_read(k, fd, &prog, &failure);
	if (r < 0) {
		enum garbage_verdict is = r == -ENOENT ? GARBAGE_ORPHAN : GARBAGE_UNSURE;

		verdict(why, is, r == -ENOENT ? "its dispatcher is gone" : failure.message);
		xdpctl_error_clear(&failure);
		return is;
	}
	if (strcmp(prog.func, func_of(dir->engine)) != 0)
		return verdict(why, GARBAGE_UNSURE, "the program of that id is no dispatcher");
	util_close(take_fd(&fd)); /* a reference of our own would have to be explained */
	return judge_refs(k, facts, dir, why);
}

enum garbage_verdict garbage_judge(struct kernel *k, struct garbage_facts *facts,
				   const struct census_dir *dir, char *why)
{
	if (attached_here(facts, dir->dispatcher))
		return verdict(why, GARBAGE_LIVE, "its dispatcher runs");
	if (attached_by_link(facts->census, dir->dispatcher))
		return verdict(why, GARBAGE_LIVE, "its dispatcher runs, attached by a bpf_link");
	return judge_program(k, facts, dir, why);
}

/* ---------------------------------------------------------------- collecting */

struct collection {
	struct kernel *k;
	bool dry_run;
	struct xdpctl_garbage_list *out; /* or NULL */
};

/* Adds a row; what couldn't be removed says so in place of @why. */
static int report(struct collection *c, const char *path, bool collected, const char *why,
		  const struct xdpctl_error *failure, struct xdpctl_error *err)
{
	struct xdpctl_garbage *items;

	if (!c->out)
		return 0;
	items = reallocarray(c->out->items, c->out->n + 1, sizeof(*items));
	if (!items)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "list garbage");
	c->out->items = items;
	items += c->out->n++;
	*items = (struct xdpctl_garbage){ .failed = failure->fault != XDPCTL_FAULT_NONE };
	items->collected = collected && !items->failed;
	snprintf(items->object, sizeof(items->object), "%s", path);
	util_copy(items->why, sizeof(items->why), items->failed ? failure->message : why);
	return 0;
}

static int collect_dir(struct collection *c, struct garbage_facts *facts,
		       const struct census_dir *dir, struct xdpctl_error *err)
{
	char path[XDPCTL_PATH_SIZE * 2], why[XDPCTL_PATH_SIZE];
	struct xdpctl_error failure = { 0 };
	enum garbage_verdict is = garbage_judge(c->k, facts, dir, why);
	int r;

	if (is == GARBAGE_LIVE)
		return 0;
	snprintf(path, sizeof(path), "%.255s/%.255s", c->k->bpffs ? c->k->bpffs : "", dir->path);
	if (is == GARBAGE_ORPHAN && !c->dry_run)
		pindir_remove(c->k, dir->path, &failure);
	r = report(c, path, is == GARBAGE_ORPHAN, why, &failure, err);
	xdpctl_error_clear(&failure);
	return r;
}

/* Is the recorded program alive, and the same? "Can't be seen" counts as alive. */
static bool record_is_stale(struct kernel *k, const struct kernel_record *record)
{
	_cleanup_fd_ int fd = -1;
	struct kernel_prog prog;
	int r = k->ops->prog_open(k, record->prog_id, &fd, NULL);

	if (r < 0)
		return r == -ENOENT;
	return k->ops->prog_read(k, fd, &prog, NULL) == 0 && prog.load_time != record->load_time;
}

static bool names_program(const struct fusedconf *conf, const struct kernel_record *record)
{
	for (unsigned int i = 0; i < conf->n; i++)
		if (conf->slots[i].prog_id == record->prog_id &&
		    conf->slots[i].load_time == record->load_time)
			return true;
	return false;
}

/* Is the recorded program one of those that were fused? What can't be read may well say so. */
static bool is_component_of(struct kernel *k, const struct census_dir *dir,
			    const struct kernel_record *record)
{
	char path[XDPCTL_PATH_SIZE + 32];
	enum kernel_pin_type type;
	_cleanup_fd_ int fd = -1;
	struct fusedconf conf;
	int r;

	pindir_pin(dir->path, PINDIR_CHAIN, 0, path, sizeof(path));
	r = k->ops->pin_open(k, path, &fd, &type, NULL);
	if (r < 0 || type != KERNEL_PIN_MAP)
		return r < 0 && r != -ENOENT;
	return k->ops->fused_read(k, fd, &conf, NULL) < 0 || names_program(&conf, record);
}

/*
 * A fused program goes on without the programs it was made from. One that is lost can be made again from its
 * code, by repair, but whose it is and what it is called is in our record only.
 */
static bool repair_needs(struct kernel *k, struct garbage_facts *facts,
			 const struct kernel_record *record)
{
	const struct census *census = facts->census;
	char why[XDPCTL_PATH_SIZE];

	for (size_t i = 0; i < census->n_dirs; i++)
		if (census->dirs[i].engine == XDPCTL_ENGINE_FUSED &&
		    garbage_judge(k, facts, &census->dirs[i], why) != GARBAGE_ORPHAN &&
		    is_component_of(k, &census->dirs[i], record))
			return true;
	return false;
}

static int collect_record(struct collection *c, struct garbage_facts *facts,
			  const struct kernel_record *record, struct xdpctl_error *err)
{
	char what[XDPCTL_PATH_SIZE];
	struct xdpctl_error failure = { 0 };
	int r;

	if (!record_is_stale(c->k, record) || repair_needs(c->k, facts, record))
		return 0;
	snprintf(what, sizeof(what), "record of program %u (%s)", record->prog_id, record->name);
	if (!c->dry_run)
		c->k->ops->record_remove(c->k, record->prog_id, &failure);
	r = report(c, what, true, "its program is gone", &failure, err);
	xdpctl_error_clear(&failure);
	return r;
}

struct map_report {
	struct collection *c;
	struct xdpctl_error *err;
	int r;
};

static void report_map(void *context, const char *path)
{
	static const struct xdpctl_error none;
	struct map_report *m = context;

	if (m->r == 0)
		m->r = report(m->c, path, true, "no program uses the map any more", &none, m->err);
}

static int collect_maps(struct collection *c, struct xdpctl_error *err)
{
	struct map_report m = { c, err, 0 };
	int r = mappins_collect(c->k, NULL, 0, c->dry_run, report_map, &m, err);

	return r < 0 ? r : m.r;
}

static int collect_all(struct collection *c, struct garbage_facts *facts, struct xdpctl_error *err)
{
	const struct census *census = facts->census;
	int r = 0;

	for (size_t i = 0; i < census->n_dirs && r == 0; i++)
		r = collect_dir(c, facts, &census->dirs[i], err);
	for (size_t i = 0; i < census->n_records && r == 0; i++)
		r = collect_record(c, facts, &census->records[i], err);
	if (r == 0)
		r = collect_maps(c, err);
	if (r == 0 && !c->dry_run)
		c->k->ops->sweep(c->k);
	return r;
}

int garbage_collect(struct kernel *k, bool dry_run, struct xdpctl_garbage_list *out,
		    struct xdpctl_error *err)
{
	struct collection c = { k, dry_run, out };
	_cleanup_free_ struct kernel_iface *links = NULL;
	struct garbage_facts facts = { 0 };
	struct census census;
	int r;

	r = census_take(k, true, &census, err);
	if (r < 0)
		return r;
	facts.census = &census;
	r = k->ops->ifaces(k, 0, &links, &facts.n_links, err);
	facts.links = links;
	if (r == 0)
		r = collect_all(&c, &facts, err);
	garbage_facts_free(&facts);
	census_free(&census);
	return r;
}
