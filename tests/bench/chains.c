// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains of the components in tests/bpf/bench.bpf.c. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/chains.h"
#include "kernel/embed.h"
#include "model/wire.h"
#include "unit/fuse_load.h"

#define OBJECT "tests/bpf/bench.o"

const unsigned int chain_sizes[] = { 1, 2, 4, 8, 10, 16, 32, 64 };
const size_t n_chain_sizes = ARRAY_SIZE(chain_sizes);

const char *const component_words[] = {
	[COMPONENT_EMPTY] = "empty",
	[COMPONENT_REALISTIC] = "realistic",
};
const char *const chain_words[] = {
	[CHAIN_SINGLE] = "single", [CHAIN_INLINE] = "inline",         [CHAIN_CALL] = "call",
	[CHAIN_TAIL] = "tail",     [CHAIN_DISPATCHER] = "dispatcher", [CHAIN_LIBXDP] = "libxdp",
};

static const char *const functions[] = {
	[COMPONENT_EMPTY] = "bench_empty",
	[COMPONENT_REALISTIC] = "bench_realistic",
};
static const char *const steps[] = {
	[COMPONENT_EMPTY] = "step_empty",
	[COMPONENT_REALISTIC] = "step_realistic",
};

/* Each has a map of its own. */
static struct loaded components[COMPONENT_KINDS][COMPONENTS_MAX];

static int complain(int r, const char *what, const char *which)
{
	fprintf(stderr, "bench: %s %s: %s\n", what, which, strerror(-r));
	return r;
}

int chains_add(struct chains *chains, const struct chain *chain)
{
	if (chains->n >= CHAINS_MAX)
		return complain(-E2BIG, "add chain", chain_words[chain->kind]);
	chains->all[chains->n++] = *chain;
	return 0;
}

/* ---------------------------------------------------------------- fused, and alone */

static int load_components(enum component_kind kind)
{
	for (size_t i = 0; i < COMPONENTS_MAX; i++) {
		int r = load_captured(path_of(OBJECT), functions[kind], &components[kind][i]);

		if (r < 0)
			return complain(r, "load", functions[kind]);
	}
	return 0;
}

static void describe(enum component_kind kind, unsigned int n, bool call,
		     struct fuse_component *out)
{
	for (unsigned int i = 0; i < n; i++) {
		out[i] = component_of(&components[kind][i]);
		out[i].call = call;
	}
}

static int make_fused(struct chains *chains, struct chain chain)
{
	struct fuse_component parts[COMPONENTS_MAX];
	struct capture_stats stats = { 0 };

	describe(chain.component, chain.n, chain.kind == CHAIN_CALL, parts);
	chain.fd = fuse_and_load(parts, chain.n, &stats);
	if (chain.fd < 0)
		return complain(chain.fd, "fuse", functions[chain.component]);
	chain.verified = stats.processed;
	return chains_add(chains, &chain);
}

/* ---------------------------------------------------------------- tail calls */

/*
 * The object is closed when its program is known: hundreds of them have more descriptors than a process may.
 * Its program array stays open, or the kernel would empty it.
 */
static int load_step(enum component_kind kind, int next)
{
	struct bpf_object *object = open_object(path_of(OBJECT));
	const uint32_t key = 0;
	int r, array;

	if (!object)
		return -errno;
	prepare_object(object, steps[kind]);
	r = bpf_object__load(object);
	array = dup(bpf_object__find_map_fd_by_name(object, "bench_next"));
	if (r == 0 && next >= 0)
		r = bpf_map_update_elem(array, &key, &next, BPF_ANY);
	if (r == 0)
		r = dup(bpf_program__fd(bpf_object__find_program_by_name(object, steps[kind])));
	bpf_object__close(object);
	return r < 0 ? complain(r, "load", steps[kind]) : r;
}

/* From the last step to the first: each that is also one of the sizes away from the end begins a chain. */
static int make_tails(struct chains *chains, enum component_kind kind)
{
	struct chain chain = { .component = kind, .kind = CHAIN_TAIL, .fd = -1 };

	for (size_t i = 0; i < n_chain_sizes && chain_sizes[i] <= TAIL_MAX; i++) {
		while (chain.n < chain_sizes[i]) {
			chain.fd = load_step(kind, chain.fd);
			if (chain.fd < 0)
				return chain.fd;
			chain.n++;
		}
		if (chains_add(chains, &chain) < 0)
			return -E2BIG;
	}
	return 0;
}

/* ---------------------------------------------------------------- dispatcher */

/* A descriptor of its program, or -errno. */
static int load_dispatcher(unsigned int n)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "xdp_dispatcher");
	struct wire_config config = { .version = 3, .n_slots = n };
	const unsigned char *begin = xdpctl_embed_dispatcher_v3;
	size_t size = (size_t)(xdpctl_embed_dispatcher_v3_end - begin);
	uint8_t bytes[WIRE_SIZE_MAX];
	struct bpf_object *object;
	int r;

	for (unsigned int i = 0; i < n; i++)
		config.slots[i].actions = XDPCTL_ACTIONS_DEFAULT;
	object = bpf_object__open_mem(begin, size, &opts);
	if (!object)
		return -errno;
	size = wire_encode(&config, bytes);
	r = bpf_map__set_initial_value(bpf_object__next_map(object, NULL), bytes, size);
	if (r == 0)
		r = bpf_object__load(object);
	if (r == 0)
		r = dup(bpf_program__fd(bpf_object__next_program(object, NULL)));
	bpf_object__close(object);
	return r;
}

/* Puts a component over a function of the dispatcher, for as long as this process has the link. */
static int put_over(enum component_kind kind, int dispatcher, const char *slot)
{
	struct bpf_object *object = open_object(path_of(OBJECT));
	struct bpf_program *prog;
	struct bpf_link *link;
	int r;

	if (!object)
		return -errno;
	prepare_object(object, functions[kind]);
	prog = bpf_object__find_program_by_name(object, functions[kind]);
	bpf_program__set_type(prog, BPF_PROG_TYPE_EXT);
	bpf_program__set_expected_attach_type(prog, 0);
	r = bpf_program__set_attach_target(prog, dispatcher, slot);
	if (r == 0)
		r = bpf_object__load(object);
	if (r == 0) {
		link = bpf_program__attach_trace(prog);
		r = link && dup(bpf_link__fd(link)) >= 0 ? 0 : -errno;
		bpf_link__destroy(link);
	}
	bpf_object__close(object);
	return r;
}

static int make_dispatcher(struct chains *chains, struct chain chain)
{
	int r = load_dispatcher(chain.n);
	char slot[32];

	if (r < 0)
		return r;
	chain.fd = r;
	for (unsigned int i = 0; i < chain.n; i++) {
		/* A component that is alone goes over the whole dispatcher. */
		snprintf(slot, sizeof(slot), chain.n == 1 ? "xdp_dispatcher" : "prog%u", i);
		r = put_over(chain.component, chain.fd, slot);
		if (r < 0)
			return r;
	}
	return chains_add(chains, &chain);
}

/* A kernel without freplace has chains of the other kinds. */
static void make_dispatchers(struct chains *chains, enum component_kind kind)
{
	for (size_t i = 0; i < n_chain_sizes && !chains->no_dispatcher; i++)
		if (chain_sizes[i] <= XDPCTL_SLOTS_MAX)
			chains->no_dispatcher =
				make_dispatcher(chains, (struct chain){ .component = kind,
									.kind = CHAIN_DISPATCHER,
									.n = chain_sizes[i] });
}

/* ---------------------------------------------------------------- all of them */

static int make_kind(struct chains *chains, enum component_kind kind)
{
	struct chain chain = { .component = kind, .kind = CHAIN_SINGLE, .n = 1 };
	int r = load_components(kind);

	if (r < 0)
		return r;
	chain.fd = components[kind][0].fd;
	chain.verified = components[kind][0].stats.processed;
	r = chains_add(chains, &chain);
	for (size_t i = 0; i < n_chain_sizes && r == 0; i++) {
		chain.n = chain_sizes[i];
		for (chain.kind = CHAIN_INLINE; chain.kind <= CHAIN_CALL && r == 0; chain.kind++)
			r = make_fused(chains, chain);
	}
	if (r == 0)
		r = make_tails(chains, kind);
	if (r == 0)
		make_dispatchers(chains, kind);
	return r;
}

int chains_make(struct chains *chains)
{
	int r = 0;

	for (enum component_kind kind = 0; kind < COMPONENT_KINDS && r == 0; kind++)
		r = make_kind(chains, kind);
	return r;
}

/* ---------------------------------------------------------------- adding one */

#define TIMES_MAX 32u

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The chain of @out->nth components, the last of which is loaded anew: all that there is to do for it. */
static int add_once(enum component_kind kind, struct adding *out)
{
	struct fuse_component parts[COMPONENTS_MAX];
	struct fuse_program program;
	struct capture_stats stats = { 0 };
	struct loaded added = { 0 };
	double times[4] = { now() };
	int fd, r = load_captured(path_of(OBJECT), functions[kind], &added);

	if (r < 0)
		return complain(r, "load", functions[kind]);
	times[1] = now();
	describe(kind, out->nth, false, parts);
	parts[out->nth - 1] = component_of(&added);
	r = fuse_link(parts, out->nth, &program, NULL);
	times[2] = now();
	fd = r < 0 ? r : load_fused(&program, &stats);
	times[3] = now();
	if (fd < 0)
		return complain(fd, "fuse", functions[kind]);
	close(fd);
	fuse_free(&program);
	unload(&added);
	*out = (struct adding){ .nth = out->nth,
				.alone = times[1] - times[0],
				.link = times[2] - times[1],
				.load = times[3] - times[2],
				.total = times[3] - times[0],
				.verified = stats.processed };
	return 0;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of the numbers at @offset in each of @all. */
static double median(const struct adding *all, unsigned int n, size_t offset)
{
	double values[TIMES_MAX];

	for (unsigned int i = 0; i < n; i++)
		memcpy(&values[i], (const char *)&all[i] + offset, sizeof(double));
	qsort(values, n, sizeof(*values), compare_doubles);
	return values[n / 2];
}

int chains_time_adding(enum component_kind component, unsigned int times, struct adding *out)
{
	struct adding all[TIMES_MAX];

	if (times > TIMES_MAX)
		times = TIMES_MAX;
	for (unsigned int i = 0; i < times; i++) {
		int r;

		all[i].nth = out->nth;
		r = add_once(component, &all[i]);
		if (r < 0)
			return r;
	}
	out->alone = median(all, times, offsetof(struct adding, alone));
	out->link = median(all, times, offsetof(struct adding, link));
	out->load = median(all, times, offsetof(struct adding, load));
	out->total = median(all, times, offsetof(struct adding, total));
	out->verified = all[0].verified;
	return 0;
}
