// SPDX-License-Identifier: GPL-2.0-or-later
/* Options as tables: makes getopt_long() parse them, and says what is wrong in our own words. */
#include "option.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define OPTIONS_MAX 64
#define LONG_BASE 256 /* getopt's value for entry 0: beyond every letter */

/* An entry together with where its value goes. */
struct bound {
	const struct option_entry *entry;
	void *value;
};

struct parser {
	struct bound bound[OPTIONS_MAX];
	size_t n;
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 2];
};

static void parser_add(struct parser *p, const struct option_entry *entry, void *base)
{
	char *letter = p->letters + strlen(p->letters);

	assert(p->n < OPTIONS_MAX);
	p->longs[p->n] = (struct option){
		.name = entry->name,
		.has_arg = entry->arg ? required_argument : no_argument,
		.val = LONG_BASE + (int)p->n,
	};
	p->bound[p->n++] = (struct bound){ entry, (char *)base + entry->offset };
	if (entry->letter)
		sprintf(letter, "%c%s", entry->letter, entry->arg ? ":" : "");
}

static void parser_init(struct parser *p, const struct option_set *sets, void *options)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->letters, ":"); /* missing arguments are told apart from unknown options */
	for (; sets->entries; sets++)
		for (const struct option_entry *e = sets->entries; e->name; e++)
			parser_add(p, e, (char *)options + sets->offset);
}

static const struct bound *parser_find(const struct parser *p, int val)
{
	if (val >= LONG_BASE)
		return &p->bound[val - LONG_BASE];
	for (size_t i = 0; val && i < p->n; i++)
		if (p->bound[i].entry->letter == val)
			return &p->bound[i];
	return NULL;
}

/* What getopt_long() answers with '?'. It leaves optopt 0 for long options that it can't name. */
static int explain_bad(const struct parser *p, const char *word, struct xdpctl_error *err)
{
	const struct bound *b = parser_find(p, optopt);
	size_t len = strcspn(word, "="), n = 0;

	if (b && optopt >= LONG_BASE)
		return error_usage(err, "option \"--%s\" takes no argument", b->entry->name);
	if (optopt && optopt < LONG_BASE)
		return error_usage(err, "unknown option \"-%c\"", optopt);
	for (size_t i = 0; len > 2 && i < p->n; i++)
		n += !strncmp(word + 2, p->longs[i].name, len - 2);
	return error_usage(err, "%s option \"%.*s\"", n > 1 ? "ambiguous" : "unknown", (int)len,
			   word);
}

static int explain_missing(const struct option_entry *entry, struct xdpctl_error *err)
{
	return error_usage(err, "option \"--%s\" needs an argument, %s", entry->name, entry->arg);
}

static int parse_one(const struct bound *b, const char *arg, struct xdpctl_error *err)
{
	int r = b->entry->parse(arg, b->value, err);

	return r < 0 ? error_in(err, "--%s", b->entry->name) : 0;
}

int option_parse(const struct option_set *sets, void *options, int argc, char **argv,
		 struct xdpctl_error *err)
{
	struct parser p;
	int val, r;

	parser_init(&p, sets, options);
	opterr = 0;
	while ((val = getopt_long(argc, argv, p.letters, p.longs, NULL)) != -1) {
		if (val == '?')
			return explain_bad(&p, argv[optind - 1], err);
		if (val == ':')
			return explain_missing(parser_find(&p, optopt)->entry, err);
		r = parse_one(parser_find(&p, val), optarg, err);
		if (r < 0)
			return r;
	}
	return optind;
}

const struct option_entry *option_find(const struct option_entry *entries, const char *name)
{
	for (; entries->name; entries++)
		if (!strcmp(entries->name, name))
			return entries;
	return NULL;
}
