// SPDX-License-Identifier: LGPL-2.1-or-later
/* An object as libbpf sees it: opened from the bytes, checked, and made ready to load. */
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
#include "kernel/object.h"
#include "kernel/object_bytes.h"
#include "util.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1u << 5) /* Linux 5.18 */
#endif

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

static int check_opened(const struct object *object, struct bpf_object *obj,
			struct xdpctl_error *err)
{
	int r;

	if (!bpf_object__btf(obj))
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "libbpf can't read the BTF of %s",
				 object->path);
	r = check_maps(object, obj, err);
	if (r < 0)
		return r;
	return check_tail_calls(object, obj, err);
}

int object_open_checked(const struct object *object, struct bpf_object **out,
			struct xdpctl_error *err)
{
	_cleanup_object_ struct bpf_object *obj = NULL;
	int r;

	if ((r = check_struct_ops(object, err)) < 0 || (r = object_check_btf(object, err)) < 0 ||
	    (r = check_licence(object, err)) < 0 || (r = open_bytes(object, NULL, &obj, err)) < 0 ||
	    (r = check_opened(object, obj, err)) < 0)
		return r;
	*out = obj;
	obj = NULL;
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

	/* Already so: a capture's definition of the section, which must stay. */
	if (type != BPF_PROG_TYPE_XDP || bpf_program__type(prog) != type)
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
