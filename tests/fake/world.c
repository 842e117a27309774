/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose/garbage.h"
#include "fake/sample.h"
#include "util.h"

#define PROGRAMS_MAX (XDPCTL_COMPONENTS_MAX + 1)

/* Of the last world. A scenario is given a kernel only; how it is to be asked is the test's, not the kernel's. */
static enum xdpctl_engine asked;
static bool fuses;
static bool dies_late;

bool world_fuses(void)
{
	return fuses;
}

uint32_t world_other_load(struct kernel *k, int ifindex, const struct fake_program *programs,
			  size_t n)
{
	if (fuses)
		return fake_other_fused(k, ifindex, XDPCTL_MODE_NATIVE, programs, n);
	return fake_other_load(k, ifindex, XDPCTL_MODE_NATIVE, WORLD_VERSION, programs, n);
}

void world_pin(struct kernel *k, const char *kind, unsigned int slot, char path[XDPCTL_PATH_SIZE])
{
	const char *dir = fuses ? "xdpctl/fused" : "xdp/dispatch";
	uint32_t id = fake_attached(k, WORLD_IFINDEX);

	if (strcmp(kind, "chain") == 0)
		snprintf(path, XDPCTL_PATH_SIZE, "%s-%d-%u/chain", dir, WORLD_IFINDEX, id);
	else
		snprintf(path, XDPCTL_PATH_SIZE, "%s-%d-%u/prog%u-%s", dir, WORLD_IFINDEX, id, slot,
			 kind);
}

struct kernel *world_new(unsigned int lacks, enum xdpctl_engine engine)
{
	static const struct fake_program hidden = { "hidden", 50, 4, false };
	static const struct fake_program neighbour = { "neighbour", 50, 4, false };
	struct kernel *k = fake_new();

	asked = engine;
	fuses = engine == XDPCTL_ENGINE_FUSED || (lacks & FAKE_LACKS_FREPLACE);
	dies_late = lacks & FAKE_LACKS_HASTE;
	fake_lack(k, lacks);
	fake_iface_add(k, WORLD_IFINDEX, "veth9", 1500, true);
	fake_other_load(k, WORLD_IFINDEX, XDPCTL_MODE_NATIVE, 2, &hidden, 1);
	fake_iface_hide(k, WORLD_IFINDEX, true);
	fake_iface_add(k, 7, "eth1", 1500, true);
	fake_other_load(k, 7, XDPCTL_MODE_SKB, 3, &neighbour, 1);
	fake_iface_add(k, WORLD_IFINDEX, "eth0", 1500, true);
	fake_make_other_pin(k, "somebody/program");
	fake_make_unreadable_pin(k, "somebody/thing");
	fake_make_dir(k, "xdp/dispatch-4");
	fake_make_other_pin(k, "xdp/prog-test-link");
	return k;
}

void outcome_free(struct outcome *outcome)
{
	xdpctl_report_free(outcome->report);
	xdpctl_error_clear(&outcome->err);
	outcome->report = NULL;
}

void world_must(struct outcome outcome)
{
	if (outcome.rc < 0) {
		fprintf(stderr, "setting up: %s\n", outcome.err.message);
		abort();
	}
	outcome_free(&outcome);
}

/* The program as object_choose() would describe it. */
static struct object_choice choose(const struct fake_program *program,
				   const struct xdpctl_load_item *item, const char *owner)
{
	struct object_choice choice = { .item = item };

	choice.addition = sample_addition(program->func, program->prio);
	choice.addition.actions = program->actions;
	choice.addition.frags = program->frags;
	if (owner)
		util_copy(choice.addition.owner, sizeof(choice.addition.owner), owner);
	return choice;
}

struct outcome world_load(struct kernel *k, const struct world_load *load)
{
	struct xdpctl_load_item items[PROGRAMS_MAX] = { 0 };
	struct object_choice choices[PROGRAMS_MAX];
	struct xdpctl_load request = {
		.change = load->change,
		.mode = load->mode == XDPCTL_MODE_NONE ? XDPCTL_MODE_NATIVE : load->mode,
		.engine = load->engine ? load->engine : asked,
		.items = items,
		.n_items = load->n,
	};
	struct session_load session = {
		.load = &request,
		.choices = choices,
		.default_version = WORLD_VERSION,
	};
	struct outcome outcome = { 0 };

	if (load->n > PROGRAMS_MAX)
		abort();
	request.change.ifindex = WORLD_IFINDEX;
	request.change.version = load->version;
	for (size_t i = 0; i < load->n; i++)
		choices[i] = choose(&load->programs[i], &items[i], load->change.owner);
	outcome.rc = session_load(k, &session, &outcome.report, &outcome.err);
	return outcome;
}

struct outcome world_load_one(struct kernel *k, const char *func, uint32_t prio)
{
	struct fake_program program = { func, prio, XDPCTL_ACTIONS_DEFAULT, false };

	return world_load(k, &(struct world_load){ .programs = &program, .n = 1 });
}

struct outcome world_unload(struct kernel *k, const struct xdpctl_unload *unload)
{
	struct xdpctl_unload request = *unload;
	struct outcome outcome = { 0 };

	request.change.ifindex = WORLD_IFINDEX;
	outcome.rc = session_unload(k, &request, &outcome.report, &outcome.err);
	return outcome;
}

struct outcome world_unload_name(struct kernel *k, const char *name)
{
	return world_unload(k, &(struct xdpctl_unload){ .names = &name, .n_names = 1 });
}

struct outcome world_unload_all(struct kernel *k)
{
	return world_unload(k, &(struct xdpctl_unload){ .all = true });
}

struct outcome world_repair(struct kernel *k)
{
	struct xdpctl_change change = { .ifindex = WORLD_IFINDEX };
	struct outcome outcome = { 0 };

	outcome.rc = session_repair(k, &change, &outcome.report, &outcome.err);
	return outcome;
}

/* The maps of the components that run, which the new ones are to go on with: they are looked up first. */
static void find_maps(const struct xdpctl_status *status, struct object_choice *choices, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int at = chain_find_name(&status->ifaces[0], choices[i].addition.name);

		if (at < 0)
			continue;
		choices[i].reuse = status->ifaces[0].components[at].map_ids;
		choices[i].n_reuse = status->ifaces[0].components[at].n_maps;
	}
}

struct outcome world_convert(struct kernel *k, enum xdpctl_engine engine,
			     const struct fake_program *programs, size_t n)
{
	struct xdpctl_load_item items[PROGRAMS_MAX] = { 0 };
	struct object_choice choices[PROGRAMS_MAX];
	struct xdpctl_convert request = { .change.ifindex = WORLD_IFINDEX, .engine = engine };
	struct session_convert session = {
		.convert = &request,
		.choices = choices,
		.n_choices = n,
		.default_version = WORLD_VERSION,
	};
	struct xdpctl_status *status = NULL;
	struct outcome outcome = { 0 };

	for (size_t i = 0; i < n; i++)
		choices[i] = choose(&programs[i], &items[i], NULL);
	outcome.rc = session_status(k, &request.change.ifindex, 1, &status, &outcome.err);
	if (outcome.rc == 0) {
		find_maps(status, choices, n);
		outcome.rc = session_convert(k, &session, &outcome.report, &outcome.err);
	}
	xdpctl_status_free(status);
	return outcome;
}

struct outcome world_clean(struct kernel *k)
{
	struct xdpctl_garbage_list *list = NULL;
	struct outcome outcome = { 0 };

	outcome.rc = session_clean(k, false, &list, &outcome.err);
	xdpctl_garbage_free(list);
	return outcome;
}

struct outcome world_collect(struct kernel *k)
{
	struct outcome outcome = { 0 };

	if (dies_late)
		return world_clean(k);
	outcome.rc = k->ops->lock(k, true, &outcome.err);
	if (outcome.rc == 0) {
		outcome.rc = garbage_collect(k, false, NULL, &outcome.err);
		k->ops->unlock(k);
	}
	return outcome;
}
