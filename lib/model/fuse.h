/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several XDP programs made into one: the components of a chain, each as libbpf hands it to the kernel, are
 * linked into a single instruction stream with its func_info, line_info and BTF. Pure: no kernel call is
 * made, nothing is loaded, and nothing that comes in is trusted but the depths of stacks.
 *
 *	xdp_fused:
 *	      +- *(u64 *)(r10 - slot) = r1            the context is kept
 *	      |  ................................
 *	      |  : the main function of A,      :     inlined: not one instruction more or less, so none of
 *	      |  :   exit     becomes  goto A   :---. its own jumps changes; it runs in this function's
 *	      |  :   call a1  is re-based       :   | stack frame, above the slot
 *	      |  :..............................:   |
 *	   A: |  if r0 == 2 goto B             <----' the join: r0 is A's result, most likely XDP_PASS
 *	      |  r1 = 1                               (or another of its chain actions)
 *	      |  r1 <<= r0
 *	      |  w1 &= A's chain actions
 *	      |  if r1 != 0 goto B
 *	      |  exit                                 not to go on after: r0 is the verdict
 *	   B: |  r1 = *(u64 *)(r10 - slot)            every component finds the context in r1
 *	      |  call b                               called: where it can't be inlined
 *	      |  if r0 == 2 ...                       the join of B
 *	   C: |  r1 = *(u64 *)(r10 - slot)
 *	      |  ................................
 *	      |  : the main function of C       :
 *	      |  :..............................:
 *	      |  if r0 == 2 goto end                  the last join: a result in its chain actions is
 *	      |  r1 = 1                               XDP_PASS, as the dispatcher has it
 *	      |  r1 <<= r0
 *	      |  w1 &= C's chain actions
 *	      |  if r1 == 0 goto end
 *	      |  r0 = 2
 *	 end: +- exit
 *	a1:   +- the other functions of A
 *	b:    +- the main function of B, its exits as they were
 *	b1:   +- the other functions of B
 *
 * The verdict is our dispatcher's, bit for bit, out of range results included. In C, these are undefined: the
 * dispatcher shifts its actions by the result. What bpf/dispatcher.bpf.c and libxdp's objects up to 1.5.4 are
 * compiled to is `(u64)actions >> (u32)result & 1`, which takes the result modulo 64, so that 32 to 63 end the
 * chain; libxdp 1.6.3 was built for newer instructions and takes it modulo 32. Below 32 all agree. Bit 31, an
 * empty slot's answer, is always among the actions. The join does the former.
 *
 * Which components are called instead of inlined, for each because inlining would change what it does:
 *   - it uses tail calls, which would replace the whole chain instead of the component;
 *   - its main function is called, or taken as a callback, by its own functions: it must stay a function;
 *   - its main function uses may_goto, whose budget is per function: inlined ones would share one;
 *   - one of its exits is further from the join than a jump reaches (32767 instructions);
 *   - its main function's use of the stack isn't known, or too large for one frame, see below;
 *   - the caller asks for it.
 *
 * Stack. The slot is below what any inlined main function uses, so none can overwrite the context; only the
 * last component may, because nobody reads it again. All that is inlined shares one frame, so the call chains
 * of an inlined component begin below the deepest of them all. The kernel allows 512 bytes over a call chain,
 * each frame rounded up to 32 (16 in newer kernels, which we don't count on), and less than 256 above a
 * function with tail calls. As long as some component doesn't fit, the deepest inlined one is made a call; when
 * nothing more helps, the verifier has the last word. Where no depths are given, functions that use r10 only
 * to address memory directly are measured; the rest is unknown.
 *
 * What an inlined component finds when it begins: r1 is the context; r0, r2 to r9 and its stack hold leftovers
 * of the components before. The verifier saw that it doesn't read the registers. Reading uninitialised stack
 * is allowed to privileged programs since Linux 6.3: such a program reads garbage in either engine, but what
 * the verifier knows of the garbage differs (a spilled pointer, where it was an unknown number), so that it
 * can refuse the whole. Nothing is zeroed for that: the caller can try again with `call` set for the component
 * that was added, which gives it a frame of its own.
 *
 * BTF. A few types of our own come first, then each component's types, one after the other; nothing is
 * merged, equal names are no matter to the kernel. Type ids are rewritten in BTF and func_info, where they are
 * known to be type ids. xdp_fused is static, so that nobody can put an EXT program over it. A main function
 * that is called is global, so that the verifier looks at it once and by itself.
 *
 * Not fused, because it can't work or nobody could say how: see the reasons in fuse_stream.c and fuse_btf.c.
 * Left to the kernel: what it would refuse in any program, and 64 maps per program.
 */
#ifndef XDPCTL_MODEL_FUSE_H
#define XDPCTL_MODEL_FUSE_H

#include <linux/bpf.h>

#include "xdpctl.h"

#define FUSE_COMPONENTS_MAX 64u
#define FUSE_MAIN "xdp_fused"

/*
 * All that is borrowed. The instructions are final: maps, globals and CO-RE relocated, main function first,
 * the other functions behind it. Instruction offsets in @funcs and @lines count from its first instruction.
 */
struct fuse_component {
	const char *name; /* for messages and in line_info */
	uint32_t actions; /* chain actions: XDPCTL_ACTIONS_* */
	bool call;        /* call it even where it could be inlined */
	bool final; /* the last one's result is the verdict, whatever its actions: as of one that is alone */
	const struct bpf_insn *insns;
	size_t n_insns;
	const struct bpf_func_info *funcs; /* one per function, as the kernel wants it */
	size_t n_funcs;
	const struct bpf_line_info *lines; /* may be none */
	size_t n_lines;
	const void *btf; /* raw, as loaded into this kernel */
	size_t btf_size;
	/*
	 * Bytes of stack that the verifier counted for each function, in order ("stack depth 40+0+8").
	 * Not known: none, or another number of them than there are functions. They are believed: with
	 * too small ones a component could overwrite the context of those that follow.
	 */
	const uint32_t *depths;
	size_t n_depths;
};

enum fuse_link { FUSE_INLINE, FUSE_CALL };

/* What became of a component. */
struct fuse_placement {
	enum fuse_link link;
	const char *why; /* CALL: the reason, constant text; else NULL */
	uint32_t glue;   /* where xdp_fused begins to deal with it */
	uint32_t begin;  /* its main function's first instruction */
	uint32_t end;    /* behind its main function's last */
};

/* A long load that refers to a map. */
struct fuse_map_ref {
	uint32_t insn;          /* the first half's index */
	unsigned int component; /* whose */
	uint8_t pseudo; /* BPF_PSEUDO_MAP_*: insn.imm is a descriptor, or an index for MAP_IDX* */
};

struct fuse_program {
	struct bpf_insn *insns;
	size_t n_insns;
	struct bpf_func_info *funcs;
	size_t n_funcs;
	struct bpf_line_info *lines;
	size_t n_lines;
	void *btf;
	size_t btf_size;
	struct fuse_map_ref *maps; /* in the order of their instructions */
	size_t n_maps;
	struct fuse_placement components[FUSE_COMPONENTS_MAX];
	unsigned int n_components;
};

/*
 * Links @n components in run order. UNSUPPORTED, the component named: -EOPNOTSUPP it can't be fused, -EINVAL
 * its instructions, func_info, line_info or BTF are damaged, -E2BIG there are too many components or
 * instructions. Free @out with fuse_free().
 */
int fuse_link(const struct fuse_component *components, size_t n, struct fuse_program *out,
	      struct xdpctl_error *err);
void fuse_free(struct fuse_program *program);

#endif
