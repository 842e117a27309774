/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fusing, by example: small components made by hand, and what becomes of them. fuse_random.c has the masses. */
#include <errno.h>

#include "error.h"
#include "fuse_help.h"
#include "fuse_machine.h"
#include "tap.h"

/* ---------------------------------------------------------------- help */

static struct fuse_program must_link(const struct fuse_component *components, size_t n,
				     const char *what)
{
	struct fuse_program program = { 0 };
	struct xdpctl_error err = { 0 };
	const char *wrong;

	if (!tap_ok(fuse_link(components, n, &program, &err) == 0, "%s: is linked", what)) {
		printf("# %s\n", err.message);
		exit(tap_done());
	}
	wrong = what_is_wrong(&program);
	tap_is_str(wrong, NULL, "%s: what comes out holds together", what);
	return program;
}

/* The same verdict and traces as one after the other. */
static void runs_the_same(const struct fuse_component *components, size_t n,
			  const struct fuse_program *program, const char *what)
{
	static struct machine apart, fused;
	enum outcome outcome;

	memset(&apart, 0, sizeof(apart));
	memset(&fused, 0, sizeof(fused));
	apart.seed = 1;
	fused.seed = 2;
	outcome = machine_run_chain(&apart, components, n);
	tap_is_int(outcome, DONE, "%s: the components run", what);
	outcome = machine_run(&fused, program->insns, program->n_insns);
	tap_is_int(outcome, DONE, "%s: the fused program runs", what);
	tap_is_int(fused.regs[0], apart.regs[0], "%s: the verdicts are equal", what);
	tap_ok(fused.log == apart.log &&
		       memcmp(fused.values, apart.values, sizeof(fused.values)) == 0,
	       "%s: the traces are equal", what);
}

static void is_stream(const struct fuse_program *program, const struct bpf_insn *want, size_t n,
		      const char *what)
{
	if (!tap_is_int(program->n_insns, n, "%s: so many instructions", what))
		return;
	for (size_t i = 0; i < n; i++) {
		const struct bpf_insn *got = &program->insns[i];

		if (memcmp(got, &want[i], sizeof(*got)) == 0)
			continue;
		printf("# instruction %zu: got %02x dst %u src %u off %d imm %d\n", i, got->code,
		       got->dst_reg, got->src_reg, got->off, got->imm);
		tap_ok(false, "%s: instruction %zu is the one wanted", what, i);
		return;
	}
	tap_ok(true, "%s: they are the ones wanted", what);
}

#define IS_STREAM(program, what, ...)                                                         \
	is_stream(program, (const struct bpf_insn[]){ __VA_ARGS__ },                          \
		  sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn), \
		  what)

// clang-format off
#define SAVE(slot)    STORE(BPF_REG_10, -(slot), BPF_REG_1)
#define RESTORE(slot) LOAD(BPF_REG_1, BPF_REG_10, -(slot))
#define TEST(likely, over, actions) \
		      IF_EQ(BPF_REG_0, likely, over), MOV(BPF_REG_1, 1), \
		      I(BPF_ALU64 | BPF_LSH | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0), \
		      I(BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, (int)((actions) | 1u << 31))
#define JOIN(likely, actions) TEST(likely, 5, actions), IF_NE(BPF_REG_1, 0, 1), EXIT()
#define LAST_JOIN(actions) TEST(XDP_PASS, 5, actions), IF_EQ(BPF_REG_1, 0, 1), MOV(0, XDP_PASS), EXIT()
// clang-format on

/* ---------------------------------------------------------------- the stream */

static void test_layout(void)
{
	struct fuse_component c[] = {
		MAKE("early", IF_EQ(BPF_REG_1, 0, 2), RETURN(XDP_PASS), RETURN(XDP_DROP)),
		MAKE("called", MOV(BPF_REG_0, XDP_TX), CALL(1), EXIT(), EXIT()),
		MAKE("caller", CALL(3), IF_EQ(BPF_REG_0, 7, 1), CALL(3), EXIT(), /* 4: */ CALL(1),
		     EXIT(),
		     /* 6: */ RETURN(3)),
	};
	struct fuse_program program;

	c[0].actions = 1u << XDP_PASS;
	c[1].actions = 1u << XDP_TX;
	c[1].call = true;
	c[2].actions = 1u << XDP_DROP;
	program = must_link(c, 3, "layout");
	// clang-format off
	IS_STREAM(&program, "layout",
		  /* 0 */ SAVE(8),
		  /* 1: early */ IF_EQ(BPF_REG_1, 0, 2), MOV(BPF_REG_0, XDP_PASS), GOTO(2), MOV(BPF_REG_0, XDP_DROP), GOTO(0),
		  /* 6 */ JOIN(XDP_PASS, 4),
		  /* 12 */ RESTORE(8),
		  /* 13: called */ CALL(18),
		  /* 14 */ JOIN(XDP_TX, 8),
		  /* 20 */ RESTORE(8),
		  /* 21: caller */ CALL(14), IF_EQ(BPF_REG_0, 7, 1), CALL(14), GOTO(0),
		  /* 25 */ LAST_JOIN(2),
		  /* 32: early has nothing more; all of called */
		  MOV(BPF_REG_0, XDP_TX), CALL(1), EXIT(), EXIT(),
		  /* caller's */ CALL(1), EXIT(), RETURN(3));
	// clang-format on
	tap_is_int(program.components[0].link, FUSE_INLINE, "the first is inlined");
	tap_is_str(program.components[0].why, NULL, "... for no particular reason");
	tap_is_int(program.components[1].link, FUSE_CALL, "the second is called");
	tap_is_str(program.components[1].why, "it was asked for", "... because it should");
	runs_the_same(c, 3, &program, "layout");
	fuse_free(&program);
	for (size_t i = 0; i < 3; i++)
		free_component(&c[i]);
}

/* A loop, and a jump over a long load to the one behind it, stay as they are wherever they end up. */
static void test_jumps_inside(void)
{
	struct fuse_component c[] = {
		MAKE("first", RETURN(XDP_PASS)),
		MAKE("loops", MOV(BPF_REG_7, 5), MOV(BPF_REG_8, 0), ADDX(BPF_REG_8, BPF_REG_7),
		     ADD(BPF_REG_7, -1), IF_NE(BPF_REG_7, 0, -3), IF_EQ(BPF_REG_8, 15, 2),
		     LONG(BPF_REG_8, 0, 99, 99), LONG(BPF_REG_0, 0, 40, 0), GOTOL(1), EXIT(),
		     GOTOL(-2)),
		MAKE("last", RETURN(XDP_TX)),
	};
	struct fuse_program program;

	program = must_link(c, 3, "loops and long loads");
	runs_the_same(c, 3, &program, "loops and long loads");
	tap_ok(memcmp(&program.insns[program.components[1].begin], c[1].insns,
		      11 * sizeof(struct bpf_insn)) == 0,
	       "nothing of the second but its exit is changed");
	tap_is_int(program.insns[program.components[1].begin + 11].code, BPF_JMP | BPF_JA,
		   "the exit is a jump");
	fuse_free(&program);
	for (size_t i = 0; i < 3; i++)
		free_component(&c[i]);
}

/* main -> a -> b, main -> b, and b as a callback: functions that are shared and nested. */
static void test_functions(void)
{
	// clang-format off
	static const struct bpf_insn insns[] = {
		/* 0 */ MOVX(BPF_REG_6, BPF_REG_1),
		/* 1 */ CALL(10),			/* a */
		/* 2 */ MOVX(BPF_REG_1, BPF_REG_6),
		/* 3 */ CALL(11),			/* b */
		/* 4 */ MOV(BPF_REG_1, 3),
		/* 5 */ LONG(BPF_REG_2, BPF_PSEUDO_FUNC, 9, 0), /* b */
		/* 7 */ MOV(BPF_REG_3, 0),
		/* 8 */ MOV(BPF_REG_4, 0),
		/* 9 */ HELPER(BPF_FUNC_loop),
		/* 10 */ RETURN(XDP_PASS),
		/* 12: a */ HELPER(44),
		/* 13 */ CALL(1),			/* b */
		/* 14 */ EXIT(),
		/* 15: b */ MOV(BPF_REG_1, 9),
		HELPER(44),
		/* 16 */ RETURN(0),
	};
	// clang-format on
	struct fuse_component c[3];
	struct fuse_program program;

	for (size_t i = 0; i < 3; i++)
		c[i] = make_component("functions", insns, ARRAY_SIZE(insns));
	program = must_link(c, 3, "functions");
	runs_the_same(c, 3, &program, "functions");
	tap_is_int(program.n_funcs, 7, "each component has its own copies of its functions");
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t begin = program.components[i].begin, load = begin + 5;

		tap_is_int(begin + 1 + 1 + (uint32_t)program.insns[begin + 1].imm,
			   program.funcs[1 + 2 * i].insn_off, "%u: main calls its own a", i);
		tap_is_int(load + 1 + (uint32_t)program.insns[load].imm,
			   program.funcs[2 + 2 * i].insn_off, "%u: the callback is its own b", i);
	}
	fuse_free(&program);
	for (size_t i = 0; i < 3; i++)
		free_component(&c[i]);
}

/* An exit at the beginning of a long function: how far it is to the join. */
static struct fuse_component long_way(const char *name, size_t distance)
{
	struct bpf_insn *insns = calloc(distance + 3, sizeof(*insns));
	struct fuse_component component;

	if (!insns)
		abort();
	insns[0] = MOV(BPF_REG_0, XDP_PASS);
	insns[1] = IF_NE(BPF_REG_0, XDP_PASS, 1);
	insns[2] = EXIT();
	for (size_t i = 3; i < distance + 2; i++)
		insns[i] = MOV(BPF_REG_2, (int)i);
	insns[distance + 2] = EXIT();
	component = MAKE(name, RETURN(0));
	free((void *)component.insns);
	component.insns = insns;
	component.n_insns = distance + 3;
	return component;
}

static void test_long_jumps(void)
{
	static const struct {
		size_t distance;
		enum fuse_link link;
	} cases[] = { { 32767, FUSE_INLINE }, { 32768, FUSE_CALL }, { 100000, FUSE_CALL } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fuse_component c[] = { long_way("long", cases[i].distance),
					      MAKE("last", RETURN(XDP_DROP)) };
		struct fuse_program program = must_link(c, 2, "a long jump");

		tap_is_int(program.components[0].link, cases[i].link,
			   "%zu instructions to the join", cases[i].distance);
		runs_the_same(c, 2, &program, "a long jump");
		fuse_free(&program);
		free_component(&c[0]);
		free_component(&c[1]);
	}
}

static void test_maps(void)
{
	struct fuse_component c[] = {
		MAKE("by_fd", MOVX(BPF_REG_6, BPF_REG_1),
		     LONG(BPF_REG_1, BPF_PSEUDO_MAP_FD, MAP_FD + 1, 0), CALL(2), RETURN(XDP_PASS),
		     LONG(BPF_REG_2, BPF_PSEUDO_MAP_FD, MAP_FD + 2, 0), HELPER(5), EXIT()),
		MAKE("by_value", LONG(BPF_REG_1, BPF_PSEUDO_MAP_VALUE, MAP_FD + 3, 16),
		     I(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_1, 0, 8, 77),
		     LONG(BPF_REG_2, BPF_PSEUDO_MAP_IDX, 1, 0),
		     LONG(BPF_REG_2, BPF_PSEUDO_MAP_IDX_VALUE, 2, 8),
		     LONG(BPF_REG_2, BPF_PSEUDO_BTF_ID, 1234, 0), LONG(BPF_REG_2, 0, MAP_FD, 0),
		     RETURN(XDP_PASS)),
	};
	struct fuse_program program = must_link(c, 2, "maps");
	static const struct {
		unsigned int component;
		uint8_t pseudo;
		int32_t low, high;
	} want[] = {
		{ 0, BPF_PSEUDO_MAP_FD, MAP_FD + 1, 0 },
		{ 1, BPF_PSEUDO_MAP_VALUE, MAP_FD + 3, 16 },
		{ 1, BPF_PSEUDO_MAP_IDX, 1, 0 },
		{ 1, BPF_PSEUDO_MAP_IDX_VALUE, 2, 8 },
		{ 0, BPF_PSEUDO_MAP_FD, MAP_FD + 2, 0 },
	};

	runs_the_same(c, 2, &program, "maps");
	tap_is_int(program.n_maps, ARRAY_SIZE(want), "every reference to a map is listed");
	for (size_t i = 0; i < ARRAY_SIZE(want) && i < program.n_maps; i++) {
		const struct fuse_map_ref *ref = &program.maps[i];
		const struct bpf_insn *insn = &program.insns[ref->insn];

		tap_ok(ref->component == want[i].component && ref->pseudo == want[i].pseudo &&
			       insn->src_reg == want[i].pseudo && insn[0].imm == want[i].low &&
			       insn[1].imm == want[i].high,
		       "reference %zu is the one wanted, and as it was", i);
	}
	fuse_free(&program);
	free_component(&c[0]);
	free_component(&c[1]);
}

/* ---------------------------------------------------------------- results */

/* The verdict of a chain of three: one with that result, one that goes on, and again one with it. */
static uint64_t verdict_of(uint32_t actions, uint64_t result)
{
	struct fuse_component c[] = {
		MAKE("a", LONG(0, 0, (int)result, (int)(result >> 32)), EXIT()),
		MAKE("b", RETURN(XDP_TX)),
		MAKE("c", LONG(0, 0, (int)result, (int)(result >> 32)), EXIT()),
	};
	struct fuse_program program;
	static struct machine m;

	c[0].actions = c[2].actions = actions;
	c[1].actions = 1u << XDP_TX;
	if (fuse_link(c, 3, &program, NULL) < 0)
		exit(tap_done());
	machine_run(&m, program.insns, program.n_insns);
	fuse_free(&program);
	for (size_t i = 0; i < 3; i++)
		free_component(&c[i]);
	return m.regs[0];
}

/* The dispatcher shifts 64 bits: the count is taken modulo 64, and no action is there from 32 on. */
static void test_results(void)
{
	static const struct {
		uint64_t result;
		bool on;
	} cases[] = {
		{ XDP_ABORTED, false },
		{ XDP_DROP, false },
		{ XDP_PASS, true },
		{ XDP_TX, false },
		{ XDP_REDIRECT, false },
		{ 5, false },
		{ 30, false },
		{ 31, true },
		{ 32, false },
		{ 34, false },
		{ 63, false },
		{ 64, false },
		{ 66, true },
		{ 95, true },
		{ 98, false },
		{ 0xffffffff, false },
		{ 0x100000002, true },
		{ ~0ull, false },
	};
	static const uint32_t actions[] = { 0, 1u << XDP_PASS, 1u << XDP_PASS | 1u << XDP_DROP,
					    0x1f };
	unsigned int failures = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tap_is_int(verdict_of(1u << XDP_PASS, cases[i].result),
			   cases[i].on ? XDP_PASS : cases[i].result, "a result of %llu %s",
			   (unsigned long long)cases[i].result,
			   cases[i].on ? "goes on" : "ends it");
	for (size_t a = 0; a < ARRAY_SIZE(actions); a++)
		for (uint64_t result = 0; result < 200; result++)
			failures += verdict_of(actions[a], result) !=
				    (goes_on(actions[a], result) ? XDP_PASS : result);
	tap_is_int(failures, 0, "any result goes on or ends it as the actions say");
}

/* What is alone decides, as over a dispatcher's main function. */
static void test_final(void)
{
	unsigned int failures = 0;

	for (uint64_t result = 0; result < 200; result++) {
		struct fuse_component c = MAKE("a", LONG(0, 0, (int)result, 0), EXIT());
		struct fuse_program program;
		static struct machine m;

		c.actions = XDPCTL_ACTIONS_ALL;
		c.final = true;
		c.call = result % 2;
		if (fuse_link(&c, 1, &program, NULL) < 0)
			exit(tap_done());
		machine_run(&m, program.insns, program.n_insns);
		failures += m.regs[0] != result;
		fuse_free(&program);
		free_component(&c);
	}
	tap_is_int(failures, 0, "the result of one that is final is the verdict");
}

/* ---------------------------------------------------------------- the stack */

/* @below: of a function that it calls; -1: there is none. */
static struct fuse_component with_depths(const char *name, uint32_t depth, int below)
{
	struct fuse_component component;

	if (below < 0) {
		component = MAKE(name, RETURN(XDP_PASS));
		DEPTHS(&component, depth);
	} else {
		component = MAKE(name, CALL(1), EXIT(), RETURN(XDP_PASS));
		DEPTHS(&component, depth, (uint32_t)below);
	}
	return component;
}

static struct fuse_component tail_caller(void)
{
	struct fuse_component component =
		MAKE("tail", LONG(BPF_REG_2, BPF_PSEUDO_MAP_FD, MAP_FD, 0), MOV(BPF_REG_3, 33),
		     HELPER(BPF_FUNC_tail_call), RETURN(XDP_PASS));

	DEPTHS(&component, 0);
	return component;
}

/* @want has a letter for each component: i for inlined, c for called. */
static void is_arranged(struct fuse_component *c, size_t n, const char *want, int slot,
			const char *what)
{
	struct fuse_program program = must_link(c, n, what);
	char links[FUSE_COMPONENTS_MAX + 1] = "";

	for (size_t i = 0; i < n; i++)
		links[i] = program.components[i].link == FUSE_INLINE ? 'i' : 'c';
	tap_is_str(links, want, "%s: which are inlined", what);
	tap_is_int(program.insns[0].off, -slot, "%s: where the context is kept", what);
	runs_the_same(c, n, &program, what);
	fuse_free(&program);
	for (size_t i = 0; i < n; i++)
		free_component(&c[i]);
}

#define ARRANGED(want, slot, what, ...)                                \
	is_arranged((struct fuse_component[]){ __VA_ARGS__ },          \
		    sizeof((struct fuse_component[]){ __VA_ARGS__ }) / \
			    sizeof(struct fuse_component),             \
		    want, slot, what)

static void test_stack(void)
{
	ARRANGED("i", 8, "no stack at all", with_depths("a", 0, -1));
	ARRANGED("iii", 216, "below the deepest, aligned", with_depths("a", 16, -1),
		 with_depths("b", 205, -1), with_depths("c", 8, -1));
	ARRANGED("ii", 24, "the last may overwrite it", with_depths("a", 16, -1),
		 with_depths("b", 512, -1));
	ARRANGED("ii", 512, "the last bytes of the stack", with_depths("a", 504, -1),
		 with_depths("b", 8, -1));
	ARRANGED("cc", 8, "no room: the verifier decides", with_depths("a", 505, -1),
		 with_depths("b", 8, -1));
	ARRANGED("ci", 8, "calls begin below the deepest", with_depths("a", 200, 64),
		 with_depths("b", 8, 320));
	ARRANGED("iic", 208, "room for the callers of a tail call", with_depths("a", 200, -1),
		 with_depths("b", 8, -1), tail_caller());
	ARRANGED("cic", 16, "no room for the callers of a tail call", with_depths("a", 300, -1),
		 with_depths("b", 8, -1), tail_caller());
	ARRANGED("cc", 8, "both are too deep for one frame", with_depths("a", 400, 64),
		 with_depths("b", 460, -1));
}

static void test_unknown_stack(void)
{
	struct fuse_component other = MAKE("other", RETURN(XDP_PASS));

	DEPTHS(&other, 1, 2, 3, 4);
	ARRANGED("ii", 24, "measured",
		 MAKE("a", STORE(BPF_REG_10, -16, BPF_REG_1), RETURN(XDP_PASS)),
		 MAKE("b", RETURN(XDP_PASS)));
	ARRANGED("ci", 8, "a copy of r10",
		 MAKE("a", MOVX(BPF_REG_2, BPF_REG_10), STORE(BPF_REG_2, -16, BPF_REG_1),
		      RETURN(XDP_PASS)),
		 MAKE("b", RETURN(XDP_PASS)));
	ARRANGED("ic", 8, "r10 stored", MAKE("a", RETURN(XDP_PASS)),
		 MAKE("b", STORE(BPF_REG_10, -16, BPF_REG_10), RETURN(XDP_PASS)));
	ARRANGED("i", 8, "numbers of depths that don't fit are none", other);
}

/* ---------------------------------------------------------------- what must be called */

static void is_called(struct fuse_component component, const char *why)
{
	struct fuse_component c[] = { MAKE("before", RETURN(XDP_PASS)), component,
				      MAKE("after", RETURN(XDP_PASS)) };
	struct fuse_program program = must_link(c, 3, why);

	tap_is_int(program.components[1].link, FUSE_CALL, "%s: so it's called", why);
	tap_is_str(program.components[1].why, why, "... and that is why");
	runs_the_same(c, 3, &program, why);
	fuse_free(&program);
	for (size_t i = 0; i < 3; i++)
		free_component(&c[i]);
}

static void test_calls(void)
{
	is_called(MAKE("tail", LONG(BPF_REG_2, BPF_PSEUDO_MAP_FD, MAP_FD, 0), MOV(BPF_REG_3, 33),
		       HELPER(BPF_FUNC_tail_call), RETURN(XDP_PASS)),
		  "it uses tail calls");
	is_called(MAKE("nested_tail", CALL(1), EXIT(),
		       LONG(BPF_REG_2, BPF_PSEUDO_MAP_FD, MAP_FD, 0), MOV(BPF_REG_3, 33),
		       HELPER(BPF_FUNC_tail_call), RETURN(XDP_PASS)),
		  "it uses tail calls");
	is_called(MAKE("may_goto", MOV(BPF_REG_0, 0), MAY_GOTO(2), ADD(BPF_REG_0, 7), GOTO(-3),
		       EXIT()),
		  "its main function uses may_goto");
	is_called(MAKE("recursive", IF_EQ(BPF_REG_1, 0, 1), MOV(BPF_REG_1, 0),
		       IF_EQ(BPF_REG_1, 0, 1), CALL(-4), RETURN(XDP_PASS)),
		  "its main function is called by its own functions");
	is_called(MAKE("own_callback", LONG(BPF_REG_2, BPF_PSEUDO_FUNC, -1, 0), MOV(BPF_REG_1, 0),
		       HELPER(BPF_FUNC_loop), RETURN(XDP_PASS)),
		  "its main function is called by its own functions");
}

/* ---------------------------------------------------------------- refusals */

/* Alone and behind a good one; the sentence names it and says @why. */
static void is_refused(struct fuse_component component, int code, const char *why)
{
	struct fuse_component c[] = { MAKE("good", RETURN(XDP_PASS)), component };
	struct xdpctl_error err = { 0 };
	struct fuse_program program = { .n_insns = 7 };

	tap_is_int(fuse_link(c, 2, &program, &err), -code, "%s: refused", component.name);
	tap_is_int(err.fault, XDPCTL_FAULT_UNSUPPORTED, "%s: of the class unsupported",
		   component.name);
	tap_has_str(err.message, component.name, "%s: by name", component.name);
	tap_has_str(err.message, why, "%s: and with the reason", component.name);
	tap_is_int(program.n_insns, 7, "%s: the result is as it was", component.name);
	xdpctl_error_clear(&err);
	free_component(&c[0]);
	free_component(&c[1]);
}

static void test_unsupported(void)
{
	is_refused(MAKE("module kfunc", KFUNC(5, 1), EXIT()), EOPNOTSUPP,
		   "instruction 0 calls a function of a kernel module");
	is_refused(MAKE("strange call", I(BPF_JMP | BPF_CALL, 0, 3, 0, 1), EXIT()), EOPNOTSUPP,
		   "is a call of an unknown kind");
	is_refused(MAKE("call by register", I(BPF_JMP | BPF_CALL | BPF_X, 0, 0, 0, 1), EXIT()),
		   EOPNOTSUPP, "is a jump of an unknown kind");
	is_refused(MAKE("strange load", LONG(BPF_REG_1, 7, 0, 0), EXIT()), EOPNOTSUPP,
		   "instruction 0 loads an address of an unknown kind");
	is_refused(MAKE("module variable", LONG(BPF_REG_1, BPF_PSEUDO_BTF_ID, 5, 9), EXIT()),
		   EOPNOTSUPP, "refers to a variable of a kernel module");
	is_refused(MAKE("packet load", I(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, 0), EXIT()), EOPNOTSUPP,
		   "is a load that XDP programs don't have");
	is_refused(MAKE("computed jump", I(BPF_JMP | BPF_JA | BPF_X, 0, 0, 0, 0), EXIT()),
		   EOPNOTSUPP, "jumps to an address that is computed");
	is_refused(MAKE("strange may_goto", I(MAY_GOTO_CODE, 0, 1, 0, 0), EXIT()), EOPNOTSUPP,
		   "is a jump of an unknown kind");
	is_refused(MAKE("short exit", I(BPF_JMP32 | BPF_EXIT, 0, 0, 0, 0), EXIT()), EOPNOTSUPP,
		   "is a jump of an unknown kind");
	is_refused(MAKE("endless", GOTO(-1)), EOPNOTSUPP, "its main function never returns");
}

static void test_damaged(void)
{
	struct fuse_component component;

	component = MAKE("empty", EXIT());
	component.n_insns = 0;
	is_refused(component, EINVAL, "it has no instructions");
	is_refused(MAKE("half a load", I(BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, 0)), EINVAL,
		   "instruction 0 is half a long load");
	is_refused(MAKE("other half", I(BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, 0), EXIT()), EINVAL,
		   "instruction 0 is half a long load");
	is_refused(MAKE("jump up", GOTO(-2), EXIT()), EINVAL,
		   "instruction 0 jumps out of its function");
	is_refused(MAKE("jump down", IF_EQ(0, 0, 1), EXIT()), EINVAL, "jumps out of its function");
	is_refused(MAKE("long jump", GOTOL(INT32_MAX), EXIT()), EINVAL,
		   "jumps out of its function");
	is_refused(MAKE("long jump up", GOTOL(INT32_MIN), EXIT()), EINVAL,
		   "jumps out of its function");
	is_refused(MAKE("other function", CALL(2), GOTO(1), EXIT(), RETURN(0)), EINVAL,
		   "instruction 1 jumps out of its function");
	is_refused(MAKE("into a load", IF_EQ(0, 0, 1), LONG(0, 0, 0, 0), EXIT()), EINVAL,
		   "instruction 0 jumps into a long load");
	is_refused(MAKE("falls off", EXIT(), MOV(0, 0)), EINVAL,
		   "instruction 1 is the last of a function that goes on behind it");
	is_refused(MAKE("falls into", CALL(1), EXIT(), MOV(0, 0), CALL(-2)), EINVAL,
		   "instruction 3 is the last of a function that goes on behind it");
	is_refused(MAKE("calls nowhere", CALL(1), EXIT()), EINVAL,
		   "instruction 0 refers to a function that isn't there");
	is_refused(MAKE("calls up", CALL(-2), EXIT()), EINVAL,
		   "refers to a function that isn't there");
	is_refused(MAKE("calls far", CALL(INT32_MAX), EXIT()), EINVAL,
		   "refers to a function that isn't there");
	is_refused(MAKE("callback nowhere", LONG(1, BPF_PSEUDO_FUNC, 0, 0), EXIT()), EINVAL,
		   "refers to a function that isn't there");
}

static struct bpf_func_info *funcs_of(const struct fuse_component *component)
{
	return (struct bpf_func_info *)component->funcs;
}

static struct bpf_line_info *lines_of(const struct fuse_component *component)
{
	return (struct bpf_line_info *)component->lines;
}

#define TWO_FUNCTIONS(name) MAKE(name, CALL(1), EXIT(), RETURN(XDP_PASS))
#define NO_FUNC_INFO "its func_info doesn't fit its instructions"
#define NO_LINE_INFO "its line_info doesn't fit its instructions"

static void test_bad_info(void)
{
	struct fuse_component c;

	c = TWO_FUNCTIONS("no func_info");
	c.n_funcs = 0;
	is_refused(c, EINVAL, NO_FUNC_INFO);
	c = TWO_FUNCTIONS("one too few");
	c.n_funcs = 1;
	is_refused(c, EINVAL, NO_FUNC_INFO);
	c = TWO_FUNCTIONS("func elsewhere");
	funcs_of(&c)[1].insn_off++;
	is_refused(c, EINVAL, NO_FUNC_INFO);
	c = TWO_FUNCTIONS("type 0");
	funcs_of(&c)[1].type_id = 0;
	is_refused(c, EINVAL, NO_FUNC_INFO);
	c = TWO_FUNCTIONS("no such type");
	funcs_of(&c)[0].type_id = 1000000;
	is_refused(c, EINVAL, NO_FUNC_INFO);
	c = TWO_FUNCTIONS("an int");
	funcs_of(&c)[0].type_id = 1;
	is_refused(c, EINVAL, NO_FUNC_INFO);

	c = TWO_FUNCTIONS("line elsewhere");
	lines_of(&c)[c.n_lines - 1].insn_off = 1000;
	is_refused(c, EINVAL, NO_LINE_INFO);
	c = TWO_FUNCTIONS("lines not in order");
	lines_of(&c)[1].insn_off = 0;
	is_refused(c, EINVAL, NO_LINE_INFO);
	c = TWO_FUNCTIONS("no line for a function");
	c.n_lines = 2;
	is_refused(c, EINVAL, NO_LINE_INFO);
	c = TWO_FUNCTIONS("line without text");
	lines_of(&c)[0].line_off = 1u << 30;
	is_refused(c, EINVAL, NO_LINE_INFO);
	c = TWO_FUNCTIONS("line without file");
	lines_of(&c)[0].file_name_off = UINT32_MAX;
	is_refused(c, EINVAL, NO_LINE_INFO);

	c = TWO_FUNCTIONS("no BTF");
	c.btf_size = 0;
	is_refused(c, EOPNOTSUPP, "it has no BTF");
	c = TWO_FUNCTIONS("cut BTF");
	c.btf_size--;
	is_refused(c, EINVAL, "its BTF is damaged");
	c = TWO_FUNCTIONS("stub of BTF");
	c.btf_size = 10;
	is_refused(c, EINVAL, "its BTF is damaged");
}

/* One word of its BTF changed: the first type is an int of four words, the second a struct with a member. */
static struct fuse_component with_word(const char *name, size_t at, uint32_t word)
{
	struct fuse_component component = TWO_FUNCTIONS(name);

	memcpy((uint8_t *)component.btf + at * sizeof(word), &word, sizeof(word));
	return component;
}

static uint32_t word_of(size_t at)
{
	struct fuse_component component = TWO_FUNCTIONS("any");
	uint32_t word;

	memcpy(&word, (const uint8_t *)component.btf + at * sizeof(word), sizeof(word));
	free_component(&component);
	return word;
}

static void test_bad_btf(void)
{
	enum { MAGIC, HDR_LEN, TYPE_OFF, TYPE_LEN, STR_OFF, STR_LEN, TYPES };
	static const char damaged[] = "its BTF is damaged";

	is_refused(with_word("magic", MAGIC, 0), EINVAL, damaged);
	is_refused(with_word("small header", HDR_LEN, 20), EINVAL, damaged);
	is_refused(with_word("large header", HDR_LEN, UINT32_MAX), EINVAL, damaged);
	is_refused(with_word("types outside", TYPE_OFF, UINT32_MAX), EINVAL, damaged);
	is_refused(with_word("too many types", TYPE_LEN, UINT32_MAX - 3), EINVAL, damaged);
	is_refused(with_word("odd types", TYPE_LEN, word_of(TYPE_LEN) - 1), EINVAL, damaged);
	is_refused(with_word("cut type", TYPE_LEN, word_of(TYPE_LEN) - 4), EINVAL, damaged);
	is_refused(with_word("cut head", TYPE_LEN, word_of(TYPE_LEN) - 8), EINVAL, damaged);
	is_refused(with_word("cut members", TYPE_LEN, 7 * 4), EINVAL, damaged);
	is_refused(with_word("strings outside", STR_OFF, UINT32_MAX), EINVAL, damaged);
	is_refused(with_word("too many strings", STR_LEN, UINT32_MAX), EINVAL, damaged);
	is_refused(with_word("no strings", STR_LEN, 0), EINVAL, damaged);
	is_refused(with_word("open string", STR_LEN, word_of(STR_LEN) - 1), EINVAL, damaged);
	is_refused(with_word("kind 0", TYPES + 1, 0), EINVAL, damaged);
	is_refused(with_word("type's name", TYPES, 1u << 24), EINVAL, damaged);
	is_refused(with_word("member's name", TYPES + 7, 1u << 24), EINVAL, damaged);
	is_refused(with_word("member's type", TYPES + 8, 1000), EINVAL, damaged);
	is_refused(with_word("pointer", TYPES + 12, 1000), EINVAL, damaged);
	is_refused(with_word("future", TYPES + 1, 20u << 24), EOPNOTSUPP,
		   "its BTF has types of the unknown kind 20");
}

/* Functions of the kernel's that would mean something else: declared, and something of the kind called. */
static void test_forbidden(void)
{
	static const char *const names[] = { "bpf_throw", "bpf_obj_new_impl",
					     "bpf_percpu_obj_new_impl" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct made_btf made = made_btf_new();
		struct fuse_component c[] = { MAKE("a", KFUNC(77, 0), RETURN(XDP_PASS)),
					      MAKE("b", RETURN(XDP_PASS)) };
		const void *raw;
		uint32_t size;

		made_btf_function(&made, names[i], BTF_FUNC_EXTERN);
		for (size_t k = 0; k < 2; k++) {
			funcs_of(&c[k])[0].type_id = made_btf_function(&made, "main",
								       BTF_FUNC_GLOBAL);
			raw = btf__raw_data(made.btf, &size);
			free((void *)c[k].btf);
			c[k].btf = exact(raw, size);
			c[k].btf_size = size;
			c[k].n_lines = 0;
		}
		btf__free(made.btf);
		ARRANGED("i", 8, "declared, but no such function is called", c[1]);
		is_refused(c[0], EOPNOTSUPP, names[i]);
	}
}

static void test_limits(void)
{
	struct fuse_component c[FUSE_COMPONENTS_MAX + 1];
	struct xdpctl_error err = { 0 };
	struct fuse_program program;

	tap_is_int(fuse_link(NULL, 0, &program, &err), -EINVAL, "an empty chain is refused");
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		c[i] = MAKE("small", RETURN(XDP_PASS));
	program = must_link(c, FUSE_COMPONENTS_MAX, "64 components");
	runs_the_same(c, FUSE_COMPONENTS_MAX, &program, "64 components");
	fuse_free(&program);
	tap_is_int(fuse_link(c, ARRAY_SIZE(c), &program, &err), -E2BIG, "65 are refused");
	tap_has_str(err.message, "at most 64 components, this one 65", "... with the numbers");
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		free_component(&c[i]);

	c[0] = long_way("large", 600000);
	c[1] = long_way("large too", 600000);
	tap_is_int(fuse_link(c, 2, &program, &err), -E2BIG,
		   "more than a million instructions are refused");
	tap_has_str(err.message, "would have 12000", "... with the number");
	free_component(&c[0]);
	free_component(&c[1]);
	c[0] = long_way("too large", 1000001);
	is_refused(c[0], E2BIG, "it has 1000004 instructions, more than the kernel's 1000000");
	xdpctl_error_clear(&err);
}

/* ---------------------------------------------------------------- names and lines */

static const char *name_at(const struct btf *btf, uint32_t id)
{
	return btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);
}

/* The text of the record at that instruction, or NULL. */
static const char *line_at(const struct fuse_program *program, const struct btf *btf, uint32_t insn)
{
	for (size_t i = 0; i < program->n_lines; i++)
		if (program->lines[i].insn_off == insn)
			return btf__name_by_offset(btf, program->lines[i].line_off);
	return NULL;
}

static void test_names(void)
{
	struct fuse_component c[] = { TWO_FUNCTIONS("same"), TWO_FUNCTIONS("same"),
				      TWO_FUNCTIONS("same") };
	static const char *const names[] = { FUSE_MAIN, "same_1", "same", "same_1", "same_1" };
	static const int linkages[] = { BTF_FUNC_STATIC, BTF_FUNC_STATIC, BTF_FUNC_GLOBAL,
					BTF_FUNC_STATIC, BTF_FUNC_STATIC };
	struct fuse_program program;
	struct btf *btf;

	c[1].call = true;
	c[1].name = "second\n\033";
	c[2].n_lines = 0;
	c[2].actions = 1u << XDP_PASS | 1u << XDP_TX;
	program = must_link(c, 3, "names");
	btf = btf__new(program.btf, (uint32_t)program.btf_size);
	if (!tap_ok(btf != NULL, "names: libbpf reads the BTF"))
		exit(tap_done());
	tap_is_int(program.n_funcs, ARRAY_SIZE(names), "a record for each function");
	for (size_t i = 0; i < ARRAY_SIZE(names) && i < program.n_funcs; i++) {
		const struct btf_type *type = btf__type_by_id(btf, program.funcs[i].type_id);

		tap_is_str(name_at(btf, program.funcs[i].type_id), names[i], "function %zu's name",
			   i);
		tap_is_int(btf_vlen(type), linkages[i], "... and linkage");
	}
	tap_is_str(line_at(&program, btf, 0), "/* component same: inlined same() */",
		   "a line tells where a component begins");
	tap_is_str(line_at(&program, btf, program.components[0].begin), "same line 0",
		   "its own lines come with it");
	tap_is_str(line_at(&program, btf, program.components[0].end),
		   "/* component same: chain actions pass */", "a line tells where it ends");
	tap_is_str(line_at(&program, btf, program.components[1].glue),
		   "/* component second??: calls same() */", "names are made printable");
	tap_is_str(line_at(&program, btf, program.components[1].begin), "same line 0",
		   "the called function has its lines");
	tap_is_str(line_at(&program, btf, program.components[2].begin),
		   "/* component same: inlined same() */",
		   "without lines there is one for each function");
	tap_is_str(line_at(&program, btf, program.components[2].end),
		   "/* component same: chain actions pass+tx */", "the last one's actions");
	btf__free(btf);
	fuse_free(&program);
	for (size_t i = 0; i < 3; i++)
		free_component(&c[i]);
}

/* Global functions stay global, and called ones become it; what is fused is static. */
static void test_linkage(void)
{
	struct made_btf made = made_btf_new();
	struct fuse_component c[] = { TWO_FUNCTIONS("a"), TWO_FUNCTIONS("b") };
	struct fuse_program program;
	const void *raw;
	struct btf *btf;
	uint32_t size;

	c[1].call = true;
	for (size_t i = 0; i < 2; i++) {
		funcs_of(&c[i])[0].type_id = made_btf_function(&made, "main", BTF_FUNC_STATIC);
		funcs_of(&c[i])[1].type_id = made_btf_function(&made, "helper",
							       i == 0 ? BTF_FUNC_GLOBAL :
									BTF_FUNC_STATIC);
	}
	raw = btf__raw_data(made.btf, &size);
	for (size_t i = 0; i < 2; i++) {
		free((void *)c[i].btf);
		c[i].btf = exact(raw, size);
		c[i].btf_size = size;
		c[i].n_lines = 0;
	}
	btf__free(made.btf);
	program = must_link(c, 2, "linkage");
	btf = btf__new(program.btf, (uint32_t)program.btf_size);
	for (size_t i = 0; i < program.n_funcs; i++)
		tap_is_int(btf_vlen(btf__type_by_id(btf, program.funcs[i].type_id)),
			   i == 1 || i == 2 ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC,
			   "linkage of function %zu", i);
	btf__free(btf);
	fuse_free(&program);
	free_component(&c[0]);
	free_component(&c[1]);
}

/* Types of all kinds keep meaning what they meant. */
static void test_types(void)
{
	struct fuse_component c[] = { TWO_FUNCTIONS("a"), TWO_FUNCTIONS("b") };
	struct btf *btf = btf__new(c[1].btf, (uint32_t)c[1].btf_size), *fused;
	struct fuse_program program;
	int integer, array, composite, pointer, id, n;
	const void *raw;
	uint32_t size;

	integer = btf__add_int(btf, "u64", 8, 0);
	array = btf__add_array(btf, integer, integer, 3);
	composite = btf__add_struct(btf, "thing", 32);
	btf__add_field(btf, "first", integer, 0, 0);
	btf__add_field(btf, "rest", array, 64, 0);
	pointer = btf__add_ptr(btf, composite);
	btf__add_fwd(btf, "later", BTF_FWD_UNION);
	btf__add_enum(btf, "colour", 4);
	btf__add_enum_value(btf, "red", 1);
	btf__add_enum_value(btf, "green", 2);
	btf__add_enum64(btf, "wide", 8, false);
	btf__add_enum64_value(btf, "far", 1ull << 40);
	btf__add_typedef(btf, "thing_t", composite);
	btf__add_const(btf, pointer);
	btf__add_volatile(btf, 0);
	btf__add_float(btf, "double", 8);
	id = btf__add_var(btf, "the_thing", BTF_VAR_GLOBAL_ALLOCATED, composite);
	btf__add_datasec(btf, ".bss", 32);
	btf__add_datasec_var_info(btf, id, 0, 32);
	btf__add_decl_tag(btf, "tagged", composite, 1);
	btf__add_type_tag(btf, "user", composite);
	raw = btf__raw_data(btf, &size);
	free((void *)c[1].btf);
	c[1].btf = exact(raw, size);
	c[1].btf_size = size;
	program = must_link(c, 2, "types");
	fused = btf__new(program.btf, (uint32_t)program.btf_size);
	n = (int)btf__type_cnt(btf);
	id = (int)btf__type_cnt(fused) - n; /* by how much ids have grown */
	for (int i = 1; i < n; i++) {
		const struct btf_type *was = btf__type_by_id(btf, (uint32_t)i);
		const struct btf_type *is = btf__type_by_id(fused, (uint32_t)(i + id));

		if (was->info != is->info ||
		    strcmp(btf__name_by_offset(btf, was->name_off),
			   btf__name_by_offset(fused, is->name_off)) != 0 ||
		    btf__resolve_size(btf, (uint32_t)i) !=
			    btf__resolve_size(fused, (uint32_t)(i + id)))
			tap_ok(false, "type %d is what it was", i);
	}
	id += composite;
	tap_is_str(name_at(fused, (uint32_t)id), "thing", "a struct is where it should be");
	tap_is_str(btf__name_by_offset(
			   fused, btf_members(btf__type_by_id(fused, (uint32_t)id))[1].name_off),
		   "rest", "... and its members have their names");
	tap_is_int(btf_members(btf__type_by_id(fused, (uint32_t)id))[1].type,
		   id + array - composite, "... and types");
	tap_is_int(btf__type_by_id(fused, (uint32_t)(id + pointer - composite))->type, id,
		   "a pointer points to it");
	btf__free(fused);
	btf__free(btf);
	fuse_free(&program);
	free_component(&c[0]);
	free_component(&c[1]);
}

int main(void)
{
	test_layout();
	test_jumps_inside();
	test_functions();
	test_long_jumps();
	test_maps();
	test_results();
	test_final();
	test_stack();
	test_unknown_stack();
	test_calls();
	test_unsupported();
	test_damaged();
	test_bad_info();
	test_bad_btf();
	test_forbidden();
	test_limits();
	test_names();
	test_linkage();
	test_types();
	return tap_done();
}
