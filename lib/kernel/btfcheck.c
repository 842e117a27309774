// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/btfcheck.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "util.h"

/* Types within types; the kernel stops at 32, but doesn't count all that libbpf recurses into. */
#define DEPTH_MAX 256

/* Everything in the type section is made of words of 32 bits. A type begins with three: */
enum { NAME, INFO, TYPE_OR_SIZE, HEAD };

/* ... and goes on with @more words, then with elements of @each words. */
struct shape {
	bool known;
	bool refers;      /* TYPE_OR_SIZE is a type */
	bool contains;    /* the types it names are part of it, so they can't go round in circles */
	bool one_element; /* instead of as many as INFO says */
	bool named;       /* its elements are, by their first word */
	uint8_t more;
	uint8_t each;
	uint8_t types;   /* how many words of an element are types, ... */
	uint8_t type_at; /* ... and where they begin */
};

/* By number up to ENUM64, because <linux/btf.h> may be older than the newest. */
#define KIND_MAX 19

// clang-format off
#define MODIFIER { .known = true, .refers = true, .contains = true }
#define COMPOSITE { .known = true, .contains = true, .named = true, .each = 3, .types = 1, .type_at = 1 }

static const struct shape shapes[KIND_MAX + 1] = {
	[BTF_KIND_INT]        = { .known = true, .more = 1 },
	[BTF_KIND_PTR]        = { .known = true, .refers = true },
	[BTF_KIND_ARRAY]      = { .known = true, .contains = true, .one_element = true, .each = 3, .types = 2 },
	[BTF_KIND_STRUCT]     = COMPOSITE,
	[BTF_KIND_UNION]      = COMPOSITE,
	[BTF_KIND_ENUM]       = { .known = true, .named = true, .each = 2 },
	[BTF_KIND_FWD]        = { .known = true },
	[BTF_KIND_TYPEDEF]    = MODIFIER,
	[BTF_KIND_VOLATILE]   = MODIFIER,
	[BTF_KIND_CONST]      = MODIFIER,
	[BTF_KIND_RESTRICT]   = MODIFIER,
	[BTF_KIND_FUNC]       = { .known = true, .refers = true },
	[BTF_KIND_FUNC_PROTO] = { .known = true, .refers = true, .named = true, .each = 2, .types = 1,
				  .type_at = 1 },
	[BTF_KIND_VAR]        = { .known = true, .refers = true, .contains = true, .more = 1 },
	[BTF_KIND_DATASEC]    = { .known = true, .each = 3, .types = 1 },
	[BTF_KIND_FLOAT]      = { .known = true },
	[BTF_KIND_DECL_TAG]   = { .known = true, .refers = true, .more = 1 },
	[BTF_KIND_TYPE_TAG]   = MODIFIER,
	[KIND_MAX]            = { .known = true, .named = true, .each = 3 },
};
// clang-format on

struct types {
	const char *path;
	struct xdpctl_error *err;
	uint32_t *words;
	size_t n_words;
	uint32_t *starts; /* where type @id begins, 1 <= id < n */
	uint32_t n;
	const char *strings;
	uint32_t strings_size;
};

static int damaged(const struct types *types, const char *why, uint32_t id)
{
	return error_set(types->err, XDPCTL_FAULT_USAGE, 0, "%s has damaged BTF: type %u %s",
			 types->path, id, why);
}

static const uint32_t *type_at(const struct types *types, uint32_t id)
{
	return types->words + types->starts[id];
}

static unsigned int kind_of(const uint32_t *type)
{
	return BTF_INFO_KIND(type[INFO]);
}

static uint32_t elements_of(const uint32_t *type)
{
	const struct shape *shape = &shapes[kind_of(type)];

	if (shape->one_element)
		return 1;
	return shape->each ? BTF_INFO_VLEN(type[INFO]) : 0;
}

/* The types that it names: first the one in its head, then those of its elements. NULL beyond the last. */
static const uint32_t *reference(const uint32_t *type, uint32_t index)
{
	const struct shape *shape = &shapes[kind_of(type)];

	if (shape->refers && index-- == 0)
		return &type[TYPE_OR_SIZE];
	if (shape->types == 0 || index / shape->types >= elements_of(type))
		return NULL;
	return &type[HEAD + shape->more + index / shape->types * shape->each + shape->type_at +
		     index % shape->types];
}

/* ---------------------------------------------------------------- layout */

/* The type and string sections, inside the bytes and in this order, as libbpf wants them. */
static int check_header(const struct btf_header *header, size_t size)
{
	uint64_t types_end = (uint64_t)header->type_off + header->type_len;
	uint64_t strings_end = (uint64_t)header->str_off + header->str_len;

	if (header->magic != BTF_MAGIC || header->version != BTF_VERSION || header->flags)
		return -1;
	if (header->hdr_len < sizeof(*header) || header->hdr_len > size || header->hdr_len % 4)
		return -1;
	if (header->type_off % 4 || header->type_len % 4 || types_end > header->str_off)
		return -1;
	return header->str_len > 0 && strings_end <= size - header->hdr_len ? 0 : -1;
}

static int check_strings(const char *strings, uint32_t length)
{
	return strings[0] == '\0' && strings[length - 1] == '\0' ? 0 : -1;
}

/* Copies, so that the words are aligned. */
static int read_types(const uint8_t *bytes, size_t size, struct types *types)
{
	struct btf_header header;

	if (size < sizeof(header))
		return -1;
	memcpy(&header, bytes, sizeof(header));
	if (check_header(&header, size) < 0)
		return -1;
	bytes += header.hdr_len;
	if (check_strings((const char *)bytes + header.str_off, header.str_len) < 0)
		return -1;
	types->strings = (const char *)bytes + header.str_off;
	types->strings_size = header.str_len;
	types->n_words = header.type_len / 4;
	types->words = malloc(header.type_len + 4);
	types->starts = malloc((types->n_words / HEAD + 1) * sizeof(*types->starts));
	if (types->words && types->starts)
		memcpy(types->words, bytes + header.type_off, header.type_len);
	return 0;
}

static int find_types(struct types *types)
{
	size_t at = 0;

	for (types->n = 1; at < types->n_words; types->n++) {
		const uint32_t *type = types->words + at;
		size_t left = types->n_words - at, length;

		if (left < HEAD || kind_of(type) > KIND_MAX || !shapes[kind_of(type)].known)
			return damaged(types, "is of no known kind", types->n);
		length = HEAD + shapes[kind_of(type)].more +
			 (size_t)elements_of(type) * shapes[kind_of(type)].each;
		if (length > left)
			return damaged(types, "isn't all there", types->n);
		types->starts[types->n] = (uint32_t)at;
		at += length;
	}
	return 0;
}

/* ---------------------------------------------------------------- names and types that are referred to */

static bool is_one_of(const struct types *types, uint32_t id, unsigned int kind, unsigned int other)
{
	unsigned int found;

	if (id == 0)
		return false;
	found = kind_of(type_at(types, id));
	return found == kind || found == other;
}

/* Where libbpf takes it for granted what kind of type it will find. */
static bool fits(const struct types *types, const uint32_t *type, uint32_t id)
{
	switch (kind_of(type)) {
	case BTF_KIND_FUNC:
		return is_one_of(types, id, BTF_KIND_FUNC_PROTO, BTF_KIND_FUNC_PROTO);
	case BTF_KIND_DATASEC:
		return is_one_of(types, id, BTF_KIND_VAR, BTF_KIND_FUNC);
	default:
		return true;
	}
}

static bool names_exist(const struct types *types, const uint32_t *type)
{
	const struct shape *shape = &shapes[kind_of(type)];
	const uint32_t *element = type + HEAD + shape->more;

	if (type[NAME] >= types->strings_size)
		return false;
	if (!shape->named)
		return true;
	for (uint32_t i = 0; i < elements_of(type); i++, element += shape->each)
		if (element[0] >= types->strings_size)
			return false;
	return true;
}

static int check_references(const struct types *types)
{
	for (uint32_t id = 1; id < types->n; id++) {
		const uint32_t *type = type_at(types, id), *target;

		if (!names_exist(types, type))
			return damaged(types, "has a name that isn't there", id);
		for (uint32_t i = 0; (target = reference(type, i)); i++)
			if (*target >= types->n || !fits(types, type, *target))
				return damaged(types, "refers to a type that isn't there", id);
	}
	return 0;
}

/* ---------------------------------------------------------------- circles */

/* How deep types go that are contained in this one. */
enum { UNKNOWN = 0, IN_PROGRESS = UINT16_MAX };

struct frame {
	uint32_t id;
	uint32_t next; /* reference to follow */
	unsigned int height;
};

/* Finds the height of @root and of all that it contains, depth first, without recursion of its own. */
static int measure(const struct types *types, uint32_t root, uint16_t *heights)
{
	struct frame stack[DEPTH_MAX + 1] = { { .id = root, .height = 1 } };
	size_t depth = 1;

	while (depth > 0) {
		struct frame *top = &stack[depth - 1];
		const uint32_t *type = type_at(types, top->id);
		const uint32_t *target = shapes[kind_of(type)].contains ?
						 reference(type, top->next) :
						 NULL;

		heights[top->id] = IN_PROGRESS;
		if (target && *target && heights[*target] == UNKNOWN && depth <= DEPTH_MAX) {
			stack[depth++] = (struct frame){ .id = *target, .height = 1 };
		} else if (target && *target) {
			/* In a circle, or deeper than the stack: too high in any case. */
			if (heights[*target] == UNKNOWN || heights[*target] >= DEPTH_MAX)
				return damaged(types, "contains itself, or too much", top->id);
			if (top->height <= heights[*target])
				top->height = heights[*target] + 1u;
			top->next++;
		} else if (target) {
			top->next++;
		} else {
			heights[top->id] = (uint16_t)top->height;
			depth--;
		}
	}
	return 0;
}

static int check_circles(const struct types *types)
{
	_cleanup_free_ uint16_t *heights = calloc(types->n, sizeof(*heights));

	if (!heights)
		return error_set(types->err, XDPCTL_FAULT_FAILED, ENOMEM, "read the BTF of %s",
				 types->path);
	for (uint32_t id = 1; id < types->n; id++) {
		int r = heights[id] == UNKNOWN ? measure(types, id, heights) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---------------------------------------------------------------- kernel configuration */

/* Values that libbpf takes from the kernel's configuration: numbers, and strings of this size at most. */
#define KCONFIG ".kconfig"
#define KCONFIG_SIZE_MAX 4096

/* Past typedef, const and the like, which come to an end: there are no circles. */
static const uint32_t *resolve(const struct types *types, const uint32_t *type)
{
	const struct shape *shape = &shapes[kind_of(type)];

	while (shape->refers && shape->contains && type[TYPE_OR_SIZE]) {
		type = type_at(types, type[TYPE_OR_SIZE]);
		shape = &shapes[kind_of(type)];
	}
	return type;
}

static bool is_scalar(const uint32_t *type)
{
	switch (kind_of(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case KIND_MAX:
		return type[TYPE_OR_SIZE] <= 16;
	default:
		return false;
	}
}

static bool is_config_value(const struct types *types, const uint32_t *variable)
{
	const uint32_t *type = resolve(types, variable);

	if (kind_of(type) != BTF_KIND_ARRAY)
		return is_scalar(type);
	return type[HEAD] && type[HEAD + 2] <= KCONFIG_SIZE_MAX &&
	       is_scalar(resolve(types, type_at(types, type[HEAD])));
}

/* libbpf keeps their sizes in an int, and takes a negative one for an error number, then for a pointer. */
static int check_kconfig(const struct types *types)
{
	for (uint32_t id = 1; id < types->n; id++) {
		const uint32_t *type = type_at(types, id), *target;

		if (kind_of(type) != BTF_KIND_DATASEC ||
		    strcmp(types->strings + type[NAME], KCONFIG) != 0)
			continue;
		for (uint32_t i = 0; (target = reference(type, i)); i++)
			if (!is_config_value(types, type_at(types, *target)))
				return damaged(types, "is no value of the kernel's configuration",
					       *target);
	}
	return 0;
}

/* ---------------------------------------------------------------- all of it */

int btfcheck(const void *bytes, size_t size, const char *path, struct xdpctl_error *err)
{
	struct types types = { .path = path, .err = err };
	_cleanup_free_ uint32_t *words = NULL, *starts = NULL;
	int r;

	r = read_types(bytes, size, &types);
	words = types.words;
	starts = types.starts;
	if (r < 0)
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "%s has damaged BTF: its header makes no sense", path);
	if (!words || !starts)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read the BTF of %s", path);
	if ((r = find_types(&types)) < 0 || (r = check_references(&types)) < 0 ||
	    (r = check_circles(&types)) < 0)
		return r;
	return check_kconfig(&types);
}
