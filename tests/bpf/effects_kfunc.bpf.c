// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of the kernel, by their BTF ids: Linux 6.5. */
#include "effects.h"

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *ptr) __ksym;

SEC("xdp")
int effect_kfunc(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_ABORTED;
	return has_effect(bpf_dynptr_size(&packet));
}

char _license[] SEC("license") = "GPL";
