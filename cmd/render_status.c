// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces and their chains: a tree table, or everything that is known as JSON. */
#include "render.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "format.h"
#include "json.h"
#include "table.h"
#include "xalloc.h"

enum column { NAME, STATE, PRIO, MODE, ID, TAG, ACTIONS, OWNER, INFO, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	[NAME] = { "NAME", SCOLS_FL_TREE },
	[STATE] = { "STATE", 0 },
	[PRIO] = { "PRIO", SCOLS_FL_RIGHT },
	[MODE] = { "MODE", 0 },
	[ID] = { "ID", SCOLS_FL_RIGHT },
	[TAG] = { "TAG", 0 },
	[ACTIONS] = { "ACTIONS", 0 },
	[OWNER] = { "OWNER", 0 },
	[INFO] = { "INFO", 0 },
};

/* Whether what is attached is a dispatcher that we can read. */
static bool has_chain(const struct xdpctl_iface *iface)
{
	return iface->state == XDPCTL_STATE_CHAIN || iface->state == XDPCTL_STATE_DEGRADED;
}

static const char *mode_word(enum xdpctl_mode mode)
{
	return mode == XDPCTL_MODE_NONE ? NULL : xdpctl_mode_name(mode);
}

static void text_tag(struct libscols_line *line, const uint8_t *tag)
{
	_cleanup_free_ char *hex = format_hex(tag, 8);

	table_text(line, TAG, hex);
}

static void info_engine(FILE *f, const struct xdpctl_iface *iface)
{
	fputs(xdpctl_engine_name(iface->engine), f);
	if (iface->engine == XDPCTL_ENGINE_FREPLACE)
		fprintf(f, " dispatcher version %u", iface->version);
	if (iface->engine_why[0])
		fprintf(f, " (%s)", iface->engine_why);
}

static char *iface_info(const struct xdpctl_iface *iface)
{
	char *info;
	size_t size;
	FILE *f = open_memstream(&info, &size);

	if (!f)
		oom();
	if (has_chain(iface))
		info_engine(f, iface);
	if (iface->state == XDPCTL_STATE_FOREIGN)
		fprintf(f, "program %s", iface->func);
	if (iface->frags)
		fputs(", frags", f);
	if (iface->devbound)
		fputs(", bound to the device", f);
	if (iface->link_id)
		fprintf(f, ", link %u", iface->link_id);
	if (iface->hw_prog_id)
		fprintf(f, "%sprogram %u in hardware", ftell(f) > 0 ? ", " : "", iface->hw_prog_id);
	for (unsigned int i = 0; i < iface->n_tracers; i++)
		fprintf(f, ", traced by link %u", iface->tracers[i]);
	if (iface->why[0])
		fprintf(f, "%s%s", ftell(f) > 0 ? ": " : "", iface->why);
	if (fclose(f))
		oom();
	return info;
}

static struct libscols_line *text_iface(struct libscols_table *table,
					const struct xdpctl_iface *iface)
{
	struct libscols_line *line = table_line(table, NULL);
	_cleanup_free_ char *info = iface_info(iface);

	table_text(line, NAME, iface->ifname);
	table_text(line, STATE, xdpctl_state_name(iface->state));
	table_text(line, MODE, mode_word(iface->mode));
	table_id(line, ID, iface->prog_id);
	text_tag(line, iface->tag);
	table_text(line, INFO, info);
	return line;
}

static void info_part(FILE *f, const char *text, const char *name)
{
	fprintf(f, "%s%s%s", ftell(f) > 0 ? ", " : "", text, name);
}

static char *component_info(const struct xdpctl_component *c)
{
	char *info;
	size_t size;
	FILE *f = open_memstream(&info, &size);

	if (!f)
		oom();
	if (c->func[0] && strcmp(c->func, c->name))
		info_part(f, "function ", c->func);
	if (c->frags)
		info_part(f, "frags", "");
	if (c->called)
		info_part(f, "called", "");
	if (fclose(f))
		oom();
	return info;
}

static void text_component(struct libscols_table *table, struct libscols_line *parent,
			   const struct xdpctl_component *c, enum xdpctl_mode mode)
{
	struct libscols_line *line = table_line(table, parent);
	_cleanup_free_ char *actions = format_actions(c->actions);
	_cleanup_free_ char *info = component_info(c);

	table_text(line, NAME, c->name);
	table_text(line, STATE, xdpctl_health_name(c->health));
	table_number(line, PRIO, c->prio);
	table_text(line, MODE, mode_word(mode));
	table_id(line, ID, c->prog_id);
	text_tag(line, c->tag);
	table_text(line, ACTIONS, actions);
	table_text(line, OWNER, c->owner);
	table_text(line, INFO, info);
}

static void text_chain(struct libscols_table *table, const struct xdpctl_iface *iface)
{
	struct libscols_line *line = text_iface(table, iface);

	for (unsigned int i = 0; i < iface->n_components; i++)
		text_component(table, line, &iface->components[i], iface->mode);
}

void render_chain_table(const struct xdpctl_iface *iface)
{
	_cleanup_table_ struct libscols_table *table = table_new(columns, N_COLUMNS);

	text_chain(table, iface);
	table_print(table);
}

static void json_actions(struct json_object *o, uint32_t actions)
{
	struct json_object *array = json_put_array(o, "actions");
	const char *name;

	for (unsigned int i = 0; (name = xdpctl_action_name(i)); i++)
		if (actions & 1u << i)
			json_add_text(array, name);
}

/* Where libxdp pins it: "prog0-link" and "prog0-prog" of the pin directory. */
static void json_pin(struct json_object *o, const char *key, bool pinned, const char *dir,
		     unsigned int slot, const char *what)
{
	_cleanup_free_ char *path = NULL;

	if (!pinned || !*dir)
		return;
	path = xasprintf("%s/prog%u-%s", dir, slot, what);
	json_put_text(o, key, path);
}

static void json_record(struct json_object *o, const struct xdpctl_component *c)
{
	if (!c->recorded)
		return;
	json_put_text(o, "owner", c->owner);
	json_put_text(o, "object", c->object);
	json_put_hex(o, "sha256", c->sha256, sizeof(c->sha256));
	json_put_hex(o, "settings", c->settings, sizeof(c->settings));
}

static void json_component(struct json_object *o, const struct xdpctl_component *c, const char *dir,
			   enum xdpctl_engine engine)
{
	struct json_object *maps;

	json_put_text(o, "name", c->name);
	json_put_text(o, "function", c->func);
	json_put_number(o, "slot", c->slot);
	json_put_number(o, "priority", c->prio);
	json_actions(o, c->actions);
	json_put_text(o, "health", xdpctl_health_name(c->health));
	json_put_id(o, "prog_id", c->prog_id);
	json_put_id(o, "link_id", c->link_id);
	json_put_hex(o, "tag", c->tag, sizeof(c->tag));
	json_put_bool(o, "frags", c->frags);
	if (engine == XDPCTL_ENGINE_FUSED)
		json_put_bool(o, "called", c->called);
	json_pin(o, "link_pin", c->link_pinned, dir, c->slot, "link");
	json_pin(o, "prog_pin", c->prog_pinned, dir, c->slot, "prog");
	json_put_time(o, "loaded_at", c->loaded_at);
	if (c->prog_id)
		json_put_number(o, "uid", c->uid);
	maps = json_put_array(o, "map_ids");
	for (unsigned int i = 0; i < c->n_maps; i++)
		json_add_number(maps, c->map_ids[i]);
	json_record(o, c);
}

static void json_attached(struct json_object *o, const struct xdpctl_iface *iface)
{
	if (iface->engine != XDPCTL_ENGINE_AUTO) {
		json_put_text(o, "engine", xdpctl_engine_name(iface->engine));
		json_put_text(o, "engine_why", iface->engine_why);
	}
	json_put_id(o, "dispatcher_version", iface->version);
	json_put_text(o, "mode", mode_word(iface->mode));
	json_put_id(o, "prog_id", iface->prog_id);
	json_put_id(o, "hw_prog_id", iface->hw_prog_id);
	json_put_text(o, "function", iface->func);
	json_put_hex(o, "tag", iface->tag, sizeof(iface->tag));
	json_put_id(o, "link_id", iface->link_id);
	if (iface->prog_id) {
		json_put_bool(o, "frags", iface->frags);
		json_put_bool(o, "device_bound", iface->devbound);
	}
	json_put_text(o, "pin_dir", iface->pin_dir);
}

void render_chain_json(const struct xdpctl_iface *iface, struct json_object *o)
{
	struct json_object *array;

	json_put_number(o, "ifindex", (uint64_t)iface->ifindex);
	json_put_text(o, "ifname", iface->ifname);
	json_put_text(o, "state", xdpctl_state_name(iface->state));
	json_put_text(o, "why", iface->why);
	json_attached(o, iface);
	array = json_put_array(o, "tracers");
	for (unsigned int i = 0; i < iface->n_tracers; i++)
		json_add_number(array, iface->tracers[i]);
	array = json_put_array(o, "components");
	for (unsigned int i = 0; i < iface->n_components; i++)
		json_component(json_add_object(array), &iface->components[i], iface->pin_dir,
			       iface->engine);
}

static void print_text(const struct xdpctl_status *status)
{
	_cleanup_table_ struct libscols_table *table = table_new(columns, N_COLUMNS);

	for (size_t i = 0; i < status->n; i++)
		text_chain(table, &status->ifaces[i]);
	table_print(table);
}

static void print_json(const struct xdpctl_status *status)
{
	_cleanup_json_ struct json_object *doc = json_document();
	struct json_object *ifaces;

	json_put_text(doc, "bpffs", status->bpffs);
	ifaces = json_put_array(doc, "interfaces");
	for (size_t i = 0; i < status->n; i++)
		render_chain_json(&status->ifaces[i], json_add_object(ifaces));
	json_print(doc);
}

void render_status(const struct xdpctl_status *status, bool json)
{
	if (json)
		print_json(status);
	else
		print_text(status);
}
