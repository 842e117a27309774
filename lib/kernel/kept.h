/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kept code (model/code.h), read from its map and made loadable again. */
#ifndef XDPCTL_KERNEL_KEPT_H
#define XDPCTL_KERNEL_KEPT_H

#include "model/code.h"

#define KEPT_NAME "xdpctl_code" /* of the maps */
#define KEPT_MAPS_MAX (XDPCTL_COMPONENTS_MAX * XDPCTL_MAPS_MAX)

/* Zeroed at first; the caller frees bytes, on which the code stands. */
struct kept {
	uint8_t *bytes;
	struct code code;
};

int kept_read(int fd, struct kept *out, struct xdpctl_error *err);

/* Each map is opened once, and stays open until the program that uses it is loaded. Zeroed at first. */
struct kept_maps {
	uint32_t ids[KEPT_MAPS_MAX];
	int fds[KEPT_MAPS_MAX];
	size_t n;
};

/* The ids in long loads become descriptors. */
int kept_open_maps(struct bpf_insn *insns, size_t n, struct kept_maps *maps,
		   struct xdpctl_error *err);
void kept_close_maps(struct kept_maps *maps);

#endif
