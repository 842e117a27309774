/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small machine that runs BPF instructions, enough to compare a fused chain with its components run one
 * after the other. Registers and stack frames begin with garbage that differs from run to run, so that
 * whoever reads what he didn't write is found out.
 *
 * Addresses are made up: frame f's stack ends at STACK + (f + 1) * 512, map m's value begins at VALUES +
 * m * VALUE_SIZE. The context is a number that only helpers look at. All helpers but a few do the same: they
 * note their number and their arguments in the log, and return something that depends on it.
 */
#ifndef FUSE_MACHINE_H
#define FUSE_MACHINE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fuse_help.h"

#define FRAMES 16
#define FRAME_SIZE 512
#define STACK 0x10000000ull
#define VALUES 0x20000000ull
#define MAPS 8
#define MAP_FD 100 /* of the first */
#define VALUE_SIZE 64
#define CONTEXT 0x30000000c0ffeeull
#define FUNCTIONS 0x40000000ull /* addresses of functions, for callbacks */
#define GOTO_BUDGET 5           /* of may_goto, in each call of a function */
#define STEPS_MAX 200000

enum outcome { RUNS = 0, DONE, BAD_INSN, BAD_MEMORY, TOO_LONG, TOO_DEEP };

struct machine {
	const struct bpf_insn *insns;
	size_t n;
	uint64_t regs[11];
	uint8_t stack[FRAMES][FRAME_SIZE];
	int frame;
	uint8_t values[MAPS][VALUE_SIZE];
	uint64_t log; /* of all helper calls */
	uint64_t seed;
	unsigned long steps;
};

/* ---------------------------------------------------------------- memory */

static uint8_t *memory_at(struct machine *m, uint64_t address, unsigned int size)
{
	uint64_t stack_end = STACK + (uint64_t)(m->frame + 1) * FRAME_SIZE;

	if (address >= STACK && address + size <= stack_end)
		return &m->stack[0][0] + (address - STACK);
	if (address >= VALUES && address + size <= VALUES + sizeof(m->values))
		return &m->values[0][0] + (address - VALUES);
	return NULL;
}

static enum outcome load(struct machine *m, uint64_t address, unsigned int size, uint64_t *value)
{
	const uint8_t *bytes = memory_at(m, address, size);

	if (!bytes)
		return BAD_MEMORY;
	*value = 0;
	memcpy(value, bytes, size); /* little endian, like the hosts of these tests */
	return RUNS;
}

static enum outcome store(struct machine *m, uint64_t address, unsigned int size, uint64_t value)
{
	uint8_t *bytes = memory_at(m, address, size);

	if (!bytes)
		return BAD_MEMORY;
	memcpy(bytes, &value, size);
	return RUNS;
}

static unsigned int size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* ---------------------------------------------------------------- arithmetic */

static enum outcome arithmetic(const struct bpf_insn *insn, uint64_t src, uint64_t *dst)
{
	bool wide = BPF_CLASS(insn->code) == BPF_ALU64;
	unsigned int mask = wide ? 63 : 31;
	uint64_t a = wide ? *dst : (uint32_t)*dst, b = wide ? src : (uint32_t)src, r;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		r = a + b;
		break;
	case BPF_SUB:
		r = a - b;
		break;
	case BPF_MUL:
		r = a * b;
		break;
	case BPF_DIV:
		r = b ? a / b : 0;
		break;
	case BPF_MOD:
		r = b ? a % b : a;
		break;
	case BPF_OR:
		r = a | b;
		break;
	case BPF_AND:
		r = a & b;
		break;
	case BPF_XOR:
		r = a ^ b;
		break;
	case BPF_LSH:
		r = a << (b & mask);
		break;
	case BPF_RSH:
		r = a >> (b & mask);
		break;
	case BPF_ARSH:
		r = wide ? (uint64_t)((int64_t)a >> (b & mask)) :
			   (uint64_t)(uint32_t)((int32_t)a >> (b & mask));
		break;
	case BPF_NEG:
		r = -a;
		break;
	case BPF_MOV:
		r = b;
		break;
	default:
		return BAD_INSN;
	}
	*dst = wide ? r : (uint32_t)r;
	return RUNS;
}

static bool condition(const struct bpf_insn *insn, uint64_t dst, uint64_t src)
{
	bool wide = BPF_CLASS(insn->code) == BPF_JMP;
	uint64_t a = wide ? dst : (uint32_t)dst, b = wide ? src : (uint32_t)src;
	int64_t sa = wide ? (int64_t)a : (int32_t)a, sb = wide ? (int64_t)b : (int32_t)b;

	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	default:
		return sa <= sb;
	}
}

/* ---------------------------------------------------------------- calls */

static enum outcome run_function(struct machine *m, uint64_t at);

static void spoil(struct machine *m, int first, int last)
{
	for (int i = first; i <= last; i++)
		m->regs[i] = next_random(&m->seed);
}

static void begin_frame(struct machine *m)
{
	for (size_t i = 0; i < FRAME_SIZE; i++)
		m->stack[m->frame][i] = (uint8_t)next_random(&m->seed);
	m->regs[10] = STACK + (uint64_t)(m->frame + 1) * FRAME_SIZE;
}

/* r6 to r9 and the frame pointer survive; r1 to r5 don't. */
static enum outcome call_function(struct machine *m, uint64_t at)
{
	uint64_t kept[11];
	enum outcome outcome;

	if (m->frame + 1 == FRAMES)
		return TOO_DEEP;
	memcpy(kept, m->regs, sizeof(kept));
	m->frame++;
	begin_frame(m);
	spoil(m, 6, 9);
	outcome = run_function(m, at);
	m->frame--;
	memcpy(m->regs + 6, kept + 6, 5 * sizeof(kept[0]));
	spoil(m, 1, 5);
	return outcome;
}

static void note(struct machine *m, uint64_t word)
{
	m->log = (m->log ^ word) * 0x100000001b3ull + 0x9e37;
}

/* bpf_loop(count, callback, argument, flags) */
static enum outcome loop(struct machine *m)
{
	uint64_t count = m->regs[1] % 8, callback = m->regs[2] - FUNCTIONS, argument = m->regs[3];
	uint64_t i;

	for (i = 0; i < count; i++) {
		enum outcome outcome;

		m->regs[1] = i;
		m->regs[2] = argument;
		outcome = call_function(m, callback);
		if (outcome != DONE)
			return outcome;
		if (m->regs[0] & 1)
			break;
	}
	m->regs[0] = i;
	return RUNS;
}

/* DONE: a tail call that works; whatever is behind it is a program that returns something. */
static enum outcome helper(struct machine *m, int32_t number)
{
	unsigned int arguments = number == BPF_FUNC_tail_call ? 3 : (unsigned int)number % 4 + 1;

	if (number == BPF_FUNC_loop) {
		enum outcome outcome = loop(m);

		spoil(m, 1, 5);
		return outcome;
	}
	note(m, (uint64_t)number);
	for (unsigned int i = 1; i <= arguments; i++)
		note(m, m->regs[i]);
	m->regs[0] = m->log >> 7;
	if (number == BPF_FUNC_tail_call && m->regs[3] % 2) {
		m->regs[0] = m->regs[3] % 64;
		return DONE;
	}
	spoil(m, 1, 5);
	return RUNS;
}

/* ---------------------------------------------------------------- running */

static enum outcome call(struct machine *m, const struct bpf_insn *insn, uint64_t at)
{
	enum outcome outcome;

	if (insn->src_reg != BPF_PSEUDO_CALL)
		return helper(m, insn->imm + (insn->src_reg ? 1000 : 0));
	outcome = call_function(m, at + 1 + (uint64_t)(int64_t)insn->imm);
	return outcome == DONE ? RUNS : outcome;
}

static enum outcome jump(struct machine *m, const struct bpf_insn *insn, int *budget, uint64_t *at)
{
	uint64_t src = BPF_SRC(insn->code) == BPF_X ? m->regs[insn->src_reg] :
						      (uint64_t)(int64_t)insn->imm;

	if (insn->code == (BPF_JMP | BPF_CALL))
		return call(m, insn, *at);
	if (insn->code == (BPF_JMP | BPF_EXIT))
		return DONE;
	if (insn->code == (BPF_JMP | BPF_JA))
		*at += (uint64_t)(int64_t)insn->off;
	else if (insn->code == (BPF_JMP32 | BPF_JA))
		*at += (uint64_t)(int64_t)insn->imm;
	else if (insn->code == (BPF_JMP | 0xe0))
		*at += (*budget)-- > 0 ? 0 : (uint64_t)(int64_t)insn->off;
	else if (condition(insn, m->regs[insn->dst_reg], src))
		*at += (uint64_t)(int64_t)insn->off;
	return RUNS;
}

static uint64_t long_load(const struct bpf_insn *insn, uint64_t at)
{
	uint64_t number = (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm;

	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_FD:
		return VALUES + (uint64_t)(insn->imm - MAP_FD) * VALUE_SIZE + 1;
	case BPF_PSEUDO_MAP_VALUE:
		return VALUES + (uint64_t)(insn->imm - MAP_FD) * VALUE_SIZE + (uint32_t)insn[1].imm;
	case BPF_PSEUDO_FUNC:
		return FUNCTIONS + at + 1 + (uint64_t)(int64_t)insn->imm;
	default:
		return number;
	}
}

static enum outcome step(struct machine *m, int *budget, uint64_t *at)
{
	const struct bpf_insn *insn = &m->insns[*at];
	uint64_t *dst = &m->regs[insn->dst_reg], src = m->regs[insn->src_reg];
	uint64_t k = (uint64_t)(int64_t)insn->imm;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		*dst = long_load(insn, *at);
		++*at;
		return RUNS;
	case BPF_LDX:
		return load(m, src + (uint64_t)(int64_t)insn->off, size_of(insn->code), dst);
	case BPF_ST:
		return store(m, *dst + (uint64_t)(int64_t)insn->off, size_of(insn->code), k);
	case BPF_STX:
		return store(m, *dst + (uint64_t)(int64_t)insn->off, size_of(insn->code), src);
	case BPF_ALU:
	case BPF_ALU64:
		return arithmetic(insn, BPF_SRC(insn->code) == BPF_X ? src : k, dst);
	default:
		return jump(m, insn, budget, at);
	}
}

static enum outcome run_function(struct machine *m, uint64_t at)
{
	int budget = GOTO_BUDGET;

	for (;; at++) {
		enum outcome outcome;

		if (at >= m->n)
			return BAD_INSN;
		if (++m->steps > STEPS_MAX)
			return TOO_LONG;
		outcome = step(m, &budget, &at);
		if (outcome != RUNS)
			return outcome;
	}
}

/* Runs a program; maps and log stay what they were before and change with it. */
static enum outcome machine_run(struct machine *m, const struct bpf_insn *insns, size_t n)
{
	m->insns = insns;
	m->n = n;
	m->frame = 0;
	begin_frame(m);
	spoil(m, 0, 9);
	m->regs[1] = CONTEXT;
	return run_function(m, 0);
}

/* ---------------------------------------------------------------- a chain, as it should be */

/* Runs the components one after the other by the chain rules; the verdict is in regs[0]. */
static enum outcome machine_run_chain(struct machine *m, const struct fuse_component *components,
				      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum outcome outcome = machine_run(m, components[i].insns, components[i].n_insns);

		if (outcome != DONE || !goes_on(components[i].actions, m->regs[0]))
			return outcome;
	}
	m->regs[0] = XDP_PASS;
	return DONE;
}

#endif
