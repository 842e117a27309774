/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake/sample.h"
#include "util.h"

#define PROGRAMS_MAX 12

struct kernel *world_new(unsigned int lacks)
{
	static const struct fake_program hidden = { "hidden", 50, 4, false };
	static const struct fake_program neighbour = { "neighbour", 50, 4, false };
	struct kernel *k = fake_new();

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

struct outcome world_load(struct kernel *k, const struct world_load *load)
{
	struct xdpctl_load_item items[PROGRAMS_MAX] = { 0 };
	struct object_choice choices[PROGRAMS_MAX] = { 0 };
	struct xdpctl_load request = {
		.change = load->change,
		.mode = load->mode == XDPCTL_MODE_NONE ? XDPCTL_MODE_NATIVE : load->mode,
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
	for (size_t i = 0; i < load->n; i++) {
		const struct fake_program *program = &load->programs[i];
		struct chain_addition *addition = &choices[i].addition;

		*addition = sample_addition(program->func, program->prio);
		addition->actions = program->actions;
		addition->frags = program->frags;
		if (load->change.owner)
			util_copy(addition->owner, sizeof(addition->owner), load->change.owner);
		choices[i].item = &items[i];
	}
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

struct outcome world_clean(struct kernel *k)
{
	struct xdpctl_garbage_list *list = NULL;
	struct outcome outcome = { 0 };

	outcome.rc = session_clean(k, false, &list, &outcome.err);
	xdpctl_garbage_free(list);
	return outcome;
}
