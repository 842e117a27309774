/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A snapshot's part for a fused chain: what its pin directory says, believed only where it fits the program. */
#ifndef XDPCTL_COMPOSE_FUSEDCHAIN_H
#define XDPCTL_COMPOSE_FUSEDCHAIN_H

#include "compose/snapshot.h"

/* @prog is attached and named as a fused program; @out's identity, program and pin directory are known. */
void fusedchain_read(struct kernel *k, const struct census *census, const struct kernel_prog *prog,
		     struct snapshot *out);

#endif
