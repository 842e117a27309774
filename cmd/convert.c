// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl convert: makes a chain run by the other engine, in one atomic change. */
#include <stdio.h>

#include <xdpctl.h>

#include "change.h"
#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "error.h"
#include "render.h"

struct convert_options {
	struct common common;
	struct change_options change;
	enum xdpctl_engine engine;
};

/* Neither is a default here, so "auto" is no answer. */
static int value_other_engine(const char *text, void *value, struct xdpctl_error *err)
{
	enum xdpctl_engine *engine = value;

	if (xdpctl_engine_parse(text, engine) == 0 && *engine)
		return 0;
	return error_usage(err, "\"%s\" is none of freplace, fused", text);
}

static void print_done(const struct xdpctl_report *report, const char *ifname)
{
	unsigned int n = report->after.n_components;

	printf("%s: %u component%s by the %s engine now\n", ifname, n, n == 1 ? "" : "s",
	       xdpctl_engine_name(report->after.engine));
}

static int check(const struct convert_options *o, struct xdpctl_error *err)
{
	if (!o->engine)
		return error_usage(err, "to which engine? --engine freplace, or fused");
	return change_check(&o->change, err);
}

static int run_convert(const void *options, const char *const *operands, size_t n,
		       struct xdpctl_error *err)
{
	const struct convert_options *o = options;
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_report_ struct xdpctl_report *report = NULL;
	struct xdpctl_convert convert = { .engine = o->engine };
	int r;

	(void)n;
	if (check(o, err) < 0)
		return error_help(err, "convert");
	r = change_request(&o->change, operands[0], &convert.change, err);
	if (r == 0)
		r = common_open(&o->common, &x, err);
	if (r == 0)
		r = xdpctl_convert(x, &convert, &report, err);
	if (r < 0)
		return r;
	render_report(report, &(struct render_change){
				      .ifname = operands[0],
				      .run = convert.change.run,
				      .json = o->common.json,
				      .verbose = o->common.verbose,
				      .done = print_done,
			      });
	return 0;
}

// clang-format off
static const struct option_entry options[] = {
	{ "engine", 'e', "freplace|fused", "the engine that the chain is to have (required)",
	  value_other_engine, offsetof(struct convert_options, engine) },
	{ 0 },
};
// clang-format on

static const struct option_set sets[] = {
	{ "Options", options, 0 },
	{ NULL, change_options, offsetof(struct convert_options, change) },
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct convert_options defaults = { .common.lock_timeout = LOCK_TIMEOUT_DEFAULT };

const struct command convert_command = {
	.name = "convert",
	.summary = "Make a chain run by the other engine",
	.operands = "IFACE",
	.details =
		"The components, their order and their maps stay; packets meet the old chain or\n"
		"the new one. To fused, the files that the components were loaded from are read\n"
		"again and must be the same; to freplace, there must be ten components at most.\n",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct convert_options),
	.run = run_convert,
};
