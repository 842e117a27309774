/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What globals.bpf.c shows of its variables; shared with the test that sets them. */
#ifndef GLOBALS_H
#define GLOBALS_H

#include <linux/types.h>

enum color { RED, GREEN, BLUE = 7 };
/* Needs 64 bits, which makes it an ENUM64 in BTF (clang 15 and newer; before, its values are cut). */
enum wide { WIDE_SMALL = 1, WIDE_LARGE = 0x100000001 };

struct seen {
	__u64 u64;
	__s64 s64;
	__u64 wide;
	__u32 u32;
	__s32 s32;
	__u32 color;
	__u32 custom;
	__u32 hidden;
	__u16 u16;
	__s16 s16;
	__u8 u8;
	__s8 s8;
	__u8 boolean;
	char text[8];
};

#endif
