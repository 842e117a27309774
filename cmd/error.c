// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors as commands make them and as the user sees them, once, at the end of the process. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "json.h"
#include "xalloc.h"

/* Of the verifier's log without --verbose: what it refused is at its end. */
#define LOG_TAIL 12

static const char *const fault_names[] = {
	[XDPCTL_FAULT_NONE] = "none",
	[XDPCTL_FAULT_FAILED] = "failed",
	[XDPCTL_FAULT_USAGE] = "usage",
	[XDPCTL_FAULT_REFUSED] = "refused",
	[XDPCTL_FAULT_CONFLICT] = "conflict",
	[XDPCTL_FAULT_NOT_FOUND] = "not-found",
	[XDPCTL_FAULT_UNSUPPORTED] = "unsupported",
};

/* Keeps both ends of a text that is too long: what it is about, and what is wrong with it. */
static void set_message(struct xdpctl_error *err, const char *text)
{
	size_t size = sizeof(err->message), len = strlen(text), half = size / 2 - 2;

	if (len < size)
		strcpy(err->message, text);
	else
		snprintf(err->message, size, "%.*s...%s", (int)half, text, text + len - half);
	err->fault = XDPCTL_FAULT_USAGE;
}

int error_usage(struct xdpctl_error *err, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	set_message(err, text);
	return -EINVAL;
}

int error_in(struct xdpctl_error *err, const char *format, ...)
{
	_cleanup_free_ char *context = NULL, *text = NULL;
	va_list ap;

	va_start(ap, format);
	context = xvasprintf(format, ap);
	va_end(ap);
	text = xasprintf("%s: %s", context, err->message);
	set_message(err, text);
	return -EINVAL;
}

int error_help(struct xdpctl_error *err, const char *command)
{
	snprintf(err->hint, sizeof(err->hint), "try 'xdpctl help%s%s'", command ? " " : "",
		 command ? command : "");
	return -EINVAL;
}

static void print_line(const char *prefix, const char *text)
{
	_cleanup_free_ char *escaped = escape_text(text);

	fprintf(stderr, "%s%s\n", prefix, escaped);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	while (*text) {
		n++;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return n;
}

static void print_log(const char *log, bool verbose)
{
	_cleanup_free_ char *copy = xstrdup(log);
	size_t n = count_lines(copy), skip = verbose || n <= LOG_TAIL ? 0 : n - LOG_TAIL;
	char *rest = copy, *line;

	if (skip)
		fprintf(stderr, "  verifier log, last %d of %zu lines (all with --verbose):\n",
			LOG_TAIL, n);
	else
		fputs("  verifier log:\n", stderr);
	for (size_t i = 0; i < n; i++) {
		line = strsep(&rest, "\n");
		for (char *tab = line; (tab = strchr(tab, '\t'));)
			*tab = ' ';
		if (i >= skip)
			print_line("    ", line);
	}
}

static void print_text(const struct xdpctl_error *err, bool verbose)
{
	print_line("xdpctl: ", err->message);
	if (err->extack[0])
		print_line("  kernel: ", err->extack);
	if (err->log && err->log[0])
		print_log(err->log, verbose);
	if (err->hint[0])
		print_line("  hint: ", err->hint);
}

static void print_json(const struct xdpctl_error *err, enum xdpctl_fault fault)
{
	_cleanup_json_ struct json_object *doc = json_document();
	struct json_object *error = json_put_object(doc, "error");

	json_put_text(error, "class", fault_names[fault]);
	json_put_number(error, "status", fault);
	json_put_text(error, "message", err->message);
	json_put_text(error, "extack", err->extack);
	json_put_text(error, "hint", err->hint);
	json_put_text(error, "log", err->log);
	json_put_id(error, "errno", (uint32_t)err->code);
	json_print(doc);
}

int error_print(const struct xdpctl_error *err, bool json, bool verbose)
{
	enum xdpctl_fault fault = err->fault ? err->fault : XDPCTL_FAULT_FAILED;

	if (json)
		print_json(err, fault);
	else
		print_text(err, verbose);
	return (int)fault;
}
