// SPDX-License-Identifier: GPL-2.0-or-later
/* Has a namesake in twin_other.o, which is as long, and one in twin_long.o, which is longer. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int twin(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
