/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that all commands share, and the library handle that they describe. */
#ifndef XDPCTL_CMD_COMMON_H
#define XDPCTL_CMD_COMMON_H

#include <stdbool.h>

#include <xdpctl.h>

#include "option.h"

/* The first member of every command's options. */
struct common {
	bool help;
	bool version;
	bool json;
	bool verbose;
	const char *bpffs;
	bool mount_bpffs;
	unsigned int lock_timeout; /* milliseconds */
};

#define LOCK_TIMEOUT_DEFAULT (10 * 1000)

extern const struct option_entry help_options[];   /* of every command */
extern const struct option_entry common_options[]; /* of those that meet the kernel */

int common_open(const struct common *common, struct xdpctl **out, struct xdpctl_error *err);

#endif
