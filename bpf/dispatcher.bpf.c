// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dispatcher: runs on the interface and calls its components in order. Each component is an EXT
 * program linked over one of the slots below; a single one is linked over xdp_dispatcher() itself.
 *
 * What libxdp and the kernel look at, and what must therefore stay: the names xdp_dispatcher and prog0 to
 * prog9, exactly one map (so no string literals and no .bss), BPF_XDP as expected attach type (SEC("xdp")),
 * the version in BTF.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "dispatcher.h"

/* const volatile: read-only data, so that the verifier prunes the slots that are not in use; volatile, so
 * that clang doesn't prune them first. */
const volatile struct dispatcher_config conf = {};

/* The version for readers that know it only from BTF: the number of elements of an array type. */
int (*dispatcher_version)[DISPATCHER_VERSION] SEC("xdp_metadata");

/*
 * A slot. It is global, so that EXT programs may replace it. The call to bpf_xdp_adjust_tail() does nothing,
 * but marks the function as one that changes packet data: without it kernels from 6.13 on (and stable ones
 * with the same fix) refuse components that do. The return value goes through memory, or clang would
 * compute the callers' branches at compile time.
 */
#define SLOT(n)                                                   \
	__attribute__((noinline)) int prog##n(struct xdp_md *ctx) \
	{                                                         \
		volatile int verdict = DISPATCHER_RETVAL;         \
                                                                  \
		if (!ctx)                                         \
			return XDP_ABORTED;                       \
		bpf_xdp_adjust_tail(ctx, 0);                      \
		return verdict;                                   \
	}

SLOT(0)
SLOT(1)
SLOT(2)
SLOT(3)
SLOT(4)
SLOT(5)
SLOT(6)
SLOT(7)
SLOT(8)
SLOT(9)

/* One place in the chain: done when all are through, or when the verdict isn't one to go on after. */
#define RUN(n)                                          \
	do {                                            \
		if (conf.count <= n)                    \
			return XDP_PASS;                \
		verdict = prog##n(ctx);                 \
		if (!(1U << verdict & conf.actions[n])) \
			return verdict;                 \
	} while (0)

SEC("xdp")
int xdp_dispatcher(struct xdp_md *ctx)
{
	int verdict;

	RUN(0);
	RUN(1);
	RUN(2);
	RUN(3);
	RUN(4);
	RUN(5);
	RUN(6);
	RUN(7);
	RUN(8);
	RUN(9);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
