// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attach_xdp [-s] [-c COMPONENT] IFACE OBJECT [OFFSET=BYTE]...: attaches the first program of OBJECT in
 * native mode, past xdpctl and libxdp, with these bytes in its configuration (its read-only data):
 * foreign programs, and dispatchers that no tool of today would make. With -c it links the first
 * program of COMPONENT over prog0 of it, and pins both where libxdp does. With -s it stops itself
 * before it attaches (SIGSTOP).
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define STATE_DIR "/sys/fs/bpf/xdp"
#define SLOT "prog0"

static void fail(const char *what)
{
	fprintf(stderr, "attach_xdp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);

	if (!object)
		fail(path);
	return object;
}

static void set_bytes(struct bpf_object *object, char **words, int n)
{
	struct bpf_map *map = bpf_object__next_map(object, NULL);
	unsigned char bytes[4096];
	size_t size;
	const void *initial = bpf_map__initial_value(map, &size);

	if (!initial || size > sizeof(bytes))
		fail("configuration");
	memcpy(bytes, initial, size);
	for (int i = 0; i < n; i++) {
		unsigned int offset, byte;

		if (sscanf(words[i], "%u=%u", &offset, &byte) != 2 || offset >= size) {
			errno = EINVAL;
			fail(words[i]);
		}
		bytes[offset] = (unsigned char)byte;
	}
	if (bpf_map__set_initial_value(map, bytes, size) < 0)
		fail("configuration");
}

static int load(struct bpf_object *object, const char *path)
{
	if (bpf_object__load(object) < 0)
		fail(path);
	return bpf_program__fd(bpf_object__next_program(object, NULL));
}

static unsigned int prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		fail("program info");
	return info.id;
}

static void pin(int fd, const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (bpf_obj_pin(fd, path) < 0)
		fail(path);
}

static void add_component(const char *path, int dispatcher_fd, unsigned int ifindex)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *prog = bpf_object__next_program(object, NULL);
	struct bpf_link *link;
	char dir[128];

	bpf_program__set_type(prog, BPF_PROG_TYPE_EXT);
	bpf_program__set_expected_attach_type(prog, 0);
	if (bpf_program__set_attach_target(prog, dispatcher_fd, SLOT) < 0)
		fail(SLOT);
	load(object, path);
	link = bpf_program__attach_freplace(prog, 0, NULL);
	if (!link)
		fail(path);
	mkdir(STATE_DIR, 0700);
	snprintf(dir, sizeof(dir), STATE_DIR "/dispatch-%u-%u", ifindex, prog_id(dispatcher_fd));
	if (mkdir(dir, 0700) < 0)
		fail(dir);
	pin(bpf_link__fd(link), dir, SLOT "-link");
	pin(bpf_program__fd(prog), dir, SLOT "-prog");
	bpf_link__destroy(link); /* closes it: the pin holds it */
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	const char *component = NULL;
	bool stops = false;
	struct bpf_object *object;
	unsigned int ifindex;
	int fd, option;

	while ((option = getopt(argc, argv, "sc:")) != -1) {
		if (option == 'c')
			component = optarg;
		stops |= option == 's';
	}
	argc -= optind;
	argv += optind;
	ifindex = argc < 2 ? 0 : if_nametoindex(argv[0]);
	if (!ifindex)
		fail("[-s] [-c COMPONENT] IFACE OBJECT [OFFSET=BYTE]...");
	object = open_object(argv[1]);
	if (argc > 2)
		set_bytes(object, argv + 2, argc - 2);
	fd = load(object, argv[1]);
	if (component)
		add_component(component, fd, ifindex);
	if (stops)
		raise(SIGSTOP);
	if (bpf_xdp_attach((int)ifindex, fd, XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST,
			   NULL) < 0)
		fail(argv[0]);
	bpf_object__close(object);
	return 0;
}
