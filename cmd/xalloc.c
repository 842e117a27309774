// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocation that ends the process when there is no memory: commands have nothing to undo. */
#include "xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xdpctl.h>

void oom(void)
{
	fputs("xdpctl: out of memory\n", stderr);
	exit(XDPCTL_FAULT_FAILED);
}

void *xcalloc(size_t n, size_t size)
{
	/* calloc(0) may return NULL without an error. */
	void *p = calloc(n ? n : 1, size);

	if (!p)
		oom();
	return p;
}

char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		oom();
	return copy;
}

char *xvasprintf(const char *format, va_list ap)
{
	char *s;

	if (vasprintf(&s, format, ap) < 0)
		oom();
	return s;
}

char *xasprintf(const char *format, ...)
{
	char *s;
	va_list ap;

	va_start(ap, format);
	s = xvasprintf(format, ap);
	va_end(ap);
	return s;
}
