/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The XDP part of rtnetlink, by libmnl: what is attached to which interface, and the compare-and-swap.
 * Knows netlink messages; holds one socket for the life of a handle.
 */
#ifndef XDPCTL_KERNEL_RTNL_H
#define XDPCTL_KERNEL_RTNL_H

#include "kernel/kernel.h"

struct nlmsghdr;
struct rtnl;

int rtnl_open(struct rtnl **out, struct xdpctl_error *err);
void rtnl_close(struct rtnl *rtnl);
/*
 * See struct kernel_ops. One RTM_GETLINK dump (@ifindex 0), or one request for @ifindex. The caller
 * frees @out. Faults: NOT_FOUND, FAILED (-EAGAIN: the interfaces never stood still; -EBADMSG: an
 * answer that makes no sense).
 */
int rtnl_ifaces(struct rtnl *rtnl, int ifindex, struct kernel_iface **out, size_t *n,
		struct xdpctl_error *err);
/*
 * See struct kernel_ops. Always XDP_FLAGS_REPLACE with IFLA_XDP_EXPECTED_FD and an explicit mode;
 * -EINVAL for another mode than native, skb, hw.
 *
 * Two returns mean something to a caller; each is returned for nothing else:
 *   -EEXIST (CONFLICT)  what is attached in @mode is not @old_fd's program. Nothing has changed: look
 *                       again, and try again.
 *   -ECOMM (FAILED)     the request was sent and the answer was lost. It may have been done: look.
 * With any other nothing has changed, and trying again won't help: NOT_FOUND (the interface is gone),
 * REFUSED (-EBUSY: locked by a bpf_link, active in the other mode, a device above has a program),
 * UNSUPPORTED (no native XDP, MTU too large, a program of another device), FAILED (-EPERM, others).
 * The kernel's other EEXISTs are -EBUSY here.
 */
int rtnl_xdp_swap(struct rtnl *rtnl, int ifindex, enum xdpctl_mode mode, int new_fd, int old_fd,
		  struct xdpctl_error *err);

/*
 * One RTM_NEWLINK message into @iface. Pure; reads nothing behind nlmsg_len, of which the caller
 * knows that it is there. 0 or -EBADMSG; never a guess where the message contradicts itself.
 */
int rtnl_parse_link(const struct nlmsghdr *nlh, struct kernel_iface *iface);

/* Says why the kernel refused a swap: errno @code and its @sentence (or ""). Pure. Never returns 0. */
int rtnl_explain_swap(int ifindex, enum xdpctl_mode mode, int new_fd, int old_fd, int code,
		      const char *sentence, struct xdpctl_error *err);

#endif
