/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/netdev.h"

#include <errno.h>
#include <linux/genetlink.h>

#include <libmnl/libmnl.h>

#include "error.h"
#include "kernel/nl.h"
#include "util.h"

/* From include/uapi/linux/netdev.h. */
#define FAMILY_NAME "netdev"
#define FAMILY_VERSION 1
#define CMD_DEV_GET 1
enum attr {
	ATTR_IFINDEX = 1,
	ATTR_PAD,
	ATTR_XDP_FEATURES,
	ATTR_XDP_ZC_MAX_SEGS,
	ATTR_XDP_RX_METADATA_FEATURES,
	ATTR_XSK_FEATURES,
};

struct bit {
	enum netdev_word word;
	uint64_t mask;
	const char *name;
};

/* The names are documented in xdpctl(8), and are the kernel's in lower case. */
// clang-format off
static const struct bit bits[] = {
	{ NETDEV_XDP,         1u << 0, "basic" },
	{ NETDEV_XDP,         1u << 1, "redirect" },
	{ NETDEV_XDP,         1u << 2, "ndo-xmit" },
	{ NETDEV_XDP,         1u << 3, "xsk-zerocopy" },
	{ NETDEV_XDP,         1u << 4, "hw-offload" },
	{ NETDEV_XDP,         1u << 5, "rx-sg" },
	{ NETDEV_XDP,         1u << 6, "ndo-xmit-sg" },
	{ NETDEV_RX_METADATA, 1u << 0, "rx-timestamp" },
	{ NETDEV_RX_METADATA, 1u << 1, "rx-hash" },
	{ NETDEV_RX_METADATA, 1u << 2, "rx-vlan-tag" },
	{ NETDEV_XSK,         1u << 0, "tx-timestamp" },
	{ NETDEV_XSK,         1u << 1, "tx-checksum" },
	{ NETDEV_XSK,         1u << 2, "tx-launch-time" },
};
// clang-format on

_Static_assert(ARRAY_SIZE(bits) <= ARRAY_SIZE(((struct xdpctl_features *)0)->driver),
	       "struct xdpctl_features has no room for all driver features");

static struct xdpctl_feature tell(const struct netdev_answer *answer, const struct bit *bit)
{
	struct xdpctl_feature feature = { .name = bit->name, .answer = XDPCTL_UNKNOWN };
	const char *why = "the kernel doesn't tell";

	if (answer->has[bit->word]) {
		feature.answer = answer->bits[bit->word] & bit->mask ? XDPCTL_YES : XDPCTL_NO;
		return feature;
	}
	if (!answer->family)
		why = "the kernel has no netdev netlink family (Linux 6.3)";
	util_copy(feature.why, sizeof(feature.why), why);
	return feature;
}

void netdev_tell(const struct netdev_answer *answer, struct xdpctl_features *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		out->driver[i] = tell(answer, &bits[i]);
	out->n_driver = ARRAY_SIZE(bits);
	out->zc_max_segs = answer->zc_max_segs;
}

/* ---------------------------------------------------------------- messages */

static int read_word(const struct nlattr *attr, enum netdev_word word, struct netdev_answer *answer)
{
	if (!nl_attr_is(attr, MNL_TYPE_U64, sizeof(uint64_t)))
		return -EBADMSG;
	answer->bits[word] = mnl_attr_get_u64(attr);
	answer->has[word] = true;
	return 0;
}

static int read_dev_attr(const struct nlattr *attr, void *data)
{
	struct netdev_answer *answer = data;

	switch (mnl_attr_get_type(attr)) {
	case ATTR_XDP_FEATURES:
		return read_word(attr, NETDEV_XDP, answer);
	case ATTR_XDP_RX_METADATA_FEATURES:
		return read_word(attr, NETDEV_RX_METADATA, answer);
	case ATTR_XSK_FEATURES:
		return read_word(attr, NETDEV_XSK, answer);
	case ATTR_XDP_ZC_MAX_SEGS:
		if (!nl_attr_is(attr, MNL_TYPE_U32, sizeof(uint32_t)))
			return -EBADMSG;
		answer->zc_max_segs = mnl_attr_get_u32(attr);
		return 0;
	default:
		return 0;
	}
}

static int read_family_attr(const struct nlattr *attr, void *data)
{
	uint16_t *id = data;

	if (mnl_attr_get_type(attr) != CTRL_ATTR_FAMILY_ID)
		return 0;
	if (!nl_attr_is(attr, MNL_TYPE_U16, sizeof(*id)))
		return -EBADMSG;
	*id = mnl_attr_get_u16(attr);
	return 0;
}

/* Every generic netlink message: its attributes are behind a header of four bytes. */
static int read_attrs(const struct nlmsghdr *nlh, int (*each)(const struct nlattr *, void *),
		      void *data)
{
	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(struct genlmsghdr)))
		return -EBADMSG;
	return nl_attrs(mnl_nlmsg_get_payload_offset(nlh, sizeof(struct genlmsghdr)),
			mnl_nlmsg_get_payload_len(nlh) - MNL_ALIGN(sizeof(struct genlmsghdr)), each,
			data);
}

int netdev_parse_dev(const struct nlmsghdr *nlh, struct netdev_answer *answer)
{
	struct netdev_answer found = { .family = true };
	int ret = read_attrs(nlh, read_dev_attr, &found);

	if (ret < 0)
		return ret;
	*answer = found;
	return 0;
}

/* ---------------------------------------------------------------- conversation */

static int to_callback(int ret)
{
	if (ret == 0)
		return MNL_CB_OK;
	errno = -ret;
	return MNL_CB_ERROR;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	return to_callback(read_attrs(nlh, read_family_attr, data));
}

static int on_dev(const struct nlmsghdr *nlh, void *data)
{
	return to_callback(netdev_parse_dev(nlh, data));
}

static struct nlmsghdr *put_command(void *buf, uint16_t family, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

/* 0 is "no such family", for no family has that id. */
static int find_family(struct nl *nl, uint16_t *id, struct nl_reply *reply)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *nlh = put_command(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int ret;

	*id = 0;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FAMILY_NAME);
	ret = nl_talk(nl, nlh, on_family, id, reply);
	if (ret == 0 && reply->error == ENOENT)
		reply->error = 0;
	return ret;
}

static int get_dev(struct nl *nl, uint16_t family, int ifindex, struct netdev_answer *answer,
		   struct nl_reply *reply)
{
	_Alignas(struct nlmsghdr) char buf[NL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *nlh = put_command(buf, family, CMD_DEV_GET, FAMILY_VERSION);

	mnl_attr_put_u32(nlh, ATTR_IFINDEX, (uint32_t)ifindex);
	return nl_talk(nl, nlh, on_dev, answer, reply);
}

/* 0 or -errno of the conversation; what the kernel refused is in @reply. */
static int ask(struct nl *nl, int ifindex, struct netdev_answer *answer, struct nl_reply *reply)
{
	uint16_t family;
	int ret = find_family(nl, &family, reply);

	if (ret < 0 || reply->error || family == 0)
		return ret;
	answer->family = true;
	return get_dev(nl, family, ifindex, answer, reply);
}

static int say_failed(int ifindex, int code, const char *sentence, struct xdpctl_error *err)
{
	int ret;

	if (code == ENODEV)
		return error_say(err, XDPCTL_FAULT_NOT_FOUND, ENODEV, "no interface with index %d",
				 ifindex);
	ret = error_set(err, XDPCTL_FAULT_FAILED, code, "read the XDP features of interface %d",
			ifindex);
	error_extack(err, sentence);
	return ret;
}

int netdev_features(int ifindex, struct xdpctl_features *out, struct xdpctl_error *err)
{
	struct netdev_answer answer = { 0 };
	struct nl_reply reply = { 0 };
	struct nl nl;
	int ret = nl_open(&nl, NETLINK_GENERIC);

	if (ret < 0)
		return say_failed(ifindex, -ret, "", err);
	ret = ask(&nl, ifindex, &answer, &reply);
	nl_close(&nl);
	if (ret < 0)
		return say_failed(ifindex, -ret, "", err);
	if (reply.error)
		return say_failed(ifindex, reply.error, reply.sentence, err);
	netdev_tell(&answer, out);
	return 0;
}
