/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fusing, against chance: generated chains run fused and one after the other, on a machine of our own, and
 * must come to the same verdict and leave the same traces; damaged components must be refused or linked into
 * something that holds together, and never crash. Arguments: seed, and how many chains.
 */
#include <errno.h>
#include <stddef.h>

#include "error.h"
#include "fuse_help.h"
#include "fuse_machine.h"
#include "tap.h"

#define CHAINS 6000
#define DAMAGES 40000
#define INSNS_MAX 4000
#define FUNCTIONS_MAX 6

/* ---------------------------------------------------------------- a generator of components */

struct generator {
	uint64_t seed;
	struct bpf_insn insns[INSNS_MAX];
	uint32_t n;
	unsigned int functions; /* how many the component has */
	unsigned int function;  /* which one is being made */
	uint32_t slots;         /* of 8 bytes on its stack */
	bool in_loop;           /* r9 counts */
	unsigned int depth;     /* how many blocks may still be nested */
	bool no_tail_calls, no_may_goto;
	uint32_t starts[FUNCTIONS_MAX];
	uint32_t depths[FUNCTIONS_MAX];
	struct {
		uint32_t at;
		unsigned int function;
	} calls[INSNS_MAX];
	unsigned int n_calls;
};

static uint32_t below(struct generator *g, uint32_t limit)
{
	return (uint32_t)(next_random(&g->seed) % limit);
}

static void put(struct generator *g, struct bpf_insn insn)
{
	if (g->n == INSNS_MAX)
		abort();
	g->insns[g->n++] = insn;
}

static void put_long(struct generator *g, uint8_t dst, uint8_t pseudo, int32_t low, int32_t high)
{
	put(g, I(BPF_LD | BPF_IMM | BPF_DW, dst, pseudo, 0, low));
	put(g, I(0, 0, 0, 0, high));
}

/* r6 keeps the context (or what a function got in r1), r9 counts rounds of loops. */
static uint8_t any_register(struct generator *g)
{
	static const uint8_t registers[] = { 0, 2, 3, 4, 5, 7, 8 };

	return registers[below(g, ARRAY_SIZE(registers))];
}

static int16_t any_slot(struct generator *g)
{
	return (int16_t)(-8 * (int)(1 + below(g, g->slots)));
}

static void put_arithmetic(struct generator *g)
{
	static const uint8_t operations[] = {
		BPF_ADD, BPF_SUB, BPF_MUL,  BPF_DIV, BPF_MOD, BPF_OR,
		BPF_AND, BPF_LSH, BPF_ARSH, BPF_RSH, BPF_XOR, BPF_MOV
	};
	uint8_t code = below(g, 2) ? BPF_ALU : BPF_ALU64;

	code |= operations[below(g, ARRAY_SIZE(operations))];
	if (below(g, 2))
		put(g, I(code | BPF_X, any_register(g), any_register(g), 0, 0));
	else
		put(g, I(code | BPF_K, any_register(g), 0, 0, (int32_t)next_random(&g->seed)));
}

static void put_stack(struct generator *g)
{
	if (g->slots == 0)
		return;
	if (below(g, 2))
		put(g, STORE(BPF_REG_10, any_slot(g), any_register(g)));
	else
		put(g, LOAD(any_register(g), BPF_REG_10, any_slot(g)));
}

static void put_map(struct generator *g)
{
	static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	int16_t off = (int16_t)(8 * below(g, 4));
	uint8_t size = sizes[below(g, 4)];

	put_long(g, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, (int32_t)(MAP_FD + below(g, MAPS)),
		 (int32_t)(8 * below(g, 4)));
	if (below(g, 2))
		put(g, I(BPF_STX | BPF_MEM | size, BPF_REG_1, any_register(g), off, 0));
	else
		put(g, I(BPF_LDX | BPF_MEM | size, any_register(g), BPF_REG_1, off, 0));
}

/* After a call, r1 to r5 mean nothing: those that others read are set anew. */
static void put_clobbered(struct generator *g)
{
	for (uint8_t reg = BPF_REG_2; reg <= BPF_REG_5; reg++)
		put(g, MOV(reg, (int32_t)below(g, 100)));
}

static void put_helper(struct generator *g)
{
	static const int numbers[] = { 1, 5, 6, 7, 44, 65 };

	put(g, MOVX(BPF_REG_1, BPF_REG_6)); /* the context, so that a wrong one is noted */
	if (below(g, 4) == 0)
		put_long(g, BPF_REG_2, BPF_PSEUDO_MAP_FD, (int32_t)(MAP_FD + below(g, MAPS)), 0);
	if (below(g, 5) == 0)
		put(g, KFUNC((int32_t)below(g, 100), 0));
	else
		put(g, HELPER(numbers[below(g, ARRAY_SIZE(numbers))]));
	put_clobbered(g);
}

static void put_tail_call(struct generator *g)
{
	if (g->no_tail_calls || g->in_loop)
		return;
	put(g, MOVX(BPF_REG_1, BPF_REG_6));
	put_long(g, BPF_REG_2, BPF_PSEUDO_MAP_FD, MAP_FD, 0);
	put(g, MOVX(BPF_REG_3, any_register(g)));
	put(g, HELPER(BPF_FUNC_tail_call));
	put_clobbered(g);
}

static void refer(struct generator *g, unsigned int function)
{
	g->calls[g->n_calls].at = g->n;
	g->calls[g->n_calls].function = function;
	g->n_calls++;
}

/* Functions call only later ones, so nobody calls himself. */
static void put_call(struct generator *g)
{
	unsigned int left = g->functions - g->function - 1, function;

	if (left == 0)
		return;
	function = g->function + 1 + below(g, left);
	if (below(g, 3) == 0) {
		put(g, MOV(BPF_REG_1, (int32_t)below(g, 10)));
		refer(g, function);
		put_long(g, BPF_REG_2, BPF_PSEUDO_FUNC, 0, 0);
		put(g, MOVX(BPF_REG_3, any_register(g)));
		put(g, MOV(BPF_REG_4, 0));
		put(g, HELPER(BPF_FUNC_loop));
	} else {
		put(g, MOVX(BPF_REG_1, BPF_REG_6));
		refer(g, function);
		put(g, CALL(0));
	}
	put_clobbered(g);
}

/* Mostly what XDP programs return, sometimes anything. */
static void put_result(struct generator *g)
{
	static const int32_t odd[] = { 5, 30, 31, 32, 33, 34, 63, 64, 66, 127, -1, INT32_MIN };

	switch (below(g, 8)) {
	case 0:
		put_long(g, BPF_REG_0, 0, (int32_t)next_random(&g->seed),
			 (int32_t)next_random(&g->seed));
		break;
	case 1:
		put(g, MOVX(BPF_REG_0, any_register(g)));
		break;
	case 2:
		put(g, MOV(BPF_REG_0, odd[below(g, ARRAY_SIZE(odd))]));
		break;
	case 3:
		put(g, MOV(BPF_REG_0, (int32_t)below(g, 5)));
		break;
	default:
		put(g, MOV(BPF_REG_0, XDP_PASS));
	}
}

static void put_block(struct generator *g, unsigned int statements);

static void put_condition(struct generator *g)
{
	static const uint8_t conditions[] = { BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,
					      BPF_JLT,  BPF_JLE,  BPF_JSET, BPF_JSGT,
					      BPF_JSGE, BPF_JSLT, BPF_JSLE };
	uint8_t code = (below(g, 2) ? BPF_JMP : BPF_JMP32) | conditions[below(g, 11)];
	uint32_t at = g->n;

	if (below(g, 2))
		put(g, I(code | BPF_X, any_register(g), any_register(g), 0, 0));
	else
		put(g, I(code | BPF_K, any_register(g), 0, 0, (int32_t)below(g, 9) - 4));
	put_block(g, 1 + below(g, 3));
	if (below(g, 4) == 0) {
		put_result(g);
		put(g, EXIT());
	}
	g->insns[at].off = (int16_t)(g->n - at - 1);
}

static void put_loop(struct generator *g)
{
	uint32_t begin;

	if (g->in_loop)
		return;
	g->in_loop = true;
	put(g, MOV(BPF_REG_9, 1 + (int32_t)below(g, 3)));
	begin = g->n;
	if (!g->no_may_goto && below(g, 3) == 0)
		put(g, MAY_GOTO(0)); /* over nothing: in the machine it counts */
	put_block(g, 1 + below(g, 2));
	put(g, ADD(BPF_REG_9, -1));
	put(g, IF_NE(BPF_REG_9, 0, (int16_t)(begin - g->n - 1)));
	g->in_loop = false;
}

/* As often as the budget allows: what is left of it shows. */
static void put_may_goto(struct generator *g)
{
	if (g->no_may_goto || g->in_loop)
		return;
	put(g, MAY_GOTO(2));
	put(g, ADD(BPF_REG_7, 1));
	put(g, GOTO(-3));
}

/* To what follows: the 16 bit kind and the 32 bit kind. */
static void put_goto(struct generator *g)
{
	put(g, below(g, 2) ? GOTOL(0) : GOTO(0));
}

static void put_number(struct generator *g)
{
	put_long(g, any_register(g), 0, (int32_t)next_random(&g->seed),
		 (int32_t)next_random(&g->seed));
}

static const struct {
	unsigned int weight; /* of all, 24 */
	bool nests;
	void (*put)(struct generator *g);
} statements[] = {
	{ 7, false, put_arithmetic }, { 3, false, put_stack },     { 3, false, put_map },
	{ 2, false, put_helper },     { 2, false, put_call },      { 1, false, put_number },
	{ 1, false, put_goto },       { 1, false, put_tail_call }, { 1, false, put_may_goto },
	{ 1, true, put_loop },        { 2, true, put_condition },
};

static void put_statement(struct generator *g)
{
	unsigned int chance = below(g, 24), i = 0;

	while (chance >= statements[i].weight)
		chance -= statements[i++].weight;
	if (!statements[i].nests) {
		statements[i].put(g);
	} else if (g->depth > 0) {
		g->depth--;
		statements[i].put(g);
		g->depth++;
	}
}

static void put_block(struct generator *g, unsigned int n)
{
	while (n-- > 0)
		put_statement(g);
}

/* Nobody reads what he didn't write: registers and stack are set before anything else. */
static void put_prologue(struct generator *g)
{
	put(g, MOVX(BPF_REG_6, BPF_REG_1));
	for (uint8_t reg = BPF_REG_0; reg <= BPF_REG_9; reg++)
		if (reg != BPF_REG_1 && reg != BPF_REG_6)
			put(g, MOV(reg, (int32_t)below(g, 50)));
	for (uint32_t slot = 1; slot <= g->slots; slot++)
		put(g, STORE(BPF_REG_10, (int16_t)(-8 * (int)slot), BPF_REG_2));
}

static void put_function(struct generator *g)
{
	static const uint32_t many[] = { 16, 40, 61, 62, 63, 64 };

	g->slots = g->function == 0 && below(g, 30) == 0 ? many[below(g, ARRAY_SIZE(many))] :
							   below(g, 8);
	g->starts[g->function] = g->n;
	g->depths[g->function] = g->slots * 8;
	put_prologue(g);
	g->depth = 2;
	put_block(g, 1 + below(g, 9));
	put_result(g);
	put(g, EXIT());
}

/* Functions that happen to be called by nobody are just unreachable code of the one before. */
static struct fuse_component generate(struct generator *g, const char *name)
{
	struct fuse_component component;

	g->n = g->n_calls = 0;
	g->in_loop = false;
	g->no_tail_calls = below(g, 8) != 0;
	g->no_may_goto = below(g, 6) != 0;
	g->functions = below(g, 3) ? 1 : 1 + below(g, FUNCTIONS_MAX - 1);
	for (g->function = 0; g->function < g->functions; g->function++)
		put_function(g);
	for (unsigned int i = 0; i < g->n_calls; i++)
		g->insns[g->calls[i].at].imm =
			(int32_t)(g->starts[g->calls[i].function] - g->calls[i].at - 1);
	component = make_component(name, g->insns, g->n);
	component.actions = below(g, 3) ? XDPCTL_ACTIONS_DEFAULT : below(g, 32);
	component.call = below(g, 10) == 0;
	if (below(g, 8) && component.n_funcs == g->functions)
		set_depths(&component, g->depths, g->functions);
	if (below(g, 10) == 0)
		component.n_lines = 0;
	return component;
}

static size_t generate_chain(struct generator *g, struct fuse_component *components)
{
	static char names[FUSE_COMPONENTS_MAX][16];
	size_t n = below(g, 20) ? 1 + below(g, 6) : 1 + below(g, FUSE_COMPONENTS_MAX);

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "component%zu", i);
		components[i] = generate(g, names[i]);
	}
	return n;
}

static void free_chain(struct fuse_component *components, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free_component(&components[i]);
}

/* ---------------------------------------------------------------- fused, and one after the other */

struct tally {
	unsigned long chains, components, inlined, too_long, inner_exits, odd, insns;
};

static const char *compare(const struct fuse_component *components, size_t n,
			   const struct fuse_program *program, uint64_t seed, struct tally *tally)
{
	static struct machine apart, fused;
	enum outcome outcome, fused_outcome;

	memset(&apart, 0, sizeof(apart));
	memset(&fused, 0, sizeof(fused));
	apart.seed = seed;
	fused.seed = ~seed;
	outcome = machine_run_chain(&apart, components, n);
	fused_outcome = machine_run(&fused, program->insns, program->n_insns);
	tally->too_long += outcome == TOO_LONG;
	if (outcome == TOO_LONG || fused_outcome == TOO_LONG)
		return NULL;
	if (outcome != DONE)
		return "the generator made a component that doesn't run";
	if (fused_outcome != DONE)
		return "the fused program doesn't run";
	if (fused.regs[0] != apart.regs[0])
		return "the verdicts differ";
	if (fused.log != apart.log)
		return "the calls of helpers differ";
	if (memcmp(fused.values, apart.values, sizeof(fused.values)) != 0)
		return "the maps differ";
	tally->odd += apart.regs[0] > 4;
	return NULL;
}

static const char *try_chain(struct generator *g, struct tally *tally)
{
	struct fuse_component components[FUSE_COMPONENTS_MAX];
	size_t n = generate_chain(g, components);
	struct xdpctl_error err = { 0 };
	struct fuse_program program;
	const char *wrong;

	if (fuse_link(components, n, &program, &err) < 0) {
		printf("# %s\n", err.message);
		free_chain(components, n);
		return "it was refused";
	}
	wrong = what_is_wrong(&program);
	for (int i = 0; i < 3 && !wrong; i++)
		wrong = compare(components, n, &program, next_random(&g->seed), tally);
	tally->chains++;
	tally->components += n;
	tally->insns += program.n_insns;
	for (size_t i = 0; i < n; i++)
		tally->inlined += program.components[i].link == FUSE_INLINE;
	fuse_free(&program);
	free_chain(components, n);
	return wrong;
}

static void test_chains(uint64_t seed, unsigned long n)
{
	static struct generator g;
	struct tally tally = { 0 };
	unsigned long failures = 0;

	for (unsigned long i = 0; i < n; i++) {
		const char *wrong;

		g.seed = seed + i;
		wrong = try_chain(&g, &tally);
		if (wrong && failures++ < 5)
			printf("# chain of seed %llu: %s\n", (unsigned long long)(seed + i), wrong);
	}
	printf("# %lu chains of %lu components, %lu inlined, %lu instructions; %lu odd verdicts, "
	       "%lu runs too long\n",
	       tally.chains, tally.components, tally.inlined, tally.insns, tally.odd,
	       tally.too_long);
	tap_is_int(failures, 0, "generated chains come to the same, fused or one after the other");
	tap_ok(tally.inlined > tally.components / 2 && tally.inlined < tally.components,
	       "most of them are inlined, not all");
	tap_ok(tally.odd > tally.chains / 20, "some return what is no XDP action");
	tap_ok(tally.too_long < tally.chains / 100, "nearly all come to an end");
}

/* ---------------------------------------------------------------- damage */

static void spoil_bytes(struct generator *g, const void *bytes, size_t size)
{
	uint8_t *at = (uint8_t *)bytes;

	for (uint32_t n = 1 + below(g, 4); size > 0 && n > 0; n--)
		at[below(g, (uint32_t)size)] = (uint8_t)next_random(&g->seed);
}

/* A word that makes sense now and then. */
static void spoil_word(struct generator *g, const void *bytes, size_t size)
{
	static const uint32_t words[] = { 0, 1, 2, 3, 8, 0xff, 0xffff, 0x7fffffff, 0x80000000, ~0u };
	uint32_t word = words[below(g, ARRAY_SIZE(words))];

	if (size >= sizeof(word))
		memcpy((uint8_t *)bytes + below(g, (uint32_t)size / 4) * 4, &word, sizeof(word));
}

static void spoil_insn(struct generator *g, const struct fuse_component *component)
{
	static const uint8_t codes[] = {
		0x00, 0x05, 0x06, 0x0d, 0x0e, 0x18, 0x20, 0x40, 0x85, 0x86,
		0x8d, 0x95, 0x96, 0xe5, 0xe6, 0xed, 0xf5, 0x15, 0x55, 0x63
	};
	struct bpf_insn *insn =
		(struct bpf_insn *)&component->insns[below(g, (uint32_t)component->n_insns)];

	insn->code = codes[below(g, ARRAY_SIZE(codes))];
	if (below(g, 2))
		insn->src_reg = below(g, 8) & 0xf;
	if (below(g, 2))
		insn->off = (int16_t)(below(g, 64) - 32);
	if (below(g, 2))
		insn->imm = (int32_t)below(g, 64) - 32;
}

/* Less than there was, in memory of exactly that size. */
static void cut(struct generator *g, const void **bytes, size_t *n, size_t size)
{
	size_t left = *n ? below(g, (uint32_t)*n) : 0;
	void *less = exact(*bytes, left * size);

	free((void *)*bytes);
	*bytes = less;
	*n = left;
}

/* One kind of damage to one of the four arrays, and what only instructions have. */
static void damage(struct generator *g, struct fuse_component *c)
{
	struct {
		const void **bytes;
		size_t *n, size;
	} arrays[] = {
		{ (const void **)&c->insns, &c->n_insns, sizeof(*c->insns) },
		{ (const void **)&c->funcs, &c->n_funcs, sizeof(*c->funcs) },
		{ (const void **)&c->lines, &c->n_lines, sizeof(*c->lines) },
		{ &c->btf, &c->btf_size, 1 },
	}, *array = &arrays[below(g, ARRAY_SIZE(arrays))];

	switch (below(g, array == arrays ? 5 : 3)) {
	case 0:
		spoil_bytes(g, *array->bytes, *array->n * array->size);
		return;
	case 1:
		spoil_word(g, *array->bytes, *array->n * array->size);
		return;
	case 2:
		cut(g, array->bytes, array->n, array->size);
		return;
	default:
		spoil_insn(g, c);
	}
}

/* NULL: refused with a sentence that names the component, or linked into something that holds together. */
static const char *try_damaged(struct generator *g, unsigned long *refused)
{
	struct fuse_component components[2] = { generate(g, "first"), generate(g, "second") };
	struct fuse_component *damaged = &components[below(g, 2)];
	struct xdpctl_error err = { 0 };
	struct fuse_program program;
	const char *wrong = NULL;

	for (uint32_t n = 1 + below(g, 3); n > 0; n--)
		if (damaged->n_insns > 0)
			damage(g, damaged);
	if (fuse_link(components, 2, &program, &err) == 0) {
		wrong = what_is_wrong(&program);
		fuse_free(&program);
	} else {
		++*refused;
		if (!strstr(err.message, damaged->name) || err.fault != XDPCTL_FAULT_UNSUPPORTED)
			wrong = "the refusal doesn't say who";
		if (wrong)
			printf("# %s: %s\n", wrong, err.message);
	}
	free_chain(components, 2);
	xdpctl_error_clear(&err);
	return wrong;
}

static void test_damage(uint64_t seed, unsigned long n)
{
	unsigned long failures = 0, refused = 0;
	static struct generator g;

	for (unsigned long i = 0; i < n; i++) {
		g.seed = seed + i;
		if (try_damaged(&g, &refused) && failures++ < 5)
			printf("# damage of seed %llu\n", (unsigned long long)(seed + i));
	}
	printf("# %lu of %lu damaged chains were refused\n", refused, n);
	tap_is_int(failures, 0,
		   "damaged components are refused by name, or what they make is sound");
	tap_ok(refused > n / 2, "most of them are refused");
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned long chains = argc > 2 ? strtoul(argv[2], NULL, 0) : CHAINS;

	test_chains(seed << 32, chains);
	test_damage(seed << 32, argc > 2 ? chains : DAMAGES);
	return tap_done();
}
