// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl clean: collects what belongs to dispatchers that run nowhere. */
#include <xdpctl.h>

#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "render.h"

struct clean_options {
	struct common common;
	bool dry_run;
};

static bool any_failed(const struct xdpctl_garbage_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].failed)
			return true;
	return false;
}

static int run_clean(const void *options, const char *const *operands, size_t n,
		     struct xdpctl_error *err)
{
	const struct clean_options *o = options;
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_garbage_ struct xdpctl_garbage_list *list = NULL;
	int r;

	(void)operands;
	(void)n;
	r = common_open(&o->common, &x, err);
	if (r == 0)
		r = xdpctl_clean(x, o->dry_run, &list, err);
	if (r < 0)
		return r;
	render_garbage(list, o->dry_run, o->common.json);
	return any_failed(list) ? XDPCTL_FAULT_FAILED : 0;
}

// clang-format off
static const struct option_entry options[] = {
	{ "dry-run", 0, NULL, "say what would be collected, change nothing",
	  value_flag, offsetof(struct clean_options, dry_run) },
	{ 0 },
};
// clang-format on

static const struct option_set sets[] = {
	{ "Options", options, 0 },
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct clean_options defaults = { .common.lock_timeout = LOCK_TIMEOUT_DEFAULT };

const struct command clean_command = {
	.name = "clean",
	.summary = "Collect what dead dispatchers left behind",
	.operands = "",
	.details = "Only what belongs to dispatchers that provably run nowhere, in any network\n"
		   "namespace, is collected.\n",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct clean_options),
	.run = run_clean,
};
