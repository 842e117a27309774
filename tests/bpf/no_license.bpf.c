// SPDX-License-Identifier: GPL-2.0-or-later
/* Names no licence. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int no_license(struct xdp_md *ctx)
{
	return XDP_PASS;
}
