// SPDX-License-Identifier: LGPL-2.1-or-later
/* The public calls: object files are read and capabilities checked here, then a session does the rest. */
#include <errno.h>
#include <glob.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "compose/session.h"
#include "error.h"
#include "kernel/netdev.h"
#include "kernel/object.h"
#include "kernel/real.h"
#include "util.h"

struct xdpctl {
	struct real *real;
};

static struct kernel *kernel_of(struct xdpctl *x)
{
	return &x->real->base;
}

const char *xdpctl_version(void)
{
	return XDPCTL_VERSION;
}

int xdpctl_open(const struct xdpctl_options *options, struct xdpctl **out, struct xdpctl_error *err)
{
	struct xdpctl *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "open a handle");
	r = real_open(options, &x->real, err);
	if (r < 0) {
		free(x);
		return r;
	}
	*out = x;
	return 0;
}

void xdpctl_close(struct xdpctl *x)
{
	if (!x)
		return;
	real_close(x->real);
	free(x);
}

int xdpctl_ifindex(const char *ifname, struct xdpctl_error *err)
{
	unsigned int index = if_nametoindex(ifname);

	if (index)
		return (int)index;
	return error_say(err, XDPCTL_FAULT_NOT_FOUND, ENODEV, "there is no interface \"%s\"",
			 ifname);
}

/* ---------------------------------------------------------------- reading */

int xdpctl_status(struct xdpctl *x, const int *ifindexes, size_t n, struct xdpctl_status **out,
		  struct xdpctl_error *err)
{
	return session_status(kernel_of(x), ifindexes, n, out, err);
}

int xdpctl_pins(struct xdpctl *x, struct xdpctl_pins **out, struct xdpctl_error *err)
{
	return session_pins(kernel_of(x), out, err);
}

int xdpctl_features(struct xdpctl *x, int ifindex, struct xdpctl_features **out,
		    struct xdpctl_error *err)
{
	struct xdpctl_features *features = calloc(1, sizeof(*features));
	int r;

	if (!features)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read features");
	features->ifindex = ifindex;
	r = netdev_features(ifindex, features, err);
	if (r < 0) {
		free(features);
		return r;
	}
	probe_kernel(kernel_of(x), features);
	*out = features;
	return 0;
}

void xdpctl_features_free(struct xdpctl_features *features)
{
	free(features);
}

/* ---------------------------------------------------------------- changing */

/*
 * The version of a new dispatcher: the one that the libxdp installed here writes, so that its tools can go
 * on with the chain; 2, which every libxdp since 1.3 reads, where there is none.
 */
static unsigned int default_version(void)
{
	static const char pattern[] =
		"/usr/{lib,lib64,lib/*-linux-*,local/lib}/bpf/xdp-dispatcher.o";
	unsigned int version = 0;
	glob_t found = { 0 };

	if (glob(pattern, GLOB_BRACE, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && version != 2 && version != 3; i++)
			version = object_dispatcher_version(found.gl_pathv[i]);
	globfree(&found);
	return version == 2 || version == 3 ? version : 2;
}

/* The programs of one load: an object for each, and what was chosen from it. */
struct choices {
	struct object **objects;
	struct object_choice *items;
	size_t n;
};

static void choices_free(struct choices *choices)
{
	for (size_t i = 0; choices->objects && i < choices->n; i++)
		object_free(choices->objects[i]);
	free(choices->objects);
	free(choices->items);
}

static int choose(struct xdpctl *x, const struct xdpctl_load *load, size_t i,
		  struct choices *choices, struct xdpctl_error *err)
{
	struct object_choice *choice = &choices->items[i];
	int r;

	r = object_read(load->items[i].path, &choices->objects[i], err);
	if (r == 0)
		r = object_choose(choices->objects[i], &load->items[i], choice, err);
	if (r < 0)
		return r;
	choice->bpffs = x->real->bpffs;
	if (load->change.owner)
		util_copy(choice->addition.owner, sizeof(choice->addition.owner),
			  load->change.owner);
	return 0;
}

static int choose_all(struct xdpctl *x, const struct xdpctl_load *load, struct choices *choices,
		      struct xdpctl_error *err)
{
	int r = 0;

	choices->n = load->n_items;
	choices->objects = calloc(load->n_items + 1, sizeof(*choices->objects));
	choices->items = calloc(load->n_items + 1, sizeof(*choices->items));
	if (!choices->objects || !choices->items)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read objects");
	for (size_t i = 0; i < load->n_items && r == 0; i++)
		r = choose(x, load, i, choices, err);
	return r;
}

int xdpctl_load(struct xdpctl *x, const struct xdpctl_load *load, struct xdpctl_report **out,
		struct xdpctl_error *err)
{
	struct session_load session = { .load = load };
	struct choices choices = { 0 };
	int r;

	r = choose_all(x, load, &choices, err);
	if (r == 0)
		r = caps_check(err);
	if (r == 0) {
		session.choices = choices.items;
		session.default_version = default_version();
		r = session_load(kernel_of(x), &session, out, err);
	}
	choices_free(&choices);
	return r;
}

int xdpctl_unload(struct xdpctl *x, const struct xdpctl_unload *unload, struct xdpctl_report **out,
		  struct xdpctl_error *err)
{
	int r = caps_check(err);

	return r < 0 ? r : session_unload(kernel_of(x), unload, out, err);
}

int xdpctl_repair(struct xdpctl *x, const struct xdpctl_change *change, struct xdpctl_report **out,
		  struct xdpctl_error *err)
{
	int r = caps_check(err);

	return r < 0 ? r : session_repair(kernel_of(x), change, out, err);
}

/* ---------------------------------------------------------------- converting */

/* A component's object as it would have to be loaded to get the same again. */
static struct xdpctl_load_item item_of(const struct xdpctl_component *c)
{
	return (struct xdpctl_load_item){
		.path = c->object,
		.prog = c->func,
		.name = c->name,
		.has_prio = true,
		.prio = c->prio,
		.has_actions = true,
		.actions = c->actions,
		.frags = c->frags ? XDPCTL_FRAGS_ON : XDPCTL_FRAGS_OFF,
	};
}

/*
 * A file that is gone, or isn't what it was, leaves @choice empty. One that can't be read is neither.
 */
static int choose_again(const struct xdpctl_component *c, const struct xdpctl_load_item *item,
			struct object **object, struct object_choice *choice,
			struct xdpctl_error *err)
{
	struct xdpctl_error failure = { 0 };
	int r = object_read(c->object, object, &failure);

	if (r == 0)
		r = object_choose(*object, item, choice, &failure);
	if (r < 0) {
		r = failure.fault != XDPCTL_FAULT_FAILED ?
			    0 :
			    error_say(err, failure.fault, failure.code, "component \"%s\": %s",
				      c->name, failure.message);
		xdpctl_error_clear(&failure);
		return r;
	}
	choice->reuse = c->map_ids;
	choice->n_reuse = c->n_maps;
	util_copy(choice->addition.owner, sizeof(choice->addition.owner), c->owner);
	/* Variables that were set are in the maps that it goes on with. */
	memcpy(choice->addition.settings, c->settings, sizeof(c->settings));
	return 0;
}

/*
 * Those that were recorded and whose files are there and can be read; which of them are the same as what
 * runs, and whether any is missing, is the policy's to judge.
 */
static int choose_running(struct xdpctl *x, const struct xdpctl_iface *iface,
			  struct xdpctl_load_item *items, struct choices *choices,
			  struct xdpctl_error *err)
{
	int r;

	choices->objects = calloc(iface->n_components + 1, sizeof(*choices->objects));
	choices->items = calloc(iface->n_components + 1, sizeof(*choices->items));
	if (!choices->objects || !choices->items)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read objects");
	for (unsigned int i = 0; i < iface->n_components; i++) {
		const struct xdpctl_component *c = &iface->components[i];
		size_t at = choices->n;

		items[i] = item_of(c);
		if (!c->recorded)
			continue;
		choices->n++;
		r = choose_again(c, &items[i], &choices->objects[at], &choices->items[at], err);
		if (r < 0)
			return r;
		choices->items[at].bpffs = x->real->bpffs;
	}
	return 0;
}

/* To freplace nothing has to be read: the code is kept. */
static int convert_iface(struct xdpctl *x, const struct xdpctl_convert *convert,
			 const struct xdpctl_iface *iface, struct xdpctl_report **out,
			 struct xdpctl_error *err)
{
	struct session_convert session = { .convert = convert };
	struct xdpctl_load_item items[XDPCTL_COMPONENTS_MAX];
	struct choices choices = { 0 };
	int r = 0;

	if (convert->engine == XDPCTL_ENGINE_FUSED && iface->engine == XDPCTL_ENGINE_FREPLACE)
		r = choose_running(x, iface, items, &choices, err);
	if (r == 0) {
		session.choices = choices.items;
		session.n_choices = choices.n;
		session.default_version = default_version();
		r = session_convert(kernel_of(x), &session, out, err);
	}
	choices_free(&choices);
	return r;
}

int xdpctl_convert(struct xdpctl *x, const struct xdpctl_convert *convert,
		   struct xdpctl_report **out, struct xdpctl_error *err)
{
	struct xdpctl_status *status = NULL;
	int r;

	if (convert->engine == XDPCTL_ENGINE_AUTO)
		return error_say(err, XDPCTL_FAULT_USAGE, EINVAL, "which engine isn't said");
	r = caps_check(err);
	if (r == 0)
		r = xdpctl_status(x, &convert->change.ifindex, 1, &status, err);
	if (r == 0)
		r = convert_iface(x, convert, &status->ifaces[0], out, err);
	xdpctl_status_free(status);
	return r;
}

int xdpctl_clean(struct xdpctl *x, bool dry_run, struct xdpctl_garbage_list **out,
		 struct xdpctl_error *err)
{
	int r = caps_check(err);

	return r < 0 ? r : session_clean(kernel_of(x), dry_run, out, err);
}
