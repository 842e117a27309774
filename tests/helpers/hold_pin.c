// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hold_pin PATH: holds a pinned BPF object by a descriptor, as the process does that made it. Says
 * "ready", then sleeps until it is killed.
 */
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	if (argc != 2 || bpf_obj_get(argv[1]) < 0) {
		perror("hold_pin");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
