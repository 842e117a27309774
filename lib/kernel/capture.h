/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libbpf hands to the kernel when it loads a program: the final instructions, func_info, line_info and
 * BTF. libbpf (1.1 to 1.7 at least) has no getters for all of that, and the kernel gives back only what it
 * made of it. Knows nothing of what it is for.
 *
 * It works by a handler for the program's section, which libbpf calls just before it loads. Handlers belong to
 * the whole process, and libbpf keeps pointers to them in what is opened meanwhile: between capture_begin()
 * and capture_end() a lock is held, so that captures of several threads take turns, but no other thread
 * may open or load a program of an equally named section by other ways.
 */
#ifndef XDPCTL_KERNEL_CAPTURE_H
#define XDPCTL_KERNEL_CAPTURE_H

#include <linux/bpf.h>

#include "xdpctl.h"

/* All of it the capture's own, and nothing (n_insns is 0) if libbpf didn't come as far as loading it. */
struct capture {
	struct bpf_insn
		*insns; /* maps by descriptors of the object, which must stay open meanwhile */
	size_t n_insns;
	struct bpf_func_info *funcs;
	size_t n_funcs;
	struct bpf_line_info *lines;
	size_t n_lines;
	void *btf; /* as the kernel has it, which can be less than in the object */
	size_t btf_size;
	const char *func; /* private, borrowed */
	int handler;
};

/*
 * Captures the program @func of section @section (bpf_program__section_name()) in the objects that are opened
 * and loaded from here on, and has the kernel write its statistics (log level 4) where the object's log goes.
 * The handler replaces libbpf's own of that section: the program is XDP, but flags and anything else that
 * libbpf takes from a section's name are the caller's to set. Strings are borrowed until capture_end().
 */
int capture_begin(struct capture *capture, const char *section, const char *func,
		  struct xdpctl_error *err);
/* Ends it. What the object was opened for must be done: it may be closed, or asked for descriptors. */
void capture_end(struct capture *capture);
void capture_free(struct capture *capture);

#define CAPTURE_DEPTHS_MAX 256 /* the kernel's BPF_MAX_SUBPROGS */

/* The statistics in a log. */
struct capture_stats {
	uint32_t processed; /* instructions that the verifier went through; 0: the log doesn't say */
	uint32_t depths[CAPTURE_DEPTHS_MAX]; /* bytes of stack, function by function */
	size_t n_depths;                     /* 0: the log doesn't say */
};

void capture_read_stats(const char *log, struct capture_stats *out);

#endif
