/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps of components that are compared: what is in them before, and whether it is the same after. */
#ifndef FUSE_MAPS_H
#define FUSE_MAPS_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fuse_packets.h"

#define KEY_MAX 64
#define VALUE_MAX 65536 /* of all processors together */

static bool map_info(int fd, struct bpf_map_info *info)
{
	uint32_t length = sizeof(*info);

	*info = (struct bpf_map_info){ 0 };
	return bpf_obj_get_info_by_fd(fd, info, &length) == 0;
}

static bool is_per_cpu(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_PERCPU_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_HASH;
}

/* ---------------------------------------------------------------- before */

/* A key of xdp-filter's: a port as it is in the packet, an IPv4 address, or the end of a longer address. */
static void filter_key(const struct bpf_map_info *info, uint8_t i, uint8_t *key)
{
	memset(key, 0, KEY_MAX);
	if (info->key_size == 4 && info->max_entries == 65536)
		put_u16(key, i);
	else if (info->key_size == 4)
		memcpy(key, (const uint8_t[]){ 10, 0, 0, i }, 4);
	else
		key[info->key_size - 1] = i;
}

/*
 * Rules of xdp-filter for some ports and addresses, of which packets have 0 to 15: about half of them meet one.
 * The flags are source 1, destination 2, TCP 4, UDP 8.
 */
static void fill_filter(int fd, const struct bpf_map_info *info)
{
	static const struct {
		uint8_t last, flags;
	} rules[] = { { 3, 0xf }, { 9, 0x5 }, { 12, 0xa } };
	int cpus = libbpf_num_possible_cpus();
	uint8_t key[KEY_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		uint64_t *values = calloc((size_t)cpus, sizeof(*values));

		if (!values)
			abort();
		for (int cpu = 0; cpu < cpus; cpu++)
			values[cpu] = rules[i].flags;
		filter_key(info, rules[i].last, key);
		bpf_map_update_elem(fd, key, values, BPF_ANY);
		free(values);
	}
}

/* A socket that is bound to nothing will do, for no packet gets to it. */
static void fill_sockets(int fd)
{
	int zero = 0, sock = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return;
	bpf_map_update_elem(fd, &zero, &sock, BPF_ANY);
	/* Left open: a socket takes itself out of the map when it is closed. */
}

/* @tail_target: a program for the entry that tail calls reach; -1: only rules of filters are made. */
static void fill_map(int fd, int tail_target)
{
	const uint32_t zero = 0, one = 1;
	struct bpf_map_info info;

	if (!map_info(fd, &info))
		return;
	if (strncmp(info.name, "filter_", 7) == 0)
		fill_filter(fd, &info);
	else if (tail_target < 0)
		return;
	else if (info.type == BPF_MAP_TYPE_XSKMAP)
		fill_sockets(fd);
	else if (info.type == BPF_MAP_TYPE_DEVMAP)
		bpf_map_update_elem(fd, &zero, &one, BPF_ANY); /* lo */
	else if (info.type == BPF_MAP_TYPE_PROG_ARRAY)
		bpf_map_update_elem(fd, &one, &tail_target, BPF_ANY);
}

static void fill_maps(const struct loaded *loaded, int tail_target)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, loaded->object)
		fill_map(bpf_map__fd(map), tail_target);
}

/* ---------------------------------------------------------------- after */

/* What is in other maps can't be compared, or isn't what a component left there. */
static bool has_plain_values(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_HASH ||
	       info->type == BPF_MAP_TYPE_LRU_HASH || is_per_cpu(info);
}

/* The value of @key, summed up over the processors, for the packets of both sides may have met others. */
static int read_value(int fd, const struct bpf_map_info *info, const void *key, uint64_t *sum)
{
	static uint64_t values[VALUE_MAX / 8];
	size_t words = (info->value_size + 7) / 8;
	size_t copies = is_per_cpu(info) ? (size_t)libbpf_num_possible_cpus() : 1;

	if (words * copies > ARRAY_SIZE(values))
		return -E2BIG;
	memset(values, 0, words * copies * 8);
	memset(sum, 0, words * 8);
	if (bpf_map_lookup_elem(fd, key, values) < 0)
		return -errno;
	for (size_t i = 0; i < words * copies; i++)
		sum[i % words] += values[i];
	return 0;
}

static bool same_value(int a, int b, const struct bpf_map_info *info, const void *key)
{
	static uint64_t sums[2][VALUE_MAX / 8];

	return read_value(a, info, key, sums[0]) == 0 && read_value(b, info, key, sums[1]) == 0 &&
	       memcmp(sums[0], sums[1], info->value_size) == 0;
}

/* The keys of @a, of which no packet of ours uses more, are those of @b if there are as many of them. */
#define KEYS_MAX 4096

static unsigned int count_keys(int fd)
{
	uint8_t key[KEY_MAX], *previous = NULL;
	unsigned int n = 0;

	for (; n < KEYS_MAX && bpf_map_get_next_key(fd, previous, key) == 0; n++)
		previous = key;
	return n;
}

/* Maps with room for more than @limit entries take long and are passed over. */
static bool same_map(int a, int b, uint32_t limit)
{
	uint8_t key[KEY_MAX] = { 0 }, *previous = NULL;
	struct bpf_map_info info, other;

	if (!map_info(a, &info) || !map_info(b, &other) || info.type != other.type ||
	    info.value_size != other.value_size || info.key_size != other.key_size)
		return false;
	if (!has_plain_values(&info) || info.max_entries > limit || info.key_size > KEY_MAX)
		return true;
	for (unsigned int i = 0; i < KEYS_MAX; i++, previous = key) {
		if (bpf_map_get_next_key(a, previous, key) < 0)
			break;
		if (!same_value(a, b, &info, key)) {
			printf("# map %s differs at a key that begins with %u\n", info.name,
			       key[0]);
			return false;
		}
	}
	return count_keys(a) == count_keys(b);
}

#endif
