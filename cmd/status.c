// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl status: what is attached where, in which order it runs, and whether it is whole. */
#include <stdio.h>

#include <xdpctl.h>

#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "error.h"
#include "escape.h"
#include "render.h"
#include "xalloc.h"

#define STATUS_DEGRADED 7 /* the exit status of --check: a promise, see xdpctl(8) */

struct status_options {
	struct common common;
	bool check;
	bool pins;
	bool words;
};

static bool is_whole(enum xdpctl_state state)
{
	switch (state) {
	case XDPCTL_STATE_EMPTY:
	case XDPCTL_STATE_FOREIGN:
	case XDPCTL_STATE_CHAIN:
		return true;
	case XDPCTL_STATE_DEGRADED:
	case XDPCTL_STATE_NEWER:
	case XDPCTL_STATE_UNREADABLE:
		return false;
	}
	return false;
}

static bool all_whole(const struct xdpctl_status *status)
{
	for (size_t i = 0; i < status->n; i++)
		if (!is_whole(status->ifaces[i].state))
			return false;
	return true;
}

/* What unload and --expect can name, for completion: names that nobody could type are left out. */
static void print_words(const struct xdpctl_status *status)
{
	for (size_t i = 0; i < status->n; i++) {
		const struct xdpctl_iface *iface = &status->ifaces[i];

		if (iface->prog_id)
			printf("attached %u\n", iface->prog_id);
		if (iface->state == XDPCTL_STATE_FOREIGN || iface->state == XDPCTL_STATE_NEWER)
			printf("id %u\n", iface->prog_id);
		for (unsigned int j = 0; j < iface->n_components; j++) {
			const struct xdpctl_component *c = &iface->components[j];

			if (c->prog_id)
				printf("id %u\n", c->prog_id);
			if (escape_needless(c->name))
				printf("component %s\n", c->name);
		}
	}
}

static int show_pins(const struct common *common, struct xdpctl_error *err)
{
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_pins_ struct xdpctl_pins *pins = NULL;
	int r = common_open(common, &x, err);

	if (r == 0)
		r = xdpctl_pins(x, &pins, err);
	if (r < 0)
		return r;
	render_pins(pins, common->json);
	return 0;
}

static int find_ifindexes(const char *const *ifnames, size_t n, int *ifindexes,
			  struct xdpctl_error *err)
{
	for (size_t i = 0; i < n; i++) {
		ifindexes[i] = xdpctl_ifindex(ifnames[i], err);
		if (ifindexes[i] < 0)
			return ifindexes[i];
	}
	return 0;
}

static int show_status(const struct status_options *o, const char *const *ifnames, size_t n,
		       struct xdpctl_error *err)
{
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_status_ struct xdpctl_status *status = NULL;
	_cleanup_free_ int *ifindexes = xcalloc(n, sizeof(*ifindexes));
	int r = find_ifindexes(ifnames, n, ifindexes, err);

	if (r == 0)
		r = common_open(&o->common, &x, err);
	if (r == 0)
		r = xdpctl_status(x, ifindexes, n, &status, err);
	if (r < 0)
		return r;
	if (o->words)
		print_words(status);
	else
		render_status(status, o->common.json);
	return o->check && !all_whole(status) ? STATUS_DEGRADED : 0;
}

static int run_status(const void *options, const char *const *operands, size_t n,
		      struct xdpctl_error *err)
{
	const struct status_options *o = options;

	if (!o->pins)
		return show_status(o, operands, n, err);
	if (o->check || n) {
		error_usage(err, "--pins lists all of bpffs: no %s with it",
			    n ? "IFACE" : "--check");
		return error_help(err, "status");
	}
	return show_pins(&o->common, err);
}

// clang-format off
static const struct option_entry options[] = {
	{ "check", 0, NULL, "exit with 7 unless all that is asked for is whole",
	  value_flag, offsetof(struct status_options, check) },
	{ "pins", 0, NULL, "list all pinned objects and what they belong to",
	  value_flag, offsetof(struct status_options, pins) },
	{ "words", 0, NULL, "list components and ids, for scripts",
	  value_flag, offsetof(struct status_options, words) },
	{ 0 },
};
// clang-format on

static const struct option_set sets[] = {
	{ "Options", options, 0 },
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct status_options defaults = { .common.lock_timeout = LOCK_TIMEOUT_DEFAULT };

const struct command status_command = {
	.name = "status",
	.summary = "Show interfaces and their chains",
	.operands = "[IFACE...]",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct status_options),
	.run = run_status,
};
