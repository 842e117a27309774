/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The netdev generic netlink family (Linux 6.3), by libmnl: what XDP features a driver has.
 * The kernel's include/uapi/linux/netdev.h is newer than the oldest headers that we build with, so the
 * few numbers that we need stand in netdev.c.
 */
#ifndef XDPCTL_KERNEL_NETDEV_H
#define XDPCTL_KERNEL_NETDEV_H

#include "xdpctl.h"

struct nlmsghdr;

/* Fills in out->driver and out->zc_max_segs. Without the family every answer is unknown, and says why. */
int netdev_features(int ifindex, struct xdpctl_features *out, struct xdpctl_error *err);

/* The words of the family, in the order in which they are shown. */
enum netdev_word { NETDEV_XDP, NETDEV_RX_METADATA, NETDEV_XSK, NETDEV_WORDS };

/* What the kernel said about one interface. */
struct netdev_answer {
	bool family; /* there is one */
	bool has[NETDEV_WORDS];
	uint64_t bits[NETDEV_WORDS];
	uint32_t zc_max_segs;
};

/* One answer to NETDEV_CMD_DEV_GET. Pure. 0 or -EBADMSG. */
int netdev_parse_dev(const struct nlmsghdr *nlh, struct netdev_answer *answer);
/* Pure: an answer in documented words. */
void netdev_tell(const struct netdev_answer *answer, struct xdpctl_features *out);

#endif
