// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl help: what the descriptors say, for people and, with --words, for scripts. */
#include <stdio.h>

#include <xdpctl.h>

#include "command.h"
#include "common.h"
#include "error.h"

#define HELP_COLUMN 30

struct help_options {
	struct common common;
	bool words;
};

void help_overview(FILE *f)
{
	fputs("Usage: xdpctl COMMAND [OPTION]... [OPERAND]...\n"
	      "Several XDP programs on one network interface: loaded, seen and unloaded.\n"
	      "\nCommands:\n",
	      f);
	for (const struct command *const *c = commands; *c; c++)
		fprintf(f, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\nA command may be shortened as long as it stays unambiguous.\n"
	      "'xdpctl help COMMAND' describes one command, xdpctl(8) all of them.\n",
	      f);
}

static void print_option(const struct option_entry *e)
{
	char letter[] = "-?, ";
	int n;

	letter[1] = e->letter;
	n = printf("  %s--%s%s%s", e->letter ? letter : "    ", e->name, e->arg ? " " : "",
		   e->arg ? e->arg : "");
	if (n < HELP_COLUMN)
		printf("%*s%s\n", HELP_COLUMN - n, "", e->help);
	else
		printf("\n%*s%s\n", HELP_COLUMN, "", e->help);
}

void help_command_print(const struct command *command)
{
	printf("Usage: xdpctl %s [OPTION]...%s%s\n\n%s.\n", command->name,
	       *command->operands ? " " : "", command->operands, command->summary);
	if (command->details)
		printf("\n%s", command->details);
	for (const struct option_set *set = command->sets; set->entries; set++) {
		if (set->title)
			printf("\n%s:\n", set->title);
		for (const struct option_entry *e = set->entries; e->name; e++)
			print_option(e);
	}
}

static int run_help(const void *options, const char *const *operands, size_t n,
		    struct xdpctl_error *err)
{
	const struct help_options *o = options;
	const struct command *command = NULL;

	if (n && command_find(operands[0], &command, err) < 0)
		return error_help(err, NULL);
	if (o->words)
		words_print(command);
	else if (command)
		help_command_print(command);
	else
		help_overview(stdout);
	return 0;
}

// clang-format off
static const struct option_entry options[] = {
	{ "words", 0, NULL, "list the words of the command line, for scripts",
	  value_flag, offsetof(struct help_options, words) },
	{ 0 },
};
// clang-format on

static const struct option_set sets[] = {
	{ "Options", options, 0 },
	{ NULL, help_options, 0 },
	{ 0 },
};

static const struct help_options defaults = { .words = false };

const struct command help_command = {
	.name = "help",
	.summary = "Describe xdpctl or one of its commands",
	.operands = "[COMMAND]",
	.sets = sets,
	.defaults = &defaults,
	.options_size = sizeof(struct help_options),
	.run = run_help,
};
