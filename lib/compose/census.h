/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is read once per command and shared by all interfaces: the kernel's links, our records, the pin
 * directories. Sorted, so that looking one up costs little however many there are.
 */
#ifndef XDPCTL_COMPOSE_CENSUS_H
#define XDPCTL_COMPOSE_CENSUS_H

#include "kernel/kernel.h"

/* A directory <bpffs>/xdp/dispatch-IFINDEX-DISPATCHER, or <bpffs>/xdpctl/fused-IFINDEX-PROGRAM. */
struct census_dir {
	enum xdpctl_engine engine;
	char path[XDPCTL_PATH_SIZE]; /* relative to the bpffs */
	int ifindex;
	uint32_t dispatcher;
};

struct census {
	struct kernel_link *links; /* by type, then target (tracing) or program (XDP) */
	size_t n_links;
	struct kernel_record *records; /* by program id */
	size_t n_records;
	struct census_dir *dirs; /* by dispatcher */
	size_t n_dirs;
	/* What could not be read, each "" if all is well. */
	char links_why[XDPCTL_PATH_SIZE];
	char records_why[XDPCTL_PATH_SIZE];
	char dirs_why[XDPCTL_PATH_SIZE];
};

/*
 * @strict: a part that can't be read is an error, as before a change; else it is noted, as for a report.
 */
int census_take(struct kernel *k, bool strict, struct census *out, struct xdpctl_error *err);
void census_free(struct census *census);

/* The tracing links on dispatcher @id: the first, and how many follow each other. */
const struct kernel_link *census_links_on(const struct census *census, uint32_t id, size_t *n);
/* The XDP links of program @id, likewise. */
const struct kernel_link *census_xdp_links(const struct census *census, uint32_t id, size_t *n);
const struct kernel_record *census_record(const struct census *census, uint32_t prog_id,
					  uint64_t load_time);
const struct census_dir *census_dir(const struct census *census, uint32_t dispatcher);

#endif
