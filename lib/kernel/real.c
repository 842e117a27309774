// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/real.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "kernel/libbpf_log.h"
#include "kernel/rtnl.h"
#include "util.h"

static int ifaces(struct kernel *k, int ifindex, struct kernel_iface **out, size_t *n,
		  struct xdpctl_error *err)
{
	return rtnl_ifaces(real_of(k)->rtnl, ifindex, out, n, err);
}

static int xdp_swap(struct kernel *k, int ifindex, enum xdpctl_mode mode, int new_fd, int old_fd,
		    struct xdpctl_error *err)
{
	int r = rtnl_xdp_swap(real_of(k)->rtnl, ifindex, mode, new_fd, old_fd, err);

	/*
	 * Waits for all packets that are still inside the old program (a whole RCU grace period): its links
	 * end next, and a packet must not meet half of a chain. The kernel does so itself in native mode on
	 * x86, not everywhere else.
	 */
	if (r == 0)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return r;
}

/* 1, 2, 4 .. 512 ms, so that two that collide once don't again. */
static void backoff(struct kernel *k, unsigned int attempt)
{
	struct timespec now, wait = { 0 };

	(void)k;
	clock_gettime(CLOCK_MONOTONIC, &now);
	wait.tv_nsec = (1000000L << (attempt < 9 ? attempt : 9)) / 2;
	wait.tv_nsec += now.tv_nsec % wait.tv_nsec;
	nanosleep(&wait, NULL);
}

static const struct kernel_ops real_ops = {
	.ifaces = ifaces,
	.xdp_swap = xdp_swap,
	.prog_open = prog_open,
	.prog_read = prog_read,
	.links = link_all,
	.link_open = link_open,
	.link_read = link_read,
	.map_read = map_read,
	.prog_refs = refs_read,
	.dispatcher_load = dispatcher_load,
	.dispatcher_read = dispatcher_read,
	.component_load = component_load,
	.component_attach = component_attach,
	.has_frags = probe_frags,
	.has_freplace = probe_freplace,
	.part_load = part_load,
	.code_check = kept_check,
	.fused_load = fused_load,
	.fused_write = frozen_write_conf,
	.fused_read = frozen_read_conf,
	.code_to_part = kept_to_part,
	.code_to_ext = kept_to_ext,
	.lock = bpffs_lock,
	.unlock = bpffs_unlock,
	.dir_read = bpffs_dir_read,
	.dir_make = bpffs_dir_make,
	.dir_remove = bpffs_dir_remove,
	.pin = bpffs_pin,
	.unpin = bpffs_unpin,
	.pin_open = bpffs_pin_open,
	.record_put = records_put,
	.record_remove = records_remove,
	.sweep = records_sweep,
	.records = records_all,
	.map_pins = map_pins_all,
	.map_unpin = map_pins_unpin,
	.map_used = map_users,
	.backoff = backoff,
};

/* The path goes into records and reports: absolute, and never a part of what was asked for. */
static int set_bpffs(struct real *real, const char *path, struct xdpctl_error *err)
{
	_cleanup_free_ char *absolute = realpath(path, NULL);
	const char *taken = absolute ? absolute : path; /* one that isn't there is reported later */

	if (strlen(taken) >= sizeof(real->bpffs))
		return error_set(err, XDPCTL_FAULT_USAGE, ENAMETOOLONG, "bpffs %.64s...", path);
	util_copy(real->bpffs, sizeof(real->bpffs), taken);
	return 0;
}

int real_open(const struct xdpctl_options *options, struct real **out, struct xdpctl_error *err)
{
	struct real *real = calloc(1, sizeof(*real));
	int r;

	if (!real)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "open a handle");
	real->base.ops = &real_ops;
	real->base.bpffs = real->bpffs;
	real->root_fd = real->lock_fd = -1;
	real->frags = real->freplace = XDPCTL_UNKNOWN;
	real->mount_bpffs = options->mount_bpffs;
	real->lock_timeout = options->lock_timeout;
	r = set_bpffs(real, options->bpffs ? options->bpffs : "/sys/fs/bpf", err);
	libbpf_log_install();
	if (r == 0)
		r = rtnl_open(&real->rtnl, err);
	if (r < 0) {
		real_close(real);
		return r;
	}
	*out = real;
	return 0;
}

void real_close(struct real *real)
{
	if (!real)
		return;
	bpffs_unlock(&real->base);
	if (real->root_fd >= 0)
		util_close(real->root_fd);
	if (real->rtnl)
		rtnl_close(real->rtnl);
	free(real);
}
