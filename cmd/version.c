// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl version: the library's, which is built together with the command. */
#include <stdio.h>

#include <xdpctl.h>

#include "command.h"
#include "common.h"

static int run_version(const void *options, const char *const *operands, size_t n,
		       struct xdpctl_error *err)
{
	(void)options;
	(void)operands;
	(void)n;
	(void)err;
	printf("xdpctl %s\n", xdpctl_version());
	return 0;
}

static const struct option_set sets[] = {
	{ "Options", help_options, 0 },
	{ 0 },
};

static const struct common defaults = { .help = false };

const struct command version_command = {
	.name = "version",
	.summary = "Show the version",
	.operands = "",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct common),
	.run = run_version,
};
