/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The BPF objects that the library carries, raw: they are opened from memory, so nothing has to be
 * found on disk at run time. The assembler finds the files in the build directory (-I).
 */

/* Eight-byte alignment, because libelf reads the headers in place. */
#define EMBED(name, file)					\
	.globl xdpctl_embed_##name;				\
	.hidden xdpctl_embed_##name;				\
	.type xdpctl_embed_##name, %object;			\
	.balign 8;						\
xdpctl_embed_##name:						\
	.incbin file;						\
	.globl xdpctl_embed_##name##_end;			\
	.hidden xdpctl_embed_##name##_end;			\
	.size xdpctl_embed_##name, . - xdpctl_embed_##name;	\
xdpctl_embed_##name##_end:					\
	.byte 0

	.section .rodata
	EMBED(dispatcher_v2, "dispatcher_v2.bpf.o")
	EMBED(dispatcher_v3, "dispatcher_v3.bpf.o")
	EMBED(refs, "refs.bpf.o")

	.section .note.GNU-stack, "", %progbits
