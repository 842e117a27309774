// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel keeps 15 characters of a program's name, and these two don't differ in those. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int count_everything_that_arrives(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int count_everything_again(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
