// SPDX-License-Identifier: GPL-2.0-or-later
/* Can handle packets of several buffers, and says so by its section. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int frags_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
