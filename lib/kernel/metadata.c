// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/metadata.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "error.h"
#include "util.h"

#define RUN_CONFIG ".xdp_run_config"
#define DISPATCHER "xdp_metadata"

/* Past typedef, const and volatile; NULL for void, too. A negative errno is no type's id. */
static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	return btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, id));
}

static const char *name_of(const struct btf *btf, const struct btf_type *type)
{
	return btf__name_by_offset(btf, type->name_off);
}

/* int (*x)[7] is 7; int (*x)[0] and int (*x)[] are 0. */
static bool number(const struct btf *btf, uint32_t id, uint32_t *out)
{
	const struct btf_type *type = resolve(btf, id);

	if (!type || !btf_is_ptr(type))
		return false;
	type = resolve(btf, type->type);
	if (!type || !btf_is_array(type))
		return false;
	*out = btf_array(type)->nelems;
	return true;
}

/* The variable @name in section @section, or NULL. */
static const struct btf_type *find_variable(const struct btf *btf, const char *section,
					    const char *name)
{
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	const struct btf_var_secinfo *entry;
	const struct btf_type *datasec;

	if (id < 0)
		return NULL;
	datasec = btf__type_by_id(btf, (uint32_t)id);
	entry = btf_var_secinfos(datasec);
	for (unsigned int i = 0; i < btf_vlen(datasec); i++, entry++) {
		const struct btf_type *variable = btf__type_by_id(btf, entry->type);

		if (btf_is_var(variable) && strcmp(name_of(btf, variable), name) == 0)
			return variable;
	}
	return NULL;
}

/* The return code of that name, or -1. */
static int find_action(const char *name)
{
	static const char *const names[] = {
		[XDP_ABORTED] = "XDP_ABORTED",   [XDP_DROP] = "XDP_DROP",
		[XDP_PASS] = "XDP_PASS",         [XDP_TX] = "XDP_TX",
		[XDP_REDIRECT] = "XDP_REDIRECT",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -1;
}

static int read_member(const struct btf *btf, const struct btf_member *member, const char *func,
		       struct metadata *out, struct xdpctl_error *err)
{
	const char *name = btf__name_by_offset(btf, member->name_off);
	int action = find_action(name);
	uint32_t value;

	if (action < 0 && strcmp(name, "priority") != 0)
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "the run config of %s has an unknown member \"%s\"", func, name);
	if (!number(btf, member->type, &value))
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "member \"%s\" in the run config of %s isn't a number", name,
				 func);
	if (action < 0) {
		out->has_prio = true;
		out->prio = value;
		return 0;
	}
	out->has_actions = true;
	if (value)
		out->actions |= 1u << action;
	else
		out->actions &= ~(1u << action);
	return 0;
}

int metadata_read(const struct btf *btf, const char *func, struct metadata *out,
		  struct xdpctl_error *err)
{
	struct metadata metadata = { 0 };
	const struct btf_type *variable, *config;
	char name[XDPCTL_FUNC_SIZE + 1];

	snprintf(name, sizeof(name), "_%s", func);
	variable = find_variable(btf, RUN_CONFIG, name);
	config = variable ? resolve(btf, variable->type) : NULL;
	if (variable && (!config || !btf_is_struct(config)))
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "the run config of %s isn't a struct",
				 func);
	for (unsigned int i = 0; config && i < btf_vlen(config); i++) {
		int r = read_member(btf, &btf_members(config)[i], func, &metadata, err);

		if (r < 0)
			return r;
	}
	*out = metadata;
	return 0;
}

unsigned int metadata_dispatcher_version(const struct btf *btf)
{
	const struct btf_type *variable = find_variable(btf, DISPATCHER, "dispatcher_version");
	uint32_t version = 0;

	if (variable)
		number(btf, variable->type, &version);
	return version;
}
