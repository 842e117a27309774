/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains that are measured: the same components put together in every way there is. Nothing is attached to
 * an interface or pinned; what is loaded stays until the process ends, as the program is measured by it.
 */
#ifndef BENCH_CHAINS_H
#define BENCH_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPONENTS_MAX \
	64u /* what fuse_link() takes; and 64 maps are what the kernel takes in a program */
#define TAIL_MAX 32u /* the kernel stops after 33 tail calls, and says nothing */
#define CHAINS_MAX 128u

enum component_kind { COMPONENT_EMPTY, COMPONENT_REALISTIC };
#define COMPONENT_KINDS 2u

enum chain_kind {
	CHAIN_SINGLE,     /* one component, not in a chain */
	CHAIN_INLINE,     /* fused */
	CHAIN_CALL,       /* fused, every component called */
	CHAIN_TAIL,       /* tail calls, from each component to the next */
	CHAIN_DISPATCHER, /* ours, as xdpctl loads it: EXT programs over its slots */
	CHAIN_LIBXDP,     /* libxdp's, made by its own tool, known by its id */
};
#define CHAIN_KINDS 6u

struct chain {
	enum component_kind component;
	enum chain_kind kind;
	unsigned int n;
	int fd;
	uint32_t verified; /* instructions that the verifier went through; 0: not known */
	uint32_t repeat;   /* packets in a call */
	double call_ns;    /* of a call, without packets */
	double cost;       /* of a packet: the least that was measured */
};

struct chains {
	struct chain all[CHAINS_MAX];
	size_t n;
	int no_dispatcher; /* why there is none of CHAIN_DISPATCHER: -errno */
};

/* Medians over several times that the @nth component was added to a chain, in seconds. */
struct adding {
	unsigned int nth;
	double alone; /* it is loaded by itself, through libbpf */
	double link;  /* fuse_link() */
	double load;  /* the chain's BTF and program */
	double total;
	uint32_t verified; /* of the chain */
};

extern const unsigned int chain_sizes[];
extern const size_t n_chain_sizes;
extern const char *const component_words[COMPONENT_KINDS];
extern const char *const chain_words[CHAIN_KINDS];

/* 0 or -errno; what went wrong is on stderr. */
int chains_make(struct chains *chains);
int chains_add(struct chains *chains, const struct chain *chain);
/* Adding the @nth component in each of @times, after chains_make(). */
int chains_time_adding(enum component_kind component, unsigned int times, struct adding *out);

#endif
