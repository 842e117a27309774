// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/chain.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

struct chain_entry chain_keep(const struct xdpctl_iface *iface, unsigned int index)
{
	const struct xdpctl_component *c = &iface->components[index];
	struct chain_entry entry = {
		.origin = CHAIN_KEPT,
		.index = index,
		.prio = c->prio,
		.actions = c->actions,
		.frags = c->frags,
		.load_time = c->load_time,
	};

	util_copy(entry.name, sizeof(entry.name), c->name);
	util_copy(entry.func, sizeof(entry.func), c->func);
	memcpy(entry.tag, c->tag, sizeof(entry.tag));
	return entry;
}

struct chain_entry chain_add(const struct chain_addition *addition, unsigned int index)
{
	struct chain_entry entry = {
		.origin = CHAIN_ADDED,
		.index = index,
		.prio = addition->prio,
		.actions = addition->actions,
		.frags = addition->frags,
		.insns = addition->insns,
	};

	util_copy(entry.name, sizeof(entry.name), addition->name);
	util_copy(entry.func, sizeof(entry.func), addition->func);
	return entry;
}

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

static int entry_compare(const struct chain_entry *a, const struct chain_entry *b)
{
	int order;

	if (a->prio != b->prio)
		return COMPARE(a->prio, b->prio);
	order = strcmp(a->func, b->func);
	if (order)
		return order;
	if (a->origin != b->origin)
		return a->origin == CHAIN_KEPT ? -1 : 1;
	if (a->origin == CHAIN_ADDED)
		return COMPARE(a->insns, b->insns);
	order = memcmp(a->tag, b->tag, sizeof(a->tag));
	return order ? order : COMPARE(a->load_time, b->load_time);
}

/* An insertion sort is stable, which qsort() isn't, and 64 entries are few. */
void chain_sort(struct chain *chain)
{
	for (unsigned int i = 1; i < chain->n; i++) {
		struct chain_entry entry = chain->entries[i];
		unsigned int at = i;

		while (at > 0 && entry_compare(&entry, &chain->entries[at - 1]) < 0) {
			chain->entries[at] = chain->entries[at - 1];
			at--;
		}
		chain->entries[at] = entry;
	}
}

bool chain_keeps(const struct chain *chain, unsigned int index)
{
	for (unsigned int i = 0; i < chain->n; i++)
		if (chain->entries[i].origin == CHAIN_KEPT && chain->entries[i].index == index)
			return true;
	return false;
}

static bool name_taken(const struct xdpctl_component *components, unsigned int n,
		       const struct xdpctl_component *self, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (&components[i] != self && strcmp(components[i].name, name) == 0)
			return true;
	return false;
}

static void name_component(struct xdpctl_component *components, unsigned int n,
			   struct xdpctl_component *self)
{
	char name[XDPCTL_NAME_SIZE];

	util_copy(name, sizeof(name), self->func[0] ? self->func : "unknown");
	for (unsigned int twin = 2; name_taken(components, n, self, name); twin++)
		snprintf(name, sizeof(name), "%.*s.%u", XDPCTL_NAME_SIZE - 5,
			 self->func[0] ? self->func : "unknown", twin);
	util_copy(self->name, sizeof(self->name), name);
}

void chain_name_components(struct xdpctl_component *components, unsigned int n)
{
	/* Recorded names first: one that was given must not depend on what else is there. */
	for (unsigned int i = 0; i < n; i++)
		if (!components[i].recorded || name_taken(components, i, NULL, components[i].name))
			components[i].name[0] = '\0';
	for (unsigned int i = 0; i < n; i++)
		if (!components[i].name[0])
			name_component(components, n, &components[i]);
}

int chain_find_name(const struct xdpctl_iface *iface, const char *name)
{
	for (unsigned int i = 0; i < iface->n_components; i++)
		if (strcmp(iface->components[i].name, name) == 0)
			return (int)i;
	return -1;
}

int chain_find_id(const struct xdpctl_iface *iface, uint32_t prog_id)
{
	for (unsigned int i = 0; prog_id && i < iface->n_components; i++)
		if (iface->components[i].prog_id == prog_id)
			return (int)i;
	return -1;
}

static void preview_addition(const struct chain_addition *addition, struct xdpctl_component *c)
{
	c->recorded = true;
	util_copy(c->func, sizeof(c->func), addition->func);
	util_copy(c->owner, sizeof(c->owner), addition->owner);
	util_copy(c->object, sizeof(c->object), addition->object);
	memcpy(c->sha256, addition->sha256, sizeof(c->sha256));
	memcpy(c->settings, addition->settings, sizeof(c->settings));
}

void chain_preview(const struct chain *chain, const struct xdpctl_iface *iface,
		   const struct chain_addition *additions, struct xdpctl_iface *after)
{
	struct xdpctl_iface preview = {
		.ifindex = iface->ifindex,
		.state = chain->n ? XDPCTL_STATE_CHAIN : XDPCTL_STATE_EMPTY,
		.mode = chain->n ? iface->mode : XDPCTL_MODE_NONE,
		.n_components = chain->n,
	};

	util_copy(preview.ifname, sizeof(preview.ifname), iface->ifname);
	for (unsigned int i = 0; i < chain->n; i++) {
		const struct chain_entry *entry = &chain->entries[i];
		struct xdpctl_component *c = &preview.components[i];

		if (entry->origin == CHAIN_ADDED)
			preview_addition(&additions[entry->index], c);
		else
			*c = iface->components[entry->index];
		if (entry->origin == CHAIN_CONVERTED)
			c->prog_id = c->link_id = 0;
		c->slot = i;
		c->prio = entry->prio;
		c->actions = entry->actions;
		c->frags = entry->frags;
		c->health = XDPCTL_HEALTH_OK;
		util_copy(c->name, sizeof(c->name), entry->name);
	}
	*after = preview;
}
