/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util.h"

#include <errno.h>
#include <string.h>

void util_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

void util_copy(char *dst, size_t size, const char *src)
{
	size_t len;

	if (size == 0)
		return;
	len = strnlen(src, size - 1);
	memcpy(dst, src, len);
	dst[len] = '\0';
}
