// SPDX-License-Identifier: GPL-2.0-or-later
/* objects: every program, link and map that the kernel has, "prog 12" and so on, a line each. */
#include <stdio.h>

#include <bpf/bpf.h>

static void list(const char *kind, int (*next)(__u32, __u32 *))
{
	__u32 id = 0;

	while (next(id, &id) == 0)
		printf("%s %u\n", kind, id);
}

int main(void)
{
	list("prog", bpf_prog_get_next_id);
	list("link", bpf_link_get_next_id);
	list("map", bpf_map_get_next_id);
	return 0;
}
