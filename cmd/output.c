// SPDX-License-Identifier: GPL-2.0-or-later
/* The process's three standard files: that they are open, and that what was printed arrived. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xdpctl.h>

void output_init(void)
{
	int fd;

	/* A BPF object that got number 1 would be printed to. */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	/* A reader that leaves must not stop a change half-way. */
	signal(SIGPIPE, SIG_IGN);
}

int output_finish(int status)
{
	int failed = ferror(stdout), error;

	errno = 0;
	failed |= fclose(stdout);
	error = errno;
	if (!failed)
		return status;
	/* Whoever closed the pipe knows. */
	if (error != EPIPE)
		fprintf(stderr, "xdpctl: write to standard output: %s\n",
			error ? strerror(error) : "failed");
	return status ? status : XDPCTL_FAULT_FAILED;
}
