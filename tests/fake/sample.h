/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values for tests of the pure layer, with what no test asks for filled in plausibly. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "model/chain.h"

/* An interface without components, named eth0, index 4, in native mode where something is attached. */
struct xdpctl_iface sample_iface(enum xdpctl_state state);
/*
 * Adds a healthy component to a chain: its name is its function's, its program id is 100 and the slot.
 * Not recorded. Returns it, for a test to change.
 */
struct xdpctl_component *sample_component(struct xdpctl_iface *iface, const char *func,
					  uint32_t prio);
/* The same, recorded: what sample_addition() of that function would have made. */
struct xdpctl_component *sample_recorded(struct xdpctl_iface *iface, const char *func,
					 uint32_t prio);
/* A program to load: named like its function, with content that depends on the function. */
struct chain_addition sample_addition(const char *func, uint32_t prio);

/* Makes a chain one of the fused engine, every component's code kept. */
void sample_fuse(struct xdpctl_iface *iface);

/* xorshift32: a failure can be seen again. @state must not be 0. */
uint32_t sample_random(uint32_t *state);

#endif
