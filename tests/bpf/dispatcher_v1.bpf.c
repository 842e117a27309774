// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dispatcher of libxdp's protocol, version 1, with one component of priority 42 whose chain actions are pass and drop.
 * Nothing writes such today, but it may run since before an update.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define SLOTS 10
#define RETVAL 31

struct config {
	__u8 count;
	__u32 actions[SLOTS];
	__u32 prios[SLOTS];
};

const volatile struct config conf = {
	.count = 1,
	.actions = { 1U << RETVAL | 1 << XDP_PASS | 1 << XDP_DROP },
	.prios = { 42 },
};

int (*dispatcher_version)[1] SEC("xdp_metadata");

__attribute__((noinline)) int prog0(struct xdp_md *ctx)
{
	volatile int verdict = RETVAL;

	if (!ctx)
		return XDP_ABORTED;
	return verdict;
}

SEC("xdp")
int xdp_dispatcher(struct xdp_md *ctx)
{
	int verdict;

	if (conf.count < 1)
		return XDP_PASS;
	verdict = prog0(ctx);
	if (!(1U << verdict & conf.actions[0]))
		return verdict;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
