/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests speak TAP (testanything.org): one line per assertion, the plan last, so that a test that
 * dies half-way is seen by its missing plan. Names are printf formats; a test looks like
 *
 *	#include "tap.h"
 *
 *	int main(void)
 *	{
 *		tap_ok(chain_valid(&chain), "a chain of %u is valid", n);
 *		tap_is_int(parse("10abc"), -EINVAL, "trailing junk is refused");
 *		tap_is_str(err.message, "no such action: psas", "the bad word is named");
 *		if (geteuid() != 0)
 *			tap_skip("not root", "attach to a veth");
 *		return tap_done();
 *	}
 *
 * Each assertion returns whether it held, so that what depends on it can be left out. What got and
 * what was wanted is printed where it did not hold. Include in one file of a test only.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAP_PRINTF(f, a) __attribute__((format(printf, f, a), unused))

/* Holds if @cond does. */
#define tap_ok(cond, ...) tap_ok_at(__FILE__, __LINE__, #cond, (cond), __VA_ARGS__)
/* Holds if two integers of any width are equal. */
#define tap_is_int(got, want, ...) \
	tap_is_int_at(__FILE__, __LINE__, #got, (long long)(got), (long long)(want), __VA_ARGS__)
/* Holds if two strings are equal; NULL equals NULL. */
#define tap_is_str(got, want, ...) tap_is_str_at(__FILE__, __LINE__, #got, got, want, __VA_ARGS__)
/* Holds if @got contains @part. */
#define tap_has_str(got, part, ...) tap_has_str_at(__FILE__, __LINE__, #got, got, part, __VA_ARGS__)

static unsigned int tap_run;
static unsigned int tap_failed;

static bool TAP_PRINTF(2, 0) tap_line(bool holds, const char *fmt, va_list ap)
{
	tap_run++;
	if (!holds)
		tap_failed++;
	printf("%sok %u - ", holds ? "" : "not ", tap_run);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout); /* a crash or a fork after this must neither lose nor repeat it */
	return holds;
}

static bool TAP_PRINTF(5, 6)
	tap_ok_at(const char *file, int line, const char *expr, bool holds, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(holds, fmt, ap);
	va_end(ap);
	if (!holds)
		printf("# %s:%d: %s is false\n", file, line, expr);
	return holds;
}

static bool TAP_PRINTF(6, 7) tap_is_int_at(const char *file, int line, const char *expr,
					   long long got, long long want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_line(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("# %s:%d: %s\n#   got  %lld\n#   want %lld\n", file, line, expr, got, want);
	return got == want;
}

static bool TAP_PRINTF(6, 7) tap_is_str_at(const char *file, int line, const char *expr,
					   const char *got, const char *want, const char *fmt, ...)
{
	bool holds = got && want ? strcmp(got, want) == 0 : got == want;
	va_list ap;

	va_start(ap, fmt);
	tap_line(holds, fmt, ap);
	va_end(ap);
	if (!holds)
		printf("# %s:%d: %s\n#   got  %s\n#   want %s\n", file, line, expr,
		       got ? got : "(null)", want ? want : "(null)");
	return holds;
}

static bool TAP_PRINTF(6, 7) tap_has_str_at(const char *file, int line, const char *expr,
					    const char *got, const char *part, const char *fmt, ...)
{
	bool holds = got && part && strstr(got, part);
	va_list ap;

	va_start(ap, fmt);
	tap_line(holds, fmt, ap);
	va_end(ap);
	if (!holds)
		printf("# %s:%d: %s\n#   got  %s\n#   want a part \"%s\"\n", file, line, expr,
		       got ? got : "(null)", part ? part : "(null)");
	return holds;
}

/* Counts as passed, and says why it was not tried. */
static void TAP_PRINTF(2, 3) tap_skip(const char *reason, const char *fmt, ...)
{
	va_list ap;

	tap_run++;
	printf("ok %u - ", tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" # SKIP %s\n", reason);
	fflush(stdout);
}

/* Prints the plan. Returns main()'s exit status. */
static int __attribute__((unused)) tap_done(void)
{
	printf("1..%u\n", tap_run);
	return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
