// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which program of an object is meant, and what is known of it: object_choose(), see object.h. */
#include <ctype.h>
#include <string.h>
#include <sys/types.h> /* before sha2.h, which needs it */

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sha2.h>

#include "error.h"
#include "kernel/globals.h"
#include "kernel/metadata.h"
#include "kernel/object.h"
#include "kernel/object_bytes.h"
#include "kernel/wordlist.h"
#include "util.h"

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---------------------------------------------------------------- which program */

enum kind {
	KIND_XDP,
	KIND_UNKNOWN, /* its section says nothing: XDP for who asks for it */
	KIND_OTHER,
};

static enum kind kind_of(const struct bpf_program *prog)
{
	enum bpf_attach_type attach = bpf_program__expected_attach_type(prog);
	const char *section = bpf_program__section_name(prog);

	if (bpf_program__type(prog) == BPF_PROG_TYPE_XDP)
		return attach == BPF_XDP || attach == 0 ? KIND_XDP : KIND_OTHER;
	if (bpf_program__type(prog) != BPF_PROG_TYPE_UNSPEC)
		return KIND_OTHER;
	/* Before 1.0, libbpf took anything that began with "xdp", these two for other hooks. */
	if (has_prefix(section, "xdp_devmap/") || has_prefix(section, "xdp_cpumap/"))
		return KIND_OTHER;
	return has_prefix(section, "xdp") ? KIND_XDP : KIND_UNKNOWN;
}

static bool is_meant(const struct bpf_program *prog, const struct xdpctl_load_item *item)
{
	if (item->prog && strcmp(item->prog, bpf_program__name(prog)) != 0)
		return false;
	if (item->section && strcmp(item->section, bpf_program__section_name(prog)) != 0)
		return false;
	return item->prog || item->section || kind_of(prog) == KIND_XDP;
}

/* The programs that could have been meant, and those that were. */
struct candidates {
	struct wordlist xdp;
	struct wordlist meant;
	struct bpf_program *first;
	unsigned int n;
};

static void find_candidates(struct bpf_object *obj, const struct xdpctl_load_item *item,
			    struct candidates *out)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		if (kind_of(prog) == KIND_XDP)
			wordlist_add(&out->xdp, bpf_program__name(prog));
		if (!is_meant(prog, item))
			continue;
		wordlist_add(&out->meant, bpf_program__name(prog));
		if (out->n++ == 0)
			out->first = prog;
	}
}

static int refuse_none(const struct object *object, const struct xdpctl_load_item *item,
		       const struct candidates *found, struct xdpctl_error *err)
{
	int r;

	if (!item->prog && !item->section)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "%s has no XDP program", object->path);
	if (!item->section)
		r = error_set(err, XDPCTL_FAULT_NOT_FOUND, 0, "%s has no program \"%s\"",
			      object->path, item->prog);
	else if (!item->prog)
		r = error_set(err, XDPCTL_FAULT_NOT_FOUND, 0, "%s has no program in section \"%s\"",
			      object->path, item->section);
	else
		r = error_set(err, XDPCTL_FAULT_NOT_FOUND, 0,
			      "%s has no program \"%s\" in section \"%s\"", object->path,
			      item->prog, item->section);
	if (found->xdp.length)
		error_hint(err, "its XDP programs: %s", found->xdp.text);
	else
		error_hint(err, "it has no XDP program at all");
	return r;
}

static int refuse_several(const struct object *object, const struct xdpctl_load_item *item,
			  const struct candidates *found, struct xdpctl_error *err)
{
	int r;

	if (item->section)
		r = error_set(err, XDPCTL_FAULT_USAGE, 0,
			      "%s has several programs in section \"%s\": %s", object->path,
			      item->section, found->meant.text);
	else
		r = error_set(err, XDPCTL_FAULT_USAGE, 0, "%s has several XDP programs: %s",
			      object->path, found->meant.text);
	error_hint(err, "choose one by name");
	return r;
}

static int refuse_other(const struct object *object, const struct bpf_program *prog,
			const struct candidates *found, struct xdpctl_error *err)
{
	int r = error_set(err, XDPCTL_FAULT_USAGE, 0,
			  "program \"%s\" in %s (section \"%s\") is not for an interface's XDP hook",
			  bpf_program__name(prog), object->path, bpf_program__section_name(prog));

	if (found->xdp.length)
		error_hint(err, "its XDP programs: %s", found->xdp.text);
	return r;
}

static int choose_program(const struct object *object, struct bpf_object *obj,
			  const struct xdpctl_load_item *item, struct bpf_program **out,
			  struct xdpctl_error *err)
{
	struct candidates found = { 0 };

	find_candidates(obj, item, &found);
	if (found.n == 0)
		return refuse_none(object, item, &found, err);
	if (found.n > 1)
		return refuse_several(object, item, &found, err);
	if (kind_of(found.first) == KIND_OTHER)
		return refuse_other(object, found.first, &found, err);
	*out = found.first;
	return 0;
}

/* ---------------------------------------------------------------- what is known of it */

static bool is_printable(const char *name)
{
	for (; *name; name++)
		if (iscntrl((unsigned char)*name) || *name == '/')
			return false;
	return true;
}

static int set_names(const struct xdpctl_load_item *item, const struct object *object,
		     const struct bpf_program *prog, struct chain_addition *out,
		     struct xdpctl_error *err)
{
	const char *func = bpf_program__name(prog);
	const char *name = item->name ? item->name : func;
	int r;

	if (strlen(func) >= sizeof(out->func))
		return error_set(err, XDPCTL_FAULT_USAGE, 0,
				 "%s has a function whose name is too long: %s", object->path,
				 func);
	if (!*name)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "the component's name is empty");
	if (!is_printable(name))
		return error_set(
			err, XDPCTL_FAULT_USAGE, 0,
			"\"%s\" can't be a component's name: it holds / or control characters",
			name);
	if (strlen(name) >= sizeof(out->name)) {
		r = error_set(err, XDPCTL_FAULT_USAGE, 0,
			      "\"%s\" can't be a component's name: it is longer than %zu bytes",
			      name, sizeof(out->name) - 1);
		if (!item->name)
			error_hint(err, "give the component a shorter one");
		return r;
	}
	util_copy(out->func, sizeof(out->func), func);
	util_copy(out->name, sizeof(out->name), name);
	return 0;
}

static bool has_frags(const struct xdpctl_load_item *item, const struct bpf_program *prog)
{
	switch (item->frags) {
	case XDPCTL_FRAGS_ON:
		return true;
	case XDPCTL_FRAGS_OFF:
		return false;
	case XDPCTL_FRAGS_AUTO:
		break;
	}
	/* By its name, because libbpf adds the flag only when it loads. */
	return has_prefix(bpf_program__section_name(prog), "xdp.frags");
}

static int set_metadata(const struct object *object, const struct xdpctl_load_item *item,
			const struct btf *btf, struct chain_addition *out, struct xdpctl_error *err)
{
	struct metadata metadata;
	int r = metadata_read(btf, out->func, &metadata, err);

	if (r < 0) {
		error_context(err, "%s", object->path);
		return r;
	}
	out->prio = XDPCTL_PRIO_DEFAULT;
	out->actions = XDPCTL_ACTIONS_DEFAULT;
	if (item->has_prio)
		out->prio = item->prio;
	else if (metadata.has_prio)
		out->prio = metadata.prio;
	if (item->has_actions)
		out->actions = item->actions;
	else if (metadata.has_actions)
		out->actions = metadata.actions;
	return 0;
}

/* With its length, so that no two different sequences of strings look alike; NULL is not "". */
static void hash_string(SHA2_CTX *context, const char *text)
{
	uint64_t length = text ? strlen(text) : UINT64_MAX;

	SHA256Update(context, (const uint8_t *)&length, sizeof(length));
	if (text)
		SHA256Update(context, (const uint8_t *)text, strlen(text));
}

static int set_settings(const struct object *object, const struct xdpctl_load_item *item,
			struct bpf_object *obj, struct chain_addition *out,
			struct xdpctl_error *err)
{
	SHA2_CTX context;
	int r;

	SHA256Init(&context);
	hash_string(&context, out->func);
	hash_string(&context, out->frags ? "frags" : NULL);
	hash_string(&context, item->pin_maps);
	r = globals_set(obj, item->vars, item->n_vars, &context, err);
	if (r < 0) {
		error_context(err, "%s", object->path);
		return r;
	}
	SHA256Final(out->settings, &context);
	return 0;
}

static int describe(const struct object *object, const struct xdpctl_load_item *item,
		    struct bpf_object *obj, const struct bpf_program *prog,
		    struct chain_addition *out, struct xdpctl_error *err)
{
	int r;

	if ((r = set_names(item, object, prog, out, err)) < 0 ||
	    (r = set_metadata(object, item, bpf_object__btf(obj), out, err)) < 0)
		return r;
	out->frags = has_frags(item, prog);
	out->insns = bpf_program__insn_cnt(prog);
	util_copy(out->object, sizeof(out->object), object->absolute);
	memcpy(out->sha256, object->sha256, sizeof(out->sha256));
	return set_settings(object, item, obj, out, err);
}

int object_choose(const struct object *object, const struct xdpctl_load_item *item,
		  struct object_choice *out, struct xdpctl_error *err)
{
	struct object_choice choice = { .object = object, .item = item };
	_cleanup_object_ struct bpf_object *obj = NULL;
	struct bpf_program *prog = NULL;
	int r;

	if ((r = object_open_checked(object, &obj, err)) < 0 ||
	    (r = choose_program(object, obj, item, &prog, err)) < 0 ||
	    (r = describe(object, item, obj, prog, &choice.addition, err)) < 0)
		return r;
	util_copy(choice.section, sizeof(choice.section), bpf_program__section_name(prog));
	*out = choice;
	return 0;
}
