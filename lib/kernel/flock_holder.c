// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who holds a flock: /proc/locks by the file's inode, and the process's own name. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel/real.h"
#include "util.h"

/* "12: FLOCK  ADVISORY  WRITE 812 00:1c:4711 0 EOF"; a waiter's line has "->" and is none of a holder. */
static int parse_line(const char *line, const struct stat *st)
{
	unsigned int major_nr, minor_nr;
	unsigned long long inode;
	int pid;

	if (strstr(line, "->") || sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", &pid, &major_nr,
					 &minor_nr, &inode) != 4)
		return 0;
	if (inode != st->st_ino || major_nr != major(st->st_dev) || minor_nr != minor(st->st_dev))
		return 0;
	return pid;
}

static int find_pid(const struct stat *st)
{
	char line[256];
	FILE *f = fopen("/proc/locks", "re");
	int pid = 0;

	if (!f)
		return 0;
	while (!pid && fgets(line, sizeof(line), f))
		pid = parse_line(line, st);
	fclose(f);
	return pid;
}

static void read_comm(int pid, char *buf, size_t size)
{
	char path[32];
	FILE *f;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(buf, (int)size, f))
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

void flock_holder(int fd, char *buf, size_t size)
{
	struct stat st;
	char comm[32];
	int pid;

	buf[0] = '\0';
	if (fstat(fd, &st) < 0)
		return;
	pid = find_pid(&st);
	if (pid <= 0)
		return;
	read_comm(pid, comm, sizeof(comm));
	snprintf(buf, size, "%s (pid %d)", comm[0] ? comm : "a process", pid);
}
