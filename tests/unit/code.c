/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kept code: what is encoded comes back, and no block of bytes is read beyond its end. */
#include "model/code.h"

#include <errno.h>

#include "fake/sample.h"
#include "util.h"

#include "tap.h"

/* The layout, written down a second time, so that an error in code.c can't be in its test as well. */
struct layout {
	char magic[4];
	uint32_t schema;
	uint64_t load_time;
	uint32_t prog_id;
	uint32_t n_insns, n_funcs, n_lines, n_depths, btf_size;
};

static const struct bpf_insn insns[] = {
	{ .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_MAP_FD, .imm = 77 },
	{ 0 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2 },
	{ .code = BPF_JMP | BPF_EXIT },
	{ .code = BPF_JMP | BPF_EXIT },
};
static const struct bpf_func_info funcs[] = { { 0, 3 }, { 4, 5 } };
static const struct bpf_line_info lines[] = { { 0, 1, 2, 3 }, { 2, 1, 9, 4 }, { 4, 1, 5, 6 } };
static const uint32_t depths[] = { 16, 8, 0 };
static const char btf[] = "eleven byte";

static struct code sample(void)
{
	return (struct code){
		.prog_id = 4711,
		.load_time = 123456789012345,
		.insns = insns,
		.n_insns = ARRAY_SIZE(insns),
		.funcs = funcs,
		.n_funcs = ARRAY_SIZE(funcs),
		.lines = lines,
		.n_lines = ARRAY_SIZE(lines),
		.depths = depths,
		.n_depths = ARRAY_SIZE(depths),
		.btf = btf,
		.btf_size = 11,
	};
}

/* In memory of exactly @size bytes, so that the sanitizer sees a read beyond. The caller frees. */
static uint8_t *exactly(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	return copy;
}

static int decode(const uint8_t *bytes, size_t size, struct xdpctl_error *err)
{
	uint8_t *copy = exactly(bytes, size);
	struct code code;
	int rc = code_decode(copy, size, &code, err);

	free(copy);
	return rc;
}

static void is_refused(const uint8_t *bytes, size_t size, int code, const char *what)
{
	struct xdpctl_error err = { 0 };

	tap_is_int(decode(bytes, size, &err), -code, "%s: refused", what);
	tap_is_int(err.code, code, "%s: with the errno", what);
	tap_ok(err.message[0], "%s: in a sentence", what);
	xdpctl_error_clear(&err);
}

/* ---------------------------------------------------------------- tests */

static void is_same(const struct code *got, const struct code *want, const char *what)
{
	tap_is_int(got->prog_id, want->prog_id, "%s: the program", what);
	tap_is_int(got->load_time, want->load_time, "%s: when it was loaded", what);
	tap_ok(got->n_insns == want->n_insns &&
		       memcmp(got->insns, want->insns, want->n_insns * sizeof(*want->insns)) == 0,
	       "%s: the instructions", what);
	tap_ok(got->n_funcs == want->n_funcs &&
		       (!want->n_funcs ||
			memcmp(got->funcs, want->funcs, want->n_funcs * sizeof(*want->funcs)) == 0),
	       "%s: the functions", what);
	tap_ok(got->n_lines == want->n_lines &&
		       (!want->n_lines ||
			memcmp(got->lines, want->lines, want->n_lines * sizeof(*want->lines)) == 0),
	       "%s: the lines", what);
	tap_ok(got->n_depths == want->n_depths &&
		       (!want->n_depths || memcmp(got->depths, want->depths,
						  want->n_depths * sizeof(*want->depths)) == 0),
	       "%s: the depths", what);
	tap_ok(got->btf_size == want->btf_size &&
		       (!want->btf_size || memcmp(got->btf, want->btf, want->btf_size) == 0),
	       "%s: the BTF", what);
}

static void goes_round(const struct code *code, const char *what)
{
	size_t size;
	uint8_t *bytes = code_encode(code, &size);
	uint8_t *copy = exactly(bytes, size);
	struct code back;

	tap_is_int(size % 8, 0, "%s: whole words", what);
	tap_is_int(code_decode(copy, size, &back, NULL), 0, "%s: it is read", what);
	is_same(&back, code, what);
	tap_ok(((uintptr_t)back.insns | (uintptr_t)back.funcs | (uintptr_t)back.lines |
		(uintptr_t)back.depths | (uintptr_t)back.btf) %
			       8 ==
		       0,
	       "%s: every part is aligned", what);
	free(bytes);
	free(copy);
}

static void test_round_trips(void)
{
	struct code code = sample();

	goes_round(&code, "a component with everything");
	code.n_funcs = code.n_lines = code.n_depths = code.btf_size = 0;
	code.funcs = NULL;
	code.lines = NULL;
	code.depths = NULL;
	code.btf = NULL;
	goes_round(&code, "one of instructions only");
	code.n_insns = 1;
	goes_round(&code, "one of a single instruction");
}

static void test_layout(void)
{
	struct code code = sample();
	struct layout layout;
	size_t size;
	uint8_t *bytes = code_encode(&code, &size);

	memcpy(&layout, bytes, sizeof(layout));
	tap_ok(memcmp(layout.magic, "XDPC", 4) == 0, "it begins with its magic");
	tap_is_int(layout.schema, 1, "its schema");
	tap_is_int(layout.prog_id, 4711, "the program's id");
	tap_is_int(layout.btf_size, 11, "the size of its BTF, as it is");
	tap_is_int(size, 40 + 5 * 8 + 2 * 8 + 3 * 16 + 16 + 16, "and nothing else is in it");
	tap_ok(memcmp(bytes + 40, insns, sizeof(insns)) == 0, "instructions come first");
	free(bytes);
}

static void test_truncated(void)
{
	struct code code = sample();
	unsigned int accepted = 0, silent = 0;
	size_t size;
	uint8_t *bytes = code_encode(&code, &size);

	for (size_t n = 0; n < size; n++) {
		struct xdpctl_error err = { 0 };
		int rc = decode(bytes, n, &err);

		accepted += rc != -EINVAL && rc != -EOPNOTSUPP;
		silent += !err.message[0];
		xdpctl_error_clear(&err);
	}
	tap_is_int(accepted, 0, "each of %zu truncations is refused", size);
	tap_is_int(silent, 0, "in a sentence");
	bytes = realloc(bytes, size + 8);
	memset(bytes + size, 0, 8);
	is_refused(bytes, size + 8, EINVAL, "a block that is longer than it says");
	free(bytes);
}

static void test_other_layouts(void)
{
	struct code code = sample();
	struct layout layout;
	size_t size;
	uint8_t *bytes = code_encode(&code, &size);

	memcpy(&layout, bytes, sizeof(layout));
	layout.schema = 2;
	memcpy(bytes, &layout, sizeof(layout));
	is_refused(bytes, size, EOPNOTSUPP, "another schema");
	layout.schema = 1;
	layout.magic[3] = 'F';
	memcpy(bytes, &layout, sizeof(layout));
	is_refused(bytes, size, EOPNOTSUPP, "another magic");
	free(bytes);
}

/* One count at a time, of the block as it is. */
static void test_counts(void)
{
	static const uint32_t counts[] = { 0, 1, 0x20000000, 0x7fffffff, 0x80000000, 0xffffffff };
	struct code code = sample();
	unsigned int accepted = 0;
	size_t size;
	uint8_t *bytes = code_encode(&code, &size);

	for (size_t at = 20; at < sizeof(struct layout); at += 4)
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
			uint8_t *copy = exactly(bytes, size);

			memcpy(copy + at, &counts[i], 4);
			accepted += decode(copy, size, NULL) != -EINVAL;
			free(copy);
		}
	tap_is_int(accepted, 0, "a count that doesn't fit is refused, whichever it is");
	code.n_insns = 0;
	free(bytes);
	bytes = code_encode(&code, &size);
	is_refused(bytes, size, EINVAL, "code without instructions");
	free(bytes);
}

/* Reads every byte that the code speaks of. */
static unsigned int read_all(const struct code *code)
{
	unsigned int sum = 0;

	for (uint32_t i = 0; i < code->n_insns; i++)
		sum += code_is_map_load(&code->insns[i]);
	for (uint32_t i = 0; i < code->n_funcs; i++)
		sum += code->funcs[i].type_id;
	for (uint32_t i = 0; i < code->n_lines; i++)
		sum += code->lines[i].line_col;
	for (uint32_t i = 0; i < code->n_depths; i++)
		sum += code->depths[i];
	for (uint32_t i = 0; i < code->btf_size; i++)
		sum += ((const uint8_t *)code->btf)[i];
	return sum;
}

/* What is accepted of damaged bytes is within them: the sanitizer sees it if not. */
static void test_damage(void)
{
	struct code code = sample();
	uint32_t random = 20240917, sum = 0;
	unsigned int accepted = 0;
	size_t size;
	uint8_t *bytes = code_encode(&code, &size);

	for (unsigned int i = 0; i < 200000; i++) {
		uint8_t *copy = exactly(bytes, size);
		struct code back;

		for (unsigned int n = sample_random(&random) % 4 + 1; n > 0; n--) {
			size_t within = i % 2 ? size : sizeof(struct layout);

			copy[sample_random(&random) % within] = (uint8_t)sample_random(&random);
		}
		if (code_decode(copy, size, &back, NULL) == 0) {
			accepted++;
			sum += read_all(&back);
		}
		free(copy);
	}
	tap_ok(accepted > 0, "damage that can't be told is read within its bounds (%u, %u)",
	       accepted, sum);
	free(bytes);
}

static void test_map_loads(void)
{
	struct bpf_insn insn = insns[0];

	tap_ok(code_is_map_load(&insn), "a load of a map is one");
	insn.src_reg = BPF_PSEUDO_MAP_VALUE;
	tap_ok(code_is_map_load(&insn), "one of a map's value, too");
	insn.src_reg = 0;
	tap_ok(!code_is_map_load(&insn), "one of a number isn't");
	insn.src_reg = BPF_PSEUDO_FUNC;
	tap_ok(!code_is_map_load(&insn), "nor is one of a function");
	insn = insns[3];
	insn.src_reg = BPF_PSEUDO_MAP_FD;
	tap_ok(!code_is_map_load(&insn), "nor another instruction");
}

int main(void)
{
	test_round_trips();
	test_layout();
	test_truncated();
	test_other_layouts();
	test_counts();
	test_damage();
	test_map_loads();
	return tap_done();
}
