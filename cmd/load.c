// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl load: one or more programs into an interface's chain, in one atomic change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xdpctl.h>

#include "change.h"
#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "error.h"
#include "escape.h"
#include "render.h"
#include "spec.h"
#include "xalloc.h"

struct load_options {
	struct common common;
	struct change_options change;
	struct spec_settings settings;
	enum xdpctl_mode mode;
	enum xdpctl_engine engine;
};

/* The operands, and the same as the library wants them. */
struct request {
	struct spec *specs;
	struct xdpctl_load_item *items;
	size_t n;
};

static void request_clear(struct request *request)
{
	for (size_t i = 0; i < request->n; i++)
		spec_clear(&request->specs[i]);
	free(request->specs);
	free(request->items);
}

/* The component's name, as far as it can be told before the object is read. */
static const char *name_of(const struct xdpctl_load_item *item)
{
	return item->name ? item->name : item->prog;
}

static int check_names(const struct request *request, struct xdpctl_error *err)
{
	for (size_t i = 0; i < request->n; i++) {
		const char *name = name_of(&request->items[i]);

		for (size_t j = 0; name && j < i; j++)
			if (name_of(&request->items[j]) &&
			    !strcmp(name_of(&request->items[j]), name))
				return error_usage(err, "two programs are called \"%s\"", name);
	}
	return 0;
}

static int request_init(struct request *request, const struct spec_settings *all,
			const char *const *operands, size_t n, struct xdpctl_error *err)
{
	int r;

	if (all->prog && all->section)
		return error_usage(err, "--prog and --section exclude each other");
	if (all->name && n > 1)
		return error_usage(err, "--name is for one object; write OBJECT,name=NAME");
	request->specs = xcalloc(n, sizeof(*request->specs));
	request->items = xcalloc(n, sizeof(*request->items));
	request->n = n;
	for (size_t i = 0; i < n; i++) {
		r = spec_parse(operands[i], &request->specs[i], err);
		if (r == 0)
			r = spec_inherit(&request->specs[i], all, err);
		if (r < 0)
			return r;
		request->items[i] = spec_item(&request->specs[i]);
	}
	return check_names(request, err);
}

static bool is_new(const struct xdpctl_report *report, const struct xdpctl_component *c)
{
	for (unsigned int i = 0; i < report->before.n_components; i++)
		if (report->before.components[i].prog_id == c->prog_id)
			return false;
	return true;
}

static void print_done(const struct xdpctl_report *report, const char *ifname)
{
	const struct xdpctl_iface *chain = &report->after;

	for (unsigned int i = 0; i < chain->n_components; i++) {
		const struct xdpctl_component *c = &chain->components[i];
		_cleanup_free_ char *name = escape_text(c->name);

		if (is_new(report, c))
			printf("%s: loaded %s (id %u) as %u of %u in %s mode\n", ifname, name,
			       c->prog_id, i + 1, chain->n_components,
			       xdpctl_mode_name(report->mode));
	}
}

static int load(const struct load_options *o, const char *ifname, const struct request *request,
		struct xdpctl_error *err)
{
	struct xdpctl_load load = {
		.mode = o->mode,
		.engine = o->engine,
		.items = request->items,
		.n_items = request->n,
	};
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_report_ struct xdpctl_report *report = NULL;
	int r;

	r = change_request(&o->change, ifname, &load.change, err);
	if (r == 0)
		r = common_open(&o->common, &x, err);
	if (r == 0)
		r = xdpctl_load(x, &load, &report, err);
	if (r < 0)
		return r;
	render_report(report, &(struct render_change){
				      .ifname = ifname,
				      .run = load.change.run,
				      .json = o->common.json,
				      .verbose = o->common.verbose,
				      .done = print_done,
			      });
	return 0;
}

static int run_load(const void *options, const char *const *operands, size_t n,
		    struct xdpctl_error *err)
{
	const struct load_options *o = options;
	_cleanup_(request_clear) struct request request = { 0 };

	if (change_check(&o->change, err) < 0 ||
	    request_init(&request, &o->settings, operands + 1, n - 1, err) < 0)
		return error_help(err, "load");
	return load(o, operands[0], &request, err);
}

// clang-format off
static const struct option_entry options[] = {
	{ "mode", 'm', "native|skb|hw|auto", "how to attach (default: native)",
	  value_mode, offsetof(struct load_options, mode) },
	{ "engine", 'e', "auto|freplace|fused", "how a new chain is made to run (default: auto)",
	  value_engine, offsetof(struct load_options, engine) },
	{ 0 },
};
// clang-format on

static const struct option_set sets[] = {
	{ "Options that describe a program", spec_options,
	  offsetof(struct load_options, settings) },
	{ "Options", options, 0 },
	{ NULL, change_options, offsetof(struct load_options, change) },
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct load_options defaults = {
	.common.lock_timeout = LOCK_TIMEOUT_DEFAULT,
	.mode = XDPCTL_MODE_NATIVE,
};

const struct command load_command = {
	.name = "load",
	.summary = "Add programs to an interface's chain, all or none",
	.operands = "IFACE OBJECT...",
	.keys = spec_options,
	.details =
		"OBJECT is FILE[:PROG][,KEY=VALUE]..., where KEY is one of the options that\n"
		"describe a program: drop.o:drop_udp,prio=10,actions=pass+drop,name=guard.\n"
		"An existing file may have a ':' in its name; a '\\' takes the meaning from any\n"
		"character behind it. LIST is aborted, drop, pass, tx, redirect, joined by '+',\n"
		"or none: the return codes after which the chain goes on.\n",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct load_options),
	.run = run_load,
};
