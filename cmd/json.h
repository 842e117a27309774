/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents by json-c: a missing value is absent, every string is UTF-8. */
#ifndef XDPCTL_CMD_JSON_H
#define XDPCTL_CMD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "cleanup.h"

DEFINE_CLEANUP(struct json_object *, json_object_put)
#define _cleanup_json_ _cleanup_(cleanup_json_object_put)

/* {"schema": 1}, where every document begins. */
struct json_object *json_document(void);

/* New members, owned by @o. */
struct json_object *json_put_object(struct json_object *o, const char *key);
struct json_object *json_put_array(struct json_object *o, const char *key);
struct json_object *json_add_object(struct json_object *array);

void json_put_text(struct json_object *o, const char *key, const char *s); /* absent: NULL, "" */
void json_put_id(struct json_object *o, const char *key, uint32_t id);     /* absent: 0 */
void json_put_number(struct json_object *o, const char *key, uint64_t n);
void json_put_bool(struct json_object *o, const char *key, bool b);
void json_put_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t n);
/* Seconds since the epoch as "2026-01-31T23:59:59Z"; absent: 0. */
void json_put_time(struct json_object *o, const char *key, uint64_t seconds);

void json_add_text(struct json_object *array, const char *s);
void json_add_number(struct json_object *array, uint64_t n);

/* Prints a document on stdout. */
void json_print(struct json_object *document);

#endif
