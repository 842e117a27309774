// SPDX-License-Identifier: GPL-2.0-or-later
/* Every pinned object under bpffs and what it belongs to, as a table or as JSON. */
#include "render.h"

#include <string.h>

#include "json.h"
#include "table.h"
#include "xalloc.h"

enum column { PATH, TYPE, ID, NAME, OWNER, N_COLUMNS };

// clang-format off
static const struct table_column columns[N_COLUMNS] = {
	[PATH] = { "PATH", 0 },
	[TYPE] = { "TYPE", 0 },
	[ID] = { "ID", SCOLS_FL_RIGHT },
	[NAME] = { "NAME", 0 },
	[OWNER] = { "BELONGS TO", 0 },
};
// clang-format on

/* Whether it lies in a dispatcher's pin directory. */
static bool in_chain(const struct xdpctl_pin *pin)
{
	switch (pin->owner) {
	case XDPCTL_PIN_COMPONENT:
	case XDPCTL_PIN_CHAIN:
	case XDPCTL_PIN_ORPHAN:
	case XDPCTL_PIN_UNSURE:
		return true;
	case XDPCTL_PIN_RECORD:
	case XDPCTL_PIN_MAP:
	case XDPCTL_PIN_OTHER:
		return false;
	}
	return false;
}

static bool in_slot(const struct xdpctl_pin *pin)
{
	return in_chain(pin) && strcmp(pin->type, "directory") != 0 &&
	       pin->slot < XDPCTL_COMPONENTS_MAX;
}

static char *owner_text(const struct xdpctl_pin *pin)
{
	const char *owner = xdpctl_pin_owner_name(pin->owner);

	if (in_slot(pin))
		return xasprintf("%s: slot %u of dispatcher %u, ifindex %d", owner, pin->slot,
				 pin->dispatcher, pin->ifindex);
	if (in_chain(pin))
		return xasprintf("%s: dispatcher %u, ifindex %d", owner, pin->dispatcher,
				 pin->ifindex);
	return xstrdup(owner);
}

static void print_text(const struct xdpctl_pins *pins)
{
	_cleanup_table_ struct libscols_table *table = table_new(columns, N_COLUMNS);

	for (size_t i = 0; i < pins->n; i++) {
		const struct xdpctl_pin *pin = &pins->pins[i];
		struct libscols_line *line = table_line(table, NULL);
		_cleanup_free_ char *owner = owner_text(pin);

		table_text(line, PATH, pin->path);
		table_text(line, TYPE, pin->type);
		table_id(line, ID, pin->id);
		table_text(line, NAME, pin->name);
		table_text(line, OWNER, owner);
	}
	table_print(table);
}

static void json_one(struct json_object *o, const struct xdpctl_pin *pin)
{
	json_put_text(o, "path", pin->path);
	json_put_text(o, "type", pin->type);
	json_put_id(o, "id", pin->id);
	json_put_text(o, "name", pin->name);
	json_put_text(o, "belongs_to", xdpctl_pin_owner_name(pin->owner));
	if (in_chain(pin)) {
		json_put_number(o, "ifindex", (uint64_t)pin->ifindex);
		json_put_id(o, "dispatcher", pin->dispatcher);
	}
	if (in_slot(pin))
		json_put_number(o, "slot", pin->slot);
}

static void print_json(const struct xdpctl_pins *pins)
{
	_cleanup_json_ struct json_object *doc = json_document();
	struct json_object *array = json_put_array(doc, "pins");

	for (size_t i = 0; i < pins->n; i++)
		json_one(json_add_object(array), &pins->pins[i]);
	json_print(doc);
}

void render_pins(const struct xdpctl_pins *pins, bool json)
{
	if (json)
		print_json(pins);
	else
		print_text(pins);
}
