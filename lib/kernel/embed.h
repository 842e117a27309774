/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The BPF objects that embed.S carries, and how to open one. */
#ifndef XDPCTL_KERNEL_EMBED_H
#define XDPCTL_KERNEL_EMBED_H

#include <stddef.h>

extern const unsigned char xdpctl_embed_dispatcher_v2[], xdpctl_embed_dispatcher_v2_end[];
extern const unsigned char xdpctl_embed_dispatcher_v3[], xdpctl_embed_dispatcher_v3_end[];
extern const unsigned char xdpctl_embed_refs[], xdpctl_embed_refs_end[];

#endif
