// SPDX-License-Identifier: GPL-2.0-or-later
/* Sections as libbpf before 1.0 took them. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp_old_style")
int old_style(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("prog")
int nondescript(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp_devmap/old")
int old_devmap(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
