// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which program of an object is meant, what is known of it, and how libbpf is to load it: see object.h. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h> /* before sha2.h, which needs it */

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sha2.h>

#include "error.h"
#include "kernel/globals.h"
#include "kernel/libbpf_log.h"
#include "kernel/metadata.h"
#include "kernel/object.h"
#include "kernel/object_bytes.h"
#include "kernel/wordlist.h"
#include "util.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1u << 5) /* Linux 5.18 */
#endif

static void close_object(struct bpf_object **obj)
{
	bpf_object__close(*obj);
}

#define _cleanup_object_ __attribute__((cleanup(close_object)))

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---------------------------------------------------------------- opening */

static int open_bytes(const struct object *object, const char *bpffs, struct bpf_object **out,
		      struct xdpctl_error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = object->name,
		    .pin_root_path = bpffs);
	struct libbpf_log said;
	struct bpf_object *obj;
	int code;

	libbpf_log_begin(&said);
	obj = bpf_object__open_mem(object->bytes, object->size, &opts);
	code = errno;
	libbpf_log_end(&said);
	if (obj) {
		*out = obj;
		return 0;
	}
	if (said.reason[0])
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "libbpf can't open %s: %s",
				 object->path, said.reason);
	return error_set(err, XDPCTL_FAULT_USAGE, code, "open %s with libbpf", object->path);
}

/* ---------------------------------------------------------------- what an object must have */

static int check_licence(const struct object *object, struct xdpctl_error *err)
{
	struct elfview_section section;
	int r;

	if (elfview_find(&object->elf, "license", &section) && section.data &&
	    section.header.sh_size > 0 && section.data[0])
		return 0;
	r = error_set(err, XDPCTL_FAULT_USAGE, 0, "%s names no licence", object->path);
	error_hint(
		err,
		"the kernel wants to know; in the source: char _license[] SEC(\"license\") = \"GPL\";");
	return r;
}

/* libbpf copies the types of these out of bounds when they are damaged, and they have no place here. */
static int check_struct_ops(const struct object *object, struct xdpctl_error *err)
{
	for (unsigned int i = 1; i < object->elf.header.e_shnum; i++) {
		const char *name = elfview_section(&object->elf, i).name;

		if (has_prefix(name, ".struct_ops") || has_prefix(name, "?.struct_ops"))
			return error_set(err, XDPCTL_FAULT_USAGE, 0,
					 "%s holds struct_ops, which don't belong to an interface",
					 object->path);
	}
	return 0;
}

/* The map in .maps that covers @offset. */
static const char *map_at(const struct btf *btf, uint64_t offset)
{
	int id = btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC);
	const struct btf_type *maps = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (unsigned int i = 0; maps && i < btf_vlen(maps); i++) {
		const struct btf_var_secinfo *entry = &btf_var_secinfos(maps)[i];

		if (offset >= entry->offset && offset - entry->offset < entry->size)
			return btf__name_by_offset(btf,
						   btf__type_by_id(btf, entry->type)->name_off);
	}
	return "?";
}

static int refuse_tail_calls(const struct object *object, const char *map, struct xdpctl_error *err)
{
	int r = error_set(err, XDPCTL_FAULT_UNSUPPORTED, 0,
			  "%s uses static tail-call entries (map %s)", object->path, map);

	error_hint(err, "a component is loaded alone, without the programs that such a map names");
	return r;
}

/* A map's initialiser that names a program. Loading would end in a bare EBADF, for that one isn't loaded. */
static int check_tail_calls(const struct object *object, struct bpf_object *obj,
			    struct xdpctl_error *err)
{
	const struct elfview *elf = &object->elf;
	struct elfview_section relocations;
	Elf64_Rel relocation;
	Elf64_Sym symbol;

	if (!elfview_find(elf, ".rel.maps", &relocations) || relocations.header.sh_type != SHT_REL)
		return 0;
	for (size_t i = 0; elfview_relocation(&relocations, i, &relocation); i++)
		if (elfview_symbol(elf, ELF64_R_SYM(relocation.r_info), &symbol) &&
		    ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
			return refuse_tail_calls(object,
						 map_at(bpf_object__btf(obj), relocation.r_offset),
						 err);
	return 0;
}

/* Such a name becomes a file's name when the map is pinned. */
static bool is_map_name(const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !*name)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_' && *name != '.')
			return false;
	return true;
}

static int check_maps(const struct object *object, struct bpf_object *obj, struct xdpctl_error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		if (!is_map_name(bpf_map__name(map)))
			return error_set(err, XDPCTL_FAULT_USAGE, 0,
					 "%s has a map that can't be named \"%s\"", object->path,
					 bpf_map__name(map));
	return 0;
}

static int open_checked(const struct object *object, struct bpf_object **out,
			struct xdpctl_error *err)
{
	int r;

	if ((r = check_struct_ops(object, err)) < 0 || (r = object_check_btf(object, err)) < 0 ||
	    (r = check_licence(object, err)) < 0 || (r = open_bytes(object, NULL, out, err)) < 0)
		return r;
	if (!bpf_object__btf(*out))
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "libbpf can't read the BTF of %s",
				 object->path);
	if ((r = check_maps(object, *out, err)) < 0)
		return r;
	return check_tail_calls(object, *out, err);
}

/* ---------------------------------------------------------------- which program */

enum kind {
	KIND_XDP,
	KIND_UNKNOWN, /* its section says nothing: XDP for who asks for it */
	KIND_OTHER,
};

static enum kind kind_of(const struct bpf_program *prog)
{
	enum bpf_attach_type attach = bpf_program__expected_attach_type(prog);
	const char *section = bpf_program__section_name(prog);

	if (bpf_program__type(prog) == BPF_PROG_TYPE_XDP)
		return attach == BPF_XDP || attach == 0 ? KIND_XDP : KIND_OTHER;
	if (bpf_program__type(prog) != BPF_PROG_TYPE_UNSPEC)
		return KIND_OTHER;
	/* Before 1.0, libbpf took anything that began with "xdp", these two for other hooks. */
	if (has_prefix(section, "xdp_devmap/") || has_prefix(section, "xdp_cpumap/"))
		return KIND_OTHER;
	return has_prefix(section, "xdp") ? KIND_XDP : KIND_UNKNOWN;
}

static bool is_meant(const struct bpf_program *prog, const struct xdpctl_load_item *item)
{
	if (item->prog && strcmp(item->prog, bpf_program__name(prog)) != 0)
		return false;
	if (item->section && strcmp(item->section, bpf_program__section_name(prog)) != 0)
		return false;
	return item->prog || item->section || kind_of(prog) == KIND_XDP;
}

/* The programs that could have been meant, and those that were. */
struct candidates {
	struct wordlist xdp;
	struct wordlist meant;
	struct bpf_program *first;
	unsigned int n;
};

static void find_candidates(struct bpf_object *obj, const struct xdpctl_load_item *item,
			    struct candidates *out)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		if (kind_of(prog) == KIND_XDP)
			wordlist_add(&out->xdp, bpf_program__name(prog));
		if (!is_meant(prog, item))
			continue;
		wordlist_add(&out->meant, bpf_program__name(prog));
		if (out->n++ == 0)
			out->first = prog;
	}
}

static int refuse_none(const struct object *object, const struct xdpctl_load_item *item,
		       const struct candidates *found, struct xdpctl_error *err)
{
	int r;

	if (!item->prog && !item->section)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "%s has no XDP program", object->path);
	if (!item->section)
		r = error_set(err, XDPCTL_FAULT_NOT_FOUND, 0, "%s has no program \"%s\"",
			      object->path, item->prog);
	else if (!item->prog)
		r = error_set(err, XDPCTL_FAULT_NOT_FOUND, 0, "%s has no program in section \"%s\"",
			      object->path, item->section);
	else
		r = error_set(err, XDPCTL_FAULT_NOT_FOUND, 0,
			      "%s has no program \"%s\" in section \"%s\"", object->path,
			      item->prog, item->section);
	if (found->xdp.length)
		error_hint(err, "its XDP programs: %s", found->xdp.text);
	else
		error_hint(err, "it has no XDP program at all");
	return r;
}

static int refuse_several(const struct object *object, const struct xdpctl_load_item *item,
			  const struct candidates *found, struct xdpctl_error *err)
{
	int r;

	if (item->section)
		r = error_set(err, XDPCTL_FAULT_USAGE, 0,
			      "%s has several programs in section \"%s\": %s", object->path,
			      item->section, found->meant.text);
	else
		r = error_set(err, XDPCTL_FAULT_USAGE, 0, "%s has several XDP programs: %s",
			      object->path, found->meant.text);
	error_hint(err, "choose one by name");
	return r;
}

static int refuse_other(const struct object *object, const struct bpf_program *prog,
			const struct candidates *found, struct xdpctl_error *err)
{
	int r = error_set(err, XDPCTL_FAULT_USAGE, 0,
			  "program \"%s\" in %s (section \"%s\") is not for an interface's XDP hook",
			  bpf_program__name(prog), object->path, bpf_program__section_name(prog));

	if (found->xdp.length)
		error_hint(err, "its XDP programs: %s", found->xdp.text);
	return r;
}

static int choose_program(const struct object *object, struct bpf_object *obj,
			  const struct xdpctl_load_item *item, struct bpf_program **out,
			  struct xdpctl_error *err)
{
	struct candidates found = { 0 };

	find_candidates(obj, item, &found);
	if (found.n == 0)
		return refuse_none(object, item, &found, err);
	if (found.n > 1)
		return refuse_several(object, item, &found, err);
	if (kind_of(found.first) == KIND_OTHER)
		return refuse_other(object, found.first, &found, err);
	*out = found.first;
	return 0;
}

/* ---------------------------------------------------------------- what is known of it */

static bool is_printable(const char *name)
{
	for (; *name; name++)
		if (iscntrl((unsigned char)*name) || *name == '/')
			return false;
	return true;
}

static int set_names(const struct xdpctl_load_item *item, const struct object *object,
		     const struct bpf_program *prog, struct chain_addition *out,
		     struct xdpctl_error *err)
{
	const char *func = bpf_program__name(prog);
	const char *name = item->name ? item->name : func;
	int r;

	if (strlen(func) >= sizeof(out->func))
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "%s has a function whose name is too long: %s", object->path,
				 func);
	if (!*name)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "the component's name is empty");
	if (!is_printable(name))
		return error_set(
			err, XDPCTL_FAULT_USAGE, 0,
			"\"%s\" can't be a component's name: it holds / or control characters",
			name);
	if (strlen(name) >= sizeof(out->name)) {
		r = error_set(err, XDPCTL_FAULT_USAGE, 0,
			      "\"%s\" can't be a component's name: it is longer than %zu bytes",
			      name, sizeof(out->name) - 1);
		if (!item->name)
			error_hint(err, "give the component a shorter one");
		return r;
	}
	util_copy(out->func, sizeof(out->func), func);
	util_copy(out->name, sizeof(out->name), name);
	return 0;
}

static bool has_frags(const struct xdpctl_load_item *item, const struct bpf_program *prog)
{
	switch (item->frags) {
	case XDPCTL_FRAGS_ON:
		return true;
	case XDPCTL_FRAGS_OFF:
		return false;
	case XDPCTL_FRAGS_AUTO:
		break;
	}
	/* By its name, because libbpf adds the flag only when it loads. */
	return has_prefix(bpf_program__section_name(prog), "xdp.frags");
}

static int set_metadata(const struct object *object, const struct xdpctl_load_item *item,
			const struct btf *btf, struct chain_addition *out, struct xdpctl_error *err)
{
	struct metadata metadata;
	int r = metadata_read(btf, out->func, &metadata, err);

	if (r < 0) {
		error_context(err, "%s", object->path);
		return r;
	}
	out->prio = XDPCTL_PRIO_DEFAULT;
	out->actions = XDPCTL_ACTIONS_DEFAULT;
	if (item->has_prio)
		out->prio = item->prio;
	else if (metadata.has_prio)
		out->prio = metadata.prio;
	if (item->has_actions)
		out->actions = item->actions;
	else if (metadata.has_actions)
		out->actions = metadata.actions;
	return 0;
}

/* With its length, so that no two different sequences of strings look alike; NULL is not "". */
static void hash_string(SHA2_CTX *context, const char *text)
{
	uint64_t length = text ? strlen(text) : UINT64_MAX;

	SHA256Update(context, (const uint8_t *)&length, sizeof(length));
	if (text)
		SHA256Update(context, (const uint8_t *)text, strlen(text));
}

static int set_settings(const struct object *object, const struct xdpctl_load_item *item,
			struct bpf_object *obj, struct chain_addition *out,
			struct xdpctl_error *err)
{
	SHA2_CTX context;
	int r;

	SHA256Init(&context);
	hash_string(&context, out->func);
	hash_string(&context, out->frags ? "frags" : NULL);
	hash_string(&context, item->pin_maps);
	r = globals_set(obj, item->vars, item->n_vars, &context, err);
	if (r < 0) {
		error_context(err, "%s", object->path);
		return r;
	}
	SHA256Final(out->settings, &context);
	return 0;
}

static int describe(const struct object *object, const struct xdpctl_load_item *item,
		    struct bpf_object *obj, const struct bpf_program *prog,
		    struct chain_addition *out, struct xdpctl_error *err)
{
	int r;

	if ((r = set_names(item, object, prog, out, err)) < 0 ||
	    (r = set_metadata(object, item, bpf_object__btf(obj), out, err)) < 0)
		return r;
	out->frags = has_frags(item, prog);
	out->insns = bpf_program__insn_cnt(prog);
	util_copy(out->object, sizeof(out->object), object->absolute);
	memcpy(out->sha256, object->sha256, sizeof(out->sha256));
	return set_settings(object, item, obj, out, err);
}

int object_choose(const struct object *object, const struct xdpctl_load_item *item,
		  struct object_choice *out, struct xdpctl_error *err)
{
	struct object_choice choice = { .object = object, .item = item };
	_cleanup_object_ struct bpf_object *obj = NULL;
	struct bpf_program *prog = NULL;
	int r;

	if ((r = open_checked(object, &obj, err)) < 0 ||
	    (r = choose_program(object, obj, item, &prog, err)) < 0 ||
	    (r = describe(object, item, obj, prog, &choice.addition, err)) < 0)
		return r;
	*out = choice;
	return 0;
}

/* ---------------------------------------------------------------- how to load it */

static void load_only(struct bpf_object *obj, const struct bpf_program *chosen)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, prog == chosen);
}

/*
 * By way of "unspecified", because newer libbpf forgets the section's definition, and with it what that
 * would add to the load, when the type changes. With libbpf 1.1 the definition stays, and in one case it
 * shows: "xdp.frags" has frags when it is loaded as XDP, even if the item says off.
 */
static int set_type(struct bpf_program *prog, enum bpf_prog_type type, bool frags)
{
	int r;

	if ((r = bpf_program__set_type(prog, BPF_PROG_TYPE_UNSPEC)) < 0 ||
	    (r = bpf_program__set_type(prog, type)) < 0)
		return r;
	if (type != BPF_PROG_TYPE_XDP)
		return bpf_program__set_expected_attach_type(prog, 0);
	if (frags)
		bpf_program__set_flags(prog, bpf_program__flags(prog) | BPF_F_XDP_HAS_FRAGS);
	return bpf_program__set_expected_attach_type(prog, BPF_XDP);
}

static int set_pin_paths(struct bpf_object *obj, const char *directory, struct xdpctl_error *err)
{
	struct bpf_map *map;
	char path[PATH_MAX];

	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);
		int length, r;

		if (bpf_map__is_internal(map))
			continue;
		length = snprintf(path, sizeof(path), "%s/%s", directory, name);
		if (length < 0 || (size_t)length >= sizeof(path))
			return error_set(err, XDPCTL_FAULT_USAGE, ENAMETOOLONG, "pin map %s", name);
		r = bpf_map__set_pin_path(map, path);
		if (r < 0)
			return error_set(err, XDPCTL_FAULT_FAILED, -r, "pin map %s at %s", name,
					 path);
	}
	return 0;
}

static int prepare(const struct object_choice *choice, enum bpf_prog_type type, char *log,
		   size_t log_size, struct bpf_object *obj, struct bpf_program *prog,
		   struct xdpctl_error *err)
{
	const struct xdpctl_load_item *item = choice->item;
	SHA2_CTX unused;
	int r;

	load_only(obj, prog);
	if ((r = set_type(prog, type, choice->addition.frags)) < 0 ||
	    (r = bpf_program__set_log_buf(prog, log, log_size)) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, -r, "prepare program \"%s\"",
				 choice->addition.func);
	if (item->pin_maps && (r = set_pin_paths(obj, item->pin_maps, err)) < 0)
		return r;
	SHA256Init(&unused);
	return globals_set(obj, item->vars, item->n_vars, &unused, err);
}

int object_open(const struct object_choice *choice, enum bpf_prog_type type, char *log,
		size_t log_size, struct bpf_object **out_obj, struct bpf_program **out_prog,
		struct xdpctl_error *err)
{
	_cleanup_object_ struct bpf_object *obj = NULL;
	struct bpf_program *prog;
	int r;

	r = open_bytes(choice->object, choice->bpffs, &obj, err);
	if (r < 0)
		return r;
	prog = bpf_object__find_program_by_name(obj, choice->addition.func);
	if (!prog)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOENT, "find program \"%s\" in %s",
				 choice->addition.func, choice->object->path);
	r = prepare(choice, type, log, log_size, obj, prog, err);
	if (r < 0)
		return r;
	*out_obj = obj;
	*out_prog = prog;
	obj = NULL;
	return 0;
}
