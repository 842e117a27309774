// SPDX-License-Identifier: GPL-2.0-or-later
/* The operand of load: FILE[:PROG][,KEY=VALUE]..., and what options say for all of them. */
#include "spec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"
#include "xalloc.h"

// clang-format off
const struct option_entry spec_options[] = {
	{ "prog", 'n', "PROG", "the program with this function name",
	  value_text, offsetof(struct spec_settings, prog) },
	{ "section", 's', "SECTION", "the program in this section",
	  value_text, offsetof(struct spec_settings, section) },
	{ "name", 0, "NAME", "the component's name (default: its function's)",
	  value_label, offsetof(struct spec_settings, name) },
	{ "prio", 'P', "N", "run priority (default: the object's, or 50)",
	  value_u32, offsetof(struct spec_settings, prio) },
	{ "actions", 'A', "LIST", "chain actions (default: the object's, or pass)",
	  value_actions, offsetof(struct spec_settings, actions) },
	{ "pin-maps", 'p', "DIR", "where maps are shared by name, on bpffs",
	  value_text, offsetof(struct spec_settings, pin_maps) },
	{ "set", 0, "VAR=VALUE", "set a global variable (repeatable)",
	  value_vars, offsetof(struct spec_settings, vars) },
	{ "frags", 0, "auto|on|off", "multi-buffer packets (default: auto, its section)",
	  value_frags, offsetof(struct spec_settings, frags) },
	{ 0 },
};
// clang-format on

/* The first @delimiter in @s that no backslash precedes, or NULL. */
static char *find_plain(char *s, char delimiter)
{
	for (; *s; s++) {
		if (*s == delimiter)
			return s;
		if (*s == '\\' && s[1])
			s++;
	}
	return NULL;
}

static char *find_last_plain(char *s, char delimiter)
{
	char *found = NULL;

	for (char *next = s; (next = find_plain(next, delimiter)); next++)
		found = next;
	return found;
}

/* Takes the piece before the next plain @delimiter off *rest, which is NULL after the last. */
static char *cut(char **rest, char delimiter)
{
	char *piece = *rest, *end = find_plain(piece, delimiter);

	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return piece;
}

static char *unescape(char *s)
{
	char *to = s;

	for (const char *from = s; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return s;
}

static bool file_exists(const char *escaped)
{
	_cleanup_free_ char *path = unescape(xstrdup(escaped));

	return access(path, F_OK) == 0;
}

/* FILE[:PROG]: what exists is a file, also when there is a colon in its name. */
static int parse_head(char *head, struct spec *spec, struct xdpctl_error *err)
{
	char *colon = find_last_plain(head, ':');

	if (colon && !file_exists(head)) {
		*colon = '\0';
		spec->settings.prog = unescape(colon + 1);
		if (!*spec->settings.prog)
			return error_usage(err, "no program's name behind the ':'");
	}
	spec->path = unescape(head);
	if (!*spec->path)
		return error_usage(err, "no object file's name");
	return 0;
}

static int parse_setting(char *setting, struct spec_settings *settings, struct xdpctl_error *err)
{
	const struct option_entry *entry;
	char *value = strchr(setting, '=');

	if (!value)
		return error_usage(err, "\"%s\" is not KEY=VALUE (actions are joined by '+')",
				   setting);
	*value++ = '\0';
	entry = option_find(spec_options, setting);
	if (!entry)
		return error_usage(err, "unknown key \"%s\"", setting);
	if (entry->parse(unescape(value), (char *)settings + entry->offset, err) < 0)
		return error_in(err, "%s", entry->name);
	return 0;
}

static int parse(struct spec *spec, struct xdpctl_error *err)
{
	char *rest = spec->text;
	int r = parse_head(cut(&rest, ','), spec, err);

	while (r == 0 && rest)
		r = parse_setting(cut(&rest, ','), &spec->settings, err);
	if (r == 0 && spec->settings.prog && spec->settings.section)
		return error_usage(err, "a program and a section: one of them is enough");
	return r;
}

int spec_parse(const char *operand, struct spec *spec, struct xdpctl_error *err)
{
	spec->text = xstrdup(operand);
	return parse(spec, err) < 0 ? error_in(err, "\"%s\"", operand) : 0;
}

void spec_clear(struct spec *spec)
{
	free(spec->text);
}

/* Whether @vars sets the variable that @var, "VAR=VALUE", does. */
static bool sets_var(const struct value_texts *vars, const char *var)
{
	size_t len = strcspn(var, "=") + 1;

	for (size_t i = 0; i < vars->n; i++)
		if (!strncmp(vars->texts[i], var, len))
			return true;
	return false;
}

static int inherit_vars(struct value_texts *own, const struct value_texts *all,
			struct xdpctl_error *err)
{
	const struct value_texts said = *own;

	for (size_t i = 0; i < all->n; i++)
		if (!sets_var(&said, all->texts[i]) && value_vars(all->texts[i], own, err) < 0)
			return error_in(err, "set");
	return 0;
}

int spec_inherit(struct spec *spec, const struct spec_settings *all, struct xdpctl_error *err)
{
	struct spec_settings *own = &spec->settings;

	/* A program and a section both choose: the operand's choice replaces either. */
	if (!own->prog && !own->section) {
		own->prog = all->prog;
		own->section = all->section;
	}
	if (!own->name)
		own->name = all->name;
	if (!own->prio.given)
		own->prio = all->prio;
	if (!own->actions.given)
		own->actions = all->actions;
	if (!own->pin_maps)
		own->pin_maps = all->pin_maps;
	if (!own->frags.given)
		own->frags = all->frags;
	return inherit_vars(&own->vars, &all->vars, err);
}

struct xdpctl_load_item spec_item(const struct spec *spec)
{
	const struct spec_settings *s = &spec->settings;

	return (struct xdpctl_load_item){
		.path = spec->path,
		.prog = s->prog,
		.section = s->section,
		.name = s->name,
		.has_prio = s->prio.given,
		.prio = s->prio.value,
		.has_actions = s->actions.given,
		.actions = s->actions.value,
		.vars = s->vars.texts,
		.n_vars = s->vars.n,
		.pin_maps = s->pin_maps,
		.frags = s->frags.value,
	};
}
