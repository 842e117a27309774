// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drops UDP packets to one port, over IPv4 and IPv6 (without VLAN tags and extension headers). The port
 * is 9, "discard", unless it is set:
 *
 *	xdpctl load eth0 drop_udp_port.o --set port=5353
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* const volatile: read-only data that the loader can set, and that clang can't rely on. */
const volatile __u16 port = 9;

/* Where the UDP header is, or NULL if there is none. */
static __always_inline struct udphdr *find_udp(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = data + sizeof(*eth);
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(eth + 1) > end)
		return NULL;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP)
			return NULL;
		/* Only the first fragment has ports. */
		if (ip->ihl < 5 || ip->frag_off & bpf_htons(0x1fff))
			return NULL;
		return (void *)ip + ip->ihl * 4;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		if ((void *)(ip6 + 1) > end || ip6->nexthdr != IPPROTO_UDP)
			return NULL;
		return (void *)(ip6 + 1);
	}
	return NULL;
}

SEC("xdp")
int drop_udp_port(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct udphdr *udp = find_udp(data, end);

	if (!udp || (void *)(udp + 1) > end)
		return XDP_PASS;
	return udp->dest == bpf_htons(port) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
