// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that all commands share, and the library handle that they describe. */
#include "common.h"

#include <stdlib.h>

// clang-format off
const struct option_entry help_options[] = {
	{ "help", 'h', NULL, "show this help", value_flag, offsetof(struct common, help) },
	{ "version", 'V', NULL, "show the version", value_flag, offsetof(struct common, version) },
	{ 0 },
};

const struct option_entry common_options[] = {
	{ "bpffs", 0, "DIR", "use this bpffs ($LIBXDP_BPFFS, or /sys/fs/bpf)",
	  value_text, offsetof(struct common, bpffs) },
	{ "mount-bpffs", 0, NULL, "mount a bpffs there if there is none",
	  value_flag, offsetof(struct common, mount_bpffs) },
	{ "lock-timeout", 0, "SECONDS", "wait so long for other tools (default: 10)",
	  value_seconds, offsetof(struct common, lock_timeout) },
	{ "json", 'j', NULL, "print one JSON document, also of an error",
	  value_flag, offsetof(struct common, json) },
	{ "verbose", 'v', NULL, "print the steps, and the verifier's whole log",
	  value_flag, offsetof(struct common, verbose) },
	{ 0 },
};
// clang-format on

/* libxdp's variable, so that both find the same chains. Not for a privileged process. */
static const char *default_bpffs(void)
{
	const char *dir = secure_getenv("LIBXDP_BPFFS");

	return dir && *dir ? dir : NULL;
}

int common_open(const struct common *common, struct xdpctl **out, struct xdpctl_error *err)
{
	const struct xdpctl_options options = {
		.bpffs = common->bpffs ? common->bpffs : default_bpffs(),
		.mount_bpffs = common->mount_bpffs,
		.lock_timeout = common->lock_timeout,
	};

	return xdpctl_open(&options, out, err);
}
