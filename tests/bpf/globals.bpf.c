// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A global variable of each type that can be set, in each kind of section, and some that can't. Every
 * packet copies them into the map "seen", so that a test sees what the program sees.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "globals.h"

typedef __u16 port_number;

const volatile __u8 ro_u8 = 1;
const volatile port_number ro_u16 = 2;
const volatile __u32 ro_u32 = 3;
const volatile __u64 ro_u64 = 4;
volatile __s8 rw_s8 = -1;
volatile __s16 rw_s16 = -2;
volatile __s32 rw_s32 = -3;
volatile __s64 rw_s64 = -4;
volatile bool zero_bool;
volatile enum color zero_color;
const volatile enum wide ro_wide = WIDE_SMALL;
volatile __u32 custom_u32 SEC(".data.custom_section_name") = 5;
const volatile char ro_text[8] = "text";

static volatile __u32 hidden = 6;

/* These can't be set. */
volatile __u8 bytes[4];
volatile struct {
	__u32 x;
} structure;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} seen SEC(".maps");

SEC("xdp")
int globals(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct seen *out = bpf_map_lookup_elem(&seen, &key);

	if (!out)
		return XDP_ABORTED;
	out->u8 = ro_u8;
	out->u16 = ro_u16;
	out->u32 = ro_u32;
	out->u64 = ro_u64;
	out->s8 = rw_s8;
	out->s16 = rw_s16;
	out->s32 = rw_s32;
	out->s64 = rw_s64;
	out->boolean = zero_bool;
	out->color = zero_color;
	out->wide = ro_wide;
	out->custom = custom_u32;
	out->hidden = hidden;
	for (int i = 0; i < 8; i++)
		out->text[i] = ro_text[i];
	return bytes[0] + structure.x ? XDP_ABORTED : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
