/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets by chance, and what a program makes of one: its verdict, the bytes, where its metadata is. */
#ifndef FUSE_PACKETS_H
#define FUSE_PACKETS_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <string.h>

#include <bpf/bpf.h>

#include "fuse_help.h"

/* ---------------------------------------------------------------- packets */

#define PACKET_MAX 512

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
	memcpy(at + 12, (const uint8_t[]){ 10, 0, 0, (uint8_t)random_below(seed, 4) }, 4);
	memcpy(at + 16, (const uint8_t[]){ 10, 0, 0, (uint8_t)random_below(seed, 4) }, 4);
	return (at[0] & 15u) * 4;
}

static uint32_t put_ip6(uint8_t *at, uint64_t *seed, uint8_t *protocol)
{
	*protocol = random_below(seed, 2) ? IPPROTO_UDP : IPPROTO_TCP;
	at[0] = 0x60;
	at[6] = *protocol;
	at[7] = (uint8_t)random_below(seed, 4);
	memset(at + 8, 0, 32);
	at[23] = (uint8_t)random_below(seed, 4);
	at[39] = (uint8_t)random_below(seed, 4);
	return 40;
}

static uint32_t put_ethernet(uint8_t *at, uint64_t *seed, uint32_t *type)
{
	static const uint16_t types[] = { ETH_P_IP, ETH_P_IP, ETH_P_IPV6, ETH_P_ARP };
	uint32_t vlans = random_below(seed, 6) == 0 ? random_below(seed, 3) : 0, size = 12;

	at[5] = (uint8_t)random_below(seed, 4);
	at[11] = (uint8_t)random_below(seed, 4);
	for (; vlans > 0; vlans--, size += 4)
		put_u16(at + size, ETH_P_8021Q);
	*type = types[random_below(seed, 4)];
	put_u16(at + size, *type);
	return size + 2;
}

static void make_packet(struct packet *packet, uint64_t *seed)
{
	uint8_t protocol = 0, *at = packet->bytes;
	uint32_t type;

	packet->meta = 0;
	packet->size = ETH_HLEN + random_below(seed, random_below(seed, 4) ? 60 : 200);
	for (size_t i = 0; i < PACKET_MAX; i++)
		at[i] = (uint8_t)next_random(seed);
	if (random_below(seed, 8) == 0)
		return; /* noise */
	memset(at, 0, 12);
	at += put_ethernet(at, seed, &type);
	if (type == ETH_P_IP)
		at += put_ip(at, seed, &protocol);
	else if (type == ETH_P_IPV6)
		at += put_ip6(at, seed, &protocol);
	if (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP) {
		put_u16(at, random_below(seed, 16));
		put_u16(at + 2, random_below(seed, 16));
	}
}

/* ---------------------------------------------------------------- runs */

/* Linux 5.15 and later tell where metadata is; before, programs that use it are left out. */
static bool metadata_shows;

static int run_program(int fd, struct packet *packet, uint32_t *result)
{
	static uint8_t out[4096];
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
	if (opts.data_size_out > PACKET_MAX)
		return -E2BIG;
	memcpy(packet->bytes, out, opts.data_size_out);
	packet->size = opts.data_size_out;
	packet->meta = context_out.data;
	*result = opts.retval;
	return 0;
}

#endif
