/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Object files: what is read from good ones, and what is said of bad ones. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/btfcheck.h"
#include "kernel/elfview.h"
#include "kernel/libbpf_log.h"
#include "kernel/object.h"
#include "kernel/wordlist.h"
#include "util.h"

#include "bpf/globals.h"
#include "tap.h"

#define DEBIAN "/usr/lib/x86_64-linux-gnu/bpf"

/* ---------------------------------------------------------------- help */

/* The test objects are built beside this program: BUILD/tests/unit/object, BUILD/tests/bpf/NAME.o. */
static const char *object_path(const char *name)
{
	static char path[PATH_MAX];
	static char dir[PATH_MAX - 64];
	ssize_t length;

	if (!dir[0]) {
		length = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
		if (length < 0 || !strrchr(dir, '/'))
			abort();
		*strrchr(dir, '/') = '\0';
	}
	snprintf(path, sizeof(path), "%s/../bpf/%s.o", dir, name);
	return path;
}

/* Reads and chooses. On success the caller frees the object in out->object. */
static int choose(const char *path, const struct xdpctl_load_item *item, struct object_choice *out,
		  struct xdpctl_error *err)
{
	struct object *object;
	int r = object_read(path, &object, err);

	if (r < 0)
		return r;
	r = object_choose(object, item, out, err);
	if (r < 0)
		object_free(object);
	return r;
}

static void release(struct object_choice *choice)
{
	object_free((struct object *)choice->object);
}

/* What follows makes no sense any more: it ends without a plan. */
static void __attribute__((noreturn)) give_up(const struct xdpctl_error *err)
{
	printf("# %s\n", err->message);
	exit(EXIT_FAILURE);
}

/* Chooses what must be there. */
static struct object_choice chosen(const char *name, const struct xdpctl_load_item *item)
{
	struct object_choice choice = { 0 };
	struct xdpctl_error err = { 0 };

	if (!tap_ok(choose(object_path(name), item, &choice, &err) == 0, "%s: is accepted", name))
		give_up(&err);
	return choice;
}

/* The object is refused with that fault, and a sentence with @part in it, and a hint with @hint. */
static void refused(const char *path, const struct xdpctl_load_item *item, enum xdpctl_fault fault,
		    const char *part, const char *hint)
{
	struct object_choice choice = { .bpffs = "untouched" };
	struct xdpctl_error err = { 0 };
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	tap_ok(choose(path, item, &choice, &err) < 0, "%s: is refused (%s)", base, part);
	tap_is_int(err.fault, fault, "%s: with the right fault", base);
	tap_has_str(err.message, part, "%s: with the reason", base);
	if (hint)
		tap_has_str(err.hint, hint, "%s: with a hint", base);
	tap_is_str(choice.bpffs, "untouched", "%s: the result is left alone", base);
	xdpctl_error_clear(&err);
}

static const struct xdpctl_load_item any;

/* ---------------------------------------------------------------- files */

/* A file without a name: "/proc/self/fd/N" in @path. */
static int nameless(const void *bytes, size_t size, char *path, size_t path_size)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

static uint8_t *load_bytes(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	*size = (size_t)st.st_size;
	bytes = malloc(*size);
	if (!bytes || read(fd, bytes, *size) != (ssize_t)*size)
		abort();
	close(fd);
	return bytes;
}

static void files_that_are_no_objects_are_named(void)
{
	static const char text[] =
		"#!/bin/sh\necho a text that is long enough to be an ELF header, too\n";
	char dir[] = "/tmp/xdpctl-object-XXXXXX", path[64], memory[32];
	int fd;

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/missing.o", dir);
	refused(path, &any, XDPCTL_FAULT_NOT_FOUND, "No such file or directory", NULL);
	refused(dir, &any, XDPCTL_FAULT_USAGE, "is a directory", NULL);
	refused("/dev/null", &any, XDPCTL_FAULT_USAGE, "is a device", NULL);
	refused("/dev/null/x", &any, XDPCTL_FAULT_NOT_FOUND, "Not a directory", NULL);
	refused("/proc/self/exe", &any, XDPCTL_FAULT_USAGE, "not BPF", NULL);

	snprintf(path, sizeof(path), "%s/pipe.o", dir);
	if (mkfifo(path, 0600) < 0)
		abort();
	refused(path, &any, XDPCTL_FAULT_USAGE, "is a named pipe", NULL);
	unlink(path);

	snprintf(path, sizeof(path), "%s/secret.o", dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0));
	if (geteuid() == 0)
		tap_skip("root may read everything", "a file that can't be read is refused");
	else
		refused(path, &any, XDPCTL_FAULT_FAILED, "Permission denied", NULL);
	unlink(path);
	rmdir(dir);

	fd = nameless("", 0, memory, sizeof(memory));
	refused(memory, &any, XDPCTL_FAULT_USAGE, "is empty", NULL);
	if (ftruncate(fd, ELFVIEW_SIZE_MAX + 1) < 0)
		abort();
	refused(memory, &any, XDPCTL_FAULT_USAGE, "is larger than 64 MiB", NULL);
	close(fd);
	fd = nameless(text, sizeof(text), memory, sizeof(memory));
	refused(memory, &any, XDPCTL_FAULT_USAGE, "is not an ELF file", NULL);
	close(fd);
}

/* One field of the ELF header changed. */
static void header_refused(size_t offset, uint8_t value, const char *part)
{
	char path[32];
	uint8_t *bytes;
	size_t size;
	int fd;

	bytes = load_bytes(object_path("pass"), &size);
	bytes[offset] = value;
	fd = nameless(bytes, size, path, sizeof(path));
	refused(path, &any, XDPCTL_FAULT_USAGE, part, NULL);
	close(fd);
	free(bytes);
}

static void headers_of_other_files_are_named(void)
{
	header_refused(EI_CLASS, ELFCLASS32, "of 32 bits");
	header_refused(EI_CLASS, 77, "makes no sense");
	header_refused(EI_DATA, ELFDATA2MSB, "other byte order");
	header_refused(EI_VERSION, 9, "makes no sense");
	header_refused(offsetof(Elf64_Ehdr, e_machine), EM_X86_64, "is for x86-64, not BPF");
	header_refused(offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, "is for ARM64, not BPF");
	header_refused(offsetof(Elf64_Ehdr, e_machine), 1, "is for machine 1, not BPF");
	header_refused(offsetof(Elf64_Ehdr, e_type), ET_DYN, "not a relocatable object");
	header_refused(offsetof(Elf64_Ehdr, e_shnum), 0, "has no sections");
	header_refused(offsetof(Elf64_Ehdr, e_shnum), 200, "section headers lie outside");
	header_refused(offsetof(Elf64_Ehdr, e_shentsize), 60, "wrong size");
	header_refused(offsetof(Elf64_Ehdr, e_shoff) + 7, 0xff, "section headers lie outside");
	header_refused(offsetof(Elf64_Ehdr, e_shstrndx), 2, "no section names");
}

/* One field of a section's header changed. */
static void section_refused(const char *name, const char *section, size_t offset, uint32_t value,
			    const char *part)
{
	struct elfview_section found;
	struct elfview elf;
	char path[32];
	uint8_t *bytes;
	size_t size;
	int fd;

	bytes = load_bytes(object_path(name), &size);
	if (elfview_open(bytes, size, name, &elf, NULL) < 0 || !elfview_find(&elf, section, &found))
		abort();
	memcpy(bytes + elf.header.e_shoff + found.index * sizeof(Elf64_Shdr) + offset, &value,
	       sizeof(value));
	fd = nameless(bytes, size, path, sizeof(path));
	refused(path, &any, XDPCTL_FAULT_USAGE, part, NULL);
	close(fd);
	free(bytes);
}

static void sections_that_make_no_sense_are_refused(void)
{
	section_refused("pass", "xdp", offsetof(Elf64_Shdr, sh_offset), 1u << 20, "lies outside");
	section_refused("pass", ".BTF", offsetof(Elf64_Shdr, sh_size), UINT32_MAX, "lies outside");
	section_refused("globals", ".bss", offsetof(Elf64_Shdr, sh_size), UINT32_MAX,
			"larger than 64 MiB");
	section_refused("pass", "xdp", offsetof(Elf64_Shdr, sh_name), UINT32_MAX, "has no name");
	section_refused("pass", "xdp", offsetof(Elf64_Shdr, sh_size), 8,
			"function xdp_pass isn't whole");
	section_refused("pass", ".symtab", offsetof(Elf64_Shdr, sh_entsize), 8, "symbol table");
	section_refused("pass", ".symtab", offsetof(Elf64_Shdr, sh_link), 2, "symbol table");
	section_refused("pass", ".symtab", offsetof(Elf64_Shdr, sh_type), SHT_NOTE,
			"no symbol table");
	section_refused("globals", ".relxdp", offsetof(Elf64_Shdr, sh_entsize), 8, "relocations");
	section_refused("globals", ".relxdp", offsetof(Elf64_Shdr, sh_info), 99, "relocations");
	/* With these, libbpf 1.1 follows a null pointer. */
	section_refused("tail_call", ".rel.maps", offsetof(Elf64_Shdr, sh_info), 0, "relocations");
	section_refused("tail_call", ".rel.maps", offsetof(Elf64_Shdr, sh_info), 1, "relocations");
}

/* ---------------------------------------------------------------- damage */

/* As far as it goes without the kernel. Returns whether it went all the way. */
static bool survives(const char *path)
{
	struct object_choice choice;
	struct bpf_object *obj;
	struct bpf_program *prog;
	bool opened;

	if (choose(path, &any, &choice, NULL) < 0)
		return false;
	opened = object_open(&choice, BPF_PROG_TYPE_EXT, NULL, 0, &obj, &prog, NULL) == 0;
	if (opened)
		bpf_object__close(obj);
	release(&choice);
	return opened;
}

static void truncated_at_any_byte_is_refused(const char *name)
{
	unsigned int accepted = 0, silent = 0;
	size_t size;
	uint8_t *bytes = load_bytes(object_path(name), &size);
	char path[32];
	int fd = nameless(bytes, size, path, sizeof(path));

	for (size_t length = size; length-- > 0;) {
		struct xdpctl_error err = { 0 };
		struct object *object;

		if (ftruncate(fd, (off_t)length) < 0)
			abort();
		accepted += survives(path);
		if (object_read(path, &object, &err) < 0)
			silent += !strstr(err.message, length ? "truncated" : "empty");
		else
			object_free(object);
		xdpctl_error_clear(&err);
	}
	close(fd);
	free(bytes);
	tap_is_int(accepted, 0, "%s: all %zu truncations are refused", name, size);
	tap_is_int(silent, 0, "%s: and called so", name);
}

/* A generator of our own, so that the damage is the same everywhere. */
static uint32_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void damage_crashes_nothing(const char *name, unsigned int rounds)
{
	unsigned int accepted = 0;
	uint64_t state = 20260817;
	size_t size;
	uint8_t *bytes = load_bytes(object_path(name), &size);
	char path[32];
	int fd = nameless(bytes, size, path, sizeof(path));

	for (unsigned int round = 0; round < rounds; round++) {
		unsigned int flips = 1 + random_next(&state) % 4;

		for (unsigned int i = 0; i < flips; i++) {
			uint8_t value = (uint8_t)random_next(&state);

			if (pwrite(fd, &value, 1, random_next(&state) % size) != 1)
				abort();
		}
		accepted += survives(path);
		if (pwrite(fd, bytes, size, 0) != (ssize_t)size)
			abort();
	}
	close(fd);
	free(bytes);
	tap_ok(true, "%s: damaged %u times, accepted %u times, no crash", name, rounds, accepted);
}

/* ---------------------------------------------------------------- BTF by hand */

/* Whether BTF whose type section is @words passes, with names 1, "a", and 3, ".kconfig". */
#define STRINGS "\0a\0.kconfig"
static bool btf_passes(const uint32_t *words, size_t n)
{
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(header),
				     .type_len = (uint32_t)n * 4,
				     .str_off = (uint32_t)n * 4,
				     .str_len = sizeof(STRINGS) };
	uint8_t bytes[4096];

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), words, n * 4);
	memcpy(bytes + sizeof(header) + n * 4, STRINGS, sizeof(STRINGS));
	return btfcheck(bytes, sizeof(header) + n * 4 + sizeof(STRINGS), "x.o", NULL) == 0;
}

#define PASSES(...)                                   \
	btf_passes((const uint32_t[]){ __VA_ARGS__ }, \
		   sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
#define KIND(kind, n) ((uint32_t)(kind) << 24 | (n))
#define INTEGER 1, KIND(BTF_KIND_INT, 0), 4, 32

static void btf_is_checked(void)
{
	tap_ok(PASSES(INTEGER), "an int passes");
	tap_ok(PASSES(INTEGER, 1, KIND(BTF_KIND_STRUCT, 1), 8, 3, 3, 0, 0, KIND(BTF_KIND_PTR, 0),
		      2),
	       "a struct with a pointer to itself passes");
	tap_ok(!PASSES(1, KIND(BTF_KIND_STRUCT, 1), 8, 3, 1, 0),
	       "one that contains itself doesn't");
	tap_ok(!PASSES(1, KIND(BTF_KIND_TYPEDEF, 0), 2, 3, KIND(BTF_KIND_CONST, 0), 1),
	       "nor do a typedef and a const of each other");
	tap_ok(!PASSES(0, KIND(BTF_KIND_ARRAY, 0), 0, 1, 1, 5), "nor an array of itself");
	tap_ok(!PASSES(INTEGER, 0, KIND(BTF_KIND_PTR, 0), 3),
	       "nor a pointer to a type that isn't there");
	tap_ok(!PASSES(99, KIND(BTF_KIND_INT, 0), 4, 32), "nor a name that isn't there");
	tap_ok(!PASSES(INTEGER, 1, KIND(BTF_KIND_ENUM, 1), 4, 99, 0), "nor an enumerator's");
	tap_ok(!PASSES(INTEGER, 1, KIND(BTF_KIND_FUNC, 0), 1), "nor a function that is an int");
	tap_ok(!PASSES(INTEGER, 1, KIND(BTF_KIND_DATASEC, 1), 4, 1, 0, 4),
	       "nor an int in a section");
	tap_ok(!PASSES(INTEGER, 1, KIND(BTF_KIND_STRUCT, 2), 8, 3, 1, 0), "nor half of a struct");
	tap_ok(!PASSES(1, KIND(31, 0), 4), "nor a kind that nobody knows");
	tap_ok(!PASSES(1, KIND(BTF_KIND_UNKN, 0), 4), "nor void by number");
}

/* An int, and a variable of @type in section .kconfig. */
#define CONFIG(type) \
	INTEGER, 1, KIND(BTF_KIND_VAR, 0), type, 0, 3, KIND(BTF_KIND_DATASEC, 1), 0, 2, 0, 4

static void kernel_configuration_is_checked(void)
{
	tap_ok(PASSES(CONFIG(1)), "a number from the kernel's configuration passes");
	tap_ok(PASSES(CONFIG(4), 0, KIND(BTF_KIND_ARRAY, 0), 0, 1, 1, 4096), "so does a string");
	tap_ok(!PASSES(CONFIG(4), 0, KIND(BTF_KIND_ARRAY, 0), 0, 1, 1, 0xffffff00),
	       "one whose size isn't an int doesn't");
	tap_ok(!PASSES(CONFIG(4), 1, KIND(BTF_KIND_STRUCT, 0), 0xffffff00), "nor does a struct");
	tap_ok(!PASSES(CONFIG(0)), "nor nothing");
}

/* @n times const, of an int. */
static bool chain_passes(uint32_t n)
{
	uint32_t words[4 + 3 * 300] = { INTEGER };

	for (uint32_t i = 0; i < n; i++) {
		words[4 + 3 * i + 1] = KIND(BTF_KIND_CONST, 0);
		words[4 + 3 * i + 2] = i + 1;
	}
	return btf_passes(words, 4 + 3 * n);
}

static void deep_btf_is_refused(void)
{
	tap_ok(chain_passes(200), "200 types within each other pass");
	tap_ok(!chain_passes(300), "300 don't");
	tap_ok(btfcheck("", 0, "x.o", NULL) < 0, "no bytes are no BTF");
}

/* ---------------------------------------------------------------- choosing */

static void an_object_is_described(void)
{
	struct object_choice choice = chosen("pass", &any);
	const struct chain_addition *got = &choice.addition;
	static const uint8_t none[32];

	tap_is_str(got->func, "xdp_pass", "the function is found");
	tap_is_str(got->name, "xdp_pass", "and names the component");
	tap_is_int(got->prio, 50, "default priority");
	tap_is_int(got->actions, 1 << XDP_PASS, "default actions");
	tap_is_int(got->insns, 2, "instructions are counted");
	tap_ok(!got->frags, "no frags");
	tap_ok(got->object[0] == '/' && !strstr(got->object, "..") &&
		       strstr(got->object, "/tests/bpf/pass.o"),
	       "the path is absolute");
	tap_ok(memcmp(got->sha256, none, 32) != 0, "the bytes have a hash");
	tap_ok(memcmp(got->settings, none, 32) != 0, "the settings have one");
	tap_is_str(got->owner, "", "the owner is not ours to say");
	release(&choice);
}

static void metadata_is_read(void)
{
	struct xdpctl_load_item item = {
		.has_prio = true, .prio = 0, .has_actions = true, .actions = 0
	};
	struct object_choice choice = chosen("prio_meta", &any);

	tap_is_int(choice.addition.prio, 30, "priority from the run config");
	tap_is_int(choice.addition.actions, 1 << XDP_PASS | 1 << XDP_DROP, "actions from there");
	release(&choice);

	choice = chosen("prio_meta", &item);
	tap_is_int(choice.addition.prio, 0, "priority 0 from the request");
	tap_is_int(choice.addition.actions, 0, "actions none from the request");
	release(&choice);

	choice = chosen("zero_meta", &any);
	tap_is_int(choice.addition.prio, 0, "priority 0 from the run config");
	tap_is_int(choice.addition.actions, 0, "actions none from there");
	release(&choice);

	refused(object_path("bad_meta"), &any, XDPCTL_FAULT_USAGE, "unknown member \"importance\"",
		NULL);
}

static void a_program_is_chosen(void)
{
	struct xdpctl_load_item item = { .prog = "beta" };
	struct object_choice choice = chosen("several", &item);

	tap_is_str(choice.addition.func, "beta", "by its name");
	release(&choice);
	item = (struct xdpctl_load_item){ .section = "xdp.frags" };
	choice = chosen("several", &item);
	tap_is_str(choice.addition.func, "gamma_frags", "by its section");
	release(&choice);
	item = (struct xdpctl_load_item){ .prog = "alpha", .section = "xdp", .name = "first one" };
	choice = chosen("several", &item);
	tap_is_str(choice.addition.func, "alpha", "by both");
	tap_is_str(choice.addition.name, "first one", "the component's name is the request's");
	release(&choice);

	refused(object_path("several"), &any, XDPCTL_FAULT_USAGE,
		"several XDP programs: alpha, beta, gamma_frags", "choose one");
	item = (struct xdpctl_load_item){ .section = "xdp" };
	refused(object_path("several"), &item, XDPCTL_FAULT_USAGE,
		"in section \"xdp\": alpha, beta", "choose");
	item = (struct xdpctl_load_item){ .prog = "delta" };
	refused(object_path("several"), &item, XDPCTL_FAULT_NOT_FOUND, "no program \"delta\"",
		"alpha, beta");
	item = (struct xdpctl_load_item){ .section = "tc" };
	refused(object_path("several"), &item, XDPCTL_FAULT_NOT_FOUND,
		"no program in section \"tc\"", "alpha");
	item = (struct xdpctl_load_item){ .prog = "alpha", .section = "xdp.frags" };
	refused(object_path("several"), &item, XDPCTL_FAULT_NOT_FOUND,
		"\"alpha\" in section \"xdp.frags\"", "alpha");
}

static void programs_for_other_hooks_are_refused(void)
{
	struct xdpctl_load_item item = { .prog = "to_device" };
	struct object_choice choice = chosen("devmap_prog", &any);

	tap_is_str(choice.addition.func, "from_interface", "only one is for an interface");
	release(&choice);
	refused(object_path("devmap_prog"), &item, XDPCTL_FAULT_USAGE, "\"to_device\"",
		"from_interface");
	item = (struct xdpctl_load_item){ .section = "xdp.frags/cpumap" };
	refused(object_path("devmap_prog"), &item, XDPCTL_FAULT_USAGE, "\"to_cpu\"",
		"from_interface");
	refused(object_path("no_xdp"), &any, XDPCTL_FAULT_USAGE, "has no XDP program", NULL);
	item = (struct xdpctl_load_item){ .prog = "tc_only" };
	refused(object_path("no_xdp"), &item, XDPCTL_FAULT_USAGE, "\"tc_only\"", NULL);
}

static void old_sections_are_understood(void)
{
	struct xdpctl_load_item item = { .section = "prog" };
	struct object_choice choice = chosen("old_sections", &any);

	tap_is_str(choice.addition.func, "old_style", "a section that begins with xdp");
	release(&choice);
	choice = chosen("old_sections", &item);
	tap_is_str(choice.addition.func, "nondescript", "any section that is asked for");
	release(&choice);
	item = (struct xdpctl_load_item){ .prog = "old_devmap" };
	refused(object_path("old_sections"), &item, XDPCTL_FAULT_USAGE, "\"old_devmap\"",
		"old_style");
}

static void names_are_checked(void)
{
	struct xdpctl_load_item item = { .name = "" };
	char name[XDPCTL_NAME_SIZE + 1];
	struct object_choice choice;

	refused(object_path("pass"), &item, XDPCTL_FAULT_USAGE, "name is empty", NULL);
	item.name = "a/b";
	refused(object_path("pass"), &item, XDPCTL_FAULT_USAGE, "\"a/b\" can't be", NULL);
	item.name = "a\033[31m";
	refused(object_path("pass"), &item, XDPCTL_FAULT_USAGE, "control characters", NULL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	item.name = name;
	refused(object_path("pass"), &item, XDPCTL_FAULT_USAGE, "longer than 63 bytes", NULL);
	name[XDPCTL_NAME_SIZE - 1] = '\0';
	choice = chosen("pass", &item);
	tap_is_str(choice.addition.name, name, "63 bytes are a name");
	release(&choice);
	item.name = "größe";
	choice = chosen("pass", &item);
	tap_is_str(choice.addition.name, item.name, "so is UTF-8");
	release(&choice);
}

static void long_names_are_kept(void)
{
	struct xdpctl_load_item item = { .prog = "count_everything_again" };
	struct object_choice choice = chosen("long_name", &item);

	tap_is_str(choice.addition.func, "count_everything_again",
		   "the whole name of the function");
	release(&choice);
}

static void frags_are_decided(void)
{
	struct xdpctl_load_item item = { .frags = XDPCTL_FRAGS_OFF };
	struct object_choice choice = chosen("frags", &any), other;

	tap_ok(choice.addition.frags, "by the section");
	other = chosen("frags", &item);
	tap_ok(!other.addition.frags, "off by request");
	tap_ok(memcmp(choice.addition.settings, other.addition.settings, 32) != 0,
	       "which is another setting");
	release(&choice);
	release(&other);
	item.frags = XDPCTL_FRAGS_ON;
	choice = chosen("pass", &item);
	tap_ok(choice.addition.frags, "on by request");
	release(&choice);
}

static void objects_that_lack_something_are_refused(void)
{
	char path[32];
	uint8_t *bytes, *found;
	size_t size;
	int fd;

	refused(object_path("no_license"), &any, XDPCTL_FAULT_USAGE, "names no licence",
		"SEC(\"license\")");
	refused(object_path("tail_call"), &(struct xdpctl_load_item){ .prog = "tail_call" },
		XDPCTL_FAULT_UNSUPPORTED, "static tail-call entries (map jump_table)", "alone");

	bytes = load_bytes(object_path("pass"), &size);
	found = memmem(bytes, size, ".BTF", 5);
	found[1] = 'X';
	fd = nameless(bytes, size, path, sizeof(path));
	refused(path, &any, XDPCTL_FAULT_USAGE, "has no BTF", "clang -g");
	close(fd);
	free(bytes);
}

/* ---------------------------------------------------------------- variables */

static int choose_globals(const char *const *vars, size_t n, struct object_choice *out,
			  struct xdpctl_error *err)
{
	struct xdpctl_load_item item = { .vars = vars, .n_vars = n };

	return choose(object_path("globals"), &item, out, err);
}

static void setting_is_refused(const char *setting, const char *part)
{
	struct object_choice choice;
	struct xdpctl_error err = { 0 };

	tap_ok(choose_globals(&setting, 1, &choice, &err) < 0, "%s: is refused", setting);
	tap_is_int(err.fault, XDPCTL_FAULT_USAGE, "%s: as misuse", setting);
	tap_has_str(err.message, part, "%s: with the reason", setting);
	xdpctl_error_clear(&err);
}

static void settings_are_checked(void)
{
	struct object_choice choice;
	struct xdpctl_error err = { 0 };
	const char *unknown = "port=1", *twice[] = { "ro_u8=1", "ro_u16=1", "ro_u8=2" };

	setting_is_refused("ro_u8", "NAME=VALUE");
	setting_is_refused("=1", "NAME=VALUE");
	setting_is_refused("ro_u8=", "unsigned integer of 8 bits (0 to 255)");
	setting_is_refused("ro_u8=256", "can't be \"256\"");
	setting_is_refused("ro_u8=-1", "0 to 255");
	setting_is_refused("ro_u8=10abc", "0 to 255");
	setting_is_refused("ro_u8= 1", "0 to 255");
	setting_is_refused("ro_u8=+1", "0 to 255");
	setting_is_refused("ro_u8=0x", "0 to 255");
	setting_is_refused("ro_u8=--1", "0 to 255");
	setting_is_refused("ro_u16=65536", "unsigned integer of 16 bits (0 to 65535)");
	setting_is_refused("ro_u32=0x100000000", "32 bits (0 to 4294967295)");
	setting_is_refused("ro_u64=18446744073709551616", "64 bits (0 to 18446744073709551615)");
	setting_is_refused("rw_s8=128", "signed integer of 8 bits (-128 to 127)");
	setting_is_refused("rw_s8=-129", "(-128 to 127)");
	setting_is_refused("rw_s64=9223372036854775808",
			   "(-9223372036854775808 to 9223372036854775807)");
	setting_is_refused("zero_bool=2", "true or false");
	setting_is_refused("zero_color=PINK", "RED, GREEN, BLUE, or a number");
	setting_is_refused("zero_color=4294967296", "enum of 32 bits");
	setting_is_refused("ro_text=12345678", "at most 7 bytes");
	setting_is_refused("bytes=1", "can't be set");
	setting_is_refused("structure=1", "can't be set");
	setting_is_refused("_license=MIT", "no global variable _license");
	setting_is_refused("seen=1", "no global variable seen");

	tap_ok(choose_globals(&unknown, 1, &choice, &err) < 0, "an unknown variable is refused");
	tap_has_str(err.hint, "zero_bool", "with a list of those that there are");
	tap_ok(choose_globals(twice, 3, &choice, &err) < 0, "one that is set twice is refused");
	tap_has_str(err.message, "ro_u8 is set twice", "by name");
	xdpctl_error_clear(&err);
}

/* Whether two requests mean the same. */
static bool same_settings(const char *const *a, size_t n_a, const char *const *b, size_t n_b)
{
	struct object_choice one, other;
	bool same;

	if (choose_globals(a, n_a, &one, NULL) < 0 || choose_globals(b, n_b, &other, NULL) < 0)
		abort();
	same = memcmp(one.addition.settings, other.addition.settings, 32) == 0;
	release(&one);
	release(&other);
	return same;
}

static void equal_settings_are_recognised(void)
{
	const char *a[] = { "ro_u8=16", "zero_color=GREEN", "ro_text=hi" };
	const char *b[] = { "zero_color=0x1", "ro_text=hi", "ro_u8=0x10" };
	const char *c[] = { "ro_u8=17", "zero_color=GREEN", "ro_text=hi" };

	tap_ok(same_settings(a, 3, b, 3), "whatever their order and spelling");
	tap_ok(!same_settings(a, 3, c, 3), "another value is another setting");
	tap_ok(!same_settings(a, 3, a, 2), "so is one less");
	tap_ok(same_settings(NULL, 0, a, 0), "none is none");
}

/* ---------------------------------------------------------------- opening */

static struct bpf_object *opened(const struct object_choice *choice, enum bpf_prog_type type,
				 struct bpf_program **prog)
{
	struct xdpctl_error err = { 0 };
	struct bpf_object *obj = NULL;

	if (!tap_ok(object_open(choice, type, NULL, 0, &obj, prog, &err) == 0, "%s: opens",
		    choice->addition.func))
		give_up(&err);
	return obj;
}

static void an_ext_program_is_prepared(void)
{
	struct xdpctl_load_item item = { .prog = "gamma_frags" };
	struct object_choice choice = chosen("several", &item);
	struct bpf_program *prog, *other;
	struct bpf_object *obj = opened(&choice, BPF_PROG_TYPE_EXT, &prog);

	tap_is_str(bpf_program__name(prog), "gamma_frags", "the chosen program");
	tap_is_int(bpf_program__type(prog), BPF_PROG_TYPE_EXT, "is an extension");
	tap_is_int(bpf_program__expected_attach_type(prog), 0, "without an attach type");
	tap_is_int(bpf_program__flags(prog), 0, "and without flags");
	tap_ok(bpf_program__autoload(prog), "and will be loaded");
	other = bpf_object__find_program_by_name(obj, "alpha");
	tap_ok(other && !bpf_program__autoload(other), "the others won't");
	bpf_object__close(obj);
	release(&choice);
}

static void an_xdp_program_is_prepared(void)
{
	struct object_choice choice = chosen("frags", &any);
	struct bpf_program *prog;
	struct bpf_object *obj = opened(&choice, BPF_PROG_TYPE_XDP, &prog);

	tap_is_int(bpf_program__type(prog), BPF_PROG_TYPE_XDP, "it is an XDP program");
	tap_is_int(bpf_program__expected_attach_type(prog), BPF_XDP, "for an interface");
	tap_is_int(bpf_program__flags(prog), BPF_F_XDP_HAS_FRAGS, "with frags");
	bpf_object__close(obj);
	release(&choice);
}

static void pin_paths_are_set(void)
{
	struct xdpctl_load_item item = { .pin_maps = "/somewhere/else" };
	struct object_choice choice = chosen("shared_map", &any);
	struct bpf_program *prog;
	struct bpf_object *obj;

	choice.bpffs = "/run/bpffs";
	obj = opened(&choice, BPF_PROG_TYPE_EXT, &prog);
	tap_is_str(bpf_map__pin_path(bpf_object__find_map_by_name(obj, "xdpctl_shared")),
		   "/run/bpffs/xdpctl_shared", "a map that wants it is pinned under our bpffs");
	bpf_object__close(obj);
	release(&choice);

	choice = chosen("globals", &item);
	obj = opened(&choice, BPF_PROG_TYPE_EXT, &prog);
	tap_is_str(bpf_map__pin_path(bpf_object__find_map_by_name(obj, "seen")),
		   "/somewhere/else/seen",
		   "every map is pinned in the directory that is asked for");
	tap_ok(!bpf_map__pin_path(bpf_object__find_map_by_name(obj, "globals.rodata")),
	       "but not the variables");
	bpf_object__close(obj);
	release(&choice);
}

/* ---------------------------------------------------------------- loading */

static bool can_load(void)
{
	const struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
					  { .code = BPF_JMP | BPF_EXIT } };
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", insns, 2, NULL);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int run(const struct bpf_program *prog)
{
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) < 0)
		return -1;
	return (int)opts.retval;
}

static const char *const all_settings[] = {
	"ro_u8=255",      "ro_u16=0xffff",   "ro_u32=4294967295",  "ro_u64=0xfedcba9876543210",
	"rw_s8=-128",     "rw_s16=-0x8000",  "rw_s32=-2147483648", "rw_s64=-9223372036854775808",
	"zero_bool=true", "zero_color=BLUE", "ro_wide=4294967297", "custom_u32=77",
	"hidden=88",      "ro_text=seven77",
};

static void variables_reach_the_program(void)
{
	struct xdpctl_load_item item = { .vars = all_settings, .n_vars = ARRAY_SIZE(all_settings) };
	struct object_choice choice = chosen("globals", &item);
	struct bpf_program *prog;
	struct bpf_object *obj = opened(&choice, BPF_PROG_TYPE_XDP, &prog);
	struct seen seen = { 0 };
	uint32_t key = 0;

	tap_is_int(bpf_object__load(obj), 0, "globals: loads");
	tap_is_int(run(prog), XDP_PASS, "globals: runs");
	bpf_map__lookup_elem(bpf_object__find_map_by_name(obj, "seen"), &key, sizeof(key), &seen,
			     sizeof(seen), 0);
	tap_is_int(seen.u8, 255, "u8");
	tap_is_int(seen.u16, 0xffff, "u16, a typedef");
	tap_is_int(seen.u32, 0xffffffff, "u32");
	tap_ok(seen.u64 == 0xfedcba9876543210, "u64");
	tap_is_int(seen.s8, -128, "s8");
	tap_is_int(seen.s16, -0x8000, "s16");
	tap_is_int(seen.s32, INT32_MIN, "s32");
	tap_is_int(seen.s64, INT64_MIN, "s64");
	tap_is_int(seen.boolean, true, "bool in .bss");
	tap_is_int(seen.color, BLUE, "enum by name");
	tap_is_int(seen.wide, WIDE_LARGE, "enum of 64 bits");
	tap_is_int(seen.custom, 77, "in a section of its own, whose name libbpf cuts");
	tap_is_int(seen.hidden, 88, "a static variable");
	tap_ok(memcmp(seen.text, "seven77", 8) == 0, "string");
	bpf_object__close(obj);
	release(&choice);
}

static void the_verifier_is_heard(void)
{
	struct object_choice choice = chosen("bad_verifier", &any);
	static char log[65536];
	struct xdpctl_error err = { 0 };
	struct libbpf_log said;
	struct bpf_program *prog;
	struct bpf_object *obj;

	tap_is_int(object_open(&choice, BPF_PROG_TYPE_XDP, log, sizeof(log), &obj, &prog, &err), 0,
		   "bad_verifier: opens");
	libbpf_log_begin(&said);
	tap_ok(bpf_object__load(obj) < 0, "but doesn't load");
	libbpf_log_end(&said);
	tap_has_str(log, "invalid access to packet", "its log is kept");
	tap_has_str(said.reason, "BPF program load failed", "what libbpf said is kept");
	tap_has_str(said.last, "failed to load object", "its last word, too");
	bpf_object__close(obj);
	release(&choice);
}

/* The object @name, whose only program returns @verdict. */
static void loads_and_runs(const char *name, int verdict)
{
	struct object_choice choice = chosen(name, &any);
	struct bpf_program *prog;
	struct bpf_object *obj = opened(&choice, BPF_PROG_TYPE_XDP, &prog);

	tap_is_int(bpf_object__load(obj), 0, "%s: loads", name);
	tap_is_int(run(prog), verdict, "%s: runs", name);
	bpf_object__close(obj);
	release(&choice);
}

static void objects_load(void)
{
	static const char *const passing[] = { "pass",    "prio_meta",   "zero_meta",   "frags",
					       "counter", "devmap_prog", "old_sections" };
	static const char *const demo[] = { "../../bpf/demo/count_packets",
					    "../../bpf/demo/drop_udp_port",
					    "../../bpf/demo/ttl_guard" };

	loads_and_runs("drop", XDP_DROP);
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		loads_and_runs(passing[i], XDP_PASS);
	for (size_t i = 0; i < ARRAY_SIZE(demo); i++)
		if (access(object_path(demo[i]), R_OK) == 0)
			loads_and_runs(demo[i], XDP_PASS);
		else
			tap_skip("not built", "%s: loads", demo[i]);
}

static void programs_that_move_the_packet_load(void)
{
	static const char *const names[] = { "adjust_head", "adjust_tail", "adjust_meta" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct xdpctl_load_item item = { .prog = names[i] };
		struct object_choice choice = chosen("adjust", &item);
		struct bpf_program *prog;
		struct bpf_object *obj = opened(&choice, BPF_PROG_TYPE_XDP, &prog);

		tap_is_int(bpf_object__load(obj), 0, "%s: loads", names[i]);
		tap_is_int(run(prog), XDP_PASS, "%s: passes", names[i]);
		bpf_object__close(obj);
		release(&choice);
	}
}

/* ---------------------------------------------------------------- objects that nobody here wrote */

/* Objects of Debian's xdp-tools that hold an XDP program each. */
static void debian_object(const char *name, const char *func, unsigned int prio, bool load)
{
	char path[PATH_MAX];
	struct object_choice choice;
	struct bpf_program *prog;
	struct bpf_object *obj;

	snprintf(path, sizeof(path), DEBIAN "/%s.o", name);
	if (access(path, R_OK) < 0) {
		tap_skip("no xdp-tools", "%s is chosen", name);
		return;
	}
	if (!tap_ok(choose(path, &any, &choice, NULL) == 0, "%s: is accepted", name))
		return;
	tap_is_str(choice.addition.func, func, "%s: its program", name);
	tap_is_int(choice.addition.prio, prio, "%s: its priority", name);
	/* They pin maps by name, where a real xdp-filter would look for them. */
	choice.bpffs = "/nonexistent";
	obj = opened(&choice, BPF_PROG_TYPE_XDP, &prog);
	if (load) {
		struct bpf_map *map;

		bpf_object__for_each_map(map, obj)
			bpf_map__set_pin_path(map, NULL);
		tap_is_int(bpf_object__load(obj), 0, "%s: loads", name);
	}
	bpf_object__close(obj);
	release(&choice);
}

static void debian_objects_are_understood(bool load)
{
	static const char *const filters[] = {
		"alw_all", "alw_eth", "alw_ip", "alw_tcp", "alw_udp",
		"dny_all", "dny_eth", "dny_ip", "dny_tcp", "dny_udp"
	};
	char name[32], func[32];

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		snprintf(name, sizeof(name), "xdpfilt_%s", filters[i]);
		snprintf(func, sizeof(func), "xdpfilt_%s", filters[i]);
		debian_object(name, func, 10, load);
	}
	debian_object("xsk_def_xdp_prog", "xsk_def_prog", 20, load);
	debian_object("xsk_def_xdp_prog_5.3", "xsk_def_prog", 20, load);
	debian_object("xdpdump_xdp", "xdpdump", 50, false);
}

static void the_dispatcher_version_is_read(void)
{
	tap_is_int(object_dispatcher_version(object_path("pass")), 0, "an object without one");
	tap_is_int(object_dispatcher_version("/nonexistent"), 0, "no object");
	if (access(DEBIAN "/xdp-dispatcher.o", R_OK) < 0)
		tap_skip("no xdp-tools", "an installed dispatcher has a version");
	else
		tap_ok(object_dispatcher_version(DEBIAN "/xdp-dispatcher.o") >= 1,
		       "an installed dispatcher has a version");
}

/* ---------------------------------------------------------------- small things */

static void lists_of_words_are_bounded(void)
{
	struct wordlist list = { 0 }, monster = { 0 };
	char word[300];

	wordlist_add(&list, "a");
	wordlist_add(&list, "b");
	tap_is_str(list.text, "a, b", "words with commas");
	for (unsigned int i = 0; i < 100; i++)
		wordlist_add(&list, "word");
	tap_ok(strlen(list.text) < sizeof(list.text), "too many are cut");
	tap_is_str(list.text + strlen(list.text) - 9, "word, ...", "between words, and it shows");
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	wordlist_add(&monster, word);
	wordlist_add(&monster, "a");
	tap_is_str(monster.text, "...", "no room for the first");
}

static void long_paths_keep_their_end(void)
{
	struct xdpctl_error err = { 0 };
	struct object *object;
	char path[1000];

	memset(path, 'd', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i += 100)
		path[i] = '/';
	strcpy(path + sizeof(path) - 8, "/file.o");
	tap_is_int(object_read(path, &object, &err), -ENOENT, "a long path");
	tap_has_str(err.message, "/file.o: No such file", "is cut at its beginning");
	tap_has_str(err.message, "open …", "and shows it");
	xdpctl_error_clear(&err);
}

int main(void)
{
	bool load = can_load();

	libbpf_log_install();
	files_that_are_no_objects_are_named();
	headers_of_other_files_are_named();
	sections_that_make_no_sense_are_refused();
	truncated_at_any_byte_is_refused("globals");
	damage_crashes_nothing("globals", 4000);
	damage_crashes_nothing("pass", 4000);
	damage_crashes_nothing("shared_map", 4000);
	btf_is_checked();
	kernel_configuration_is_checked();
	deep_btf_is_refused();
	an_object_is_described();
	metadata_is_read();
	a_program_is_chosen();
	programs_for_other_hooks_are_refused();
	old_sections_are_understood();
	names_are_checked();
	long_names_are_kept();
	frags_are_decided();
	objects_that_lack_something_are_refused();
	settings_are_checked();
	equal_settings_are_recognised();
	an_ext_program_is_prepared();
	an_xdp_program_is_prepared();
	pin_paths_are_set();
	debian_objects_are_understood(load);
	the_dispatcher_version_is_read();
	lists_of_words_are_bounded();
	long_paths_keep_their_end();
	if (load) {
		variables_reach_the_program();
		the_verifier_is_heard();
		objects_load();
		programs_that_move_the_packet_load();
	} else {
		tap_skip("no CAP_BPF", "objects load");
	}
	return tap_done();
}
