// SPDX-License-Identifier: GPL-2.0-or-later
/* As long as the one in twin.o, and another one. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int twin(struct xdp_md *ctx)
{
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
