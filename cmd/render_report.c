// SPDX-License-Identifier: GPL-2.0-or-later
/* What a change did, or would do: a line or two, the steps when asked for, or JSON. */
#include "render.h"

#include <stdio.h>

#include "escape.h"
#include "json.h"

static const char *const run_names[] = {
	[XDPCTL_RUN_DO] = "do",
	[XDPCTL_RUN_DRY] = "dry-run",
	[XDPCTL_RUN_CHECK] = "check",
};

static void print_notes(const struct xdpctl_report *report)
{
	for (size_t i = 0; i < report->n_notes; i++) {
		_cleanup_free_ char *note = escape_text(report->notes[i]);

		fprintf(stderr, "note: %s\n", note);
	}
}

static void print_steps(const struct xdpctl_report *report)
{
	for (size_t i = 0; i < report->n_steps; i++) {
		const struct xdpctl_step *step = &report->steps[i];
		_cleanup_free_ char *object = escape_text(step->object);

		printf("%4zu  %-18s%s%s\n", i + 1, step->name, object,
		       step->commits ? "  (commit point)" : "");
	}
}

/* The sentence of a run, and whether the plan and the chain are part of the answer. */
static void print_text(const struct xdpctl_report *report, const struct render_change *how)
{
	_cleanup_free_ char *ifname = escape_text(how->ifname);
	bool steps = report->n_steps && (how->verbose || how->run == XDPCTL_RUN_DRY);

	if (!report->n_steps && !report->changed)
		printf("%s: nothing to do\n", ifname);
	else if (how->run == XDPCTL_RUN_DRY)
		printf("%s: nothing changed; the steps would be\n", ifname);
	else if (how->run == XDPCTL_RUN_CHECK)
		printf("%s: nothing changed; the kernel accepts it\n", ifname);
	else
		how->done(report, ifname);
	if (steps)
		print_steps(report);
	if (how->verbose && report->verified)
		printf("the verifier processed %u instructions of the fused program\n",
		       report->verified);
	if (report->n_steps && how->run == XDPCTL_RUN_DRY) {
		puts("and then");
		render_chain_table(&report->after);
	}
	fflush(stdout);
	print_notes(report);
}

static void print_json(const struct xdpctl_report *report, const struct render_change *how)
{
	_cleanup_json_ struct json_object *doc = json_document();
	struct json_object *array;

	json_put_text(doc, "run", run_names[how->run]);
	json_put_bool(doc, "changed", report->changed);
	if (report->mode)
		json_put_text(doc, "mode", xdpctl_mode_name(report->mode));
	json_put_number(doc, "attempts", report->attempts);
	if (report->verified)
		json_put_number(doc, "verified_instructions", report->verified);
	array = json_put_array(doc, "steps");
	for (size_t i = 0; i < report->n_steps; i++) {
		struct json_object *step = json_add_object(array);

		json_put_text(step, "name", report->steps[i].name);
		json_put_text(step, "object", report->steps[i].object);
		json_put_bool(step, "commits", report->steps[i].commits);
	}
	render_chain_json(&report->before, json_put_object(doc, "before"));
	render_chain_json(&report->after, json_put_object(doc, "chain"));
	array = json_put_array(doc, "notes");
	for (size_t i = 0; i < report->n_notes; i++)
		json_add_text(array, report->notes[i]);
	json_print(doc);
}

void render_report(const struct xdpctl_report *report, const struct render_change *how)
{
	if (how->json)
		print_json(report, how);
	else
		print_text(report, how);
}
