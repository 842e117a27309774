// SPDX-License-Identifier: GPL-2.0-or-later
/* What load, unload and repair have in common: how far to go, what to expect, for whom. */
#include "change.h"

#include "error.h"

// clang-format off
const struct option_entry change_options[] = {
	{ "dry-run", 0, NULL, "print the plan and its result, change nothing",
	  value_flag, offsetof(struct change_options, dry_run) },
	{ "check", 0, NULL, "let the kernel judge it, then undo, change nothing",
	  value_flag, offsetof(struct change_options, check) },
	{ "expect", 0, "none|ID", "refuse unless this program is attached now",
	  value_expect, offsetof(struct change_options, expect) },
	{ "owner", 0, "LABEL", "act for this owner of components",
	  value_label, offsetof(struct change_options, owner) },
	{ "dispatcher-version", 0, "auto|2|3", "version of libxdp's protocol (default: auto)",
	  value_version, offsetof(struct change_options, version) },
	{ 0 },
};
// clang-format on

int change_check(const struct change_options *options, struct xdpctl_error *err)
{
	if (options->dry_run && options->check)
		return error_usage(err, "--dry-run and --check exclude each other");
	return 0;
}

static enum xdpctl_run run_of(const struct change_options *options)
{
	if (options->dry_run)
		return XDPCTL_RUN_DRY;
	return options->check ? XDPCTL_RUN_CHECK : XDPCTL_RUN_DO;
}

int change_request(const struct change_options *options, const char *ifname,
		   struct xdpctl_change *change, struct xdpctl_error *err)
{
	int ifindex = xdpctl_ifindex(ifname, err);

	if (ifindex < 0)
		return ifindex;
	*change = (struct xdpctl_change){
		.ifindex = ifindex,
		.owner = options->owner,
		.run = run_of(options),
		.has_expect = options->expect.given,
		.expect = options->expect.value,
		.version = options->version,
	};
	return 0;
}
