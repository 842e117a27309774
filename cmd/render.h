/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints what the library gathered, on stdout: as text for people or as one JSON document. */
#ifndef XDPCTL_CMD_RENDER_H
#define XDPCTL_CMD_RENDER_H

#include <stdbool.h>

#include <json-c/json.h>
#include <xdpctl.h>

void render_status(const struct xdpctl_status *status, bool json);
void render_pins(const struct xdpctl_pins *pins, bool json);
void render_garbage(const struct xdpctl_garbage_list *list, bool dry_run, bool json);
void render_features(const struct xdpctl_features *features, const char *ifname, bool json);

/* One interface and its chain, as a part of other output. */
void render_chain_table(const struct xdpctl_iface *iface);
void render_chain_json(const struct xdpctl_iface *iface, struct json_object *o);

/* A change's report, with the sentences that are the command's to say. */
struct render_change {
	const char *ifname;
	enum xdpctl_run run;
	bool json;
	bool verbose;
	/* Says on stdout what was done, when something was. @ifname is escaped. */
	void (*done)(const struct xdpctl_report *report, const char *ifname);
};

void render_report(const struct xdpctl_report *report, const struct render_change *how);

#endif
