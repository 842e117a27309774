/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope cleanup for what commands hold: memory, handles and the values that the library gave. */
#ifndef XDPCTL_CMD_CLEANUP_H
#define XDPCTL_CMD_CLEANUP_H

#include <stdlib.h>

#include <xdpctl.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

#define DEFINE_CLEANUP(type, destroy)                 \
	static inline void cleanup_##destroy(type *p) \
	{                                             \
		if (*p)                               \
			destroy(*p);                  \
	}

DEFINE_CLEANUP(struct xdpctl *, xdpctl_close)
DEFINE_CLEANUP(struct xdpctl_status *, xdpctl_status_free)
DEFINE_CLEANUP(struct xdpctl_pins *, xdpctl_pins_free)
DEFINE_CLEANUP(struct xdpctl_report *, xdpctl_report_free)
DEFINE_CLEANUP(struct xdpctl_garbage_list *, xdpctl_garbage_free)
DEFINE_CLEANUP(struct xdpctl_features *, xdpctl_features_free)

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_handle_ _cleanup_(cleanup_xdpctl_close)
#define _cleanup_status_ _cleanup_(cleanup_xdpctl_status_free)
#define _cleanup_pins_ _cleanup_(cleanup_xdpctl_pins_free)
#define _cleanup_report_ _cleanup_(cleanup_xdpctl_report_free)
#define _cleanup_garbage_ _cleanup_(cleanup_xdpctl_garbage_free)
#define _cleanup_features_ _cleanup_(cleanup_xdpctl_features_free)

#endif
