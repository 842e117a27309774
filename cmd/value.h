/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values that options and an object's settings take, and their parsers: strict, so that a
 * typing error is never a different request. Zero and "none" are values; absence is a presence bit.
 */
#ifndef XDPCTL_CMD_VALUE_H
#define XDPCTL_CMD_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xdpctl.h>

#define VALUES_MAX 64 /* of an option that may be repeated */

struct value_u32 {
	bool given;
	uint32_t value;
};

struct value_ids {
	uint32_t ids[VALUES_MAX];
	size_t n;
};

struct value_texts {
	const char *texts[VALUES_MAX];
	size_t n;
};

struct value_frags {
	bool given;
	enum xdpctl_frags value;
};

/* 0, or -EINVAL with the reason as @err's message: "10abc" is not a number from 0 to 99. */
typedef int value_parse(const char *text, void *value, struct xdpctl_error *err);

value_parse value_flag;    /* bool; @text is NULL */
value_parse value_text;    /* const char *: not empty */
value_parse value_label;   /* const char *: a component's name or an owner's label */
value_parse value_vars;    /* struct value_texts: one more "VAR=VALUE" */
value_parse value_u32;     /* struct value_u32 */
value_parse value_ids;     /* struct value_ids: one more, not 0 */
value_parse value_expect;  /* struct value_u32: "none" or an id */
value_parse value_seconds; /* unsigned int, milliseconds: "10", "0.25" */
value_parse value_mode;    /* enum xdpctl_mode */
value_parse value_engine;  /* enum xdpctl_engine */
value_parse value_actions; /* struct value_u32 */
value_parse value_frags;   /* struct value_frags */
value_parse value_version; /* unsigned int: 0 for auto */

#endif
