/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a change tells its caller: made piece by piece, owned by the caller in the end. */
#ifndef XDPCTL_COMPOSE_REPORT_H
#define XDPCTL_COMPOSE_REPORT_H

#include "model/plan.h"

struct xdpctl_report *report_new(void);
/* A sentence, once; silently left out when there is no memory for it. */
void report_note(struct xdpctl_report *report, const char *sentence);
/* The steps of a plan, in place of what was there. 0 or -ENOMEM. */
int report_plan(struct xdpctl_report *report, const struct plan *plan,
		const struct xdpctl_iface *iface, const struct decision *decision);

#endif
