/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps of an object that are to be pinned. One that is pinned already is libbpf's to reuse, or to refuse when
 * it doesn't fit. A new one is pinned by us after the load: what its object asks for is recorded first, so that
 * whatever a kill leaves can be collected; what the user asks for by --pin-maps is the user's, and stays.
 */
#ifndef XDPCTL_KERNEL_NEWPINS_H
#define XDPCTL_KERNEL_NEWPINS_H

#include "kernel/kernel.h"

struct bpf_map;
struct bpf_object;

struct new_pins {
	struct bpf_map **maps;
	char **paths;
	size_t n;
};

/* Before the load: takes them out of libbpf's hands. -ENOMEM. */
int new_pins_find(struct bpf_object *object, struct new_pins *pins);
/* After it. @record: they are their object's wish, not the user's. What is half done is undone. */
int new_pins_make(struct kernel *k, const struct new_pins *pins, bool record,
		  struct xdpctl_error *err);
void new_pins_undo(struct kernel *k, const struct new_pins *pins);
void new_pins_free(struct new_pins *pins);

#endif
