/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ownership that can be seen: cleanup attributes for memory and descriptors, and small string helpers. */
#ifndef XDPCTL_LIB_UTIL_H
#define XDPCTL_LIB_UTIL_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* errno survives, so that a return code taken from errno later is still the failing call's. */
void util_close(int fd);
/* Copies @src into @dst of @size bytes, truncated if it must be, always terminated. */
void util_copy(char *dst, size_t size, const char *src);

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		util_close(*fd);
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

#define _cleanup_fd_ __attribute__((cleanup(cleanup_fd)))
#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))

/* Gives a descriptor away. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
