/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options as tables: parsing, help and completion words all come from the same entries. */
#ifndef XDPCTL_CMD_OPTION_H
#define XDPCTL_CMD_OPTION_H

#include <stddef.h>

#include <xdpctl.h>

#include "value.h"

struct option_entry {
	const char *name;
	char letter;      /* 0: none */
	const char *arg;  /* its argument, as shown and as completed; NULL: none */
	const char *help; /* one line */
	value_parse *parse;
	size_t offset; /* of the value, in the struct that the table fills in */
};

/* A table, which ends with an empty entry, at its place in a command's options. */
struct option_set {
	const char *title; /* NULL: goes on under the one before */
	const struct option_entry *entries;
	size_t offset;
};

/*
 * Fills in @options from @argv, whose element 0 is skipped, and moves the operands to its end.
 * Returns the index of the first operand, or -EINVAL with what is wrong.
 */
int option_parse(const struct option_set *sets, void *options, int argc, char **argv,
		 struct xdpctl_error *err);

/* The entry that is named @name, exactly, or NULL. */
const struct option_entry *option_find(const struct option_entry *entries, const char *name);

#endif
