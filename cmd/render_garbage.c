// SPDX-License-Identifier: GPL-2.0-or-later
/* What clean collected, would collect, or kept, and why: one line each, or JSON. */
#include "render.h"

#include <stdio.h>

#include "escape.h"
#include "json.h"

static void print_text(const struct xdpctl_garbage_list *list, bool dry_run)
{
	const char *collected = dry_run ? "would collect" : "collected";

	if (!list->n)
		puts("nothing to do");
	for (size_t i = 0; i < list->n; i++) {
		const struct xdpctl_garbage *g = &list->items[i];
		_cleanup_free_ char *path = escape_text(g->object), *why = escape_text(g->why);

		printf("%s %s%s%s\n", g->collected ? collected : "kept", path, *why ? ": " : "",
		       why);
	}
}

static void print_json(const struct xdpctl_garbage_list *list, bool dry_run)
{
	_cleanup_json_ struct json_object *doc = json_document();
	struct json_object *array;

	json_put_bool(doc, "dry_run", dry_run);
	array = json_put_array(doc, "garbage");
	for (size_t i = 0; i < list->n; i++) {
		struct json_object *o = json_add_object(array);

		json_put_text(o, "object", list->items[i].object);
		json_put_bool(o, "collected", list->items[i].collected);
		json_put_bool(o, "failed", list->items[i].failed);
		json_put_text(o, "why", list->items[i].why);
	}
	json_print(doc);
}

void render_garbage(const struct xdpctl_garbage_list *list, bool dry_run, bool json)
{
	if (json)
		print_json(list, dry_run);
	else
		print_text(list, dry_run);
}
