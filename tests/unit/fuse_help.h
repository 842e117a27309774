/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Components made by hand for the tests of fusing: instructions in few letters, and what belongs to them. */
#ifndef FUSE_HELP_H
#define FUSE_HELP_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "model/fuse.h"
#include "util.h"

#define MAY_GOTO_CODE (BPF_JMP | 0xe0)

// clang-format off
#define I(c, d, s, o, i) ((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV(d, i)        I(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOVX(d, s)       I(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i)        I(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ADDX(d, s)       I(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define STORE(d, o, s)   I(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define LOAD(d, s, o)    I(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define GOTO(o)          I(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define GOTOL(i)         I(BPF_JMP32 | BPF_JA, 0, 0, 0, i)
#define MAY_GOTO(o)      I(MAY_GOTO_CODE, 0, 0, o, 0)
#define IF_EQ(d, i, o)   I(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define IF_NE(d, i, o)   I(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define EXIT()           I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define HELPER(n)        I(BPF_JMP | BPF_CALL, 0, 0, 0, n)
#define CALL(rel)        I(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, rel)
#define KFUNC(id, o)     I(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, o, id)
#define LONG(d, s, lo, hi) I(BPF_LD | BPF_IMM | BPF_DW, d, s, 0, lo), I(0, 0, 0, 0, hi)
#define RETURN(v)        MOV(0, v), EXIT()
// clang-format on

/* splitmix64 */
static inline uint64_t next_random(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* What the dispatcher compiles to: see fuse.h. */
static inline bool goes_on(uint32_t actions, uint64_t result)
{
	return (uint64_t)(actions | 1u << 31) >> (result & 63) & 1;
}

/* ---------------------------------------------------------------- BTF, made by libbpf */

struct made_btf {
	struct btf *btf;
	int proto;
};

static struct made_btf made_btf_new(void)
{
	struct made_btf made = { .btf = btf__new_empty() };
	int integer, context, pointer;

	integer = btf__add_int(made.btf, "int", 4, BTF_INT_SIGNED);
	context = btf__add_struct(made.btf, "xdp_md", 4);
	btf__add_field(made.btf, "data", integer, 0, 0);
	pointer = btf__add_ptr(made.btf, context);
	made.proto = btf__add_func_proto(made.btf, integer);
	btf__add_func_param(made.btf, "ctx", pointer);
	return made;
}

static uint32_t made_btf_function(struct made_btf *made, const char *name,
				  enum btf_func_linkage linkage)
{
	return (uint32_t)btf__add_func(made->btf, name, linkage, made->proto);
}

/* ---------------------------------------------------------------- components */

/* Copies of exactly their size, so that AddressSanitizer sees who reads beyond. */
static void *exact(const void *from, size_t size)
{
	void *to = malloc(size ? size : 1);

	if (!to)
		abort();
	if (size)
		memcpy(to, from, size);
	return to;
}

static bool begins_function(const struct bpf_insn *insns, size_t n, size_t at)
{
	if (at == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		bool refers = (insns[i].code == (BPF_JMP | BPF_CALL) &&
			       insns[i].src_reg == BPF_PSEUDO_CALL) ||
			      (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
			       insns[i].src_reg == BPF_PSEUDO_FUNC);

		if (refers && (long)i + 1 + insns[i].imm == (long)at)
			return true;
	}
	return false;
}

/*
 * A component of those instructions: one function "NAME" and others "NAME_1", "NAME_2", ..., all but the
 * first static; line_info for the first instruction of each, and the one after. Depths aren't known.
 */
static inline struct fuse_component make_component(const char *name, const struct bpf_insn *insns,
						   size_t n)
{
	struct made_btf btf = made_btf_new();
	struct bpf_func_info funcs[64];
	struct bpf_line_info lines[128];
	struct fuse_component component = { .name = name, .actions = XDPCTL_ACTIONS_DEFAULT };
	uint32_t size, line = 0;
	const void *raw;

	for (size_t at = 0; at < n; at++) {
		char text[64];

		if (!begins_function(insns, n, at))
			continue;
		snprintf(text, sizeof(text), component.n_funcs ? "%s_%zu" : "%s", name,
			 component.n_funcs);
		funcs[component.n_funcs] = (struct bpf_func_info){
			.insn_off = (uint32_t)at,
			.type_id = made_btf_function(&btf, text,
						     component.n_funcs ? BTF_FUNC_STATIC :
									 BTF_FUNC_GLOBAL),
		};
		component.n_funcs++;
		for (size_t k = at; k < at + 2 && k < n; k++) {
			snprintf(text, sizeof(text), "%s line %u", name, line++);
			lines[component.n_lines++] = (struct bpf_line_info){
				.insn_off = (uint32_t)k,
				.file_name_off = (uint32_t)btf__add_str(btf.btf, "test.c"),
				.line_off = (uint32_t)btf__add_str(btf.btf, text),
				.line_col = line << 10,
			};
			if (insns[k].code == (BPF_LD | BPF_IMM | BPF_DW))
				break;
		}
	}
	component.insns = exact(insns, n * sizeof(*insns));
	component.n_insns = n;
	component.funcs = exact(funcs, component.n_funcs * sizeof(*funcs));
	component.lines = exact(lines, component.n_lines * sizeof(*lines));
	raw = btf__raw_data(btf.btf, &size);
	component.btf = exact(raw, size);
	component.btf_size = size;
	btf__free(btf.btf);
	return component;
}

/* MAKE("name", instructions...) */
#define MAKE(name, ...)                                                \
	make_component(name, (const struct bpf_insn[]){ __VA_ARGS__ }, \
		       sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

/* Says how deep the functions of a component go. */
static inline void set_depths(struct fuse_component *component, const uint32_t *depths, size_t n)
{
	free((void *)component->depths);
	component->depths = exact(depths, n * sizeof(*depths));
	component->n_depths = n;
}

#define DEPTHS(component, ...)                                   \
	set_depths(component, (const uint32_t[]){ __VA_ARGS__ }, \
		   sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

static inline void free_component(struct fuse_component *component)
{
	free((void *)component->insns);
	free((void *)component->funcs);
	free((void *)component->lines);
	free((void *)component->btf);
	free((void *)component->depths);
	*component = (struct fuse_component){ 0 };
}

/* ---------------------------------------------------------------- what a fused program must be like */

/* A fused program as a component, borrowed: it must pass as one. */
static inline struct fuse_component as_component(const struct fuse_program *program)
{
	return (struct fuse_component){
		.name = FUSE_MAIN,
		.actions = XDPCTL_ACTIONS_DEFAULT,
		.insns = program->insns,
		.n_insns = program->n_insns,
		.funcs = program->funcs,
		.n_funcs = program->n_funcs,
		.lines = program->lines,
		.n_lines = program->n_lines,
		.btf = program->btf,
		.btf_size = program->btf_size,
	};
}

/*
 * NULL, or what is wrong: fusing examines instructions, func_info, line_info and BTF as strictly as it
 * needs, so that a fused program must be accepted as a component; libbpf must understand its BTF, and find
 * functions and text where func_info and line_info point.
 */
static inline const char *what_is_wrong(const struct fuse_program *program)
{
	struct fuse_component component = as_component(program);
	const char *wrong = NULL;
	struct fuse_program again;
	struct btf *btf;

	if (fuse_link(&component, 1, &again, NULL) < 0)
		return "it is no good component";
	fuse_free(&again);
	btf = btf__new(program->btf, (uint32_t)program->btf_size);
	if (!btf)
		return "libbpf refuses its BTF";
	for (size_t i = 0; i < program->n_funcs; i++) {
		const struct btf_type *type = btf__type_by_id(btf, program->funcs[i].type_id);

		if (!type || !btf_is_func(type) ||
		    !btf_is_func_proto(btf__type_by_id(btf, type->type)))
			wrong = "func_info doesn't refer to a function";
	}
	for (size_t i = 0; i < program->n_lines; i++)
		if (!btf__name_by_offset(btf, program->lines[i].line_off) ||
		    !btf__name_by_offset(btf, program->lines[i].file_name_off))
			wrong = "line_info doesn't refer to text";
	btf__free(btf);
	return wrong;
}

#endif
