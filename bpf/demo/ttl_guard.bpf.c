// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drops IPv4 packets that have come too far: those whose time to live is below a minimum, 5 unless it is
 * set:
 *
 *	xdpctl load eth0 ttl_guard.o --set min_ttl=250
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "xdpctl_helpers.h"

const volatile __u8 min_ttl = 5;

/* Early in a chain, so that others needn't look at what is dropped here. */
struct {
	__uint(priority, 10);
	__uint(XDP_PASS, 1);
} XDPCTL_RUN_CONFIG(ttl_guard);

SEC("xdp")
int ttl_guard(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	return ip->ttl < min_ttl ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
