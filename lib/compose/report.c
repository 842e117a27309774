// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct xdpctl_report *report_new(void)
{
	return calloc(1, sizeof(struct xdpctl_report));
}

void xdpctl_report_free(struct xdpctl_report *report)
{
	if (!report)
		return;
	free(report->steps);
	free(report->notes);
	free(report);
}

static bool is_noted(const struct xdpctl_report *report, const char *sentence)
{
	for (size_t i = 0; i < report->n_notes; i++)
		if (strncmp(report->notes[i], sentence, sizeof(*report->notes) - 1) == 0)
			return true;
	return false;
}

void report_note(struct xdpctl_report *report, const char *sentence)
{
	void *notes;

	if (is_noted(report, sentence))
		return;
	notes = reallocarray(report->notes, report->n_notes + 1, sizeof(*report->notes));
	if (!notes)
		return;
	report->notes = notes;
	util_copy(report->notes[report->n_notes++], sizeof(*report->notes), sentence);
}

int report_plan(struct xdpctl_report *report, const struct plan *plan,
		const struct xdpctl_iface *iface, const struct decision *decision)
{
	struct xdpctl_step *steps = calloc(plan->n + 1, sizeof(*steps));

	if (!steps)
		return -ENOMEM;
	for (unsigned int i = 0; i < plan->n; i++) {
		const struct step_facts *facts = plan_step_facts(plan->steps[i].kind);

		steps[i].name = facts->name;
		steps[i].commits = facts->commits;
		plan_step_object(&plan->steps[i], iface, decision, steps[i].object,
				 sizeof(steps[i].object));
	}
	free(report->steps);
	report->steps = steps;
	report->n_steps = plan->n;
	return 0;
}
