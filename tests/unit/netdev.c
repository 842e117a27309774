/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the netdev family says: in documented words, hand-made and broken, absent, and on this kernel. */
#include <errno.h>
#include <sched.h>
#include <linux/genetlink.h>
#include <net/if.h>

#include "error.h"
#include "kernel/netdev.h"
#include "kernel/nl.h"
#include "util.h"

#include "tap.h"

#define N_DRIVER 13u

static const struct xdpctl_feature *find(const struct xdpctl_features *features, const char *name)
{
	for (size_t i = 0; i < features->n_driver; i++) {
		if (strcmp(features->driver[i].name, name) == 0)
			return &features->driver[i];
	}
	return NULL;
}

static void answer_is(const struct xdpctl_features *features, const char *name,
		      enum xdpctl_answer want)
{
	const struct xdpctl_feature *feature = find(features, name);

	tap_ok(feature && feature->answer == want, "%s: %d", name, (int)want);
}

static unsigned int count_unknown(const struct xdpctl_features *features, const char *why)
{
	unsigned int n = 0;

	for (size_t i = 0; i < features->n_driver; i++) {
		if (features->driver[i].answer == XDPCTL_UNKNOWN &&
		    strstr(features->driver[i].why, why))
			n++;
	}
	return n;
}

static void bits_have_words(void)
{
	struct netdev_answer answer = {
		.family = true,
		.has = { true, true, true },
		.bits = { 0x01 | 0x08 | 0x40, 0x02, 0x04 | (1ull << 63) },
		.zc_max_segs = 17,
	};
	struct xdpctl_features out = { 0 };

	netdev_tell(&answer, &out);
	tap_is_int(out.n_driver, N_DRIVER, "every bit has a word, unknown bits have none");
	tap_is_int(out.zc_max_segs, 17, "zc_max_segs");
	answer_is(&out, "basic", XDPCTL_YES);
	answer_is(&out, "redirect", XDPCTL_NO);
	answer_is(&out, "ndo-xmit", XDPCTL_NO);
	answer_is(&out, "xsk-zerocopy", XDPCTL_YES);
	answer_is(&out, "hw-offload", XDPCTL_NO);
	answer_is(&out, "rx-sg", XDPCTL_NO);
	answer_is(&out, "ndo-xmit-sg", XDPCTL_YES);
	answer_is(&out, "rx-timestamp", XDPCTL_NO);
	answer_is(&out, "rx-hash", XDPCTL_YES);
	answer_is(&out, "rx-vlan-tag", XDPCTL_NO);
	answer_is(&out, "tx-timestamp", XDPCTL_NO);
	answer_is(&out, "tx-checksum", XDPCTL_NO);
	answer_is(&out, "tx-launch-time", XDPCTL_YES);
}

static void what_is_not_told_is_unknown(void)
{
	struct netdev_answer answer = { 0 };
	struct xdpctl_features out = { 0 };

	netdev_tell(&answer, &out);
	tap_is_int(count_unknown(&out, "the kernel has no netdev netlink family (Linux 6.3)"),
		   N_DRIVER, "without the family all is unknown");

	answer = (struct netdev_answer){ .family = true, .has = { [NETDEV_XDP] = true } };
	netdev_tell(&answer, &out);
	answer_is(&out, "basic", XDPCTL_NO);
	tap_is_str(find(&out, "basic")->why, "", "what is told needs no why");
	tap_is_int(count_unknown(&out, "the kernel doesn't tell"), 6,
		   "what an older family doesn't tell is unknown");
}

static struct nlmsghdr *make_dev(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u32(nlh, 1, 4);
	mnl_attr_put(nlh, 2, 0, NULL);
	mnl_attr_put_u64(nlh, 3, 0x7f);
	mnl_attr_put_u32(nlh, 4, 17);
	mnl_attr_put_u64(nlh, 5, 0x1);
	mnl_attr_put_u64(nlh, 6, 0x2);
	return nlh;
}

/* A copy that ends where the message does, so that the sanitizer sees a read behind it. */
static int parse_exactly(const struct nlmsghdr *nlh, struct netdev_answer *answer)
{
	struct nlmsghdr *copy = malloc(nlh->nlmsg_len);
	int ret;

	if (!copy)
		abort();
	memcpy(copy, nlh, nlh->nlmsg_len);
	ret = netdev_parse_dev(copy, answer);
	free(copy);
	return ret;
}

static void messages_are_read(void)
{
	_Alignas(struct nlmsghdr) char buf[512] = { 0 };
	struct nlmsghdr *nlh = make_dev(buf);
	struct netdev_answer answer = { 0 };
	size_t whole = nlh->nlmsg_len;
	unsigned int wrong = 0;

	tap_is_int(parse_exactly(nlh, &answer), 0, "a message");
	tap_ok(answer.family && answer.has[NETDEV_XDP] && answer.has[NETDEV_RX_METADATA] &&
		       answer.has[NETDEV_XSK],
	       "tells all three words");
	tap_ok(answer.bits[NETDEV_XDP] == 0x7f && answer.bits[NETDEV_RX_METADATA] == 0x1 &&
		       answer.bits[NETDEV_XSK] == 0x2 && answer.zc_max_segs == 17,
	       "and their bits");

	for (size_t len = sizeof(*nlh); len < whole; len++) {
		int ret;

		nlh->nlmsg_len = (uint32_t)len;
		ret = parse_exactly(nlh, &answer);
		if (ret != -EBADMSG && (ret != 0 || answer.has[NETDEV_XSK]))
			wrong++;
	}
	tap_is_int(wrong, 0, "a message that is cut is never read beyond");

	nlh = make_dev(buf);
	mnl_attr_put_u32(nlh, 3, 1);
	tap_is_int(parse_exactly(nlh, &answer), -EBADMSG, "a word of four bytes");
	nlh = make_dev(buf);
	mnl_attr_put_u64(nlh, 4, 1);
	tap_is_int(parse_exactly(nlh, &answer), -EBADMSG, "a count of eight bytes");
}

static void on_the_kernel(void)
{
	struct xdpctl_features out = { 0 };
	struct xdpctl_error err = { 0 };
	int lo = (int)if_nametoindex("lo");
	int ret = netdev_features(lo, &out, &err);

	if (!tap_is_int(ret, 0, "this kernel is asked about lo"))
		printf("# %s (%s)\n", err.message, err.extack);
	tap_is_int(out.n_driver, N_DRIVER, "and every word has an answer");
	if (count_unknown(&out, "no netdev netlink family") == N_DRIVER) {
		tap_skip("no netdev family (Linux 6.3)", "lo has no native XDP");
		tap_skip("no netdev family (Linux 6.3)", "an interface that isn't");
	} else {
		answer_is(&out, "basic", XDPCTL_NO);
		tap_is_int(netdev_features(4095, &out, &err), -ENODEV, "an interface that isn't");
		tap_is_int(err.fault, XDPCTL_FAULT_NOT_FOUND, "is not found");
	}
	xdpctl_error_clear(&err);
}

int main(void)
{
	bits_have_words();
	what_is_not_told_is_unknown();
	messages_are_read();
	on_the_kernel();
	return tap_done();
}
