/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pin directory of one dispatcher, <bpffs>/xdp/dispatch-IFINDEX-DISPATCHER, as libxdp lays it out; or of
 * one fused program, <bpffs>/xdpctl/fused-IFINDEX-PROGRAM: its components, their code, and "chain", what
 * the slots are.
 */
#ifndef XDPCTL_COMPOSE_PINDIR_H
#define XDPCTL_COMPOSE_PINDIR_H

#include "kernel/kernel.h"

/* The directory's path, relative to the bpffs. */
void pindir_path(enum xdpctl_engine engine, int ifindex, uint32_t dispatcher, char *buf,
		 size_t size);
/* The path of a pin in it. */
enum pindir_kind { PINDIR_LINK, PINDIR_PROG, PINDIR_CODE, PINDIR_CHAIN };
void pindir_pin(const char *dir, enum pindir_kind kind, unsigned int slot, char *buf, size_t size);

/*
 * Pins a component: its link, or a fused one's code, @first_kind says which, then its program. What is half
 * done is undone.
 */
int pindir_add(struct kernel *k, const char *dir, unsigned int slot, enum pindir_kind first_kind,
	       int first_fd, int prog_fd, struct xdpctl_error *err);
/*
 * Takes a directory away with the pins in it, links before programs; one that is gone already is no
 * error. -ENOTEMPTY: it holds something that is no pin of a dispatcher, which stays.
 */
int pindir_remove(struct kernel *k, const char *dir, struct xdpctl_error *err);
/* "prog3-link": true, with the slot; anything else in such a directory isn't ours to touch. */
bool pindir_parse_pin(const char *name, unsigned int *slot, enum pindir_kind *kind);

#endif
