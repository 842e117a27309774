// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/elfview.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "util.h"

#define INSN_SIZE 8
#define LOAD_IMM64 0x18 /* opcode of the one instruction that takes two slots */

#define NATIVE_DATA (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

/* What is being opened, and where to complain. */
struct check {
	const struct elfview *elf;
	const char *path;
	struct xdpctl_error *err;
};

#define DAMAGED(check, fmt, ...)                                                             \
	error_set((check)->err, XDPCTL_FAULT_USAGE, 0, "%s is damaged: " fmt, (check)->path, \
		  ##__VA_ARGS__)

/* ---------------------------------------------------------------- access */

static bool in_file(const struct elfview *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

static Elf64_Shdr header_at(const struct elfview *elf, unsigned int index)
{
	Elf64_Shdr header;

	/* Copied, because nothing says that the table is aligned. */
	memcpy(&header, elf->bytes + elf->header.e_shoff + index * sizeof(header), sizeof(header));
	return header;
}

static const char *string_at(const struct elfview *elf, const Elf64_Shdr *table, uint32_t offset)
{
	return (const char *)elf->bytes + table->sh_offset + offset;
}

struct elfview_section elfview_section(const struct elfview *elf, unsigned int index)
{
	Elf64_Shdr names = header_at(elf, elf->header.e_shstrndx);
	struct elfview_section section = { .index = index, .header = header_at(elf, index) };

	section.name = string_at(elf, &names, section.header.sh_name);
	if (section.header.sh_type != SHT_NOBITS)
		section.data = elf->bytes + section.header.sh_offset;
	return section;
}

bool elfview_find(const struct elfview *elf, const char *name, struct elfview_section *out)
{
	for (unsigned int i = 1; i < elf->header.e_shnum; i++) {
		struct elfview_section section = elfview_section(elf, i);

		if (strcmp(section.name, name) == 0) {
			*out = section;
			return true;
		}
	}
	return false;
}

bool elfview_symbol(const struct elfview *elf, size_t index, Elf64_Sym *out)
{
	if (index >= elf->symtab.sh_size / sizeof(*out))
		return false;
	memcpy(out, elf->bytes + elf->symtab.sh_offset + index * sizeof(*out), sizeof(*out));
	return true;
}

const char *elfview_symbol_name(const struct elfview *elf, const Elf64_Sym *symbol)
{
	Elf64_Shdr names = header_at(elf, elf->symtab.sh_link);

	return string_at(elf, &names, symbol->st_name);
}

bool elfview_relocation(const struct elfview_section *section, size_t index, Elf64_Rel *out)
{
	if (index >= section->header.sh_size / sizeof(*out))
		return false;
	memcpy(out, section->data + index * sizeof(*out), sizeof(*out));
	return true;
}

/* ---------------------------------------------------------------- the file's header */

static const char *machine_name(unsigned int machine, char *buf, size_t size)
{
	static const char *const names[] = {
		[EM_386] = "i386",      [EM_MIPS] = "MIPS",    [EM_PPC64] = "PowerPC",
		[EM_S390] = "s390",     [EM_ARM] = "ARM",      [EM_X86_64] = "x86-64",
		[EM_AARCH64] = "ARM64", [EM_RISCV] = "RISC-V",
	};

	if (machine < ARRAY_SIZE(names) && names[machine])
		return names[machine];
	snprintf(buf, size, "machine %u", machine);
	return buf;
}

static int check_ident(const struct check *check)
{
	const struct elfview *elf = check->elf;
	size_t magic = elf->size < SELFMAG ? elf->size : SELFMAG;

	if (memcmp(elf->bytes, ELFMAG, magic) != 0)
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0, "%s is not an ELF file",
				 check->path);
	if (elf->size > EI_CLASS && elf->bytes[EI_CLASS] == ELFCLASS32)
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
				 "%s is an ELF file of 32 bits, BPF objects have 64", check->path);
	if (elf->size < sizeof(elf->header))
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
				 "%s is truncated: it ends inside its ELF header", check->path);
	if (elf->bytes[EI_CLASS] != ELFCLASS64 || elf->bytes[EI_VERSION] != EV_CURRENT)
		return DAMAGED(check, "its ELF header makes no sense");
	if (elf->bytes[EI_DATA] != NATIVE_DATA)
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
				 "%s is for machines of the other byte order", check->path);
	return 0;
}

static int check_purpose(const struct check *check)
{
	const Elf64_Ehdr *header = &check->elf->header;
	char buf[32];

	if (header->e_machine != EM_BPF)
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0, "%s is for %s, not BPF",
				 check->path, machine_name(header->e_machine, buf, sizeof(buf)));
	if (header->e_type != ET_REL)
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
				 "%s is not a relocatable object as clang writes them",
				 check->path);
	return 0;
}

static int check_table(const struct check *check)
{
	const Elf64_Ehdr *header = &check->elf->header;

	/* No sections, or more than 65,279 of them, which no compiler writes for BPF. */
	if (header->e_shnum == 0)
		return DAMAGED(check, "it has no sections");
	if (header->e_shentsize != sizeof(Elf64_Shdr))
		return DAMAGED(check, "its section headers have a wrong size");
	if (!in_file(check->elf, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr)))
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
				 "%s is truncated: its section headers lie outside of it",
				 check->path);
	return 0;
}

/* ---------------------------------------------------------------- sections */

static bool is_strings(const struct elfview *elf, unsigned int index)
{
	Elf64_Shdr header;

	if (index == 0 || index >= elf->header.e_shnum)
		return false;
	header = header_at(elf, index);
	return header.sh_type == SHT_STRTAB && header.sh_size > 0 &&
	       elf->bytes[header.sh_offset + header.sh_size - 1] == '\0';
}

static int check_bounds(const struct check *check)
{
	for (unsigned int i = 1; i < check->elf->header.e_shnum; i++) {
		Elf64_Shdr header = header_at(check->elf, i);

		if (header.sh_type != SHT_NOBITS &&
		    !in_file(check->elf, header.sh_offset, header.sh_size))
			return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
					 "%s is truncated: section %u lies outside of it",
					 check->path, i);
		if (header.sh_size > ELFVIEW_SIZE_MAX)
			return DAMAGED(check, "section %u is larger than %u MiB", i,
				       ELFVIEW_SIZE_MAX >> 20);
	}
	return 0;
}

static int check_names(const struct check *check)
{
	const struct elfview *elf = check->elf;
	Elf64_Shdr names;

	if (!is_strings(elf, elf->header.e_shstrndx))
		return DAMAGED(check, "it has no section names");
	names = header_at(elf, elf->header.e_shstrndx);
	for (unsigned int i = 0; i < elf->header.e_shnum; i++)
		if (header_at(elf, i).sh_name >= names.sh_size)
			return DAMAGED(check, "section %u has no name", i);
	return 0;
}

/* libbpf takes the last of several, others the first: whoever checks one must not see another loaded. */
static int check_unique(const struct check *check)
{
	static const char *const once[] = { ".BTF", ".BTF.ext", ".maps", "license" };
	unsigned int seen[ARRAY_SIZE(once)] = { 0 };

	for (unsigned int i = 1; i < check->elf->header.e_shnum; i++)
		for (size_t j = 0; j < ARRAY_SIZE(once); j++)
			if (strcmp(elfview_section(check->elf, i).name, once[j]) == 0 && seen[j]++)
				return DAMAGED(check, "it has several sections %s", once[j]);
	return 0;
}

/* libbpf follows .rel.maps wherever it leads. */
static bool fits_its_target(const struct elfview *elf, const struct elfview_section *relocations)
{
	struct elfview_section target = elfview_section(elf, relocations->header.sh_info);

	return strcmp(relocations->name, ".rel.maps") != 0 || strcmp(target.name, ".maps") == 0;
}

static int check_relocations(const struct check *check)
{
	for (unsigned int i = 1; i < check->elf->header.e_shnum; i++) {
		struct elfview_section section = elfview_section(check->elf, i);
		const Elf64_Shdr *header = &section.header;

		if (header->sh_type != SHT_REL)
			continue;
		if (header->sh_entsize != sizeof(Elf64_Rel) || header->sh_info == 0 ||
		    header->sh_info >= check->elf->header.e_shnum ||
		    !fits_its_target(check->elf, &section))
			return DAMAGED(check, "the relocations in section %u make no sense", i);
	}
	return 0;
}

/* ---------------------------------------------------------------- symbols */

static int find_symbols(const struct check *check, Elf64_Shdr *out)
{
	unsigned int found = 0;

	for (unsigned int i = 1; i < check->elf->header.e_shnum; i++) {
		Elf64_Shdr header = header_at(check->elf, i);

		if (header.sh_type != SHT_SYMTAB)
			continue;
		if (found++)
			return DAMAGED(check, "it has several symbol tables");
		*out = header;
	}
	if (!found)
		return error_set(check->err, XDPCTL_FAULT_USAGE, 0,
				 "%s has no symbol table, so its programs can't be told apart",
				 check->path);
	if (out->sh_entsize != sizeof(Elf64_Sym) || !is_strings(check->elf, out->sh_link))
		return DAMAGED(check, "its symbol table makes no sense");
	return 0;
}

/* Whether it is a sequence of whole instructions within its section. */
static bool is_function(const struct elfview_section *section, const Elf64_Sym *symbol)
{
	uint64_t start = symbol->st_value, size = symbol->st_size;

	if (start > section->header.sh_size || size > section->header.sh_size - start)
		return false;
	if (start % INSN_SIZE || size % INSN_SIZE || size == 0)
		return false;
	/* libbpf relocates both halves of a 64-bit load, without looking whether there is a second. */
	return section->data[start + size - INSN_SIZE] != LOAD_IMM64;
}

static bool holds_code(const Elf64_Shdr *header)
{
	return header->sh_type == SHT_PROGBITS && header->sh_flags & SHF_EXECINSTR;
}

static int check_symbols(const struct check *check)
{
	const struct elfview *elf = check->elf;
	Elf64_Shdr names = header_at(elf, elf->symtab.sh_link);
	Elf64_Sym symbol;

	for (size_t i = 0; elfview_symbol(elf, i, &symbol); i++) {
		struct elfview_section section;

		if (symbol.st_name >= names.sh_size)
			return DAMAGED(check, "symbol %zu has no name", i);
		if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
		    symbol.st_shndx >= elf->header.e_shnum)
			continue;
		section = elfview_section(elf, symbol.st_shndx);
		if (holds_code(&section.header) && !is_function(&section, &symbol))
			return DAMAGED(check, "function %s isn't whole",
				       elfview_symbol_name(elf, &symbol));
	}
	return 0;
}

/* ---------------------------------------------------------------- all of it */

/* In this order, because each check relies on those before it. */
static int check_all(const struct check *check, struct elfview *elf)
{
	int r;

	if ((r = check_ident(check)) < 0)
		return r;
	memcpy(&elf->header, elf->bytes, sizeof(elf->header));
	if ((r = check_purpose(check)) < 0 || (r = check_table(check)) < 0 ||
	    (r = check_bounds(check)) < 0 || (r = check_names(check)) < 0 ||
	    (r = check_unique(check)) < 0 || (r = check_relocations(check)) < 0 ||
	    (r = find_symbols(check, &elf->symtab)) < 0)
		return r;
	return check_symbols(check);
}

int elfview_open(const void *bytes, size_t size, const char *path, struct elfview *out,
		 struct xdpctl_error *err)
{
	struct elfview elf = { .bytes = bytes, .size = size };
	const struct check check = { .elf = &elf, .path = path, .err = err };
	int r = check_all(&check, &elf);

	if (r == 0)
		*out = elf;
	return r;
}
