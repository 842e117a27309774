/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fusing, judged by the kernel: components from real objects are captured, fused and loaded, and packets must
 * leave the fused program as they leave the components run one after the other. Needs root; nothing is
 * attached or pinned. Arguments: seed, how many chains, packets for each; or "bench", how often each packet
 * is repeated.
 */
#include <errno.h>
#include <linux/in.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "fuse_help.h"
#include "fuse_load.h"
#include "fuse_packets.h"
#include "kernel/capture.h"
#include "kernel/embed.h"
#include "kernel/libbpf_log.h"
#include "model/wire.h"
#include "tap.h"

#define CHAINS 60
#define PACKETS 200
#define CHAIN_MAX 10
#define DEBIAN "/usr/lib/x86_64-linux-gnu/bpf/"

/* ---------------------------------------------------------------- the chains */

/* The components one after the other, by the chain rules. */
static int run_chain(const struct loaded *const *chain, const struct fuse_component *components,
		     size_t n, struct packet *packet, uint32_t *verdict)
{
	for (size_t i = 0; i < n; i++) {
		int r = run_program(chain[i]->fd, packet, verdict);

		if (r < 0 || !goes_on(components[i].actions, *verdict))
			return r;
	}
	*verdict = XDP_PASS;
	return 0;
}

static bool same_packet(const struct packet *a, const struct packet *b)
{
	return a->size == b->size && a->meta == b->meta && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static const struct {
	const char *object, *func;
} sources[] = {
	{ "tests/bpf/fuse_shapes.o", "shape_odd" },
	{ "tests/bpf/fuse_shapes.o", "shape_pass" },
	{ "tests/bpf/fuse_shapes.o", "shape_functions" },
	{ "tests/bpf/fuse_shapes.o", "shape_callback" },
	{ "tests/bpf/fuse_shapes.o", "shape_writes" },
	{ "tests/bpf/fuse_shapes.o", "shape_moves" },
	{ "tests/bpf/fuse_shapes.o", "shape_meta" },
	{ "tests/bpf/fuse_shapes.o", "shape_deep" },
	{ "tests/bpf/fuse_shapes.o", "shape_shallow" },
	{ "tests/bpf/fuse_shapes.o", "shape_counts" },
	{ "tests/bpf/fuse_shapes.o", "shape_lock" },
	{ "tests/bpf/fuse_shapes.o", "shape_ring" },
	{ "tests/bpf/fuse_shapes.o", "shape_nested_map" },
	{ "tests/bpf/fuse_shapes.o", "shape_tail" },
	{ "tests/bpf/fuse_bench.o", "bench_count" },
	{ "tests/bpf/counter.o", "counter" },
	{ "tests/bpf/adjust.o", "adjust_head" },
	{ "tests/bpf/adjust.o", "adjust_tail" },
	{ "tests/bpf/drop.o", "xdp_drop" },
	{ "bpf/demo/drop_udp_port.o", "drop_udp_port" },
	{ "bpf/demo/ttl_guard.o", "ttl_guard" },
	{ "bpf/demo/count_packets.o", "count_packets" },
	{ DEBIAN "xdpfilt_alw_all.o", "xdpfilt_alw_all" },
	{ DEBIAN "xdpfilt_dny_all.o", "xdpfilt_dny_all" },
	{ DEBIAN "xdpfilt_alw_eth.o", "xdpfilt_alw_eth" },
	{ DEBIAN "xdpfilt_dny_ip.o", "xdpfilt_dny_ip" },
	{ DEBIAN "xdpfilt_dny_tcp.o", "xdpfilt_dny_tcp" },
	{ DEBIAN "xdpfilt_dny_udp.o", "xdpfilt_dny_udp" },
	{ DEBIAN "xsk_def_xdp_prog.o", "xsk_def_prog" },
};

#define SOURCES ARRAY_SIZE(sources)

/* What xdp-filter's maps hold: all features for odd ports and some addresses. */
static void fill_filter(struct bpf_map *map)
{
	size_t size = bpf_map__key_size(map), cpus = (size_t)libbpf_num_possible_cpus();
	uint8_t key[16] = { 0 };
	uint64_t *values = calloc(cpus, sizeof(*values));

	if (!values || size > sizeof(key))
		abort();
	for (size_t i = 0; i < cpus; i++)
		values[i] = 0x3f;
	for (uint8_t i = 1; i < 16; i += 2) {
		if (size == 4 && bpf_map__max_entries(map) == 65536) {
			put_u16(key, i); /* the port as it is in the packet */
		} else if (size == 4) {
			memcpy(key, (const uint8_t[]){ 10, 0, 0, i }, 4);
		} else {
			memset(key, 0, sizeof(key));
			key[size - 1] = i;
		}
		bpf_map__update_elem(map, key, size, values, cpus * sizeof(*values), BPF_ANY);
	}
	free(values);
}

static void fill_maps(struct loaded *loaded, int tail_target)
{
	const uint32_t one = 1;
	struct bpf_map *map;

	bpf_object__for_each_map(map, loaded->object) {
		if (strncmp(bpf_map__name(map), "filter_", 7) == 0)
			fill_filter(map);
		if (strcmp(bpf_map__name(map), "shapes_jumps") == 0)
			bpf_map__update_elem(map, &one, sizeof(one), &tail_target,
					     sizeof(tail_target), BPF_ANY);
	}
}

static size_t load_all(struct loaded *all, struct loaded *target)
{
	size_t n = 0;

	if (!tap_is_int(load_captured(path_of(sources[0].object), "shape_tail_target", target), 0,
			"the target of tail calls is loaded"))
		return 0;
	for (size_t i = 0; i < SOURCES; i++) {
		const char *path = path_of(sources[i].object);

		if (strcmp(sources[i].func, "shape_meta") == 0 && !metadata_shows)
			continue;
		if (access(path, R_OK) != 0) {
			tap_skip("not installed", "%s is captured", sources[i].object);
			continue;
		}
		if (load_captured(path, sources[i].func, &all[n]) < 0) {
			tap_skip("this kernel doesn't load it", "%s is captured", sources[i].func);
			unload(&all[n]);
			continue;
		}
		tap_ok(all[n].capture.n_insns == bpf_program__insn_cnt(program_of(&all[n])) &&
			       all[n].capture.n_funcs == all[n].stats.n_depths &&
			       all[n].capture.n_lines > 0 && all[n].capture.btf_size > 0,
		       "%s is captured", sources[i].func);
		fill_maps(&all[n], target->fd);
		n++;
	}
	return n;
}

static size_t choose_chain(const struct loaded *all, size_t n_all, uint64_t *seed,
			   const struct loaded **chain, struct fuse_component *components)
{
	size_t n = 1 + random_below(seed, CHAIN_MAX);

	for (size_t i = 0; i < n; i++) {
		chain[i] = &all[random_below(seed, (uint32_t)n_all)];
		components[i] = component_of(chain[i]);
		/* mostly so that the chain goes on */
		components[i].actions = 1u << XDP_PASS;
		if (random_below(seed, 2))
			components[i].actions |= random_below(seed, 32);
		components[i].call = random_below(seed, 8) == 0;
	}
	return n;
}

struct tally {
	unsigned long packets, verdicts[6], changed, steps, steps_alone;
};

static bool try_packet(const struct loaded *const *chain, const struct fuse_component *components,
		       size_t n, int fused, uint64_t *seed, struct tally *tally)
{
	struct packet before, apart, together;
	uint32_t want = 0, got = 0;
	int r, s;

	make_packet(&before, seed);
	apart = together = before;
	r = run_chain(chain, components, n, &apart, &want);
	s = run_program(fused, &together, &got);
	tally->packets++;
	tally->verdicts[want > 4 ? 5 : want]++;
	tally->changed += !same_packet(&before, &apart);
	if (r == 0 && s == 0 && want == got && same_packet(&apart, &together))
		return true;
	printf("# errors %d and %d, verdicts %u and %u, %u and %u bytes, metadata %u and %u\n", r,
	       s, want, got, apart.size, together.size, apart.meta, together.meta);
	return false;
}

static const char *try_chain(const struct loaded *all, size_t n_all, uint64_t seed,
			     unsigned long packets, struct tally *tally)
{
	struct fuse_component components[CHAIN_MAX];
	const struct loaded *chain[CHAIN_MAX];
	size_t n = choose_chain(all, n_all, &seed, chain, components);
	struct capture_stats stats = { 0 };
	const char *wrong = NULL;
	int fused = fuse_and_load(components, n, &stats);

	if (fused < 0)
		return "it isn't loaded";
	tally->steps += stats.processed;
	for (size_t i = 0; i < n; i++)
		tally->steps_alone += chain[i]->stats.processed;
	for (unsigned long i = 0; i < packets && !wrong; i++)
		if (!try_packet(chain, components, n, fused, &seed, tally))
			wrong = "a packet fares differently";
	close(fused);
	if (wrong)
		for (size_t i = 0; i < n; i++)
			printf("# %s, actions %#x%s\n", components[i].name, components[i].actions,
			       components[i].call ? ", called" : "");
	return wrong;
}

static void test_chains(uint64_t seed, unsigned long chains, unsigned long packets)
{
	static struct loaded all[SOURCES];
	struct loaded target;
	struct tally tally = { 0 };
	unsigned long failures = 0;
	size_t n = load_all(all, &target);

	for (unsigned long i = 0; i < chains && n > 0; i++) {
		const char *wrong = try_chain(all, n, (seed << 32) + i, packets, &tally);

		if (wrong && failures++ < 5)
			printf("# chain %lu: %s\n", i, wrong);
	}
	printf("# %lu packets through %lu chains; aborted %lu, drop %lu, pass %lu, tx %lu, "
	       "redirect %lu, other %lu; %lu changed\n",
	       tally.packets, chains, tally.verdicts[0], tally.verdicts[1], tally.verdicts[2],
	       tally.verdicts[3], tally.verdicts[4], tally.verdicts[5], tally.changed);
	printf("# the verifier took %lu steps for them, %lu for their components alone\n",
	       tally.steps, tally.steps_alone);
	tap_is_int(failures, 0, "packets fare the same in fused chains and in their components");
	tap_ok(tally.changed > tally.packets / 20, "many are changed on their way");
	for (size_t i = 0; i < n; i++)
		unload(&all[i]);
	unload(&target);
}

/* ---------------------------------------------------------------- the dispatcher's own rule */

/* What an empty slot answers is the number that it stores on its stack: another one makes it a component. */
static void answer(struct bpf_insn *insns, size_t n, const uint32_t *answers, size_t n_answers)
{
	size_t slot = 0;

	for (size_t i = 0; i < n && slot < n_answers; i++)
		if (insns[i].code == (BPF_ST | BPF_MEM | BPF_W) && insns[i].imm == 31)
			insns[i].imm = (int32_t)answers[slot++];
	/* Newer compilers take a register for it. */
	for (size_t i = 0; i < n && slot < n_answers; i++)
		if (insns[i].code == (BPF_ALU64 | BPF_MOV | BPF_K) && insns[i].imm == 31)
			insns[i].imm = (int32_t)answers[slot++];
}

static struct bpf_object *open_dispatcher(const uint32_t *actions, unsigned int n)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "xdp_dispatcher");
	struct wire_config config = { .version = 3, .n_slots = n };
	struct bpf_object *object;
	uint8_t bytes[WIRE_SIZE_MAX];
	size_t size;

	for (unsigned int i = 0; i < n; i++)
		config.slots[i].actions = actions[i];
	size = wire_encode(&config, bytes);
	object = bpf_object__open_mem(xdpctl_embed_dispatcher_v3,
				      (size_t)(xdpctl_embed_dispatcher_v3_end -
					       xdpctl_embed_dispatcher_v3),
				      &opts);
	if (object)
		bpf_map__set_initial_value(bpf_object__next_map(object, NULL), bytes, size);
	return object;
}

/* The project's dispatcher, its slots answering that; what it answers then, or -errno. */
static long long dispatch(const uint32_t *answers, const uint32_t *actions, unsigned int n)
{
	struct capture capture;
	struct bpf_object *object;
	struct packet packet = { .size = 64 };
	uint32_t verdict = 0;
	int r;

	if (capture_begin(&capture, "xdp", "xdp_dispatcher", NULL) < 0)
		return -EINVAL;
	object = open_dispatcher(actions, n);
	r = bpf_object__load(object);
	capture_end(&capture);
	if (r == 0) {
		struct fuse_program program = {
			.insns = capture.insns,
			.n_insns = capture.n_insns,
			.funcs = capture.funcs,
			.n_funcs = capture.n_funcs,
			.lines = capture.lines,
			.n_lines = capture.n_lines,
			.btf = capture.btf,
			.btf_size = capture.btf_size,
		};

		answer(program.insns, program.n_insns, answers, n);
		r = load_fused(&program, NULL);
	}
	if (r >= 0) {
		int fd = r;

		r = run_program(fd, &packet, &verdict);
		close(fd);
	}
	bpf_object__close(object);
	capture_free(&capture);
	return r < 0 ? r : (long long)verdict;
}

/* Hand-made components that answer that, fused. */
static long long dispatch_fused(const uint32_t *answers, const uint32_t *actions, unsigned int n)
{
	struct fuse_component components[CHAIN_MAX];
	struct packet packet = { .size = 64 };
	uint32_t verdict = 0;
	int fd, r;

	for (unsigned int i = 0; i < n; i++) {
		components[i] = MAKE("answers", RETURN((int)answers[i]));
		components[i].actions = actions[i];
	}
	fd = fuse_and_load(components, n, NULL);
	r = fd < 0 ? fd : run_program(fd, &packet, &verdict);
	if (fd >= 0)
		close(fd);
	for (unsigned int i = 0; i < n; i++)
		free_component(&components[i]);
	return r < 0 ? r : (long long)verdict;
}

static void test_dispatcher(void)
{
	static const uint32_t more[] = { 95, 98, 127, 128, 130, 0x7fffffff, 0x80000002, 0xffffffff };
	static const uint32_t actions[][3] = {
		{ 4, 8, 4 }, { 0x1f, 8, 0x1f }, { 0, 8, 4 }, { 4, 8, 0 }
	};
	unsigned int failures = 0, tried = 0;

	for (size_t a = 0; a < ARRAY_SIZE(actions); a++) {
		for (uint32_t i = 0; i < 68 + ARRAY_SIZE(more); i++) {
			uint32_t result = i < 68 ? i : more[i - 68];
			const uint32_t answers[] = { result, XDP_TX, result };
			long long want = dispatch(answers, actions[a], 3);
			long long got = dispatch_fused(answers, actions[a], 3);

			tried++;
			if ((want == got && want >= 0) || failures++ > 5)
				continue;
			printf("# result %u: the dispatcher answers %lld, the fused chain %lld\n",
			       result, want, got);
		}
	}
	tap_is_int(failures, 0, "%u results have the verdict that the dispatcher's own code gives",
		   tried);
}

/* ---------------------------------------------------------------- what the kernel shows of it */

static void test_info(void)
{
	struct loaded loaded[2];
	struct fuse_component components[2];
	struct bpf_prog_info info = { 0 };
	struct bpf_func_info funcs[8] = { 0 };
	uint32_t length = sizeof(info);
	struct btf *btf;
	int fd;

	for (int i = 0; i < 2; i++) {
		if (load_captured(path_of("tests/bpf/fuse_shapes.o"), "shape_functions",
				  &loaded[i]) < 0)
			return;
		components[i] = component_of(&loaded[i]);
	}
	components[1].call = true;
	fd = fuse_and_load(components, 2, NULL);
	info.func_info_rec_size = sizeof(*funcs);
	info.nr_func_info = ARRAY_SIZE(funcs);
	info.func_info = (uintptr_t)funcs;
	if (tap_ok(fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0,
		   "twins with functions of the same names are loaded")) {
		static const char *const names[] = { FUSE_MAIN,         "mix",
						     "sum_of",          "shape_judge",
						     "shape_functions", "mix",
						     "sum_of",          "shape_judge" };

		btf = btf__load_from_kernel_by_id(info.btf_id);
		tap_is_int(info.nr_func_info, ARRAY_SIZE(names), "the kernel knows its functions");
		tap_ok(info.nr_line_info > 10, "and its source lines");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			const struct btf_type *type = btf__type_by_id(btf, funcs[i].type_id);
			const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;
			bool found = false;

			for (size_t k = 0; name && k < ARRAY_SIZE(names); k++)
				found = found || strcmp(name, names[k]) == 0;
			tap_ok(found && (i > 0 || strcmp(name, FUSE_MAIN) == 0),
			       "function %zu is %s", i, name ? name : "nameless");
		}
		btf__free(btf);
	}
	if (fd >= 0)
		close(fd);
	unload(&loaded[0]);
	unload(&loaded[1]);
}

/* ---------------------------------------------------------------- capturing */

static void test_capture(void)
{
	const char *path = path_of("tests/bpf/fuse_shapes.o");
	struct capture capture;
	struct bpf_object *object;

	tap_is_int(capture_begin(&capture, "xdp", "shape_odd", NULL), 0, "a capture begins");
	object = open_object(path);
	prepare_object(object, "shape_pass");
	tap_is_int(bpf_object__load(object), 0, "another program of the section is loaded");
	capture_end(&capture);
	tap_is_int(capture.n_insns, 0, "it isn't captured");
	bpf_object__close(object);

	object = open_object(path);
	prepare_object(object, "shape_odd");
	tap_is_int(bpf_object__load(object), 0,
		   "when the capture has ended, the program is loaded");
	tap_is_int(capture.n_insns, 0, "... and isn't captured either");
	bpf_object__close(object);
	capture_free(&capture);
}

static void test_stats(void)
{
	static const struct {
		const char *log;
		uint32_t processed, n_depths, last;
	} cases[] = {
		{ "", 0, 0, 0 },
		{ "processed 12 insns (limit 1000000)", 12, 0, 0 },
		{ "stack depth 16\nprocessed 7 insns", 7, 1, 16 },
		{ "verification time 9 usec\nstack depth 40+0+8\nprocessed 99 insns", 99, 3, 8 },
		{ "stack depth 8+24 max 32\n", 0, 2, 24 },
		{ "stack depth \nprocessed many", 0, 0, 0 },
		{ "stack depth 1+\nprocessed 5", 5, 1, 1 },
		{ "stack depth 8\nprocessed 1 insns\nstack depth 0+4\nprocessed 2 insns", 2, 2, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct capture_stats stats;

		capture_read_stats(cases[i].log, &stats);
		tap_ok(stats.processed == cases[i].processed &&
			       stats.n_depths == cases[i].n_depths &&
			       (stats.n_depths == 0 ||
				stats.depths[stats.n_depths - 1] == cases[i].last),
		       "statistics %zu are read", i);
	}
}

/* ---------------------------------------------------------------- measuring */

#define REPEAT "1000000"
#define RUNS 7

/* Nanoseconds per packet, the least of several runs. */
static unsigned int measure(int fd, int repeat)
{
	struct packet packet = { .size = 64 };
	uint64_t seed = 7;
	unsigned int least = ~0u;

	do
		make_packet(&packet, &seed);
	while (packet.bytes[12] != 8 || packet.bytes[23] != IPPROTO_UDP || packet.size < 60 ||
	       packet.bytes[14] != 0x45 || packet.bytes[37] == 9);
	for (int i = 0; i < RUNS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet.bytes,
			    .data_size_in = packet.size, .repeat = repeat);

		if (bpf_prog_test_run_opts(fd, &opts) < 0)
			return 0;
		if (opts.duration < least)
			least = opts.duration;
	}
	return least;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void bench_chain(const char *object, const char *func, size_t n, int repeat)
{
	static struct loaded loaded[FUSE_COMPONENTS_MAX];
	struct fuse_component components[FUSE_COMPONENTS_MAX];
	struct capture_stats stats[2];
	unsigned int times[2], alone;
	double load_time = 0;

	for (size_t i = 0; i < n; i++) {
		if (load_captured(path_of(object), func, &loaded[i]) < 0)
			return;
		components[i] = component_of(&loaded[i]);
	}
	alone = measure(loaded[0].fd, repeat);
	for (int call = 1; call >= 0; call--) {
		int fd;

		for (size_t i = 0; i < n; i++)
			components[i].call = call;
		load_time = now();
		fd = fuse_and_load(components, n, &stats[call]);
		load_time = now() - load_time;
		times[call] = fd < 0 ? 0 : measure(fd, repeat);
		if (fd >= 0)
			close(fd);
	}
	printf("%-12s %2zu: alone %3u ns, inline %4u ns, call %4u ns; steps: alone %u, inline %u, "
	       "call %u; inline is fused and loaded in %.1f ms\n",
	       func, n, alone, times[0], times[1], loaded[0].stats.processed, stats[0].processed,
	       stats[1].processed, load_time * 1e3);
	for (size_t i = 0; i < n; i++)
		unload(&loaded[i]);
}

static int bench(int repeat)
{
	static const size_t sizes[] = { 1, 2, 5, 10, 20, 40, 64 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		bench_chain("tests/bpf/fuse_shapes.o", "shape_pass", sizes[i], repeat);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		bench_chain("tests/bpf/fuse_bench.o", "bench_count", sizes[i], repeat);
	return 0;
}

static bool may_load(void)
{
	static const struct bpf_insn insns[] = { RETURN(XDP_PASS) };
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", insns, ARRAY_SIZE(insns), NULL);
	struct packet packet = { .size = 64 };
	uint32_t verdict;

	if (fd < 0)
		return false;
	metadata_shows = true;
	metadata_shows = run_program(fd, &packet, &verdict) == 0;
	close(fd);
	return true;
}

int main(int argc, char **argv)
{
	libbpf_log_install();
	if (argc > 1 && strcmp(argv[1], "bench") == 0)
		return may_load() ? bench(atoi(argc > 2 ? argv[2] : REPEAT)) : EXIT_FAILURE;
	test_stats();
	if (!may_load()) {
		tap_skip("no programs may be loaded", "fused chains in this kernel");
		return tap_done();
	}
	test_capture();
	test_dispatcher();
	test_info();
	test_chains(argc > 1 ? strtoull(argv[1], NULL, 0) : 1,
		    argc > 2 ? strtoul(argv[2], NULL, 0) : CHAINS,
		    argc > 3 ? strtoul(argv[3], NULL, 0) : PACKETS);
	return tap_done();
}
