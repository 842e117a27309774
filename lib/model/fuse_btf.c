// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/fuse_btf.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "util.h"

/* Everything in the type section is made of words of 32 bits. A type begins with three: */
enum { NAME, INFO, TYPE_OR_SIZE, HEAD };

/* ... and goes on with @more words, then with elements of @each words. */
struct shape {
	bool known;
	bool refers;        /* TYPE_OR_SIZE is a type */
	bool one_element;   /* instead of as many as INFO says */
	bool element_named; /* by its first word */
	uint8_t more;
	uint8_t each;
	uint8_t types;   /* how many words of an element are types, ... */
	uint8_t type_at; /* ... and where they begin */
};

/* By number up to ENUM64, because <linux/btf.h> may be older than the newest. */
#define KIND_MAX 19

// clang-format off
#define MODIFIER { .known = true, .refers = true }
#define COMPOSITE { .known = true, .element_named = true, .each = 3, .types = 1, .type_at = 1 }

static const struct shape shapes[KIND_MAX + 1] = {
	[BTF_KIND_INT]        = { .known = true, .more = 1 },
	[BTF_KIND_PTR]        = MODIFIER,
	[BTF_KIND_ARRAY]      = { .known = true, .one_element = true, .each = 3, .types = 2 },
	[BTF_KIND_STRUCT]     = COMPOSITE,
	[BTF_KIND_UNION]      = COMPOSITE,
	[BTF_KIND_ENUM]       = { .known = true, .element_named = true, .each = 2 },
	[BTF_KIND_FWD]        = { .known = true },
	[BTF_KIND_TYPEDEF]    = MODIFIER,
	[BTF_KIND_VOLATILE]   = MODIFIER,
	[BTF_KIND_CONST]      = MODIFIER,
	[BTF_KIND_RESTRICT]   = MODIFIER,
	[BTF_KIND_FUNC]       = MODIFIER,
	[BTF_KIND_FUNC_PROTO] = { .known = true, .refers = true, .element_named = true, .each = 2, .types = 1,
				  .type_at = 1 },
	[BTF_KIND_VAR]        = { .known = true, .refers = true, .more = 1 },
	[BTF_KIND_DATASEC]    = { .known = true, .each = 3, .types = 1 },
	[BTF_KIND_FLOAT]      = { .known = true },
	[BTF_KIND_DECL_TAG]   = { .known = true, .refers = true, .more = 1 },
	[BTF_KIND_TYPE_TAG]   = MODIFIER,
	[KIND_MAX]            = { .known = true, .element_named = true, .each = 3 },
};
// clang-format on

static unsigned int kind_of(const uint32_t *type)
{
	return BTF_INFO_KIND(type[INFO]);
}

static const struct shape *shape_of(const uint32_t *type)
{
	return &shapes[kind_of(type)];
}

static uint32_t elements_of(const uint32_t *type)
{
	if (shape_of(type)->one_element)
		return 1;
	return shape_of(type)->each ? BTF_INFO_VLEN(type[INFO]) : 0;
}

static size_t words_of(const uint32_t *type)
{
	return HEAD + shape_of(type)->more + (size_t)elements_of(type) * shape_of(type)->each;
}

/* ---------------------------------------------------------------- every name and type in a type */

/* Shifts the names of @type by @strings and the types it refers to by @types; 0 is nothing in both. */
static void shift_word(uint32_t *word, uint32_t by)
{
	if (*word)
		*word += by;
}

static void shift_type(uint32_t *type, uint32_t types, uint32_t strings)
{
	const struct shape *shape = shape_of(type);
	uint32_t *element = type + HEAD + shape->more;
	uint32_t n = elements_of(type);

	shift_word(&type[NAME], strings);
	if (shape->refers)
		shift_word(&type[TYPE_OR_SIZE], types);
	for (uint32_t i = 0; i < n; i++, element += shape->each) {
		if (shape->element_named)
			shift_word(&element[0], strings);
		for (unsigned int k = 0; k < shape->types; k++)
			shift_word(&element[shape->type_at + k], types);
	}
}

static bool in_bounds(const uint32_t *type, uint32_t types, uint32_t strings)
{
	const struct shape *shape = shape_of(type);
	const uint32_t *element = type + HEAD + shape->more;
	uint32_t n = elements_of(type);

	if (type[NAME] >= strings || (shape->refers && type[TYPE_OR_SIZE] >= types))
		return false;
	for (uint32_t i = 0; i < n; i++, element += shape->each) {
		if (shape->element_named && element[0] >= strings)
			return false;
		for (unsigned int k = 0; k < shape->types; k++)
			if (element[shape->type_at + k] >= types)
				return false;
	}
	return true;
}

/* ---------------------------------------------------------------- reading */

static int damaged(struct xdpctl_error *err)
{
	return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EINVAL, "its BTF is damaged");
}

static int no_memory(struct xdpctl_error *err)
{
	return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "link its BTF");
}

/* Both sections are inside the bytes. */
static bool header_is_good(const struct btf_header *header, size_t size)
{
	uint64_t types_end = (uint64_t)header->type_off + header->type_len;
	uint64_t strings_end = (uint64_t)header->str_off + header->str_len;

	if (header->magic != BTF_MAGIC || header->version != BTF_VERSION || header->flags)
		return false;
	if (header->hdr_len < sizeof(*header) || header->hdr_len > size)
		return false;
	size -= header->hdr_len;
	return header->type_len % 4 == 0 && types_end <= size && header->str_len > 0 &&
	       strings_end <= size;
}

/* Copies: the words are aligned then, and the strings may be looked at. */
static int copy_sections(const uint8_t *bytes, const struct btf_header *header,
			 struct fuse_btf *btf, struct xdpctl_error *err)
{
	bytes += header->hdr_len;
	btf->n_words = header->type_len / 4;
	btf->strings_size = header->str_len;
	btf->words = malloc(header->type_len + 1u);
	btf->strings = malloc(header->str_len);
	btf->starts = malloc((btf->n_words / HEAD + 1) * sizeof(*btf->starts));
	if (!btf->words || !btf->strings || !btf->starts)
		return no_memory(err);
	memcpy(btf->words, bytes + header->type_off, header->type_len);
	memcpy(btf->strings, bytes + header->str_off, header->str_len);
	if (btf->strings[0] != '\0' || btf->strings[header->str_len - 1] != '\0')
		return damaged(err);
	return 0;
}

static int find_types(struct fuse_btf *btf, struct xdpctl_error *err)
{
	uint32_t at = 0;

	for (btf->n = 1; at < btf->n_words; btf->n++) {
		const uint32_t *type = btf->words + at;
		uint32_t left = btf->n_words - at;

		if (left < HEAD)
			return damaged(err);
		if (kind_of(type) > KIND_MAX)
			return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
					 "its BTF has types of the unknown kind %u", kind_of(type));
		if (!shape_of(type)->known || words_of(type) > left)
			return damaged(err);
		btf->starts[btf->n] = at;
		at += (uint32_t)words_of(type);
	}
	for (uint32_t id = 1; id < btf->n; id++)
		if (!in_bounds(btf->words + btf->starts[id], btf->n, btf->strings_size))
			return damaged(err);
	return 0;
}

int fuse_btf_read(const void *bytes, size_t size, struct fuse_btf *out, struct xdpctl_error *err)
{
	struct fuse_btf btf = { 0 };
	struct btf_header header;
	int r;

	if (size == 0)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP, "it has no BTF");
	if (size < sizeof(header))
		return damaged(err);
	memcpy(&header, bytes, sizeof(header));
	if (!header_is_good(&header, size))
		return damaged(err);
	if ((r = copy_sections(bytes, &header, &btf, err)) < 0 || (r = find_types(&btf, err)) < 0) {
		fuse_btf_free(&btf);
		return r;
	}
	*out = btf;
	return 0;
}

void fuse_btf_free(struct fuse_btf *btf)
{
	free(btf->words);
	free(btf->starts);
	free(btf->strings);
	*btf = (struct fuse_btf){ 0 };
}

/* ---------------------------------------------------------------- functions */

/* NULL unless @id is of that kind. */
static uint32_t *find_kind(const struct fuse_btf *btf, uint32_t id, unsigned int kind)
{
	uint32_t *type;

	if (id == 0 || id >= btf->n)
		return NULL;
	type = btf->words + btf->starts[id];
	return kind_of(type) == kind ? type : NULL;
}

const char *fuse_btf_function(const struct fuse_btf *btf, uint32_t id)
{
	const uint32_t *type = find_kind(btf, id, BTF_KIND_FUNC);

	if (!type || !find_kind(btf, type[TYPE_OR_SIZE], BTF_KIND_FUNC_PROTO))
		return NULL;
	return btf->strings[type[NAME]] ? btf->strings + type[NAME] : NULL;
}

const char *fuse_btf_forbidden(const struct fuse_btf *btf)
{
	static const char *const names[] = { "bpf_throw", "bpf_obj_new", "bpf_obj_new_impl",
					     "bpf_percpu_obj_new", "bpf_percpu_obj_new_impl" };

	for (uint32_t id = 1; id < btf->n; id++) {
		const uint32_t *type = find_kind(btf, id, BTF_KIND_FUNC);

		if (!type || BTF_INFO_VLEN(type[INFO]) != BTF_FUNC_EXTERN)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strcmp(btf->strings + type[NAME], names[i]) == 0)
				return names[i];
	}
	return NULL;
}

/* ---------------------------------------------------------------- the sum */

/* The kernel's own limits. */
#define TYPES_MAX 0x000fffffu
#define BYTES_MAX (16u << 20)

static int too_large(struct xdpctl_error *err)
{
	return error_say(
		err, XDPCTL_FAULT_UNSUPPORTED, E2BIG,
		"with it, the chain's BTF is larger than the kernel takes (%u MiB, %u types)",
		BYTES_MAX >> 20, TYPES_MAX);
}

static int grow_strings(struct fuse_btf_sum *sum, const char *strings, size_t size,
			struct xdpctl_error *err)
{
	char *grown;

	if (size > BYTES_MAX - sum->strings_size)
		return too_large(err);
	grown = realloc(sum->strings, sum->strings_size + size);
	if (!grown)
		return no_memory(err);
	sum->strings = grown;
	memcpy(grown + sum->strings_size, strings, size);
	sum->strings_size += size;
	return 0;
}

static int grow_types(struct fuse_btf_sum *sum, const uint32_t *words, size_t n_words, uint32_t n,
		      struct xdpctl_error *err)
{
	uint32_t *grown;

	if (n > TYPES_MAX - sum->n || n_words > BYTES_MAX / 4 - sum->n_words)
		return too_large(err);
	if (n_words == 0)
		return 0;
	grown = realloc(sum->words, (sum->n_words + n_words) * sizeof(*words));
	if (!grown)
		return no_memory(err);
	sum->words = grown;
	memcpy(grown + sum->n_words, words, n_words * sizeof(*words));
	sum->n_words += n_words;
	sum->n += n;
	return 0;
}

int fuse_btf_add_string(struct fuse_btf_sum *sum, const char *string, uint32_t *offset,
			struct xdpctl_error *err)
{
	size_t at = sum->strings_size;
	int r = grow_strings(sum, string, strlen(string) + 1, err);

	if (r == 0)
		*offset = (uint32_t)at;
	return r;
}

/* ---------------------------------------------------------------- types of our own */

enum { INT = 1, UNSIGNED, CONTEXT, POINTER, PROTOTYPE };

static const char *const members[] = { "data",           "data_end",
				       "data_meta",      "ingress_ifindex",
				       "rx_queue_index", "egress_ifindex" };

static int add_int(struct fuse_btf_sum *sum, const char *name, uint32_t encoding,
		   struct xdpctl_error *err)
{
	uint32_t type[HEAD + 1] = { [INFO] = BTF_KIND_INT << 24, [TYPE_OR_SIZE] = 4 };
	int r = fuse_btf_add_string(sum, name, &type[NAME], err);

	type[HEAD] = encoding << 24 | 32;
	return r < 0 ? r : grow_types(sum, type, ARRAY_SIZE(type), 1, err);
}

/* The kernel knows the context by the name of its struct. */
static int add_context(struct fuse_btf_sum *sum, struct xdpctl_error *err)
{
	uint32_t type[HEAD + 3 * ARRAY_SIZE(members)] = {
		[INFO] = BTF_KIND_STRUCT << 24 | ARRAY_SIZE(members),
		[TYPE_OR_SIZE] = 4 * ARRAY_SIZE(members),
	};
	int r = fuse_btf_add_string(sum, "xdp_md", &type[NAME], err);

	for (uint32_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++) {
		uint32_t *member = &type[HEAD + 3 * i];

		member[1] = UNSIGNED;
		member[2] = 32 * i;
		r = fuse_btf_add_string(sum, members[i], &member[0], err);
	}
	return r < 0 ? r : grow_types(sum, type, ARRAY_SIZE(type), 1, err);
}

/* int (struct xdp_md *ctx) */
static int add_prototype(struct fuse_btf_sum *sum, struct xdpctl_error *err)
{
	uint32_t pointer[HEAD] = { [INFO] = BTF_KIND_PTR << 24, [TYPE_OR_SIZE] = CONTEXT };
	uint32_t proto[HEAD + 2] = {
		[INFO] = BTF_KIND_FUNC_PROTO << 24 | 1, [TYPE_OR_SIZE] = INT, [HEAD + 1] = POINTER
	};
	int r = fuse_btf_add_string(sum, "ctx", &proto[HEAD], err);

	if (r < 0 || (r = grow_types(sum, pointer, ARRAY_SIZE(pointer), 1, err)) < 0)
		return r;
	return grow_types(sum, proto, ARRAY_SIZE(proto), 1, err);
}

int fuse_btf_begin(struct fuse_btf_sum *sum, struct xdpctl_error *err)
{
	int r;

	*sum = (struct fuse_btf_sum){ .n = INT };
	if ((r = grow_strings(sum, "", 1, err)) < 0 ||
	    (r = add_int(sum, "int", BTF_INT_SIGNED, err)) < 0 ||
	    (r = add_int(sum, "unsigned int", 0, err)) < 0 || (r = add_context(sum, err)) < 0)
		return r;
	return add_prototype(sum, err);
}

int fuse_btf_add_function(struct fuse_btf_sum *sum, const char *name, bool global, uint32_t *id,
			  struct xdpctl_error *err)
{
	uint32_t type[HEAD] = { [INFO] = BTF_KIND_FUNC << 24 |
					 (global ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC),
				[TYPE_OR_SIZE] = PROTOTYPE };
	int r = fuse_btf_add_string(sum, name, &type[NAME], err);

	*id = sum->n;
	return r < 0 ? r : grow_types(sum, type, HEAD, 1, err);
}

/* ---------------------------------------------------------------- types of components */

int fuse_btf_append(struct fuse_btf_sum *sum, struct fuse_btf *btf, uint32_t *types,
		    uint32_t *strings, struct xdpctl_error *err)
{
	uint32_t types_before = sum->n - 1, strings_before = (uint32_t)sum->strings_size;
	int r;

	for (uint32_t id = 1; id < btf->n; id++)
		shift_type(btf->words + btf->starts[id], types_before, strings_before);
	if ((r = grow_types(sum, btf->words, btf->n_words, btf->n - 1, err)) < 0 ||
	    (r = grow_strings(sum, btf->strings, btf->strings_size, err)) < 0)
		return r;
	*types = types_before;
	*strings = strings_before;
	return 0;
}

int fuse_btf_finish(const struct fuse_btf_sum *sum, void **btf, size_t *size,
		    struct xdpctl_error *err)
{
	size_t types_size = sum->n_words * sizeof(*sum->words);
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(header),
				     .type_len = (uint32_t)types_size,
				     .str_off = (uint32_t)types_size,
				     .str_len = (uint32_t)sum->strings_size };
	uint8_t *bytes;

	if (sizeof(header) + types_size + sum->strings_size > BYTES_MAX)
		return too_large(err);
	bytes = malloc(sizeof(header) + types_size + sum->strings_size);
	if (!bytes)
		return no_memory(err);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), sum->words, types_size);
	memcpy(bytes + sizeof(header) + types_size, sum->strings, sum->strings_size);
	*btf = bytes;
	*size = sizeof(header) + types_size + sum->strings_size;
	return 0;
}

void fuse_btf_sum_free(struct fuse_btf_sum *sum)
{
	free(sum->words);
	free(sum->strings);
	*sum = (struct fuse_btf_sum){ 0 };
}
