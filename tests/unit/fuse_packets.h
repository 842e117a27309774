/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets by chance, and what a program makes of one: its verdict, the bytes, where its metadata is. */
#ifndef FUSE_PACKETS_H
#define FUSE_PACKETS_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <string.h>

#include <bpf/bpf.h>

#include "fuse_help.h"

/* ---------------------------------------------------------------- packets */

#define PACKET_LONGEST 3000
#define PACKET_MAX 3520 /* what BPF_PROG_TEST_RUN takes in one buffer: they may grow on their way */

/* With its metadata before it, as BPF_PROG_TEST_RUN takes and gives it. */
struct packet {
	uint8_t bytes[PACKET_MAX];
	uint32_t size; /* of both */
	uint32_t meta;
};

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
	return (uint32_t)(next_random(seed) % limit);
}

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Few different addresses and ports, so that filters find theirs. */
static uint32_t put_ip(uint8_t *at, uint64_t *seed, uint8_t *protocol)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, 99 };

	*protocol = protocols[random_below(seed, 4)];
	at[0] = (uint8_t)(0x45 + (random_below(seed, 8) == 0));
	at[8] = (uint8_t)random_below(seed, 4);
	at[9] = *protocol;
	memcpy(at + 12, (const uint8_t[]){ 10, 0, 0, (uint8_t)random_below(seed, 16) }, 4);
	memcpy(at + 16, (const uint8_t[]){ 10, 0, 0, (uint8_t)random_below(seed, 16) }, 4);
	return (at[0] & 15u) * 4;
}

/* Now and then with a header of options. */
static uint32_t put_ip6(uint8_t *at, uint64_t *seed, uint8_t *protocol)
{
	bool options = random_below(seed, 8) == 0;

	*protocol = random_below(seed, 2) ? IPPROTO_UDP : IPPROTO_TCP;
	at[0] = 0x60;
	at[6] = options ? IPPROTO_HOPOPTS : *protocol;
	at[7] = (uint8_t)random_below(seed, 4);
	memset(at + 8, 0, 32);
	at[23] = (uint8_t)random_below(seed, 16);
	at[39] = (uint8_t)random_below(seed, 16);
	if (!options)
		return 40;
	at[40] = *protocol;
	at[41] = 0;
	return 48;
}

/* Lengths that filters check, mostly right. */
static void put_ports(uint8_t *at, uint64_t *seed, uint8_t protocol)
{
	put_u16(at, random_below(seed, 16));
	put_u16(at + 2, random_below(seed, 16));
	if (protocol == IPPROTO_UDP)
		put_u16(at + 4, random_below(seed, 16));
	else
		at[12] = (uint8_t)(random_below(seed, 16) ? 0x50 : random_below(seed, 256));
}

static uint32_t put_ethernet(uint8_t *at, uint64_t *seed, uint32_t *type)
{
	static const uint16_t types[] = { ETH_P_IP, ETH_P_IP, ETH_P_IPV6, ETH_P_ARP };
	uint32_t vlans = random_below(seed, 6) == 0 ? random_below(seed, 3) : 0, size = 12;

	at[5] = (uint8_t)random_below(seed, 16);
	at[11] = (uint8_t)random_below(seed, 16);
	for (; vlans > 0; vlans--, size += 4)
		put_u16(at + size, vlans == 2 ? ETH_P_8021AD : ETH_P_8021Q);
	*type = types[random_below(seed, 4)];
	put_u16(at + size, *type);
	return size + 2;
}

static void put_headers(uint8_t *at, uint64_t *seed)
{
	uint8_t protocol = 0;
	uint32_t type;

	memset(at, 0, 12);
	at += put_ethernet(at, seed, &type);
	if (type == ETH_P_IP)
		at += put_ip(at, seed, &protocol);
	else if (type == ETH_P_IPV6)
		at += put_ip6(at, seed, &protocol);
	if (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP)
		put_ports(at, seed, protocol);
}

/* Mostly short, because more bytes decide nothing more, but with room for headers. */
static uint32_t random_length(uint64_t *seed)
{
	static const uint32_t longest[] = { 74, 74, 74, 74, 74, 200, 1514, PACKET_LONGEST };
	uint32_t least = random_below(seed, 8) ? 58 : ETH_HLEN;

	return least + random_below(seed, longest[random_below(seed, 8)] - least + 1);
}

#define HEADERS_MAX (ETH_HLEN + 2 * 4 + 60 + 20) /* all that can be put into a packet */

/* Some bytes are others than they should be, or the end is missing. */
static void damage(struct packet *packet, uint64_t *seed)
{
	if (random_below(seed, 2)) {
		packet->size = ETH_HLEN + random_below(seed, packet->size - ETH_HLEN + 1);
		return;
	}
	for (uint32_t i = 1 + random_below(seed, 4); i > 0; i--)
		packet->bytes[random_below(seed, HEADERS_MAX)] ^= (uint8_t)next_random(seed);
}

/* One in eight is noise, one in eight damaged. */
static inline void make_packet(struct packet *packet, uint64_t *seed)
{
	uint32_t what = random_below(seed, 8);

	packet->meta = 0;
	packet->size = random_length(seed);
	for (uint32_t i = 0; i < packet->size || i < HEADERS_MAX; i += sizeof(uint64_t)) {
		uint64_t noise = next_random(seed);

		memcpy(packet->bytes + i, &noise, sizeof(noise));
	}
	if (what == 0)
		return;
	put_headers(packet->bytes, seed);
	if (what == 1)
		damage(packet, seed);
}

/* ---------------------------------------------------------------- runs */

/* Linux 5.15 and later tell where metadata is; before, programs that use it are left out. */
static bool metadata_shows;

static int run_program(int fd, struct packet *packet, uint32_t *result)
{
	static uint8_t out[PACKET_MAX];
	struct xdp_md context = { .data = packet->meta, .data_end = packet->size };
	struct xdp_md context_out = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->bytes, .data_size_in = packet->size,
		    .data_out = out, .data_size_out = sizeof(out));
	int r;

	if (metadata_shows) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
		opts.ctx_out = &context_out;
		opts.ctx_size_out = sizeof(context_out);
	}
	r = bpf_prog_test_run_opts(fd, &opts);
	if (r < 0)
		return r;
	memcpy(packet->bytes, out, opts.data_size_out);
	packet->size = opts.data_size_out;
	packet->meta = context_out.data;
	*result = opts.retval;
	return 0;
}

static inline bool same_packet(const struct packet *a, const struct packet *b)
{
	return a->size == b->size && a->meta == b->meta && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Whether programs may be loaded here at all. */
static bool may_load(void)
{
	static const struct bpf_insn insns[] = { RETURN(XDP_PASS) };
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", insns, ARRAY_SIZE(insns), NULL);
	struct packet packet = { .size = 64 };
	uint32_t verdict;

	if (fd < 0)
		return false;
	metadata_shows = true;
	metadata_shows = run_program(fd, &packet, &verdict) == 0;
	close(fd);
	return true;
}

#endif
