// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xdp_link IFACE OBJECT PIN: attaches OBJECT's first program by an XDP bpf_link and pins the link:
 * an attachment that netlink can't change.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int fail(const char *what, int code)
{
	fprintf(stderr, "xdp_link: %s: %s\n", what, strerror(code));
	return 1;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	struct bpf_object *object;
	int prog_fd, link_fd;

	if (argc != 4)
		return fail("IFACE OBJECT PIN", EINVAL);
	object = bpf_object__open(argv[2]);
	if (!object || bpf_object__load(object) < 0)
		return fail(argv[2], errno);
	prog_fd = bpf_program__fd(bpf_object__next_program(object, NULL));
	link_fd = bpf_link_create(prog_fd, (int)if_nametoindex(argv[1]), BPF_XDP, &opts);
	if (link_fd < 0)
		return fail(argv[1], errno);
	if (bpf_obj_pin(link_fd, argv[3]) < 0)
		return fail(argv[3], errno);
	bpf_object__close(object);
	return 0;
}
