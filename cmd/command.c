// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and what follows from a descriptor: its name and its operands. */
#include "command.h"

#include <string.h>

#include "error.h"

const struct command *const commands[] = {
	&load_command,  &unload_command,   &status_command, &repair_command,  &convert_command,
	&clean_command, &features_command, &help_command,   &version_command, NULL,
};

int command_find(const char *word, const struct command **out, struct xdpctl_error *err)
{
	const struct command *found = NULL;
	size_t n = 0;

	for (const struct command *const *c = commands; *c; c++) {
		if (strncmp((*c)->name, word, strlen(word)))
			continue;
		found = *c;
		n++;
		if (!strcmp((*c)->name, word)) {
			n = 1;
			break;
		}
	}
	if (n != 1 || !*word)
		return error_usage(err, "%s command \"%s\"", n && *word ? "ambiguous" : "unknown",
				   word);
	*out = found;
	return 0;
}

bool operand_next(const char **list, struct operand *operand)
{
	const char *token = *list + strspn(*list, " ");
	size_t len = strcspn(token, " ");
	size_t word = strspn(token + (*token == '['), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (!len)
		return false;
	operand->optional = *token == '[';
	operand->repeated = strncmp(token + operand->optional + word, "...", 3) == 0;
	snprintf(operand->word, sizeof(operand->word), "%.*s", (int)word,
		 token + operand->optional);
	*list = token + len;
	return true;
}

int operand_check(const struct command *command, const char *const *operands, size_t n,
		  struct xdpctl_error *err)
{
	const char *list = command->operands;
	struct operand operand;
	size_t i = 0;

	while (operand_next(&list, &operand)) {
		if (i == n && !operand.optional)
			return error_usage(err, "%s: %s is missing", command->name, operand.word);
		if (operand.repeated)
			return 0;
		i += i < n;
	}
	if (i < n)
		return error_usage(err, "%s: nothing is expected at \"%s\"", command->name,
				   operands[i]);
	return 0;
}
