/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fusing, judged by the kernel: what the dispatcher does with any result, what the kernel shows of a fused
 * program, what is captured. What becomes of packets is in fuse_differential.c. Needs root; nothing is attached
 * or pinned.
 */
#include <errno.h>
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

#define CHAIN_MAX 10

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

/* ---------------------------------------------------------------- all of it */

int main(void)
{
	libbpf_log_install();
	test_stats();
	if (!may_load()) {
		tap_skip("no programs may be loaded", "fused chains in this kernel");
		return tap_done();
	}
	test_capture();
	test_dispatcher();
	test_info();
	return tap_done();
}
