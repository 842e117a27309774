// SPDX-License-Identifier: GPL-2.0-or-later
/* xdpctl: finds the command, parses its options, runs it and reports how it went. */
#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include <xdpctl.h>

#include "cleanup.h"
#include "command.h"
#include "common.h"
#include "error.h"
#include "output.h"
#include "xalloc.h"

/* While the options are not known yet. Before getopt_long() moves operands in front of "--". */
/* Also in a bundle of short options, "-vj". */
static bool is_json_option(const char *arg)
{
	if (arg[0] != '-' || arg[1] == '-')
		return !strcmp(arg, "--json");
	return strchr(arg, 'j') != NULL;
}

static bool json_asked(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (is_json_option(argv[i]))
			return true;
	return false;
}

static int usage_error(struct xdpctl_error *err, const char *command, bool json)
{
	error_help(err, command);
	return error_print(err, json, false);
}

/* argv[0] is the command's name. */
static int run_command(const struct command *command, int argc, char **argv,
		       struct xdpctl_error *err)
{
	_cleanup_free_ void *options = xcalloc(1, command->options_size);
	const struct common *common = options;
	const char *const *operands;
	bool json;
	size_t n;
	int r;

	memcpy(options, command->defaults, command->options_size);
	json = json_asked(argc, argv);
	r = option_parse(command->sets, options, argc, argv, err);
	if (r < 0)
		return usage_error(err, command->name, json);
	if (common->help) {
		help_command_print(command);
		return 0;
	}
	if (common->version)
		return version_command.run(NULL, NULL, 0, err);

	operands = (const char *const *)argv + r;
	n = (size_t)(argc - r);
	if (operand_check(command, operands, n, err) < 0)
		return usage_error(err, command->name, common->json);
	r = command->run(options, operands, n, err);
	return r < 0 ? error_print(err, common->json, common->verbose) : r;
}

/* Options before the command: only those that are commands themselves. */
static const char *command_word(const char *arg)
{
	if (!strcmp(arg, "-h") || !strcmp(arg, "--help"))
		return "help";
	if (!strcmp(arg, "-V") || !strcmp(arg, "--version"))
		return "version";
	return arg;
}

static int run(int argc, char **argv, struct xdpctl_error *err)
{
	const struct command *command;
	const char *word;

	if (argc < 2) {
		help_overview(stderr);
		return XDPCTL_FAULT_USAGE;
	}
	word = command_word(argv[1]);
	if (*word == '-') {
		error_usage(err, "unknown option \"%s\" before the command", word);
		return usage_error(err, NULL, json_asked(argc, argv));
	}
	if (command_find(word, &command, err) < 0)
		return usage_error(err, NULL, json_asked(argc, argv));
	return run_command(command, argc - 1, argv + 1, err);
}

int main(int argc, char **argv)
{
	struct xdpctl_error err = { 0 };
	int status;

	output_init();
	/* Which characters can be shown. Numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	status = run(argc, argv, &err);
	xdpctl_error_clear(&err);
	return output_finish(status);
}
