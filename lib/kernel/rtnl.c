/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/rtnl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "error.h"
#include "kernel/nl.h"
#include "util.h"

#define TRIES 16 /* of a dump, while interfaces come and go */

struct rtnl {
	struct nl nl;
};

int rtnl_open(struct rtnl **out, struct xdpctl_error *err)
{
	struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int ret;

	if (!rtnl)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "open an rtnetlink socket");
	ret = nl_open(&rtnl->nl, NETLINK_ROUTE);
	if (ret < 0) {
		free(rtnl);
		return error_set(err, XDPCTL_FAULT_FAILED, -ret, "open an rtnetlink socket");
	}
	*out = rtnl;
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	nl_close(&rtnl->nl);
	free(rtnl);
}

/* ---------------------------------------------------------------- RTM_NEWLINK to a value */

/* IFLA_XDP as it came. */
struct xdp_report {
	bool seen;
	uint8_t attached; /* XDP_ATTACHED_* */
	uint32_t prog_id; /* where there is only one */
	uint32_t drv_id;
	uint32_t skb_id;
	uint32_t hw_id;
};

struct link_report {
	struct kernel_iface *iface;
	struct xdp_report xdp;
};

static int read_u32(const struct nlattr *attr, uint32_t *out)
{
	if (!nl_attr_is(attr, MNL_TYPE_U32, sizeof(*out)))
		return -EBADMSG;
	*out = mnl_attr_get_u32(attr);
	return 0;
}

static int read_xdp_attr(const struct nlattr *attr, void *data)
{
	struct xdp_report *xdp = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_XDP_ATTACHED:
		if (!nl_attr_is(attr, MNL_TYPE_U8, sizeof(xdp->attached)))
			return -EBADMSG;
		xdp->attached = mnl_attr_get_u8(attr);
		xdp->seen = true;
		return 0;
	case IFLA_XDP_PROG_ID:
		return read_u32(attr, &xdp->prog_id);
	case IFLA_XDP_DRV_PROG_ID:
		return read_u32(attr, &xdp->drv_id);
	case IFLA_XDP_SKB_PROG_ID:
		return read_u32(attr, &xdp->skb_id);
	case IFLA_XDP_HW_PROG_ID:
		return read_u32(attr, &xdp->hw_id);
	default:
		return 0;
	}
}

static int read_link_attr(const struct nlattr *attr, void *data)
{
	struct link_report *link = data;
	struct kernel_iface *iface = link->iface;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (!nl_attr_is(attr, MNL_TYPE_NUL_STRING, sizeof(iface->ifname)))
			return -EBADMSG;
		util_copy(iface->ifname, sizeof(iface->ifname), mnl_attr_get_str(attr));
		return 0;
	case IFLA_MTU:
		return read_u32(attr, &iface->mtu);
	case IFLA_XDP:
		return nl_attrs(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr),
				read_xdp_attr, &link->xdp);
	default:
		return 0;
	}
}

/*
 * What the kernel would call the ids that it told: the rule of its rtnl_xdp_fill(). All kernels that we
 * support (5.10 on) tell the id of each mode; older ones told IFLA_XDP_PROG_ID alone.
 */
static uint8_t attached_by_ids(const struct xdp_report *xdp)
{
	unsigned int n = !!xdp->drv_id + !!xdp->skb_id + !!xdp->hw_id;

	if (n > 1)
		return XDP_ATTACHED_MULTI;
	if (xdp->drv_id)
		return XDP_ATTACHED_DRV;
	if (xdp->skb_id)
		return XDP_ATTACHED_SKB;
	return xdp->hw_id ? XDP_ATTACHED_HW : XDP_ATTACHED_NONE;
}

/* Native and skb exclude each other; hardware may be beside either. */
static int take_xdp(const struct xdp_report *xdp, struct kernel_iface *iface)
{
	if (!xdp->seen || xdp->attached != attached_by_ids(xdp) || (xdp->drv_id && xdp->skb_id))
		return -EBADMSG;

	iface->hw_prog_id = xdp->hw_id;
	if (xdp->drv_id || xdp->skb_id) {
		iface->mode = xdp->drv_id ? XDPCTL_MODE_NATIVE : XDPCTL_MODE_SKB;
		iface->prog_id = xdp->drv_id ? xdp->drv_id : xdp->skb_id;
	} else if (xdp->hw_id) {
		iface->mode = XDPCTL_MODE_HW;
		iface->prog_id = xdp->hw_id;
		iface->hw_prog_id = 0;
	}
	if (xdp->prog_id && xdp->prog_id != iface->prog_id)
		return -EBADMSG;
	return 0;
}

int rtnl_parse_link(const struct nlmsghdr *nlh, struct kernel_iface *iface)
{
	const struct ifinfomsg *info;
	struct kernel_iface found = { 0 };
	struct link_report link = { .iface = &found };
	int ret;

	if (nlh->nlmsg_type != RTM_NEWLINK || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*info)))
		return -EBADMSG;
	info = mnl_nlmsg_get_payload(nlh);
	found.ifindex = info->ifi_index;
	ret = nl_attrs(mnl_nlmsg_get_payload_offset(nlh, sizeof(*info)),
		       mnl_nlmsg_get_payload_len(nlh) - MNL_ALIGN(sizeof(*info)), read_link_attr,
		       &link);
	if (ret == 0)
		ret = take_xdp(&link.xdp, &found);
	if (ret < 0)
		return ret;
	if (found.ifindex <= 0 || found.ifname[0] == '\0')
		return -EBADMSG;
	*iface = found;
	return 0;
}

/* ---------------------------------------------------------------- query */

struct iface_list {
	struct kernel_iface *items;
	size_t n;
	size_t room;
};

static int list_add(struct iface_list *list, const struct kernel_iface *iface)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct kernel_iface *items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->n++] = *iface;
	return 0;
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	struct kernel_iface iface;
	int ret = rtnl_parse_link(nlh, &iface);

	if (ret == 0)
		ret = list_add(data, &iface);
	if (ret == 0)
		return MNL_CB_OK;
	errno = -ret;
	return MNL_CB_ERROR;
}

static struct nlmsghdr *put_link(void *buf, uint16_t type, uint16_t flags, int ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = ifindex;
	return nlh;
}

/*
 * No virtual functions (they are told only if asked for) and no statistics: these are most of a
 * message, and gathering them is most of its time.
 */
static int ask(struct rtnl *rtnl, int ifindex, struct iface_list *list, struct nl_reply *reply)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *nlh;

	nlh = put_link(buf, RTM_GETLINK, ifindex ? NLM_F_ACK : NLM_F_DUMP, ifindex);
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nl_talk(&rtnl->nl, nlh, on_link, list, reply);
}

static int ask_until_consistent(struct rtnl *rtnl, int ifindex, struct iface_list *list,
				struct nl_reply *reply)
{
	int ret = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		list->n = 0;
		ret = ask(rtnl, ifindex, list, reply);
		if (!nl_again(ret))
			return ret;
	}
	return ret == -EINTR ? -EAGAIN : ret;
}

static int say_query(int ifindex, int code, const char *sentence, struct xdpctl_error *err)
{
	int ret;

	if (code == ENODEV)
		return error_say(err, XDPCTL_FAULT_NOT_FOUND, ENODEV, "no interface with index %d",
				 ifindex);
	if (code == EAGAIN)
		return error_say(err, XDPCTL_FAULT_FAILED, EAGAIN,
				 "read the list of interfaces: it changed during each of %u tries",
				 TRIES);
	if (ifindex == 0)
		ret = error_set(err, XDPCTL_FAULT_FAILED, code, "read the list of interfaces");
	else
		ret = error_set(err, XDPCTL_FAULT_FAILED, code, "read interface %d", ifindex);
	error_extack(err, sentence);
	return ret;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct kernel_iface *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

int rtnl_ifaces(struct rtnl *rtnl, int ifindex, struct kernel_iface **out, size_t *n,
		struct xdpctl_error *err)
{
	struct iface_list list = { 0 };
	_cleanup_free_ struct kernel_iface *items = NULL;
	struct nl_reply reply = { 0 };
	int ret;

	if (ifindex < 0)
		return say_query(ifindex, ENODEV, "", err);
	ret = ask_until_consistent(rtnl, ifindex, &list, &reply);
	items = list.items;
	if (ret < 0)
		return say_query(ifindex, -ret, "", err);
	if (reply.error)
		return say_query(ifindex, reply.error, reply.sentence, err);
	if (ifindex && (list.n != 1 || items[0].ifindex != ifindex))
		return say_query(ifindex, EBADMSG, "", err);

	if (list.n > 1)
		qsort(items, list.n, sizeof(*items), by_ifindex);
	*out = items;
	*n = list.n;
	items = NULL;
	return 0;
}

/* ---------------------------------------------------------------- why a swap was refused */

struct refusal {
	int error;             /* the kernel's errno; 0: any */
	enum xdpctl_mode mode; /* of the request; NONE: any */
	const char *part;      /* of the kernel's sentence; NULL: any, "": there is none */
	enum xdpctl_fault fault;
	int code; /* ours; 0: the kernel's */
	const char *reason;
	const char *hint; /* may be NULL */
};

#define NEEDS_FRAGS                                                                                 \
	"above a driver's single-buffer MTU every component must know frags (SEC(\"xdp.frags\")); " \
	"lower the MTU, or load only such components"

/*
 * The first row that fits. EEXIST and EBUSY mean several things each, so these rows need a sentence;
 * only the swap's own EEXIST keeps that code, because callers retry on it; and EPROTONOSUPPORT is ours for
 * a driver that has no native XDP at all, on which `--mode auto` turns to skb. The words are those of
 * Linux 5.10 to 7.2: dev_xdp_attach() in net/core/dev.c, and the drivers'; before 5.12 some began with
 * a small letter. "MTU" comes with ERANGE (veth), EINVAL (virtio_net, i40e) and EOPNOTSUPP (ice).
 */
// clang-format off
static const struct refusal refusals[] = {
	{ EEXIST, XDPCTL_MODE_NONE, "does not match expected", XDPCTL_FAULT_CONFLICT, EEXIST,
	  "what is attached is not what was expected", NULL },
	{ EEXIST, XDPCTL_MODE_SKB, "Native and generic XDP", XDPCTL_FAULT_REFUSED, EBUSY,
	  "a program is attached in native mode, and the two modes exclude each other",
	  "use --mode native, or detach that program first" },
	{ EEXIST, XDPCTL_MODE_NATIVE, "Native and generic XDP", XDPCTL_FAULT_REFUSED, EBUSY,
	  "a program is attached in skb mode, and the two modes exclude each other",
	  "use --mode skb, or detach that program first" },
	{ EEXIST, XDPCTL_MODE_NONE, "upper device", XDPCTL_FAULT_REFUSED, EBUSY,
	  "a device above it (bond, team, macvlan) has an XDP program already",
	  "attach to the upper device" },
	{ EEXIST, XDPCTL_MODE_NONE, NULL, XDPCTL_FAULT_REFUSED, EBUSY,
	  "something is attached already", NULL },

	{ EBUSY, XDPCTL_MODE_NONE, "replace active BPF XDP link", XDPCTL_FAULT_REFUSED, 0,
	  "the attachment is locked: a bpf_link holds it",
	  "only the holder of that link can change it; `bpftool link show` lists links" },

	{ 0, XDPCTL_MODE_NONE, "MTU", XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the MTU is too large for a program that doesn't know frags", NEEDS_FRAGS },

	{ EOPNOTSUPP, XDPCTL_MODE_NATIVE, "does not support XDP in native mode",
	  XDPCTL_FAULT_UNSUPPORTED, EPROTONOSUPPORT, "the driver has no native XDP",
	  "use --mode skb" },
	{ EOPNOTSUPP, XDPCTL_MODE_NONE, "features required", XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the driver lacks XDP features that the program needs", NULL },
	{ EOPNOTSUPP, XDPCTL_MODE_NATIVE, NULL, XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the driver can't do it", "use --mode skb" },
	{ EOPNOTSUPP, XDPCTL_MODE_NONE, NULL, XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the driver can't do it", NULL },

	{ EINVAL, XDPCTL_MODE_NONE, "bound to different device", XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the program was loaded for another interface", NULL },
	{ EINVAL, XDPCTL_MODE_NONE, "in generic mode", XDPCTL_FAULT_UNSUPPORTED, 0,
	  "a program that was loaded for one interface can't run in skb mode",
	  "use --mode native" },
	{ EINVAL, XDPCTL_MODE_NONE, "without HW_MODE flag", XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the program was loaded for the hardware and runs nowhere else", "use --mode hw" },
	{ EINVAL, XDPCTL_MODE_NONE, "can not be attached to a device", XDPCTL_FAULT_USAGE, 0,
	  "the program is for a map (devmap, cpumap), not for an interface", NULL },
	{ EINVAL, XDPCTL_MODE_HW, "", XDPCTL_FAULT_UNSUPPORTED, 0,
	  "the interface or the program is not for hardware offload", "use --mode native" },

	{ EPERM, XDPCTL_MODE_NONE, NULL, XDPCTL_FAULT_FAILED, 0,
	  "needs the capability CAP_NET_ADMIN over the interface's network namespace", NULL },
	{ ENODEV, XDPCTL_MODE_NONE, NULL, XDPCTL_FAULT_NOT_FOUND, 0,
	  "the interface vanished", NULL },
};
// clang-format on

static bool sentence_fits(const char *part, const char *sentence)
{
	if (!part)
		return true;
	return *part ? strcasestr(sentence, part) != NULL : *sentence == '\0';
}

static const struct refusal *find_refusal(int code, enum xdpctl_mode mode, const char *sentence)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];

		if ((!r->error || r->error == code) &&
		    (r->mode == XDPCTL_MODE_NONE || r->mode == mode) &&
		    sentence_fits(r->part, sentence))
			return r;
	}
	return NULL;
}

/* "attach to interface 4 (native)" */
static void describe_swap(char *buf, size_t size, int ifindex, enum xdpctl_mode mode, int new_fd,
			  int old_fd)
{
	const char *act = "replace on";

	if (new_fd < 0)
		act = "detach from";
	else if (old_fd < 0)
		act = "attach to";
	snprintf(buf, size, "%s interface %d (%s)", act, ifindex, xdpctl_mode_name(mode));
}

int rtnl_explain_swap(int ifindex, enum xdpctl_mode mode, int new_fd, int old_fd, int code,
		      const char *sentence, struct xdpctl_error *err)
{
	const struct refusal *r;
	char what[64];
	int ret;

	describe_swap(what, sizeof(what), ifindex, mode, new_fd, old_fd);
	r = find_refusal(code, mode, sentence);
	if (r)
		ret = error_say(err, r->fault, r->code ? r->code : code, "%s: %s", what, r->reason);
	else
		ret = error_set(err, XDPCTL_FAULT_FAILED, code, "%s", what);
	if (r && r->hint)
		error_hint(err, "%s", r->hint);
	error_extack(err, sentence);
	return ret;
}

/* ---------------------------------------------------------------- the swap */

static uint32_t mode_flag(enum xdpctl_mode mode)
{
	switch (mode) {
	case XDPCTL_MODE_NATIVE:
		return XDP_FLAGS_DRV_MODE;
	case XDPCTL_MODE_SKB:
		return XDP_FLAGS_SKB_MODE;
	case XDPCTL_MODE_HW:
		return XDP_FLAGS_HW_MODE;
	case XDPCTL_MODE_NONE:
	case XDPCTL_MODE_AUTO:
		break;
	}
	return 0;
}

/*
 * The guard is REPLACE *and* EXPECTED_FD: without the flag the kernel ignores the expectation and
 * replaces whatever is there; -1 expects nothing. Without a mode bit it would choose one, and detach
 * nothing, successfully, if it chose the wrong one.
 */
static void put_swap(struct nlmsghdr *nlh, uint32_t flag, int new_fd, int old_fd)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_XDP);

	mnl_attr_put_u32(nlh, IFLA_XDP_FD, (uint32_t)new_fd);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, XDP_FLAGS_REPLACE | flag);
	mnl_attr_put_u32(nlh, IFLA_XDP_EXPECTED_FD, (uint32_t)old_fd);
	mnl_attr_nest_end(nlh, nest);
}

/* Not sent is not done. Sent and not answered is neither yes nor no. */
static int say_broken(const char *what, bool sent, int code, struct xdpctl_error *err)
{
	if (!sent)
		return error_set(err, XDPCTL_FAULT_FAILED, code, "%s", what);
	error_set(err, XDPCTL_FAULT_FAILED, code,
		  "%s: it is not known whether that was done, because the kernel's answer was lost",
		  what);
	if (err)
		err->code = ECOMM;
	return -ECOMM;
}

int rtnl_xdp_swap(struct rtnl *rtnl, int ifindex, enum xdpctl_mode mode, int new_fd, int old_fd,
		  struct xdpctl_error *err)
{
	uint32_t flag = mode_flag(mode);
	struct nl_reply reply;
	struct nlmsghdr *nlh;
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_SIZE] = { 0 };
	char what[64];
	int ret;

	if (flag == 0 || ifindex <= 0)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
				 "a swap on interface %d in no mode (%d)", ifindex, (int)mode);
	nlh = put_link(buf, RTM_SETLINK, NLM_F_ACK, ifindex);
	put_swap(nlh, flag, new_fd, old_fd);
	ret = nl_talk(&rtnl->nl, nlh, NULL, NULL, &reply);
	if (ret < 0) {
		describe_swap(what, sizeof(what), ifindex, mode, new_fd, old_fd);
		return say_broken(what, reply.sent, -ret, err);
	}
	if (reply.error)
		return rtnl_explain_swap(ifindex, mode, new_fd, old_fd, reply.error, reply.sentence,
					 err);
	return 0;
}
