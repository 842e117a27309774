/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hash map of ours pinned under <bpffs>/xdpctl, keyed by a kernel-wide id. It is made with its first
 * entry and goes with its last, and the directory with the last table.
 */
#ifndef XDPCTL_KERNEL_TABLE_H
#define XDPCTL_KERNEL_TABLE_H

#include "kernel/kernel.h"

struct table {
	const char *pin;   /* relative to the bpffs */
	const char *name;  /* the map's, at most 15 characters */
	size_t value_size; /* the value's first 4 bytes are its schema number */
	uint32_t schema;
};

int table_put(struct kernel *k, const struct table *table, uint32_t key, const void *value,
	      struct xdpctl_error *err);
/* 0 as well when there is no such entry. */
int table_remove(struct kernel *k, const struct table *table, uint32_t key,
		 struct xdpctl_error *err);
/* Removes the table if it has no entries, and the directory if it holds nothing. */
void table_sweep(struct kernel *k, const struct table *table);
/*
 * Calls @entry for each entry of the table's schema until it returns non-zero, which is then returned.
 * No table: no entries.
 */
int table_walk(struct kernel *k, const struct table *table,
	       int (*entry)(uint32_t key, const void *value, void *context), void *context,
	       struct xdpctl_error *err);

#endif
