// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON documents by json-c: a missing value is absent, every string is UTF-8. */
#include "json.h"

#include <stdio.h>
#include <time.h>

#include "escape.h"
#include "format.h"
#include "xalloc.h"

#define SCHEMA 1

static struct json_object *need(struct json_object *o)
{
	if (!o)
		oom();
	return o;
}

static void put(struct json_object *o, const char *key, struct json_object *value)
{
	if (json_object_object_add(o, key, need(value)) < 0)
		oom();
}

static void add(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, need(value)) < 0)
		oom();
}

static struct json_object *new_text(const char *s)
{
	_cleanup_free_ char *utf8 = escape_utf8(s);

	return json_object_new_string(utf8);
}

struct json_object *json_document(void)
{
	struct json_object *o = need(json_object_new_object());

	json_put_number(o, "schema", SCHEMA);
	return o;
}

struct json_object *json_put_object(struct json_object *o, const char *key)
{
	struct json_object *member = json_object_new_object();

	put(o, key, member);
	return member;
}

struct json_object *json_put_array(struct json_object *o, const char *key)
{
	struct json_object *member = json_object_new_array();

	put(o, key, member);
	return member;
}

struct json_object *json_add_object(struct json_object *array)
{
	struct json_object *member = json_object_new_object();

	add(array, member);
	return member;
}

void json_put_text(struct json_object *o, const char *key, const char *s)
{
	if (s && *s)
		put(o, key, new_text(s));
}

void json_put_id(struct json_object *o, const char *key, uint32_t id)
{
	if (id)
		json_put_number(o, key, id);
}

void json_put_number(struct json_object *o, const char *key, uint64_t n)
{
	put(o, key, json_object_new_uint64(n));
}

void json_put_bool(struct json_object *o, const char *key, bool b)
{
	put(o, key, json_object_new_boolean(b));
}

void json_put_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t n)
{
	_cleanup_free_ char *hex = format_hex(bytes, n);

	json_put_text(o, key, hex);
}

void json_put_time(struct json_object *o, const char *key, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64];

	if (t && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_put_text(o, key, text);
}

void json_add_text(struct json_object *array, const char *s)
{
	add(array, new_text(s));
}

void json_add_number(struct json_object *array, uint64_t n)
{
	add(array, json_object_new_uint64(n));
}

void json_print(struct json_object *document)
{
	const int layout = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			   JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = json_object_to_json_string_ext(document, layout);
	_cleanup_free_ char *safe = NULL;

	if (!text)
		oom();
	safe = escape_json(text);
	puts(safe);
}
