// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl repair: makes a degraded chain whole again out of what is alive. */
#include <stdio.h>

#include <xdpctl.h>

#include "change.h"
#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "error.h"
#include "render.h"

struct repair_options {
	struct common common;
	struct change_options change;
};

static void print_done(const struct xdpctl_report *report, const char *ifname)
{
	unsigned int n = report->after.n_components;

	printf("%s: repaired, %u component%s\n", ifname, n, n == 1 ? "" : "s");
}

static int run_repair(const void *options, const char *const *operands, size_t n,
		      struct xdpctl_error *err)
{
	const struct repair_options *o = options;
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_report_ struct xdpctl_report *report = NULL;
	struct xdpctl_change change;
	int r;

	(void)n;
	if (change_check(&o->change, err) < 0)
		return error_help(err, "repair");
	r = change_request(&o->change, operands[0], &change, err);
	if (r == 0)
		r = common_open(&o->common, &x, err);
	if (r == 0)
		r = xdpctl_repair(x, &change, &report, err);
	if (r < 0)
		return r;
	render_report(report, &(struct render_change){
				      .ifname = operands[0],
				      .run = change.run,
				      .json = o->common.json,
				      .verbose = o->common.verbose,
				      .done = print_done,
			      });
	return 0;
}

static const struct option_set sets[] = {
	{ "Options", change_options, offsetof(struct repair_options, change) },
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct repair_options defaults = { .common.lock_timeout = LOCK_TIMEOUT_DEFAULT };

const struct command repair_command = {
	.name = "repair",
	.summary = "Make a degraded chain whole from what is alive",
	.operands = "IFACE",
	.details = "Components that still run are pinned again. What can't be saved is named in a\n"
		   "note. A whole chain is left as it is.\n",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct repair_options),
	.run = run_repair,
};
