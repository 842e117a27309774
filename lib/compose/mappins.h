/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins of maps whose objects ask to be pinned by name: made with the first component that uses the map,
 * shared by name with later ones, and gone with the last. Pins that the user named are not among them.
 */
#ifndef XDPCTL_COMPOSE_MAPPINS_H
#define XDPCTL_COMPOSE_MAPPINS_H

#include "kernel/kernel.h"

/*
 * Removes the pins of maps that no program uses any more, the @n programs in @except left out. @removed is
 * called for each, with @context; it may be NULL. @dry_run: only that.
 */
int mappins_collect(struct kernel *k, const uint32_t *except, size_t n, bool dry_run,
		    void (*removed)(void *context, const char *path), void *context,
		    struct xdpctl_error *err);

#endif
