// SPDX-License-Identifier: GPL-2.0-or-later
/* What a driver and this kernel offer: yes, no or unknown, and how we know. */
#include "render.h"

#include "json.h"
#include "table.h"

enum column { FEATURE, ANSWER, WHY, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	[FEATURE] = { "FEATURE", SCOLS_FL_TREE },
	[ANSWER] = { "ANSWER", 0 },
	[WHY] = { "WHY", 0 },
};

static const char *answer_word(enum xdpctl_answer answer)
{
	switch (answer) {
	case XDPCTL_UNKNOWN:
		return "unknown";
	case XDPCTL_NO:
		return "no";
	case XDPCTL_YES:
		return "yes";
	}
	return NULL;
}

static void text_group(struct libscols_table *table, struct libscols_line *group,
		       const struct xdpctl_feature *features, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct libscols_line *line = table_line(table, group);

		table_text(line, FEATURE, features[i].name);
		table_text(line, ANSWER, answer_word(features[i].answer));
		table_text(line, WHY, features[i].why);
	}
}

static void print_text(const struct xdpctl_features *f, const char *ifname)
{
	_cleanup_table_ struct libscols_table *table = table_new(columns, N_COLUMNS);
	struct libscols_line *driver = table_line(table, NULL), *kernel = table_line(table, NULL);
	struct libscols_line *segments;

	table_text(driver, FEATURE, ifname);
	text_group(table, driver, f->driver, f->n_driver);
	if (f->zc_max_segs) {
		segments = table_line(table, driver);
		table_text(segments, FEATURE, "zc-max-segs");
		table_number(segments, ANSWER, f->zc_max_segs);
	}
	table_text(kernel, FEATURE, "kernel");
	text_group(table, kernel, f->kernel, f->n_kernel);
	table_print(table);
}

static void json_group(struct json_object *group, const struct xdpctl_feature *features, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_put_object(group, features[i].name);

		json_put_text(o, "answer", answer_word(features[i].answer));
		json_put_text(o, "why", features[i].why);
	}
}

static void print_json(const struct xdpctl_features *f, const char *ifname)
{
	_cleanup_json_ struct json_object *doc = json_document();

	json_put_number(doc, "ifindex", (uint64_t)f->ifindex);
	json_put_text(doc, "ifname", ifname);
	json_group(json_put_object(doc, "driver"), f->driver, f->n_driver);
	json_put_id(doc, "zc_max_segs", f->zc_max_segs);
	json_group(json_put_object(doc, "kernel"), f->kernel, f->n_kernel);
	json_print(doc);
}

void render_features(const struct xdpctl_features *features, const char *ifname, bool json)
{
	if (json)
		print_json(features, ifname);
	else
		print_text(features, ifname);
}
