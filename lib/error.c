/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* The kernel's own ENOTSUPP. It was never meant for user space, but bpf(2) and drivers return it. */
#define KERNEL_ENOTSUPP 524

/*
 * strerror() may share a buffer between threads and translates. strerror_l() does neither, and the
 * "C" locale is a constant of the C library: nothing is allocated.
 */
static void append_errno(char *dst, size_t size, int code)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	if (code == KERNEL_ENOTSUPP)
		code = EOPNOTSUPP;
	if (c == (locale_t)0) {
		snprintf(dst, size, ": errno %d", code);
		return;
	}
	snprintf(dst, size, ": %s", strerror_l(code, c));
	freelocale(c);
}

/* @why is the end of the sentence and the half that matters most: what is too long loses its middle. */
static void ERROR_PRINTF(5, 0) fill(struct xdpctl_error *err, enum xdpctl_fault fault, int code,
				    const char *why, const char *fmt, va_list ap)
{
	char text[sizeof(err->message)];
	size_t room = sizeof(text) - strlen(why);
	int len = vsnprintf(text, room, fmt, ap); /* first: an argument may point into @err */

	if (len < 0)
		len = 0;
	if ((size_t)len >= room)
		len = (int)room - 1;
	strcpy(text + len, why);

	xdpctl_error_clear(err);
	err->fault = fault;
	err->code = code;
	util_copy(err->message, sizeof(err->message), text);
}

static int to_return(int code)
{
	return code > 0 ? -code : -EIO;
}

int error_set(struct xdpctl_error *err, enum xdpctl_fault fault, int code, const char *fmt, ...)
{
	char why[128] = "";
	va_list ap;

	if (!err)
		return to_return(code);
	if (code != 0)
		append_errno(why, sizeof(why), code);
	va_start(ap, fmt);
	fill(err, fault, code, why, fmt, ap);
	va_end(ap);
	return to_return(code);
}

int error_say(struct xdpctl_error *err, enum xdpctl_fault fault, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return to_return(code);
	va_start(ap, fmt);
	fill(err, fault, code, "", fmt, ap);
	va_end(ap);
	return to_return(code);
}

void error_hint(struct xdpctl_error *err, const char *fmt, ...)
{
	char text[sizeof(err->hint)];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) >= 0)
		util_copy(err->hint, sizeof(err->hint), text);
	va_end(ap);
}

void error_extack(struct xdpctl_error *err, const char *sentence)
{
	if (err && sentence && *sentence)
		util_copy(err->extack, sizeof(err->extack), sentence);
}

void error_log(struct xdpctl_error *err, const char *log)
{
	char *copy;

	if (!err || !log || !*log)
		return;
	copy = strdup(log);
	if (!copy)
		return;
	free(err->log);
	err->log = copy;
}

void error_context(struct xdpctl_error *err, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	va_list ap;
	int len;

	if (!err)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text) - 2)
		return; /* no room for what the message says: rather that than the context */
	memcpy(text + len, ": ", 2);
	util_copy(text + len + 2, sizeof(text) - (size_t)len - 2, err->message);
	memcpy(err->message, text, sizeof(text));
}

void xdpctl_error_clear(struct xdpctl_error *err)
{
	if (!err)
		return;
	free(err->log);
	*err = (struct xdpctl_error){ 0 };
}
