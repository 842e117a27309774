// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl unload: components out of an interface's chain, by name or by program id, or all. */
#include <stdio.h>

#include <xdpctl.h>

#include "change.h"
#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "error.h"
#include "escape.h"
#include "render.h"

struct unload_options {
	struct common common;
	struct change_options change;
	struct value_ids ids;
	bool all;
};

static bool is_left(const struct xdpctl_iface *after, uint32_t prog_id)
{
	for (unsigned int i = 0; i < after->n_components; i++)
		if (after->components[i].prog_id == prog_id)
			return true;
	return false;
}

static void print_gone(const char *ifname, const char *raw_name, uint32_t prog_id,
		       const struct xdpctl_iface *after)
{
	_cleanup_free_ char *name = escape_text(raw_name);

	printf("%s: unloaded %s (id %u), %u left\n", ifname, name, prog_id, after->n_components);
}

static void print_done(const struct xdpctl_report *report, const char *ifname)
{
	const struct xdpctl_iface *before = &report->before, *after = &report->after;

	if (!before->n_components) /* a program that was no chain */
		print_gone(ifname, before->func, before->prog_id, after);
	for (unsigned int i = 0; i < before->n_components; i++)
		if (!is_left(after, before->components[i].prog_id))
			print_gone(ifname, before->components[i].name,
				   before->components[i].prog_id, after);
}

static int check_operands(const struct unload_options *o, size_t n_names, struct xdpctl_error *err)
{
	bool some = n_names || o->ids.n;

	if (o->all && some)
		return error_usage(err, "--all leaves nothing to name");
	if (!o->all && !some)
		return error_usage(err, "unload: a component's NAME, --id or --all is missing");
	return change_check(&o->change, err);
}

static int run_unload(const void *options, const char *const *operands, size_t n,
		      struct xdpctl_error *err)
{
	const struct unload_options *o = options;
	struct xdpctl_unload unload = {
		.all = o->all,
		.names = operands + 1,
		.n_names = n - 1,
		.ids = o->ids.ids,
		.n_ids = o->ids.n,
	};
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_report_ struct xdpctl_report *report = NULL;
	int r;

	if (check_operands(o, n - 1, err) < 0)
		return error_help(err, "unload");
	r = change_request(&o->change, operands[0], &unload.change, err);
	if (r == 0)
		r = common_open(&o->common, &x, err);
	if (r == 0)
		r = xdpctl_unload(x, &unload, &report, err);
	if (r < 0)
		return r;
	render_report(report, &(struct render_change){
				      .ifname = operands[0],
				      .run = unload.change.run,
				      .json = o->common.json,
				      .verbose = o->common.verbose,
				      .done = print_done,
			      });
	return 0;
}

// clang-format off
static const struct option_entry options[] = {
	{ "id", 'i', "ID", "by program id, also a foreign program (repeatable)",
	  value_ids, offsetof(struct unload_options, ids) },
	{ "all", 'a', NULL, "all components of the chain",
	  value_flag, offsetof(struct unload_options, all) },
	{ 0 },
};
// clang-format on

static const struct option_set sets[] = {
	{ "Options", options, 0 },
	{ NULL, change_options, offsetof(struct unload_options, change) },
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct unload_options defaults = { .common.lock_timeout = LOCK_TIMEOUT_DEFAULT };

const struct command unload_command = {
	.name = "unload",
	.summary = "Remove components from an interface's chain",
	.operands = "IFACE [NAME...]",
	.details =
		"NAMEs, --id or --all say what. With the last component the dispatcher and every\n"
		"pin of the chain goes.\n",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct unload_options),
	.run = run_unload,
};
