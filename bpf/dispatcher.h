/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatcher's configuration, as libxdp's protocol lays it out (xdpctl-protocol(7)). lib/model/wire.c
 * writes the same bytes from user space, and a unit test compares the two.
 */
#ifndef XDPCTL_DISPATCHER_H
#define XDPCTL_DISPATCHER_H

#define DISPATCHER_SLOTS 10
#define DISPATCHER_MAGIC 236
#define DISPATCHER_RETVAL 31 /* what a slot without a component returns */

struct dispatcher_config {
	__u8 magic;
	__u8 version;
	__u8 count; /* slots in use */
	__u8 frags;
	__u32 actions[DISPATCHER_SLOTS]; /* bit n: go on after return code n */
	__u32 prios[DISPATCHER_SLOTS];
	__u32 flags[DISPATCHER_SLOTS];
#if DISPATCHER_VERSION >= 3
	__u8 devbound;
	__u8 pad[3];
#endif
};

#endif
