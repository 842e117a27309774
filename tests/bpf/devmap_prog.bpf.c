// SPDX-License-Identifier: GPL-2.0-or-later
/* XDP programs for the entries of a devmap and a cpumap, and one for an interface among them. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp/devmap")
int to_device(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags/cpumap")
int to_cpu(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int from_interface(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
