// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has, seen without any code of xdpctl's: the witness of the tests that don't trust it.
 *
 *	oracle IFACE     what is attached, one line for it and one for each program that is linked over a function
 *	                 of it: "xdp_dispatcher 71 slots 2 verdict 1", "prog0 xdp_pass 64". The verdict is what the
 *	                 kernel answers for a packet (BPF_PROG_TEST_RUN). "nothing" if nothing is attached.
 *	                 A fused program has no links; its tag stands for what was fused, and what follows is
 *	                 pinned for it: "xdp_fused 71 tag 69d390ec0a34dd77 verdict 1", "chain", "prog0-code",
 *	                 and then the programs, "prog0 xdp_pass 64".
 *	oracle --counts  (also after an interface, in one call) how many programs, links, maps and BTF objects there are, and how many pins and directories
 *	                 of pins in /sys/fs/bpf, but for libxdp's own directory, which stays
 *
 * Links tell what they are on since Linux 5.13.
 */
#include <errno.h>
#include <ftw.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define BPFFS "/sys/fs/bpf"
#define FUSED_MAX 64
#define MAGIC 236 /* first byte of a dispatcher's configuration since its version 2 */

static void die(const char *what)
{
	fprintf(stderr, "oracle: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---------------------------------------------------------------- one program */

struct prog {
	int fd;
	struct bpf_prog_info info;
	struct btf *btf;
};

static struct prog prog_open(__u32 id)
{
	struct prog prog = { .fd = bpf_prog_get_fd_by_id(id) };
	__u32 len = sizeof(prog.info);

	if (prog.fd < 0 || bpf_obj_get_info_by_fd(prog.fd, &prog.info, &len) < 0)
		die("a program");
	prog.btf = prog.info.btf_id ? btf__load_from_kernel_by_id(prog.info.btf_id) : NULL;
	return prog;
}

static void prog_close(struct prog *prog)
{
	btf__free(prog->btf);
	close(prog->fd);
}

/* How many slots its configuration says that it has; -1: it has no configuration. */
static int slots_of(int prog_fd)
{
	unsigned char config[256];
	struct bpf_prog_info info = { 0 };
	struct bpf_map_info map = { 0 };
	__u32 id = 0, zero = 0, len = sizeof(info), map_len = sizeof(map);
	int fd, slots = -1;

	info.nr_map_ids = 1;
	info.map_ids = (__u64)(unsigned long)&id;
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len) < 0 || !id)
		return -1;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &map, &map_len) == 0 && map.value_size <= sizeof(config) &&
	    bpf_map_lookup_elem(fd, &zero, config) == 0)
		slots = config[0] == MAGIC ? config[2] : config[0];
	close(fd);
	return slots;
}

static int verdict_of(int prog_fd)
{
	unsigned char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1);

	return bpf_prog_test_run_opts(prog_fd, &opts) < 0 ? -1 : (int)opts.retval;
}

/* ---------------------------------------------------------------- links over it */

static void print_link(const struct prog *target, const struct bpf_link_info *link)
{
	const struct btf_type *type = btf__type_by_id(target->btf, link->tracing.target_btf_id);
	struct prog prog = prog_open(link->prog_id);

	printf("%s %s %u%s\n", type ? btf__name_by_offset(target->btf, type->name_off) : "?",
	       prog.info.name, link->prog_id, prog.info.type == BPF_PROG_TYPE_EXT ? "" : " tracer");
	prog_close(&prog);
}

static void print_links(const struct prog *target)
{
	__u32 id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		struct bpf_link_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue; /* gone since */
		if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
			die("a link");
		close(fd);
		if (info.type == BPF_LINK_TYPE_TRACING &&
		    info.tracing.target_obj_id == target->info.id)
			print_link(target, &info);
	}
}

/* ---------------------------------------------------------------- a fused program's pins */

static void print_pinned(const char *dir, const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, F_OK) == 0)
		puts(name);
}

static void print_pinned_prog(const char *dir, unsigned int slot)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/prog%u-prog", dir, slot);
	fd = bpf_obj_get(path);
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		die(path);
	close(fd);
	printf("prog%u %s %u\n", slot, info.name, info.id);
}

static void print_fused(const struct prog *prog, unsigned int ifindex)
{
	char dir[256], name[32];

	printf("%s %u tag ", prog->info.name, prog->info.id);
	for (size_t i = 0; i < sizeof(prog->info.tag); i++)
		printf("%02x", prog->info.tag[i]);
	printf(" verdict %d\n", verdict_of(prog->fd));
	snprintf(dir, sizeof(dir), BPFFS "/xdpctl/fused-%u-%u", ifindex, prog->info.id);
	print_pinned(dir, "chain");
	for (unsigned int slot = 0; slot < FUSED_MAX; slot++) {
		snprintf(name, sizeof(name), "prog%u-code", slot);
		print_pinned(dir, name);
	}
	for (unsigned int slot = 0; slot < FUSED_MAX; slot++)
		print_pinned_prog(dir, slot);
}

static void print_dispatcher(const struct prog *prog)
{
	printf("%s %u slots %d verdict %d\n", prog->info.name, prog->info.id, slots_of(prog->fd),
	       verdict_of(prog->fd));
	print_links(prog);
}

static void show_iface(const char *ifname)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	unsigned int ifindex = if_nametoindex(ifname);
	struct prog prog;
	__u32 id;

	if (!ifindex || bpf_xdp_query((int)ifindex, 0, &opts) < 0)
		die(ifname);
	id = opts.drv_prog_id ? opts.drv_prog_id : opts.skb_prog_id;
	if (!id) {
		puts("nothing");
		return;
	}
	prog = prog_open(id);
	if (strcmp(prog.info.name, "xdp_fused") == 0)
		print_fused(&prog, ifindex);
	else
		print_dispatcher(&prog);
	prog_close(&prog);
}

/* ---------------------------------------------------------------- counting */

static unsigned int count(int (*next)(__u32, __u32 *))
{
	unsigned int n = 0;
	__u32 id = 0;

	while (next(id, &id) == 0)
		n++;
	return n;
}

static unsigned int pins;

static int count_pin(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type;
	/* These the kernel puts there itself. */
	if (ftw->level == 0 || strcmp(path, BPFFS "/xdp") == 0 ||
	    strcmp(path + ftw->base, "maps.debug") == 0 ||
	    strcmp(path + ftw->base, "progs.debug") == 0)
		return 0;
	pins++;
	return 0;
}

static void show_counts(void)
{
	pins = 0;
	if (nftw(BPFFS, count_pin, 8, FTW_PHYS) < 0)
		die(BPFFS);
	printf("%u progs %u links %u maps %u btfs %u pins\n", count(bpf_prog_get_next_id),
	       count(bpf_link_get_next_id), count(bpf_map_get_next_id), count(bpf_btf_get_next_id),
	       pins);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: oracle IFACE|--counts...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--counts") == 0)
			show_counts();
		else
			show_iface(argv[i]);
	return 0;
}
