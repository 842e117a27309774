/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to load: FILE[:PROG][,KEY=VALUE]..., where the keys are the options that describe a program.
 * A backslash takes the meaning from the character behind it.
 */
#ifndef XDPCTL_CMD_SPEC_H
#define XDPCTL_CMD_SPEC_H

#include <xdpctl.h>

#include "option.h"
#include "value.h"

/* How to load one program. Strings are borrowed. */
struct spec_settings {
	const char *prog;
	const char *section;
	const char *name;
	struct value_u32 prio;
	struct value_u32 actions;
	const char *pin_maps;
	struct value_texts vars;
	struct value_frags frags;
};

/* The options of struct spec_settings: for all programs of a call, and the keys for one of them. */
extern const struct option_entry spec_options[];

struct spec {
	char *text; /* the operand, in pieces */
	const char *path;
	struct spec_settings settings;
};

/* @spec is zeroed; the caller clears it, also after an error. */
int spec_parse(const char *operand, struct spec *spec, struct xdpctl_error *err);
void spec_clear(struct spec *spec);
/* Takes over from @all what the operand didn't say itself. */
int spec_inherit(struct spec *spec, const struct spec_settings *all, struct xdpctl_error *err);
/* The same as the library wants it; borrows from @spec. */
struct xdpctl_load_item spec_item(const struct spec *spec);

#endif
