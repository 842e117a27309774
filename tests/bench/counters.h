/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a chain is what it seems to be: what its realistic components have counted, whoever loaded them. A chain
 * that ends early is fast.
 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#define COUNTERS_MAX 1024u

struct counters {
	uint32_t ids[COUNTERS_MAX];
	size_t n;
};

/* All that there are in this kernel. */
void counters_find(struct counters *out);
/* Packets so far, each as often as components have seen it. */
uint64_t counters_sum(const struct counters *counters);

#endif
