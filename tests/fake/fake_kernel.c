/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_kernel.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake/fake_state.h"
#include "util.h"

static void fake_backoff(struct kernel *k, unsigned int attempt)
{
	struct fake *f = fake_of(k);

	fk_enter(f, FAKE_BACKOFF, NULL, "%u", attempt);
	fake_settle(k);
	fk_leave(f, 0, NULL);
}

/* Mappings are used again: a test makes many thousands of kernels. */
static struct fake *pool[8];
static size_t pool_n;

static struct fake *map_fake(void)
{
	struct fake *f;

	if (pool_n)
		return pool[--pool_n];
	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f == MAP_FAILED)
		fk_die("mmap: %s", strerror(errno));
	return f;
}

/* The same for all; a killed child finds it where its parent did. */
static const struct kernel_ops *fake_ops(void)
{
	static struct kernel_ops ops;

	fk_objects_ops(&ops);
	fk_fused_ops(&ops);
	fk_bpffs_ops(&ops);
	ops.backoff = fake_backoff;
	return &ops;
}

struct kernel *fake_new(void)
{
	struct fake *f = map_fake();

	memset(f, 0, offsetof(struct fake, progs));
	f->k.ops = fake_ops();
	f->k.bpffs = "/bpffs";
	f->last_id = 10;
	return &f->k;
}

struct kernel *fake_clone(struct kernel *k)
{
	const struct fake *from = fake_of(k);
	struct fake *f;

	if (fake_count(k).handles)
		fk_die("a clone while descriptors are open");
	f = map_fake();
	memcpy(f, from, offsetof(struct fake, progs));
	memcpy(f->progs, from->progs, from->n.progs * sizeof(*f->progs));
	memcpy(f->links, from->links, from->n.links * sizeof(*f->links));
	memcpy(f->maps, from->maps, from->n.maps * sizeof(*f->maps));
	memcpy(f->pins, from->pins, from->n.pins * sizeof(*f->pins));
	memcpy(f->records, from->records, from->n.records * sizeof(*f->records));
	f->n.handles = 0;
	fake_restart(&f->k);
	return &f->k;
}

void fake_free(struct kernel *k)
{
	if (!k)
		return;
	if (pool_n < ARRAY_SIZE(pool))
		pool[pool_n++] = fake_of(k);
	else
		munmap(k, sizeof(struct fake));
}

/* ---------------------------------------------------------------- what happens when */

void fake_restart(struct kernel *k)
{
	struct fake *f = fake_of(k);

	fake_settle(k);
	f->calls = 0;
	f->swaps = 0;
	f->event = FAKE_NOTHING;
	f->hook = NULL;
	f->violation[0] = '\0';
}

void fake_inject(struct kernel *k, enum fake_event event, unsigned int at, int code)
{
	struct fake *f = fake_of(k);

	f->event = event;
	f->event_at = at;
	f->event_code = code;
}

void fake_hook(struct kernel *k, unsigned int at, void (*hook)(struct kernel *k, void *arg),
	       void *arg)
{
	struct fake *f = fake_of(k);

	f->hook_at = at;
	f->hook = hook;
	f->hook_arg = arg;
}

unsigned int fake_calls(const struct kernel *k)
{
	return ((const struct fake *)k)->calls;
}

enum fake_op fake_call_op(const struct kernel *k, unsigned int call)
{
	return ((const struct fake *)k)->log[call - 1].op;
}

const char *fake_call_text(const struct kernel *k, unsigned int call)
{
	return ((const struct fake *)k)->log[call - 1].text;
}

unsigned int fake_swaps(const struct kernel *k)
{
	return ((const struct fake *)k)->swaps;
}

/* ---------------------------------------------------------------- what is there */

/* Ids as they are, or numbered in order of appearance. */
struct naming {
	bool raw;
	uint32_t ids[PROGS + LINKS + MAPS];
	size_t n;
};

static uint32_t name_id(struct naming *naming, uint32_t id)
{
	if (naming->raw || !id)
		return id;
	for (size_t i = 0; i < naming->n; i++)
		if (naming->ids[i] == id)
			return (uint32_t)i + 1;
	naming->ids[naming->n++] = id;
	return (uint32_t)naming->n;
}

static void dump_chain(struct fake *f, const struct prog *prog, bool chains_only,
		       struct naming *naming, FILE *out)
{
	const struct wire_config *config = &prog->dispatcher.config;

	fprintf(out, " dispatcher version %u frags %d\n", config->version, config->frags);
	for (unsigned int slot = 0; slot < config->n_slots; slot++) {
		struct link *link = fk_link_over(f, prog,
						 fk_slot_target(prog, slot, config->n_slots));
		struct prog *component = link ? fk_prog_find(f, link->info.prog_id) : NULL;

		fprintf(out, "  slot %u %s prio %u actions %#x frags %d", slot,
			component ? component->info.func : "EMPTY", config->slots[slot].prio,
			config->slots[slot].actions, config->slots[slot].frags);
		if (component && !chains_only)
			fprintf(out, " program %u link %u", name_id(naming, component->info.id),
				name_id(naming, link->info.id));
		fputc('\n', out);
	}
}

static uint32_t pinned_id(const struct pin *pin)
{
	return pin ? pin->id : 0;
}

/* Packets don't meet priorities: those are in the chain's map, which is dumped as a pin. */
static void dump_fused(struct fake *f, int ifindex, const struct prog *prog, bool chains_only,
		       struct naming *naming, FILE *out)
{
	uint32_t id = prog->info.id;

	fprintf(out, " fused frags %d", prog->fused_frags);
	if (!chains_only)
		fprintf(out, " chain %u",
			name_id(naming, pinned_id(fk_fused_pin(f, ifindex, id, "/chain"))));
	fputc('\n', out);
	for (unsigned int i = 0; i < prog->n_parts; i++) {
		const struct part *part = &prog->parts[i];

		fprintf(out, "  part %u %s actions %#x frags %d", i, part->func, part->actions,
			part->frags);
		if (!chains_only)
			fprintf(out, " program %u code %u", name_id(naming, part->prog_id),
				name_id(naming, pinned_id(fk_slot_pin(f, ifindex, id, i, "code"))));
		fputc('\n', out);
	}
}

static void dump_iface(struct fake *f, const struct iface *iface, bool chains_only,
		       struct naming *naming, FILE *out)
{
	const struct prog *prog = fk_prog_find(f, iface->info.prog_id);

	fprintf(out, "interface %d %s", iface->info.ifindex, iface->info.ifname);
	if (!prog) {
		fputs(" empty\n", out);
		return;
	}
	fprintf(out, " %s", xdpctl_mode_name(iface->info.mode));
	if (!chains_only)
		fprintf(out, " program %u link %u", name_id(naming, prog->info.id),
			name_id(naming, iface->link_id));
	if (prog->is_dispatcher)
		dump_chain(f, prog, chains_only, naming, out);
	else if (prog->is_fused)
		dump_fused(f, iface->info.ifindex, prog, chains_only, naming, out);
	else
		fprintf(out, " foreign %s\n", prog->info.func);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_sorted(char **lines, size_t n, FILE *out)
{
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
}

/* "dispatch-4-71", "fused-4-71" with the program's id as named. */
static void name_path(const char *path, struct naming *naming, char *buf, size_t size)
{
	bool fused = strncmp(path, OUR_DIR "/", sizeof(OUR_DIR)) == 0;
	int ifindex, end = 0;
	unsigned int id;

	if ((fused && sscanf(path, "xdpctl/fused-%d-%u%n", &ifindex, &id, &end) == 2 && end) ||
	    (!fused && sscanf(path, "xdp/dispatch-%d-%u%n", &ifindex, &id, &end) == 2 && end))
		snprintf(buf, size, "%s-%d-%u%s", fused ? "xdpctl/fused" : "xdp/dispatch", ifindex,
			 name_id(naming, id), path + end);
	else
		util_copy(buf, size, path);
}

static void print_conf(const struct fusedconf *conf, struct naming *naming, FILE *out)
{
	fprintf(out, " chain of %u frags %d why \"%s\":", name_id(naming, conf->prog_id),
		conf->frags, conf->why);
	for (unsigned int i = 0; i < conf->n; i++)
		fprintf(out, " %u prio %u actions %#x frags %d called %d,",
			name_id(naming, conf->slots[i].prog_id), conf->slots[i].prio,
			conf->slots[i].actions, conf->slots[i].frags, conf->slots[i].called);
}

/* What is in a map, "" if that doesn't matter. The caller frees. */
static char *map_text(struct fake *f, uint32_t id, struct naming *naming)
{
	const struct map *map = fk_map_find(f, id);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		fk_die("open_memstream: %s", strerror(errno));
	if (map && map->kind == MAP_CODE)
		fprintf(out, " code of %u, %s", name_id(naming, map->code.prog_id), map->code.func);
	if (map && map->kind == MAP_CHAIN)
		print_conf(&map->conf, naming, out);
	fclose(out);
	return text;
}

static void dump_pins(struct fake *f, struct naming *naming, FILE *out)
{
	static const char *const types[] = { [KERNEL_PIN_DIR] = "directory",
					     [KERNEL_PIN_PROG] = "program",
					     [KERNEL_PIN_LINK] = "link",
					     [KERNEL_PIN_MAP] = "map",
					     [KERNEL_PIN_UNREADABLE] = "unreadable" };
	char *lines[PINS];
	size_t n = 0;

	for (size_t i = 0; i < f->n.pins; i++) {
		const struct pin *pin = &f->pins[i];
		char path[XDPCTL_PATH_SIZE + 16], *text;

		if (!pin->live || strcmp(pin->path, ROOT_DIR) == 0)
			continue;
		name_path(pin->path, naming, path, sizeof(path));
		text = map_text(f, pin->type == KERNEL_PIN_MAP ? pin->id : 0, naming);
		if (asprintf(&lines[n++], "pin %s %s %u%s", path, types[pin->type],
			     name_id(naming, pin->id), text) < 0)
			fk_die("out of memory");
		free(text);
	}
	print_sorted(lines, n, out);
}

static void dump_records(struct fake *f, struct naming *naming, FILE *out)
{
	char *lines[RECORDS];
	size_t n = 0;

	for (size_t i = 0; i < f->n.records; i++) {
		const struct kernel_record *r = &f->records[i];
		const struct prog *prog = fk_prog_find(f, r->prog_id);

		if (!r->prog_id)
			continue;
		if (asprintf(&lines[n++], "record %u%s name %s owner %s object %s sha %02x%02x",
			     name_id(naming, r->prog_id),
			     !prog                                ? " DEAD" :
			     prog->info.load_time != r->load_time ? " STALE" :
								    "",
			     r->name, r->owner, r->object, r->sha256[0], r->settings[0]) < 0)
			fk_die("out of memory");
	}
	print_sorted(lines, n, out);
}

char *fake_dump(struct kernel *k, enum fake_dump how)
{
	struct fake *f = fake_of(k);
	struct naming naming = { .raw = how == FAKE_DUMP_RAW };
	struct fake_counts counts = fake_count(k);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		fk_die("open_memstream: %s", strerror(errno));
	for (size_t i = 0; i < IFACES; i++)
		if (f->ifaces[i].live)
			dump_iface(f, &f->ifaces[i], how == FAKE_DUMP_CHAINS, &naming, out);
	if (how != FAKE_DUMP_CHAINS) {
		dump_pins(f, &naming, out);
		dump_records(f, &naming, out);
		fprintf(out, "%u programs, %u links, %u maps\n", counts.progs, counts.links,
			counts.maps);
	}
	fclose(out);
	return text;
}

struct fake_counts fake_count(struct kernel *k)
{
	struct fake *f = fake_of(k);
	struct fake_counts counts = { .locked = fk_is_alive(f->locked_by) };

	fake_settle(k);
	fk_sweep(f);
	for (size_t i = 0; i < f->n.progs; i++)
		counts.progs += f->progs[i].live;
	for (size_t i = 0; i < f->n.links; i++)
		counts.links += f->links[i].live;
	for (size_t i = 0; i < f->n.maps; i++)
		counts.maps += f->maps[i].id != 0;
	for (size_t i = 0; i < f->n.pins; i++) {
		bool dir = f->pins[i].type == KERNEL_PIN_DIR;

		counts.pins += f->pins[i].live && !dir;
		counts.dirs += f->pins[i].live && dir && strcmp(f->pins[i].path, ROOT_DIR) != 0;
	}
	for (size_t i = 0; i < f->n.records; i++)
		counts.records += f->records[i].prog_id != 0;
	for (size_t i = 0; i < f->n.handles; i++)
		counts.handles += f->handles[i].live;
	return counts;
}

bool fake_pinned(struct kernel *k, const char *path)
{
	return fk_pin_find(fake_of(k), path) != NULL;
}

const char *fake_violation(struct kernel *k)
{
	struct fake *f = fake_of(k);

	fake_settle(k);
	fk_sweep(f);
	return f->violation[0] ? f->violation : NULL;
}
