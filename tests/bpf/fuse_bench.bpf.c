// SPDX-License-Identifier: GPL-2.0-or-later
/* A component as people have them: it parses a packet and counts it by its protocol. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct traffic);
} bench_traffic SEC(".maps");

/* The transport protocol, and where it begins; 0 if it can't be told. */
static __always_inline __u32 find_protocol(void *data, void *end, void **transport)
{
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = data + sizeof(*eth);
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(eth + 1) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if ((void *)(ip + 1) > end || ip->ihl < 5)
			return 0;
		*transport = (void *)ip + ip->ihl * 4;
		return ip->protocol;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		if ((void *)(ip6 + 1) > end)
			return 0;
		*transport = ip6 + 1;
		return ip6->nexthdr;
	}
	return 0;
}

SEC("xdp")
int bench_count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *transport = data;
	__u32 key = find_protocol(data, end, &transport) & 255;
	struct traffic *traffic;
	struct udphdr *udp;

	if (key == IPPROTO_UDP || key == IPPROTO_TCP) {
		udp = transport;
		if ((void *)(udp + 1) > end)
			return XDP_DROP;
		if (udp->dest == bpf_htons(9))
			return XDP_DROP;
	}
	traffic = bpf_map_lookup_elem(&bench_traffic, &key);
	if (!traffic)
		return XDP_ABORTED;
	traffic->packets++;
	traffic->bytes += end - data;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
