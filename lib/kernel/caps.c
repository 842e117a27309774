// SPDX-License-Identifier: LGPL-2.1-or-later
/* The capabilities that changing XDP attachments needs, so that a lack is named before anything is tried. */
#include <errno.h>
#include <stdio.h>
#include <sys/capability.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

static bool has(cap_t caps, cap_value_t cap)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(caps, cap, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
}

/* CAP_SYS_ADMIN: programs and links can be opened by id with nothing less. It includes the other two. */
static const struct {
	cap_value_t cap;
	const char *name;
	const char *why;
} needed[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "to attach XDP programs" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to load programs and to open them by id" },
};

int caps_check(struct xdpctl_error *err)
{
	cap_t caps = cap_get_proc();
	int r = 0;

	if (!caps)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read our capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(needed) && r == 0; i++) {
		if (has(caps, needed[i].cap))
			continue;
		r = error_say(err, XDPCTL_FAULT_FAILED, EPERM, "%s is missing, which is needed %s",
			      needed[i].name, needed[i].why);
		error_hint(err, "run as root, or with these capabilities: see xdpctl(8)");
	}
	cap_free(caps);
	return r;
}
