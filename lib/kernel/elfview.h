/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a BPF object file, seen as ELF. Every number in them is checked before it is used, and more
 * is checked than is read here: libbpf and libelf trust some of them blindly, and what elfview_open()
 * lets through doesn't make them read or write outside of their memory. Knows nothing of BTF's inside.
 */
#ifndef XDPCTL_KERNEL_ELFVIEW_H
#define XDPCTL_KERNEL_ELFVIEW_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xdpctl.h"

#define ELFVIEW_SIZE_MAX (64u << 20) /* of a file, and of any one section in memory */

/* Borrows the bytes. */
struct elfview {
	const uint8_t *bytes;
	size_t size;
	Elf64_Ehdr header;
	Elf64_Shdr symtab;
};

struct elfview_section {
	unsigned int index;
	Elf64_Shdr header;
	const char *name;
	const uint8_t *data; /* of header.sh_size bytes; NULL for SHT_NOBITS */
};

/* USAGE, with a sentence that begins with @path: a relocatable BPF object of 64 bits it is not, or a sane one. */
int elfview_open(const void *bytes, size_t size, const char *path, struct elfview *out,
		 struct xdpctl_error *err);
/* Section @index, which is below header.e_shnum. */
struct elfview_section elfview_section(const struct elfview *elf, unsigned int index);
/* The first section of that name; false: there is none. */
bool elfview_find(const struct elfview *elf, const char *name, struct elfview_section *out);

/* Symbol @index, or false beyond the last one. */
bool elfview_symbol(const struct elfview *elf, size_t index, Elf64_Sym *out);
const char *elfview_symbol_name(const struct elfview *elf, const Elf64_Sym *symbol);
/* Entry @index of a section of type SHT_REL, or false beyond the last one. */
bool elfview_relocation(const struct elfview_section *section, size_t index, Elf64_Rel *out);

#endif
