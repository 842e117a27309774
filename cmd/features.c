// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl features: what an interface's driver and this kernel offer. */
#include <xdpctl.h>

#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "render.h"

static int run_features(const void *options, const char *const *operands, size_t n,
			struct xdpctl_error *err)
{
	const struct common *common = options;
	_cleanup_handle_ struct xdpctl *x = NULL;
	_cleanup_features_ struct xdpctl_features *features = NULL;
	int ifindex, r;

	(void)n;
	ifindex = xdpctl_ifindex(operands[0], err);
	if (ifindex < 0)
		return ifindex;
	r = common_open(common, &x, err);
	if (r == 0)
		r = xdpctl_features(x, ifindex, &features, err);
	if (r < 0)
		return r;
	render_features(features, operands[0], common->json);
	return 0;
}

static const struct option_set sets[] = {
	{ "Common options", common_options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct common defaults = { .lock_timeout = LOCK_TIMEOUT_DEFAULT };

const struct command features_command = {
	.name = "features",
	.summary = "Show what a driver and this kernel can do",
	.operands = "IFACE",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct common),
	.run = run_features,
};
