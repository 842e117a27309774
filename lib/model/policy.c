// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "util.h"

#define REFUSED(err, ...) error_say(err, XDPCTL_FAULT_REFUSED, EBUSY, __VA_ARGS__)

/* What every change asks first: does the interface run what the requester expects? */
static int check_expect(const struct xdpctl_iface *iface, const struct xdpctl_change *change,
			struct xdpctl_error *err)
{
	if (!change->has_expect || change->expect == iface->prog_id)
		return 0;
	if (!change->expect)
		return error_say(err, XDPCTL_FAULT_CONFLICT, EEXIST,
				 "%s was expected to run no XDP program, but runs program %u",
				 iface->ifname, iface->prog_id);
	if (!iface->prog_id)
		return error_say(err, XDPCTL_FAULT_CONFLICT, EEXIST,
				 "%s was expected to run program %u, but runs none", iface->ifname,
				 change->expect);
	return error_say(err, XDPCTL_FAULT_CONFLICT, EEXIST,
			 "%s was expected to run program %u, but runs program %u", iface->ifname,
			 change->expect, iface->prog_id);
}

/* An attachment held by a bpf_link can't be changed over netlink; locks of ours come with their own way. */
static int check_lock(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	if (!iface->link_id)
		return 0;
	REFUSED(err, "the XDP attachment of %s is held by bpf_link %u", iface->ifname,
		iface->link_id);
	error_hint(err, "only the holder of the link can change it");
	return -EBUSY;
}

static int refuse_foreign(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	REFUSED(err, "%s runs \"%s\" (program %u), which is not a dispatcher", iface->ifname,
		iface->func, iface->prog_id);
	error_hint(err, "if it may go: xdpctl unload %s --id %u", iface->ifname, iface->prog_id);
	return -EBUSY;
}

/* Without a configuration nobody knows what the slots are, and whose: there is nothing to repair. */
static bool has_config(const struct xdpctl_iface *iface)
{
	return iface->version != 0 || (iface->engine == XDPCTL_ENGINE_FUSED && iface->n_components);
}

static int refuse_degraded(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	REFUSED(err, "the chain of %s is degraded: %s", iface->ifname, iface->why);
	if (has_config(iface))
		error_hint(err, "xdpctl repair %s", iface->ifname);
	else
		error_hint(err, "if it may go: xdpctl unload %s --id %u", iface->ifname,
			   iface->prog_id);
	return -EBUSY;
}

static int refuse_newer(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP, "%s: %s", iface->ifname, iface->why);
	error_hint(err, "use the tool that made it, or a newer xdpctl");
	return -EOPNOTSUPP;
}

static int fail_unreadable(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	return error_say(err, XDPCTL_FAULT_FAILED, EIO,
			 "%s runs program %u, which can't be read: %s", iface->ifname,
			 iface->prog_id, iface->why);
}

/* States in which a chain can be built on what is there. */
static int check_buildable(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	switch (iface->state) {
	case XDPCTL_STATE_EMPTY:
	case XDPCTL_STATE_CHAIN:
		return 0;
	case XDPCTL_STATE_FOREIGN:
		return refuse_foreign(iface, err);
	case XDPCTL_STATE_DEGRADED:
		return refuse_degraded(iface, err);
	case XDPCTL_STATE_NEWER:
		return refuse_newer(iface, err);
	case XDPCTL_STATE_UNREADABLE:
		return fail_unreadable(iface, err);
	}
	return fail_unreadable(iface, err);
}

static int decide_mode(const struct xdpctl_iface *iface, enum xdpctl_mode wanted,
		       enum xdpctl_mode *out, struct xdpctl_error *err)
{
	if (wanted == XDPCTL_MODE_HW) {
		error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
			  "%s: hardware can't run a dispatcher", iface->ifname);
		error_hint(err, "--mode native or skb");
		return -EOPNOTSUPP;
	}
	if (iface->state == XDPCTL_STATE_EMPTY) {
		*out = wanted;
		return 0;
	}
	if (wanted != XDPCTL_MODE_AUTO && wanted != iface->mode) {
		REFUSED(err, "the chain of %s is attached in %s mode, %s mode was asked for",
			iface->ifname, xdpctl_mode_name(iface->mode), xdpctl_mode_name(wanted));
		error_hint(err, "native and skb exclude each other: --mode %s, or --mode auto",
			   xdpctl_mode_name(iface->mode));
		return -EBUSY;
	}
	*out = iface->mode;
	return 0;
}

static void keep_engine(const struct xdpctl_iface *iface, struct decision *out)
{
	out->engine = iface->engine;
	util_copy(out->engine_why, sizeof(out->engine_why), iface->engine_why);
}

/* A chain keeps its engine: two can't be mixed, and a change of it should not come by the way. */
static int decide_engine(const struct xdpctl_iface *iface, const struct policy_load *wish,
			 struct decision *out, struct xdpctl_error *err)
{
	if (iface->state == XDPCTL_STATE_EMPTY) {
		out->engine = wish->engine ? wish->engine : wish->default_engine;
		if (!wish->engine && wish->default_why)
			util_copy(out->engine_why, sizeof(out->engine_why), wish->default_why);
		return 0;
	}
	keep_engine(iface, out);
	if (!wish->engine || wish->engine == iface->engine)
		return 0;
	REFUSED(err, "the chain of %s is of the %s engine, %s was asked for", iface->ifname,
		xdpctl_engine_name(iface->engine), xdpctl_engine_name(wish->engine));
	error_hint(err, "xdpctl convert %s --engine %s changes it", iface->ifname,
		   xdpctl_engine_name(wish->engine));
	return -EBUSY;
}

static int decide_version(const struct xdpctl_iface *iface, unsigned int asked,
			  unsigned int fallback, unsigned int *out, struct xdpctl_error *err)
{
	if (iface->devbound)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
				 "the chain of %s is bound to its device, which we can't rebuild",
				 iface->ifname);
	if (iface->engine == XDPCTL_ENGINE_FUSED) {
		*out = 0;
		return 0;
	}
	if (asked) {
		*out = asked;
		return 0;
	}
	*out = iface->version ? iface->version : fallback;
	if (*out != 1)
		return 0;
	REFUSED(err, "the dispatcher of %s has version 1, which we read but don't write",
		iface->ifname);
	error_hint(err,
		   "--dispatcher-version 2 or 3 replaces it by a newer one, which libxdp before "
		   "1.3 can't read");
	return -EBUSY;
}

static bool same_content(const struct xdpctl_component *c, const struct chain_addition *a)
{
	return c->recorded && memcmp(c->sha256, a->sha256, sizeof(c->sha256)) == 0 &&
	       memcmp(c->settings, a->settings, sizeof(c->settings)) == 0;
}

/* @out: is the addition there already? Refused if only its name is. */
static int check_present(const struct xdpctl_iface *iface, const struct chain_addition *a,
			 bool *out, struct xdpctl_error *err)
{
	int at = chain_find_name(iface, a->name);
	const struct xdpctl_component *c = &iface->components[at < 0 ? 0 : at];
	const char *differs;

	*out = false;
	if (at < 0)
		return 0;
	if (!c->recorded)
		differs = "loaded by another tool, so its content is not known";
	else if (!same_content(c, a))
		differs = "with other content";
	else if (c->prio != a->prio || c->actions != a->actions)
		differs = "with another priority or other chain actions";
	else {
		*out = true;
		return 0;
	}
	REFUSED(err, "%s has a component \"%s\" already, %s", iface->ifname, a->name, differs);
	error_hint(err, "replace it, unload it first, or load under another name (--name)");
	return -EBUSY;
}

static int check_names_once(const struct policy_load *wish, struct xdpctl_error *err)
{
	for (size_t i = 0; i < wish->n_additions; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(wish->additions[i].name, wish->additions[j].name) == 0)
				return error_say(err, XDPCTL_FAULT_USAGE, EINVAL,
						 "the name \"%s\" is given twice",
						 wish->additions[i].name);
	return 0;
}

static void keep_all(const struct xdpctl_iface *iface, struct chain *chain)
{
	chain->n = 0;
	for (unsigned int i = 0; i < iface->n_components; i++)
		chain->entries[chain->n++] = chain_keep(iface, i);
}

static int too_many(const struct xdpctl_iface *iface, const char *name, const struct decision *d,
		    struct xdpctl_error *err)
{
	bool fused = d->engine == XDPCTL_ENGINE_FUSED;

	REFUSED(err, "\"%s\" would be component %u of %s, %s is the limit of the %s engine", name,
		d->chain.n + 1, iface->ifname, fused ? "64" : "ten", xdpctl_engine_name(d->engine));
	if (!fused)
		error_hint(err, "the fused engine takes 64: %s %s --engine fused",
			   iface->n_components ? "xdpctl convert" : "xdpctl load", iface->ifname);
	return -EBUSY;
}

static int add_all(const struct xdpctl_iface *iface, const struct policy_load *wish,
		   struct decision *d, struct xdpctl_error *err)
{
	unsigned int limit = d->engine == XDPCTL_ENGINE_FUSED ? XDPCTL_COMPONENTS_MAX :
								XDPCTL_SLOTS_MAX;

	for (size_t i = 0; i < wish->n_additions; i++) {
		bool present;
		int r = check_present(iface, &wish->additions[i], &present, err);

		if (r < 0)
			return r;
		if (present)
			continue;
		if (d->chain.n == limit)
			return too_many(iface, wish->additions[i].name, d, err);
		d->chain.entries[d->chain.n++] = chain_add(&wish->additions[i], (unsigned int)i);
	}
	return 0;
}

int policy_load(const struct xdpctl_iface *iface, const struct policy_load *wish,
		struct decision *out, struct xdpctl_error *err)
{
	struct decision d = { .mode = iface->mode };
	int r;

	if ((r = check_names_once(wish, err)) < 0 ||
	    (r = check_expect(iface, wish->change, err)) < 0 || (r = check_lock(iface, err)) < 0 ||
	    (r = check_buildable(iface, err)) < 0 ||
	    (r = decide_mode(iface, wish->mode, &d.mode, err)) < 0 ||
	    (r = decide_engine(iface, wish, &d, err)) < 0)
		return r;
	keep_all(iface, &d.chain);
	r = add_all(iface, wish, &d, err);
	if (r < 0)
		return r;
	d.nothing = d.chain.n == iface->n_components;
	if (!d.nothing && d.engine != XDPCTL_ENGINE_FUSED) {
		r = decide_version(iface, wish->change->version, wish->default_version, &d.version,
				   err);
		if (r < 0)
			return r;
	}
	chain_sort(&d.chain);
	*out = d;
	return 0;
}

/* ---------------------------------------------------------------- unload */

static void list_components(const struct xdpctl_iface *iface, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < iface->n_components && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s (%u)", i ? ", " : "",
					 iface->components[i].name, iface->components[i].prog_id);
	if (!iface->n_components)
		util_copy(buf, size, "none");
}

static int not_there(const struct xdpctl_iface *iface, struct xdpctl_error *err)
{
	char components[192];

	list_components(iface, components, sizeof(components));
	error_hint(err, "components of %s: %s", iface->ifname, components);
	return -ENOENT;
}

static int mark_named(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
		      bool gone[XDPCTL_COMPONENTS_MAX], struct xdpctl_error *err)
{
	for (size_t i = 0; i < wish->n_names; i++) {
		int at = chain_find_name(iface, wish->names[i]);

		if (at < 0) {
			error_say(err, XDPCTL_FAULT_NOT_FOUND, ENOENT, "%s has no component \"%s\"",
				  iface->ifname, wish->names[i]);
			return not_there(iface, err);
		}
		gone[at] = true;
	}
	return 0;
}

static int mark_ids(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
		    bool gone[XDPCTL_COMPONENTS_MAX], struct xdpctl_error *err)
{
	for (size_t i = 0; i < wish->n_ids; i++) {
		int at = chain_find_id(iface, wish->ids[i]);

		if (at < 0) {
			error_say(err, XDPCTL_FAULT_NOT_FOUND, ENOENT,
				  "%s has no component with program id %u", iface->ifname,
				  wish->ids[i]);
			return not_there(iface, err);
		}
		gone[at] = true;
	}
	return 0;
}

/* "All" names nobody: a component with somebody else's label has to be named. */
static int check_owners(const struct xdpctl_iface *iface, const char *owner,
			struct xdpctl_error *err)
{
	for (unsigned int i = 0; i < iface->n_components; i++) {
		const struct xdpctl_component *c = &iface->components[i];

		if (!c->owner[0] || (owner && strcmp(owner, c->owner) == 0))
			continue;
		REFUSED(err, "component \"%s\" of %s belongs to \"%s\"", c->name, iface->ifname,
			c->owner);
		error_hint(err, "--owner %s, or name the component", c->owner);
		return -EBUSY;
	}
	return 0;
}

/* What we can't look into goes as a whole, and only when its id is given and nothing else is. */
static int unload_whole(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
			struct decision *out, struct xdpctl_error *err)
{
	bool named = wish->n_ids == 1 && wish->ids[0] == iface->prog_id && !wish->n_names;

	if (!named)
		return check_buildable(iface, err);
	if (iface->state == XDPCTL_STATE_UNREADABLE && !iface->func[0])
		return fail_unreadable(iface,
				       err); /* without a descriptor there is no expectation */
	out->detach = true;
	return 0;
}

/* What has its program is kept; what was fused, and has lost it, is loaded from its code. */
static bool is_saved(const struct xdpctl_iface *iface, unsigned int index, struct chain_entry *out)
{
	const struct xdpctl_component *c = &iface->components[index];

	*out = chain_keep(iface, index);
	if (iface->engine != XDPCTL_ENGINE_FUSED)
		return c->prog_id;
	if (!c->prog_id)
		out->origin = CHAIN_CONVERTED;
	return c->code_kept;
}

/*
 * A fused component runs as long as the whole does, also when its code is lost; a chain without it must be
 * asked for by its name.
 */
static int refuse_lost(const struct xdpctl_iface *iface, const struct xdpctl_component *c,
		       struct xdpctl_error *err)
{
	REFUSED(err, "component \"%s\" of %s still runs, but can't be fused again: %s", c->name,
		iface->ifname, iface->why);
	error_hint(err, "xdpctl unload %s %s removes it, and repairs the others", iface->ifname,
		   c->name);
	return -EBUSY;
}

/* All that isn't @gone, of a chain that is fused and degraded; in the order in which it runs. */
static int save_fused(const struct xdpctl_iface *iface, const bool *gone, struct chain *chain,
		      struct xdpctl_error *err)
{
	for (unsigned int i = 0; i < iface->n_components; i++) {
		if (gone[i])
			continue;
		if (!is_saved(iface, i, &chain->entries[chain->n++]))
			return refuse_lost(iface, &iface->components[i], err);
	}
	return 0;
}

/* Is all that goes what repair can't save? */
static bool only_lost(const struct xdpctl_iface *iface, const bool *gone)
{
	for (unsigned int i = 0; i < iface->n_components; i++)
		if (gone[i] &&
		    (iface->engine != XDPCTL_ENGINE_FUSED || iface->components[i].code_kept))
			return false;
	return true;
}

static int unload_some(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
		       struct decision *out, struct xdpctl_error *err)
{
	bool gone[XDPCTL_COMPONENTS_MAX] = { false };
	int r;

	if ((r = mark_named(iface, wish, gone, err)) < 0 ||
	    (r = mark_ids(iface, wish, gone, err)) < 0)
		return r;
	if (iface->state == XDPCTL_STATE_DEGRADED && only_lost(iface, gone)) {
		r = save_fused(iface, gone, &out->chain, err);
		out->detach = r == 0 && out->chain.n == 0;
		return r;
	}
	for (unsigned int i = 0; i < iface->n_components; i++)
		if (!gone[i])
			out->chain.entries[out->chain.n++] = chain_keep(iface, i);
	out->detach = out->chain.n == 0;
	if (out->detach)
		return 0;
	if (iface->state == XDPCTL_STATE_DEGRADED)
		return refuse_degraded(iface, err);
	chain_sort(&out->chain);
	return decide_version(iface, wish->change.version, 0, &out->version, err);
}

static int unload_all(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
		      struct decision *out, struct xdpctl_error *err)
{
	out->detach = true;
	return check_owners(iface, wish->change.owner, err);
}

static int unload_chain(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
			struct decision *out, struct xdpctl_error *err)
{
	return wish->all ? unload_all(iface, wish, out, err) : unload_some(iface, wish, out, err);
}

static int unload_empty(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
			struct decision *out, struct xdpctl_error *err)
{
	out->nothing = true;
	if (wish->all)
		return 0;
	return error_say(err, XDPCTL_FAULT_NOT_FOUND, ENOENT, "%s runs no XDP program",
			 iface->ifname);
}

static int unload_by_state(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
			   struct decision *out, struct xdpctl_error *err)
{
	switch (iface->state) {
	case XDPCTL_STATE_EMPTY:
		return unload_empty(iface, wish, out, err);
	case XDPCTL_STATE_CHAIN:
		return unload_chain(iface, wish, out, err);
	case XDPCTL_STATE_DEGRADED:
		return has_config(iface) ? unload_chain(iface, wish, out, err) :
					   unload_whole(iface, wish, out, err);
	case XDPCTL_STATE_FOREIGN:
	case XDPCTL_STATE_NEWER:
	case XDPCTL_STATE_UNREADABLE:
		return unload_whole(iface, wish, out, err);
	}
	return fail_unreadable(iface, err);
}

int policy_unload(const struct xdpctl_iface *iface, const struct xdpctl_unload *wish,
		  struct decision *out, struct xdpctl_error *err)
{
	struct decision d = { .mode = iface->mode };
	int r;

	keep_engine(iface, &d);
	if (!wish->all && !wish->n_names && !wish->n_ids)
		return error_say(err, XDPCTL_FAULT_USAGE, EINVAL,
				 "%s: what is to be unloaded isn't named", iface->ifname);
	if ((r = check_expect(iface, &wish->change, err)) < 0 || (r = check_lock(iface, err)) < 0 ||
	    (r = unload_by_state(iface, wish, &d, err)) < 0)
		return r;
	*out = d;
	return 0;
}

/* ---------------------------------------------------------------- repair */

static int repair_degraded(const struct xdpctl_iface *iface, const struct xdpctl_change *change,
			   struct decision *out, struct xdpctl_error *err)
{
	static const bool none[XDPCTL_COMPONENTS_MAX];

	if (!has_config(iface))
		return refuse_degraded(iface, err);
	if (iface->engine == XDPCTL_ENGINE_FUSED)
		return save_fused(iface, none, &out->chain, err);
	for (unsigned int i = 0; i < iface->n_components; i++)
		if (is_saved(iface, i, &out->chain.entries[out->chain.n]))
			out->chain.n++;
	if (!out->chain.n) {
		REFUSED(err, "nothing of the chain of %s is left to repair: %s", iface->ifname,
			iface->why);
		error_hint(err, "xdpctl unload %s --all removes what is there", iface->ifname);
		return -EBUSY;
	}
	chain_sort(&out->chain);
	return decide_version(iface, change->version, 0, &out->version, err);
}

int policy_repair(const struct xdpctl_iface *iface, const struct xdpctl_change *change,
		  struct decision *out, struct xdpctl_error *err)
{
	struct decision d = { .mode = iface->mode };
	int r;

	keep_engine(iface, &d);
	r = check_expect(iface, change, err);
	if (r < 0)
		return r;
	if (iface->state == XDPCTL_STATE_DEGRADED) {
		if ((r = check_lock(iface, err)) < 0 ||
		    (r = repair_degraded(iface, change, &d, err)) < 0)
			return r;
	} else {
		d.nothing = true;
		r = check_buildable(iface, err);
		if (r < 0)
			return r;
	}
	*out = d;
	return 0;
}

/* ---------------------------------------------------------------- convert */

static int to_freplace(const struct xdpctl_iface *iface, const struct policy_convert *wish,
		       struct decision *out, struct xdpctl_error *err)
{
	if (iface->n_components > XDPCTL_SLOTS_MAX)
		return REFUSED(err,
			       "the chain of %s has %u components, ten is the limit of the "
			       "freplace engine",
			       iface->ifname, iface->n_components);
	for (unsigned int i = 0; i < iface->n_components; i++) {
		out->chain.entries[i] = chain_keep(iface, i);
		out->chain.entries[i].origin = CHAIN_CONVERTED;
	}
	out->chain.n = iface->n_components;
	out->version = wish->change->version ? wish->change->version : wish->default_version;
	return 0;
}

/* The object that a component was loaded from, as it is now; -1: there is none with the same content. */
static int find_object(const struct xdpctl_component *c, const struct policy_convert *wish)
{
	for (size_t i = 0; i < wish->n_additions; i++)
		if (strcmp(wish->additions[i].name, c->name) == 0 &&
		    same_content(c, &wish->additions[i]))
			return (int)i;
	return -1;
}

static int no_object(const struct xdpctl_iface *iface, const struct xdpctl_component *c,
		     struct xdpctl_error *err)
{
	if (!c->recorded) {
		REFUSED(err,
			"component \"%s\" of %s was loaded by another tool: its instructions "
			"aren't known",
			c->name, iface->ifname);
		error_hint(err, "unload it, convert, and load it by xdpctl");
		return -EBUSY;
	}
	REFUSED(err, "component \"%s\" of %s can't be made again from %s", c->name, iface->ifname,
		c->object);
	error_hint(err,
		   "the file is gone or has changed: unload the component, convert, and load it "
		   "again");
	return -EBUSY;
}

/* In the order in which they run, whatever sorting would make of new programs. */
static int to_fused(const struct xdpctl_iface *iface, const struct policy_convert *wish,
		    struct decision *out, struct xdpctl_error *err)
{
	for (unsigned int i = 0; i < iface->n_components; i++) {
		const struct xdpctl_component *c = &iface->components[i];
		int at = find_object(c, wish);

		if (at < 0)
			return no_object(iface, c, err);
		out->chain.entries[i] = chain_add(&wish->additions[at], (unsigned int)at);
		out->chain.entries[i].prio = c->prio;
		out->chain.entries[i].actions = c->actions;
	}
	out->chain.n = iface->n_components;
	return 0;
}

static int convert_chain(const struct xdpctl_iface *iface, const struct policy_convert *wish,
			 struct decision *out, struct xdpctl_error *err)
{
	if (iface->state == XDPCTL_STATE_EMPTY)
		return error_say(err, XDPCTL_FAULT_NOT_FOUND, ENOENT, "%s runs no XDP program",
				 iface->ifname);
	out->engine = wish->engine;
	out->nothing = iface->engine == wish->engine;
	if (out->nothing)
		return 0;
	return wish->engine == XDPCTL_ENGINE_FUSED ? to_fused(iface, wish, out, err) :
						     to_freplace(iface, wish, out, err);
}

int policy_convert(const struct xdpctl_iface *iface, const struct policy_convert *wish,
		   struct decision *out, struct xdpctl_error *err)
{
	struct decision d = { .mode = iface->mode };
	int r;

	if ((r = check_expect(iface, wish->change, err)) < 0 || (r = check_lock(iface, err)) < 0 ||
	    (r = check_buildable(iface, err)) < 0 || (r = convert_chain(iface, wish, &d, err)) < 0)
		return r;
	*out = d;
	return 0;
}
