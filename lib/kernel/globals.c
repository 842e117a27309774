// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/globals.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "kernel/wordlist.h"
#include "util.h"

#define NAME_MAX_SIZE 256 /* of a variable, with the final NUL */

/* One variable: its type without typedefs and qualifiers, and where its initial value lies. */
struct variable {
	const struct btf *btf;
	const char *name;
	const struct btf_type *type;
	uint8_t *bytes;
	size_t size;
};

/* ---------------------------------------------------------------- finding */

/* Past typedef, const and volatile; NULL for void, too. A negative errno is no type's id. */
static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	return btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, id));
}

static bool holds_data(const char *section)
{
	static const char *const names[] = { ".rodata", ".data", ".bss" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (strncmp(section, names[i], length) == 0 &&
		    (!section[length] || section[length] == '.'))
			return true;
	}
	return false;
}

/*
 * libbpf cuts the names of these maps; what it keeps whole is the type of their value, the section. Until the
 * load the memory is the caller's to write, though older versions declare it const.
 */
static uint8_t *initial_value(struct bpf_object *obj, uint32_t datasec_id, size_t *size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		if (bpf_map__is_internal(map) && bpf_map__btf_value_type_id(map) == datasec_id)
			return (uint8_t *)bpf_map__initial_value(map, size);
	return NULL;
}

/* Calls @f for every variable; stops when it returns other than 0, with that. */
static int for_each_in(struct bpf_object *obj, uint32_t datasec_id,
		       int (*f)(const struct variable *variable, void *arg), void *arg)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *datasec = btf__type_by_id(btf, datasec_id);
	const struct btf_var_secinfo *entry = btf_var_secinfos(datasec);
	size_t size = 0;
	uint8_t *bytes = initial_value(obj, datasec_id, &size);
	int r = 0;

	for (unsigned int i = 0; bytes && r == 0 && i < btf_vlen(datasec); i++, entry++) {
		const struct btf_type *type = btf__type_by_id(btf, entry->type);
		struct variable variable = { .btf = btf };

		if (!btf_is_var(type) || entry->offset > size || entry->size > size - entry->offset)
			continue;
		variable.name = btf__name_by_offset(btf, type->name_off);
		variable.type = resolve(btf, type->type);
		variable.bytes = bytes + entry->offset;
		variable.size = entry->size;
		if (variable.name && variable.type)
			r = f(&variable, arg);
	}
	return r;
}

static int for_each_variable(struct bpf_object *obj,
			     int (*f)(const struct variable *variable, void *arg), void *arg)
{
	const struct btf *btf = bpf_object__btf(obj);
	int r = 0;

	for (uint32_t id = 1; r == 0 && id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (btf_is_datasec(type) && holds_data(btf__name_by_offset(btf, type->name_off)))
			r = for_each_in(obj, id, f, arg);
	}
	return r;
}

struct search {
	const char *name;
	struct variable found;
	unsigned int n;
};

static int match(const struct variable *variable, void *arg)
{
	struct search *search = arg;

	if (strcmp(variable->name, search->name) == 0) {
		search->found = *variable;
		search->n++;
	}
	return 0;
}

static int add_name(const struct variable *variable, void *arg)
{
	wordlist_add(arg, variable->name);
	return 0;
}

static int find_variable(struct bpf_object *obj, const char *name, struct variable *out,
			 struct xdpctl_error *err)
{
	struct search search = { .name = name };
	struct wordlist names = { 0 };
	int r;

	for_each_variable(obj, match, &search);
	if (search.n == 1) {
		*out = search.found;
		return 0;
	}
	if (search.n > 1) /* static ones, of several files linked into one */
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "there are %u variables named %s",
				 search.n, name);
	r = error_set(err, XDPCTL_FAULT_USAGE, 0, "there is no global variable %s", name);
	for_each_variable(obj, add_name, &names);
	if (names.length)
		error_hint(err, "it has these: %s", names.text);
	else
		error_hint(err, "it has no global variables at all");
	return r;
}

/* ---------------------------------------------------------------- numbers */

struct number {
	bool negative;
	bool too_large; /* for any type */
	uint64_t magnitude;
};

static bool parse_number(const char *text, struct number *out)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	struct number number = { .negative = negative };
	char *end;

	/* strtoull() would take a sign or a space here. */
	if (hex ? !isxdigit((unsigned char)digits[2]) : !isdigit((unsigned char)digits[0]))
		return false;
	errno = 0;
	number.magnitude = strtoull(digits, &end, hex ? 16 : 10);
	number.too_large = errno == ERANGE;
	*out = number;
	return *end == '\0';
}

static uint64_t largest(size_t size, bool is_signed)
{
	return UINT64_MAX >> (64 - 8 * size + is_signed);
}

static bool in_range(const struct number *number, size_t size, bool is_signed)
{
	uint64_t max = largest(size, is_signed);

	if (number->negative && number->magnitude > 0)
		max = is_signed ? max + 1 : 0;
	return !number->too_large && number->magnitude <= max;
}

static void store(const struct variable *variable, const struct number *number)
{
	uint64_t value = number->negative ? 0 - number->magnitude : number->magnitude;

	/* The low bytes: the first ones on one kind of machine, the last ones on the other. */
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		memcpy(variable->bytes, &value, variable->size);
	else
		memcpy(variable->bytes, (uint8_t *)&value + sizeof(value) - variable->size,
		       variable->size);
}

static int refuse_integer(const struct variable *variable, const char *text, bool is_signed,
			  struct xdpctl_error *err)
{
	uint64_t max = largest(variable->size, is_signed);
	unsigned int bits = 8 * (unsigned int)variable->size;

	if (is_signed)
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "variable %s can't be \"%s\": it is a signed integer of %u bits "
				 "(-%" PRIu64 " to %" PRIu64 ")",
				 variable->name, text, bits, max + 1, max);
	return error_set(err, XDPCTL_FAULT_USAGE, 0,
			 "variable %s can't be \"%s\": it is an unsigned integer of %u bits "
			 "(0 to %" PRIu64 ")",
			 variable->name, text, bits, max);
}

static int set_integer(const struct variable *variable, const char *text, bool is_signed,
		       struct xdpctl_error *err)
{
	struct number number;

	if (!parse_number(text, &number) || !in_range(&number, variable->size, is_signed))
		return refuse_integer(variable, text, is_signed, err);
	store(variable, &number);
	return 0;
}

static int set_bool(const struct variable *variable, const char *text, struct xdpctl_error *err)
{
	bool value = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!value && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "variable %s can't be \"%s\": it is a bool (true or false, 1 or 0)",
				 variable->name, text);
	store(variable, &(struct number){ .magnitude = value });
	return 0;
}

/* ---------------------------------------------------------------- enums and strings */

/* Enumerator @i: its name, and its value as the low bytes of *value. */
static const char *enumerator(const struct variable *variable, unsigned int i, uint64_t *value)
{
	const struct btf_type *type = variable->type;

	if (btf_is_enum(type)) {
		*value = (uint64_t)btf_enum(type)[i].val;
		return btf__name_by_offset(variable->btf, btf_enum(type)[i].name_off);
	}
	*value = btf_enum64_value(&btf_enum64(type)[i]);
	return btf__name_by_offset(variable->btf, btf_enum64(type)[i].name_off);
}

/* Before clang 15 (ENUM64), the values of a wide enum are in BTF with their low half only. */
static bool knows_values(const struct variable *variable)
{
	return !btf_is_enum(variable->type) || variable->size <= 4;
}

static int set_enum(const struct variable *variable, const char *text, struct xdpctl_error *err)
{
	unsigned int n = knows_values(variable) ? btf_vlen(variable->type) : 0;
	struct wordlist names = { 0 };
	struct number number = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		const char *name = enumerator(variable, i, &number.magnitude);

		if (strcmp(text, name) == 0) {
			store(variable, &number);
			return 0;
		}
		wordlist_add(&names, name);
	}
	/* Any number that fits, because enums are used for flags as well. clang doesn't always say whether
	 * one is signed, so both ranges will do. */
	if (parse_number(text, &number) && in_range(&number, variable->size, number.negative)) {
		store(variable, &number);
		return 0;
	}
	return error_set(err, XDPCTL_FAULT_USAGE, 0,
			 "variable %s can't be \"%s\": it is an enum of %zu bits (%s%sa number)",
			 variable->name, text, 8 * variable->size, names.text, n ? ", or " : "");
}

static bool is_string(const struct variable *variable)
{
	const struct btf_type *type = variable->type;

	if (!btf_is_array(type))
		return false;
	type = resolve(variable->btf, btf_array(type)->type);
	return type && btf_is_int(type) && type->size == 1 &&
	       strcmp(btf__name_by_offset(variable->btf, type->name_off), "char") == 0;
}

static int set_string(const struct variable *variable, const char *text, struct xdpctl_error *err)
{
	size_t length = strlen(text);

	if (length >= variable->size)
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "variable %s can't be \"%s\": it is a string of at most %zu bytes",
				 variable->name, text, variable->size ? variable->size - 1 : 0);
	memset(variable->bytes, 0, variable->size);
	memcpy(variable->bytes, text, length);
	return 0;
}

/* ---------------------------------------------------------------- setting */

static bool is_scalar(size_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static int set_variable(const struct variable *variable, const char *text, struct xdpctl_error *err)
{
	const struct btf_type *type = variable->type;

	if (btf_is_int(type) && type->size == variable->size && is_scalar(type->size)) {
		if (btf_int_encoding(type) & BTF_INT_BOOL)
			return set_bool(variable, text, err);
		return set_integer(variable, text, btf_int_encoding(type) & BTF_INT_SIGNED, err);
	}
	if (btf_is_any_enum(type) && type->size == variable->size && is_scalar(type->size))
		return set_enum(variable, text, err);
	if (is_string(variable))
		return set_string(variable, text, err);
	return error_set(
		err, XDPCTL_FAULT_USAGE, 0,
		"variable %s can't be set: it is neither integer, bool, enum nor array of char",
		variable->name);
}

static void add_to_digest(const struct variable *variable, SHA2_CTX *digest)
{
	uint64_t size = variable->size;

	SHA256Update(digest, (const uint8_t *)variable->name, strlen(variable->name) + 1);
	SHA256Update(digest, (const uint8_t *)&size, sizeof(size));
	SHA256Update(digest, variable->bytes, variable->size);
}

static int split(const char *setting, char *name, const char **value, struct xdpctl_error *err)
{
	size_t length = strcspn(setting, "=");

	if (!setting[length] || length == 0)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "\"%s\" isn't of the form NAME=VALUE",
				 setting);
	if (length >= NAME_MAX_SIZE)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "the name in \"%s\" is too long",
				 setting);
	util_copy(name, length + 1, setting);
	*value = setting + length + 1;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int set_sorted(struct bpf_object *obj, const char *const *vars, size_t n, SHA2_CTX *digest,
		      struct xdpctl_error *err)
{
	char name[NAME_MAX_SIZE], previous[NAME_MAX_SIZE] = "";

	for (size_t i = 0; i < n; i++) {
		struct variable variable = { 0 };
		const char *value = "";
		int r;

		if ((r = split(vars[i], name, &value, err)) < 0)
			return r;
		if (strcmp(name, previous) == 0)
			return error_set(err, XDPCTL_FAULT_USAGE, 0, "variable %s is set twice",
					 name);
		if ((r = find_variable(obj, name, &variable, err)) < 0 ||
		    (r = set_variable(&variable, value, err)) < 0)
			return r;
		add_to_digest(&variable, digest);
		util_copy(previous, sizeof(previous), name);
	}
	return 0;
}

int globals_set(struct bpf_object *obj, const char *const *vars, size_t n, SHA2_CTX *digest,
		struct xdpctl_error *err)
{
	_cleanup_free_ const char **sorted = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "set global variables");
	for (size_t i = 0; i < n; i++)
		sorted[i] = vars[i];
	/* The order is that of the names, for no two of them are equal, and '=' isn't part of any. */
	qsort(sorted, n, sizeof(*sorted), compare);
	return set_sorted(obj, sorted, n, digest, err);
}
