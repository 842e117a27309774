/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COMPLAINTS_MAX 4

bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
		if (strcspn(at, "\n") == len && memcmp(at, line, len) == 0)
			return true;
	return false;
}

bool part_of_text(const char *part, const char *whole)
{
	for (const char *at = part; *at; at += strcspn(at, "\n") + 1)
		if ((*at < '0' || *at > '9') && !has_line(whole, at, strcspn(at, "\n")))
			return false;
	return true;
}

/* The lines of @text that @other lacks. */
static void print_only(const char *sign, const char *text, const char *other)
{
	for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
		if (!has_line(other, at, strcspn(at, "\n")))
			printf("#     %s %.*s\n", sign, (int)strcspn(at, "\n"), at);
}

void trial_begin(struct group *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(g->which, sizeof(g->which), fmt, ap);
	va_end(ap);
	g->trials++;
	g->trial_failed = false;
}

bool trial_check(struct group *g, bool holds, const char *fmt, ...)
{
	va_list ap;

	if (holds)
		return true;
	g->complains = !g->trial_failed && g->failed < COMPLAINTS_MAX;
	g->failed += !g->trial_failed;
	g->trial_failed = true;
	if (!g->complains)
		return false;
	printf("#   %s: ", g->which);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

void trial_check_text(struct group *g, const char *what, const char *got, const char *want)
{
	if (trial_check(g, same_text(got, want), "%s (- wanted, + got)", what) || !g->complains)
		return;
	print_only("-", want, got);
	print_only("+", got, want);
}
