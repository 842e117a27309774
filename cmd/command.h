/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is: one descriptor, at the end of the command's file, says all about it. */
#ifndef XDPCTL_CMD_COMMAND_H
#define XDPCTL_CMD_COMMAND_H

#include <stdio.h>

#include <xdpctl.h>

#include "option.h"

struct command {
	const char *name;
	const char *summary;  /* one line */
	const char *operands; /* "IFACE [NAME...]"; their least and greatest number follow from it */
	const struct option_entry *keys; /* of the last operand's KEY=VALUE, or NULL */
	const char *details;             /* what help says between usage and options, or NULL */
	const struct option_set *sets;   /* ends with an empty one */
	const void *defaults;            /* an options struct, which begins with a struct common */
	size_t options_size;
	/*
	 * Returns the exit status, or a negative errno with @err filled in. @operands are as many as
	 * the descriptor allows.
	 */
	int (*run)(const void *options, const char *const *operands, size_t n,
		   struct xdpctl_error *err);
};

extern const struct command load_command, unload_command, status_command, repair_command,
	convert_command, clean_command, features_command, help_command, version_command;

/* All commands in the order of the help; ends with NULL. */
extern const struct command *const commands[];

/* By its name or an unambiguous beginning of it. */
int command_find(const char *word, const struct command **out, struct xdpctl_error *err);

/* One operand of a descriptor's list. */
struct operand {
	char word[16]; /* "IFACE" */
	bool optional;
	bool repeated;
};

/* Takes the next operand from *list; false at its end. */
bool operand_next(const char **list, struct operand *operand);
/* Whether @n operands are what @command takes. */
int operand_check(const struct command *command, const char *const *operands, size_t n,
		  struct xdpctl_error *err);

/* In help.c and words.c. */
void help_overview(FILE *f);
void help_command_print(const struct command *command);
void words_print(const struct command *command); /* NULL: the commands themselves */

#endif
