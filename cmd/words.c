// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words of the command line, one per line, for completion scripts and for the tests that keep
 * the documents complete: "operand IFACE", "option --mode native|skb|hw|auto", "option --json",
 * "key prio N".
 */
#include <stdio.h>

#include "command.h"

static void print_operands(const char *list)
{
	struct operand operand;

	while (operand_next(&list, &operand))
		printf("operand %s%s\n", operand.word, operand.repeated ? "..." : "");
}

static void print_option(const struct option_entry *e)
{
	const char *space = e->arg ? " " : "", *arg = e->arg ? e->arg : "";

	printf("option --%s%s%s\n", e->name, space, arg);
	if (e->letter)
		printf("option -%c%s%s\n", e->letter, space, arg);
}

static void print_keys(const struct option_entry *keys)
{
	for (; keys && keys->name; keys++)
		printf("key %s %s\n", keys->name, keys->arg);
}

void words_print(const struct command *command)
{
	if (!command) {
		for (const struct command *const *c = commands; *c; c++)
			printf("command %s\n", (*c)->name);
		return;
	}
	print_operands(command->operands);
	print_keys(command->keys);
	for (const struct option_set *set = command->sets; set->entries; set++)
		for (const struct option_entry *e = set->entries; e->name; e++)
			print_option(e);
}
