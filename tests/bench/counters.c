// SPDX-License-Identifier: GPL-2.0-or-later
/* The maps that the components in tests/bpf/bench.bpf.c count in. */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/counters.h"

#define CPUS_MAX 4096u

static bool is_counter(uint32_t id)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return false; /* gone since */
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		info.name[0] = '\0';
	close(fd);
	return strcmp(info.name, "bench_packets") == 0;
}

void counters_find(struct counters *out)
{
	uint32_t id = 0;

	out->n = 0;
	while (out->n < COUNTERS_MAX && bpf_map_get_next_id(id, &id) == 0)
		if (is_counter(id))
			out->ids[out->n++] = id;
}

static uint64_t read_counter(uint32_t id, int cpus)
{
	static uint64_t values[CPUS_MAX];
	const uint32_t key = 0;
	uint64_t sum = 0;
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return 0;
	if (bpf_map_lookup_elem(fd, &key, values) == 0)
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += values[cpu];
	close(fd);
	return sum;
}

uint64_t counters_sum(const struct counters *counters)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t sum = 0;

	if (cpus > (int)CPUS_MAX)
		return 0;
	for (size_t i = 0; i < counters->n; i++)
		sum += read_counter(counters->ids[i], cpus);
	return sum;
}
