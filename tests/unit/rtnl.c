/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rtnetlink says, hand-made and broken; how its refusals are told apart; and, as root, all of it on
 * veth pairs in a network namespace of the test's own.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/nl.h"
#include "kernel/rtnl.h"
#include "util.h"

#include "tap.h"

#ifndef BPF_F_XDP_DEV_BOUND_ONLY
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6) /* Linux 6.3 */
#endif

#define BIG_MTU 9000
#define PAIRS 60     /* more than one datagram of a dump */
#define ALTNAMES 300 /* of one interface: more than the first buffer */

/* ---------------------------------------------------------------- hand-made messages */

struct ids {
	int attached; /* -1: not told */
	uint32_t any, drv, skb, hw;
};

static void put_ids(struct nlmsghdr *nlh, const struct ids *ids)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_XDP);

	if (ids->attached >= 0)
		mnl_attr_put_u8(nlh, IFLA_XDP_ATTACHED, (uint8_t)ids->attached);
	if (ids->skb)
		mnl_attr_put_u32(nlh, IFLA_XDP_SKB_PROG_ID, ids->skb);
	if (ids->drv)
		mnl_attr_put_u32(nlh, IFLA_XDP_DRV_PROG_ID, ids->drv);
	if (ids->hw)
		mnl_attr_put_u32(nlh, IFLA_XDP_HW_PROG_ID, ids->hw);
	if (ids->any)
		mnl_attr_put_u32(nlh, IFLA_XDP_PROG_ID, ids->any);
	mnl_attr_nest_end(nlh, nest);
}

static struct nlmsghdr *start_link(void *buf, int ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	nlh->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = ifindex;
	return nlh;
}

static struct nlmsghdr *make_link(void *buf, const struct ids *ids)
{
	struct nlmsghdr *nlh = start_link(buf, 4);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	mnl_attr_put_u32(nlh, 250, 7); /* an attribute from the future */
	put_ids(nlh, ids);
	return nlh;
}

/* Parses a copy that ends where the message does, so that the sanitizer sees a read behind it. */
static int parse_exactly(const struct nlmsghdr *nlh, struct kernel_iface *iface)
{
	struct nlmsghdr *copy = malloc(nlh->nlmsg_len);
	int ret;

	if (!copy)
		abort();
	memcpy(copy, nlh, nlh->nlmsg_len);
	ret = rtnl_parse_link(copy, iface);
	free(copy);
	return ret;
}

static void xdp_states_are_told(void)
{
	// clang-format off
	static const struct {
		const char *name;
		struct ids ids;
		int ret;
		enum xdpctl_mode mode;
		uint32_t id, hw;
	} cases[] = {
		{ "nothing", { XDP_ATTACHED_NONE, 0, 0, 0, 0 }, 0, XDPCTL_MODE_NONE, 0, 0 },
		{ "native", { XDP_ATTACHED_DRV, 71, 71, 0, 0 }, 0, XDPCTL_MODE_NATIVE, 71, 0 },
		{ "skb", { XDP_ATTACHED_SKB, 71, 0, 71, 0 }, 0, XDPCTL_MODE_SKB, 71, 0 },
		{ "hw", { XDP_ATTACHED_HW, 71, 0, 0, 71 }, 0, XDPCTL_MODE_HW, 71, 0 },
		{ "native and hw", { XDP_ATTACHED_MULTI, 0, 71, 0, 72 }, 0, XDPCTL_MODE_NATIVE, 71, 72 },
		{ "skb and hw", { XDP_ATTACHED_MULTI, 0, 0, 71, 72 }, 0, XDPCTL_MODE_SKB, 71, 72 },
		{ "native and skb", { XDP_ATTACHED_MULTI, 0, 71, 72, 0 }, -EBADMSG, 0, 0, 0 },
		{ "an id without a mode", { XDP_ATTACHED_NONE, 71, 0, 0, 0 }, -EBADMSG, 0, 0, 0 },
		{ "a mode without an id", { XDP_ATTACHED_DRV, 0, 0, 0, 0 }, -EBADMSG, 0, 0, 0 },
		{ "another mode's id", { XDP_ATTACHED_DRV, 71, 0, 71, 0 }, -EBADMSG, 0, 0, 0 },
		{ "two ids", { XDP_ATTACHED_DRV, 72, 71, 0, 0 }, -EBADMSG, 0, 0, 0 },
		{ "a mode from the future", { 9, 71, 71, 0, 0 }, -EBADMSG, 0, 0, 0 },
		{ "no word about a mode", { -1, 0, 0, 0, 0 }, -EBADMSG, 0, 0, 0 },
	};
	// clang-format on
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kernel_iface iface = { .ifindex = 99 };

		tap_is_int(parse_exactly(make_link(buf, &cases[i].ids), &iface), cases[i].ret,
			   "parse: %s", cases[i].name);
		if (cases[i].ret < 0) {
			tap_is_int(iface.ifindex, 99, "%s: the value is untouched", cases[i].name);
			continue;
		}
		tap_ok(iface.mode == cases[i].mode && iface.prog_id == cases[i].id &&
			       iface.hw_prog_id == cases[i].hw,
		       "%s: mode and ids", cases[i].name);
		tap_ok(iface.ifindex == 4 && iface.mtu == 1500 && strcmp(iface.ifname, "eth0") == 0,
		       "%s: index, mtu and name", cases[i].name);
	}
}

static const struct ids native_71 = { XDP_ATTACHED_DRV, 71, 71, 0, 0 };

static void wrong_messages_are_errors(void)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = make_link(buf, &native_71);
	struct kernel_iface iface;
	struct nlattr *nest;

	nlh->nlmsg_type = RTM_DELLINK;
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "another message type");

	nlh = start_link(buf, 4);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG,
		   "no word about XDP is not 'nothing there'");

	nlh = start_link(buf, 4);
	put_ids(nlh, &native_71);
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "no name");
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "");
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "an empty name");

	nlh = start_link(buf, 4);
	put_ids(nlh, &native_71);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "sixteencharacter");
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "a name that is too long");

	nlh = start_link(buf, 4);
	put_ids(nlh, &native_71);
	mnl_attr_put_str(nlh, IFLA_IFNAME, "eth0");
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "a name without an end");

	nlh = start_link(buf, -4);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	put_ids(nlh, &native_71);
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "a negative index");

	nlh = start_link(buf, 4);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	nest = mnl_attr_nest_start(nlh, IFLA_XDP);
	mnl_attr_put_u8(nlh, IFLA_XDP_ATTACHED, XDP_ATTACHED_DRV);
	mnl_attr_put_u16(nlh, IFLA_XDP_DRV_PROG_ID, 71);
	mnl_attr_nest_end(nlh, nest);
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "an id of two bytes");

	nlh = start_link(buf, 4);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	nest = mnl_attr_nest_start(nlh, IFLA_XDP);
	mnl_attr_put_u32(nlh, IFLA_XDP_ATTACHED, XDP_ATTACHED_NONE);
	mnl_attr_nest_end(nlh, nest);
	tap_is_int(parse_exactly(nlh, &iface), -EBADMSG, "a mode of four bytes");
}

static void cut_messages_are_errors(void)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = make_link(buf, &native_71);
	size_t whole = nlh->nlmsg_len;
	struct kernel_iface iface;
	unsigned int wrong = 0;

	for (size_t len = sizeof(*nlh); len < whole; len++) {
		nlh->nlmsg_len = (uint32_t)len;
		if (parse_exactly(nlh, &iface) != -EBADMSG)
			wrong++;
	}
	tap_is_int(wrong, 0, "a message that is cut at any byte is an error");
}

/* Nothing to assert but that it comes back, and the sanitizers agree. */
static void changed_messages_do_no_harm(void)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x04, 0x7f, 0x80, 0xff };
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = make_link(buf, &native_71);
	size_t whole = nlh->nlmsg_len;
	struct kernel_iface iface;
	unsigned int wrong = 0;

	for (size_t at = offsetof(struct nlmsghdr, nlmsg_type); at < whole; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			int ret;

			nlh = make_link(buf, &native_71);
			buf[at] = (char)values[i];
			ret = parse_exactly(nlh, &iface);
			if (ret != 0 && ret != -EBADMSG)
				wrong++;
		}
	}
	tap_is_int(wrong, 0, "a message with any byte changed is parsed or refused");
}

/* ---------------------------------------------------------------- the kernel's sentences */

static void refusals_are_told_apart(void)
{
	// clang-format off
	static const struct {
		int error;
		enum xdpctl_mode mode;
		const char *sentence;
		enum xdpctl_fault fault;
		int ret;
		const char *hint;
	} cases[] = {
		{ EEXIST, XDPCTL_MODE_NATIVE, "Active program does not match expected",
		  XDPCTL_FAULT_CONFLICT, -EEXIST, NULL },
		{ EEXIST, XDPCTL_MODE_SKB, "Native and generic XDP can't be active at the same time",
		  XDPCTL_FAULT_REFUSED, -EBUSY, "--mode native" },
		{ EEXIST, XDPCTL_MODE_NATIVE, "native and generic XDP can't be active at the same time",
		  XDPCTL_FAULT_REFUSED, -EBUSY, "--mode skb" },
		{ EEXIST, XDPCTL_MODE_NATIVE, "Cannot attach when an upper device already has a program",
		  XDPCTL_FAULT_REFUSED, -EBUSY, "upper" },
		{ EEXIST, XDPCTL_MODE_NATIVE, "", XDPCTL_FAULT_REFUSED, -EBUSY, NULL },
		{ EBUSY, XDPCTL_MODE_NATIVE, "Can't replace active BPF XDP link",
		  XDPCTL_FAULT_REFUSED, -EBUSY, "link" },
		{ EBUSY, XDPCTL_MODE_NATIVE, "", XDPCTL_FAULT_FAILED, -EBUSY, NULL },
		{ EOPNOTSUPP, XDPCTL_MODE_NATIVE, "Underlying driver does not support XDP in native mode",
		  XDPCTL_FAULT_UNSUPPORTED, -EPROTONOSUPPORT, "--mode skb" },
		{ EOPNOTSUPP, XDPCTL_MODE_NATIVE,
		  "Underlying driver does not support XDP features required by program",
		  XDPCTL_FAULT_UNSUPPORTED, -EOPNOTSUPP, NULL },
		{ EOPNOTSUPP, XDPCTL_MODE_NATIVE,
		  "ice: MTU is too large for linear frames and XDP prog does not support frags",
		  XDPCTL_FAULT_UNSUPPORTED, -EOPNOTSUPP, "frags" },
		{ EOPNOTSUPP, XDPCTL_MODE_SKB, "", XDPCTL_FAULT_UNSUPPORTED, -EOPNOTSUPP, NULL },
		{ ERANGE, XDPCTL_MODE_NATIVE, "veth: Peer MTU is too large to set XDP",
		  XDPCTL_FAULT_UNSUPPORTED, -ERANGE, "frags" },
		{ EINVAL, XDPCTL_MODE_NATIVE, "MTU too large to enable XDP without frags",
		  XDPCTL_FAULT_UNSUPPORTED, -EINVAL, "frags" },
		{ EINVAL, XDPCTL_MODE_NATIVE, "Program bound to different device",
		  XDPCTL_FAULT_UNSUPPORTED, -EINVAL, NULL },
		{ EINVAL, XDPCTL_MODE_SKB, "Can't attach device-bound programs in generic mode",
		  XDPCTL_FAULT_UNSUPPORTED, -EINVAL, "--mode native" },
		{ EINVAL, XDPCTL_MODE_NATIVE, "Using offloaded program without HW_MODE flag is not supported",
		  XDPCTL_FAULT_UNSUPPORTED, -EINVAL, "--mode hw" },
		{ EINVAL, XDPCTL_MODE_NATIVE, "BPF_XDP_CPUMAP programs can not be attached to a device",
		  XDPCTL_FAULT_USAGE, -EINVAL, NULL },
		{ EINVAL, XDPCTL_MODE_HW, "", XDPCTL_FAULT_UNSUPPORTED, -EINVAL, "--mode native" },
		{ EINVAL, XDPCTL_MODE_NATIVE, "", XDPCTL_FAULT_FAILED, -EINVAL, NULL },
		{ EPERM, XDPCTL_MODE_NATIVE, "", XDPCTL_FAULT_FAILED, -EPERM, NULL },
		{ ENODEV, XDPCTL_MODE_NATIVE, "", XDPCTL_FAULT_NOT_FOUND, -ENODEV, NULL },
		{ ENOSPC, XDPCTL_MODE_NATIVE, "veth: XDP expects number of rx queues not less than peer tx queues",
		  XDPCTL_FAULT_FAILED, -ENOSPC, NULL },
	};
	// clang-format on
	struct xdpctl_error err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = rtnl_explain_swap(4, cases[i].mode, 5, -1, cases[i].error,
					    cases[i].sentence, &err);

		tap_ok(ret == cases[i].ret && err.code == -cases[i].ret &&
			       err.fault == cases[i].fault,
		       "errno %d, \"%s\": fault and code", cases[i].error, cases[i].sentence);
		tap_is_str(err.extack, cases[i].sentence, "the kernel's sentence is kept");
		if (cases[i].hint)
			tap_has_str(err.hint, cases[i].hint, "the hint helps");
		else
			tap_is_str(err.hint, "", "no hint is better than a wrong one");
	}

	tap_is_int(rtnl_explain_swap(4, XDPCTL_MODE_NATIVE, 5, -1, EPERM, "", NULL), -EPERM,
		   "nobody needs to listen");
	rtnl_explain_swap(4, XDPCTL_MODE_NATIVE, 5, -1, ENODEV, "", &err);
	tap_is_str(err.message, "attach to interface 4 (native): the interface vanished",
		   "an attach is called so");
	rtnl_explain_swap(4, XDPCTL_MODE_SKB, 5, 6, ENOMEM, "", &err);
	tap_is_str(err.message, "replace on interface 4 (skb): Cannot allocate memory",
		   "a replacement is called so");
	rtnl_explain_swap(4, XDPCTL_MODE_HW, -1, 6, EIO, "", &err);
	tap_is_str(err.message, "detach from interface 4 (hw): Input/output error",
		   "a detach is called so");
	xdpctl_error_clear(&err);
}

/* ---------------------------------------------------------------- a network of our own */

static int change(struct nl *nl, struct nlmsghdr *nlh, uint16_t type, uint16_t flags)
{
	struct nl_reply reply;
	int ret;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	ret = nl_talk(nl, nlh, NULL, NULL, &reply);
	return ret < 0 ? ret : -reply.error;
}

static int add_veth(struct nl *nl, const char *name, const char *peer)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = start_link(buf, 0);
	struct nlattr *info, *data, *peer_info;
	struct ifinfomsg *peer_link;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	peer_info = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	peer_link = mnl_nlmsg_put_extra_header(nlh, sizeof(*peer_link));
	peer_link->ifi_index = 0;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_nest_end(nlh, peer_info);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return change(nl, nlh, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
}

static int add_macvlan(struct nl *nl, const char *name, int lower)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = start_link(buf, 0);
	struct nlattr *info;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_LINK, (uint32_t)lower);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "macvlan");
	mnl_attr_nest_end(nlh, info);
	return change(nl, nlh, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
}

static int set_mtu(struct nl *nl, int ifindex, uint32_t mtu)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = start_link(buf, ifindex);

	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return change(nl, nlh, RTM_SETLINK, 0);
}

static int add_altname(struct nl *nl, int ifindex, unsigned int number)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = start_link(buf, ifindex);
	struct nlattr *list;
	char name[128];

	snprintf(name, sizeof(name), "%0127u", number);
	list = mnl_attr_nest_start(nlh, IFLA_PROP_LIST);
	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, name);
	mnl_attr_nest_end(nlh, list);
	return change(nl, nlh, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_APPEND);
}

static int del_link(struct nl *nl, int ifindex)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };

	return change(nl, start_link(buf, ifindex), RTM_DELLINK, 0);
}

/* ---------------------------------------------------------------- programs */

static int load(enum bpf_prog_type type, enum bpf_attach_type attach_type, uint32_t flags,
		int ifindex)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags,
		    .expected_attach_type = attach_type, .prog_ifindex = (uint32_t)ifindex);

	return bpf_prog_load(type, "pass", "GPL", insns, ARRAY_SIZE(insns), &opts);
}

static int load_xdp(void)
{
	return load(BPF_PROG_TYPE_XDP, BPF_XDP, 0, 0);
}

static uint32_t id_of(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 ? info.id : 0;
}

/* ---------------------------------------------------------------- on the kernel */

struct net {
	struct rtnl *rtnl;
	struct nl nl;
	int v0, v1; /* a veth pair */
	int lo;
	int a, b; /* two programs */
	struct xdpctl_error err;
};

/* What is attached to @ifindex is @id in @mode. */
static void is_there(struct net *net, int ifindex, enum xdpctl_mode mode, uint32_t id,
		     const char *name)
{
	struct kernel_iface *iface = NULL;
	size_t n = 0;
	int ret = rtnl_ifaces(net->rtnl, ifindex, &iface, &n, &net->err);

	tap_ok(ret == 0 && n == 1 && iface[0].ifindex == ifindex && iface[0].mode == mode &&
		       iface[0].prog_id == id && iface[0].hw_prog_id == 0,
	       "%s: there is %s program %u", name, xdpctl_mode_name(mode), id);
	free(iface);
}

static int swap(struct net *net, enum xdpctl_mode mode, int new_fd, int old_fd)
{
	return rtnl_xdp_swap(net->rtnl, net->v0, mode, new_fd, old_fd, &net->err);
}

/* A refusal: what is returned, which fault, the kernel's sentence, and that nothing else is there. */
static void refuses(struct net *net, int ret, int want, enum xdpctl_fault fault,
		    const char *sentence, const char *name)
{
	if (tap_ok(ret == want && net->err.fault == fault, "%s: is refused as it should", name))
		tap_ok(strstr(net->err.extack, sentence) && (*sentence || !*net->err.extack),
		       "%s: in the kernel's words", name);
	else
		printf("# got %d fault %d \"%s\" (%s)\n", ret, (int)net->err.fault,
		       net->err.message, net->err.extack);
	xdpctl_error_clear(&net->err);
}

#define MISMATCH "Active program does not match expected"
#define TWO_MODES "generic XDP can't be active at the same time"
#define LINK "Can't replace active BPF XDP link"

static void swap_compares(struct net *net, enum xdpctl_mode mode, enum xdpctl_mode other)
{
	const char *word = xdpctl_mode_name(mode);
	uint32_t a = id_of(net->a), b = id_of(net->b);

	refuses(net, swap(net, mode, net->a, net->b), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"something expected on an empty interface");
	is_there(net, net->v0, XDPCTL_MODE_NONE, 0, word);
	tap_is_int(swap(net, mode, net->a, -1), 0, "%s: attach to an empty interface", word);
	is_there(net, net->v0, mode, a, word);
	refuses(net, swap(net, mode, net->b, -1), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"nothing expected on an occupied interface");
	refuses(net, swap(net, mode, net->b, net->b), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"another program expected");
	refuses(net, swap(net, mode, -1, net->b), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"another program expected by a detach");
	refuses(net, swap(net, mode, -1, -1), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"nothing expected by a detach");
	is_there(net, net->v0, mode, a, word);
	tap_is_int(swap(net, mode, net->a, net->a), 0, "%s: the same program again", word);
	tap_is_int(swap(net, mode, net->b, net->a), 0, "%s: replace what is expected", word);
	is_there(net, net->v0, mode, b, word);

	refuses(net, swap(net, other, net->a, -1), -EBUSY, XDPCTL_FAULT_REFUSED, TWO_MODES,
		"the other mode");
	refuses(net, swap(net, other, net->a, net->b), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"the other mode, expecting this one's program");
	refuses(net, swap(net, other, -1, net->b), -EEXIST, XDPCTL_FAULT_CONFLICT, MISMATCH,
		"a detach in the other mode does not do nothing successfully");
	is_there(net, net->v0, mode, b, word);
	tap_is_int(swap(net, mode, -1, net->b), 0, "%s: detach what is expected", word);
	is_there(net, net->v0, XDPCTL_MODE_NONE, 0, word);
	tap_is_int(swap(net, mode, -1, -1), 0, "%s: detach nothing from nothing", word);
}

static void swap_refuses_nonsense(struct net *net)
{
	static const enum xdpctl_mode no_modes[] = { XDPCTL_MODE_NONE, XDPCTL_MODE_AUTO };
	_cleanup_fd_ int classifier = load(BPF_PROG_TYPE_SCHED_CLS, 0, 0, 0);

	for (size_t i = 0; i < ARRAY_SIZE(no_modes); i++)
		refuses(net, swap(net, no_modes[i], net->a, -1), -EINVAL, XDPCTL_FAULT_FAILED, "",
			"no mode named");
	refuses(net, swap(net, XDPCTL_MODE_HW, net->a, -1), -EINVAL, XDPCTL_FAULT_UNSUPPORTED, "",
		"hardware mode on a veth");
	refuses(net, swap(net, XDPCTL_MODE_NATIVE, classifier, -1), -EINVAL, XDPCTL_FAULT_FAILED,
		"", "a program of another type");
	refuses(net, swap(net, XDPCTL_MODE_NATIVE, 4095, -1), -EBADF, XDPCTL_FAULT_FAILED, "",
		"a descriptor that isn't");
	refuses(net, swap(net, XDPCTL_MODE_NATIVE, net->a, 4095), -EBADF, XDPCTL_FAULT_FAILED, "",
		"an expected descriptor that isn't");
	refuses(net, rtnl_xdp_swap(net->rtnl, 4095, XDPCTL_MODE_NATIVE, net->a, -1, &net->err),
		-ENODEV, XDPCTL_FAULT_NOT_FOUND, "", "an interface that isn't");
	refuses(net, rtnl_xdp_swap(net->rtnl, 0, XDPCTL_MODE_NATIVE, net->a, -1, &net->err),
		-EINVAL, XDPCTL_FAULT_FAILED, "", "no interface");
	refuses(net, rtnl_xdp_swap(net->rtnl, net->lo, XDPCTL_MODE_NATIVE, net->a, -1, &net->err),
		-EPROTONOSUPPORT, XDPCTL_FAULT_UNSUPPORTED, "does not support XDP in native mode",
		"native mode on lo");
	is_there(net, net->v0, XDPCTL_MODE_NONE, 0, "after nonsense");
}

static void map_programs_stay_in_maps(struct net *net)
{
	_cleanup_fd_ int devmap = load(BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0, 0);
	_cleanup_fd_ int cpumap = load(BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0, 0);

	refuses(net, swap(net, XDPCTL_MODE_NATIVE, devmap, -1), -EINVAL, XDPCTL_FAULT_USAGE,
		"DEVMAP", "a devmap program");
	refuses(net, swap(net, XDPCTL_MODE_SKB, cpumap, -1), -EINVAL, XDPCTL_FAULT_USAGE, "CPUMAP",
		"a cpumap program");
}

/*
 * Never have programs bound to both devices: the kernel (6.18, bpf_offload_dev_match()) then finds that
 * neither device offloads, takes that for the same offload device, and lets either on the other.
 */
static void bound_programs_stay_on_their_device(struct net *net)
{
	int fd = load(BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_DEV_BOUND_ONLY, net->v1);

	if (fd < 0) {
		tap_skip("no device-bound programs (Linux 6.3)", "device-bound programs");
		return;
	}
	refuses(net, swap(net, XDPCTL_MODE_NATIVE, fd, -1), -EINVAL, XDPCTL_FAULT_UNSUPPORTED,
		"Program bound to different device", "another device's program");
	util_close(fd);

	fd = load(BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_DEV_BOUND_ONLY, net->v0);
	refuses(net, swap(net, XDPCTL_MODE_SKB, fd, -1), -EINVAL, XDPCTL_FAULT_UNSUPPORTED,
		"Can't attach device-bound programs in generic mode",
		"a bound program in skb mode");
	tap_is_int(swap(net, XDPCTL_MODE_NATIVE, fd, -1), 0, "a bound program on its device");
	tap_is_int(swap(net, XDPCTL_MODE_NATIVE, -1, fd), 0, "and off again");
	util_close(fd);
}

static void large_mtu_needs_frags(struct net *net)
{
	_cleanup_fd_ int frags = load(BPF_PROG_TYPE_XDP, BPF_XDP, 1U << 5, 0);
	struct kernel_iface *iface = NULL;
	size_t n = 0;

	tap_is_int(set_mtu(&net->nl, net->v1, BIG_MTU), 0, "the peer's MTU is %d", BIG_MTU);
	if (tap_is_int(rtnl_ifaces(net->rtnl, net->v1, &iface, &n, &net->err), 0, "read it"))
		tap_is_int(iface[0].mtu, BIG_MTU, "the MTU is told");
	free(iface);
	refuses(net, swap(net, XDPCTL_MODE_NATIVE, net->a, -1), -ERANGE, XDPCTL_FAULT_UNSUPPORTED,
		"MTU is too large", "a large MTU without frags");
	tap_is_int(swap(net, XDPCTL_MODE_SKB, net->a, -1), 0, "a large MTU in skb mode");
	tap_is_int(swap(net, XDPCTL_MODE_SKB, -1, net->a), 0, "and off again");
	if (frags < 0) {
		tap_skip("no frags (Linux 5.18)", "a large MTU with frags");
	} else {
		tap_is_int(swap(net, XDPCTL_MODE_NATIVE, frags, -1), 0, "a large MTU with frags");
		tap_is_int(swap(net, XDPCTL_MODE_NATIVE, -1, frags), 0, "and off again");
	}
	tap_is_int(set_mtu(&net->nl, net->v1, 1500), 0, "the peer's MTU is 1500");
}

static void a_device_above_comes_first(struct net *net)
{
	int upper, ret;

	if (add_macvlan(&net->nl, "above", net->v0) != 0) {
		tap_skip("no macvlan in this kernel", "a device above with a program");
		return;
	}
	upper = (int)if_nametoindex("above");
	tap_is_int(rtnl_xdp_swap(net->rtnl, upper, XDPCTL_MODE_SKB, net->a, -1, &net->err), 0,
		   "attach to the device above");
	ret = swap(net, XDPCTL_MODE_NATIVE, net->b, -1);
	if (ret == 0) {
		tap_skip("not checked before Linux 5.15", "a device above with a program");
		swap(net, XDPCTL_MODE_NATIVE, -1, net->b);
	} else {
		refuses(net, ret, -EBUSY, XDPCTL_FAULT_REFUSED,
			"Cannot attach when an upper device already has a program",
			"a device above with a program");
	}
	tap_is_int(del_link(&net->nl, upper), 0, "remove the device above");
}

static void a_link_locks(struct net *net, enum xdpctl_mode mode, enum xdpctl_mode other)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = mode == XDPCTL_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	_cleanup_fd_ int link = bpf_link_create(net->a, net->v0, BPF_XDP, &opts);
	const char *word = xdpctl_mode_name(mode);

	if (!tap_ok(link >= 0, "%s: a bpf_link", word))
		return;
	is_there(net, net->v0, mode, id_of(net->a), word);
	refuses(net, swap(net, mode, net->b, net->a), -EBUSY, XDPCTL_FAULT_REFUSED, LINK,
		"replace a link's program");
	refuses(net, swap(net, mode, net->b, -1), -EBUSY, XDPCTL_FAULT_REFUSED, LINK,
		"attach over a link");
	refuses(net, swap(net, mode, -1, net->a), -EBUSY, XDPCTL_FAULT_REFUSED, LINK,
		"detach a link's program");
	refuses(net, swap(net, other, net->b, -1), -EBUSY, XDPCTL_FAULT_REFUSED, TWO_MODES,
		"the other mode beside a link");
	is_there(net, net->v0, mode, id_of(net->a), word);
}

static void all_interfaces_are_told(struct net *net)
{
	struct kernel_iface *ifaces = NULL;
	unsigned int wrong = 0;
	char name[2][16];
	size_t n = 0;

	for (unsigned int i = 0; i < PAIRS; i++) {
		snprintf(name[0], sizeof(name[0]), "x%u", i);
		snprintf(name[1], sizeof(name[1]), "y%u", i);
		if (add_veth(&net->nl, name[0], name[1]) != 0)
			wrong++;
	}
	tap_is_int(wrong, 0, "%d veth pairs", PAIRS);
	tap_is_int(swap(net, XDPCTL_MODE_SKB, net->a, -1), 0, "one of them gets a program");

	if (!tap_is_int(rtnl_ifaces(net->rtnl, 0, &ifaces, &n, &net->err), 0, "read them all"))
		return;
	for (size_t i = 0; i < n; i++) {
		bool ours = ifaces[i].ifindex == net->v0;

		if ((i && ifaces[i].ifindex <= ifaces[i - 1].ifindex) ||
		    (int)if_nametoindex(ifaces[i].ifname) != ifaces[i].ifindex ||
		    ifaces[i].mode != (ours ? XDPCTL_MODE_SKB : XDPCTL_MODE_NONE) ||
		    ifaces[i].prog_id != (ours ? id_of(net->a) : 0))
			wrong++;
	}
	tap_is_int(wrong, 0, "each with its name, mode and program, sorted by index");
	tap_ok(n >= 2 * PAIRS + 3, "none is missing");
	free(ifaces);
	tap_is_int(swap(net, XDPCTL_MODE_SKB, -1, net->a), 0, "and off again");
}

static void a_large_message_is_read(struct net *net)
{
	struct kernel_iface *ifaces = NULL;
	size_t n = 0;

	for (unsigned int i = 0; i < ALTNAMES; i++) {
		int ret = add_altname(&net->nl, net->v1, i);

		if (ret < 0) {
			tap_skip("no alternative names here", "one interface above the buffer");
			return;
		}
	}
	tap_is_int(rtnl_ifaces(net->rtnl, 0, &ifaces, &n, &net->err), 0,
		   "a dump with one interface above the buffer");
	tap_ok(n >= 3, "has all of them");
	free(ifaces);
	is_there(net, net->v1, XDPCTL_MODE_NONE, 0, "one interface above the buffer");
}

static void interfaces_that_are_not(struct net *net)
{
	struct kernel_iface *ifaces = NULL;
	size_t n = 99;

	tap_is_int(rtnl_ifaces(net->rtnl, 4095, &ifaces, &n, &net->err), -ENODEV,
		   "an index that isn't");
	tap_is_int(net->err.fault, XDPCTL_FAULT_NOT_FOUND, "is not found");
	tap_is_str(net->err.message, "no interface with index 4095", "and named");
	tap_ok(n == 99 && !ifaces, "the caller's variables are as they were");
	tap_is_int(rtnl_ifaces(net->rtnl, -1, &ifaces, &n, &net->err), -ENODEV, "nor is -1");
}

/* From here on @number fails with @error in this process. */
static bool break_syscall(unsigned int number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

enum child { CHILD_SKIP = 77, CHILD_WRONG = 1 };

/* Runs @f in a child, which must not speak TAP. Its exit status. */
static int in_child(struct net *net, int (*f)(struct net *net))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(f(net));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return CHILD_WRONG;
	return WEXITSTATUS(status);
}

/* Children open a socket of their own: answers that they leave behind would be the parent's as well. */
static int swap_without_answer(struct net *net)
{
	struct rtnl *rtnl;
	int ret;

	if (rtnl_open(&rtnl, &net->err) < 0 || !break_syscall(__NR_recvmsg, ENOBUFS))
		return CHILD_SKIP;
	ret = rtnl_xdp_swap(rtnl, net->v0, XDPCTL_MODE_NATIVE, net->a, -1, &net->err);
	rtnl_close(rtnl);
	if (ret != -ECOMM || net->err.code != ECOMM || !strstr(net->err.message, "not known"))
		return CHILD_WRONG;
	return 0;
}

static int swap_without_request(struct net *net)
{
	struct rtnl *rtnl;
	int ret;

	if (rtnl_open(&rtnl, &net->err) < 0 || !break_syscall(__NR_sendto, ENOBUFS))
		return CHILD_SKIP;
	ret = rtnl_xdp_swap(rtnl, net->v0, XDPCTL_MODE_NATIVE, net->a, -1, &net->err);
	rtnl_close(rtnl);
	return ret == -ENOBUFS ? 0 : CHILD_WRONG;
}

/* A socket keeps the rights of who opened it, so it must be opened anew. */
static int swap_without_rights(struct net *net)
{
	struct kernel_iface *ifaces = NULL;
	struct rtnl *rtnl = NULL;
	size_t n = 0;
	bool right;

	if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
		return CHILD_SKIP;
	right = rtnl_open(&rtnl, &net->err) == 0 &&
		rtnl_xdp_swap(rtnl, net->v0, XDPCTL_MODE_NATIVE, net->a, -1, &net->err) == -EPERM &&
		strstr(net->err.message, "CAP_NET_ADMIN") &&
		rtnl_ifaces(rtnl, net->v0, &ifaces, &n, &net->err) == 0 && n == 1;
	free(ifaces);
	rtnl_close(rtnl);
	return right ? 0 : CHILD_WRONG;
}

static void child_is_right(struct net *net, int (*f)(struct net *net), const char *name)
{
	int status = in_child(net, f);

	if (status == CHILD_SKIP)
		tap_skip("not possible here", "%s", name);
	else
		tap_is_int(status, 0, "%s", name);
}

static void answers_get_lost(struct net *net)
{
	child_is_right(net, swap_without_request, "a request that was not sent is a plain error");
	is_there(net, net->v0, XDPCTL_MODE_NONE, 0, "a request that was not sent");
	child_is_right(net, swap_without_answer, "a lost answer is a return of its own");
	is_there(net, net->v0, XDPCTL_MODE_NATIVE, id_of(net->a), "the answer only was lost");
	tap_is_int(swap(net, XDPCTL_MODE_NATIVE, -1, net->a), 0, "and off again");
	child_is_right(net, swap_without_rights,
		       "without rights: reading works, swapping is named");
}

/* After half a conversation the next one starts on a new socket. */
static void a_conversation_can_break(struct net *net)
{
	struct timeval soon = { .tv_usec = 20000 };
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = start_link(buf, net->v0);
	struct nl_reply reply;

	setsockopt(mnl_socket_get_fd(net->nl.socket), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	nlh->nlmsg_type = RTM_SETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST; /* without NLM_F_ACK there is no answer */
	tap_is_int(nl_talk(&net->nl, nlh, NULL, NULL, &reply), -ETIMEDOUT, "no answer comes");
	tap_ok(reply.sent && !net->nl.socket, "it was sent, and the socket is given up");
	tap_is_int(set_mtu(&net->nl, net->v1, 1500), 0, "the next conversation works");
}

static bool net_open(struct net *net)
{
	struct xdpctl_error *err = &net->err;

	*net = (struct net){ .a = -1, .b = -1 };
	if (!tap_is_int(nl_open(&net->nl, NETLINK_ROUTE), 0, "open a socket") ||
	    !tap_is_int(rtnl_open(&net->rtnl, err), 0, "open rtnetlink") ||
	    !tap_is_int(add_veth(&net->nl, "v0", "v1"), 0, "a veth pair"))
		return false;
	net->v0 = (int)if_nametoindex("v0");
	net->v1 = (int)if_nametoindex("v1");
	net->lo = (int)if_nametoindex("lo");
	net->a = load_xdp();
	net->b = load_xdp();
	return tap_ok(net->a >= 0 && net->b >= 0, "two XDP programs");
}

static void net_close(struct net *net)
{
	util_close(net->a);
	util_close(net->b);
	rtnl_close(net->rtnl);
	nl_close(&net->nl);
	xdpctl_error_clear(&net->err);
}

static void on_the_kernel(void)
{
	struct net net;

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		tap_skip("needs root and a network namespace", "the real thing");
		return;
	}
	if (net_open(&net)) {
		swap_compares(&net, XDPCTL_MODE_NATIVE, XDPCTL_MODE_SKB);
		swap_compares(&net, XDPCTL_MODE_SKB, XDPCTL_MODE_NATIVE);
		swap_refuses_nonsense(&net);
		map_programs_stay_in_maps(&net);
		bound_programs_stay_on_their_device(&net);
		large_mtu_needs_frags(&net);
		a_device_above_comes_first(&net);
		a_link_locks(&net, XDPCTL_MODE_NATIVE, XDPCTL_MODE_SKB);
		a_link_locks(&net, XDPCTL_MODE_SKB, XDPCTL_MODE_NATIVE);
		interfaces_that_are_not(&net);
		a_conversation_can_break(&net);
		answers_get_lost(&net);
		all_interfaces_are_told(&net);
		a_large_message_is_read(&net);
	}
	net_close(&net);
}

int main(void)
{
	xdp_states_are_told();
	wrong_messages_are_errors();
	cut_messages_are_errors();
	changed_messages_do_no_harm();
	refusals_are_told_apart();
	on_the_kernel();
	return tap_done();
}
