/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results as one JSON document, and everything that is printed of them, which is taken from that document:
 * runs on other machines join it before the ratios are put.
 *
 *	{ "schema": 1,
 *	  "runs": [ { "machine": "host" or "guest", "kernel", "unit": "ns" or "instructions", "rounds",
 *	              "freplace": { "answer": "yes" or "no", "why" },
 *	              "chains": [ { "component", "chain", "components", "cost", "ratio", "verified" } ],
 *	              "adding": [ { "component", "nth", "alone_ms", "link_ms", "load_ms", "total_ms",
 *	                            "verified" } ] } ],
 *	  "ratios": [ { "name", "value", "wanted", "met" } ] }
 *
 * "cost" is per packet, "ratio" is that to a single component of the same run. A missing value is absent.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <json-c/json.h>

#include "bench/chains.h"

struct json_object *report_new(void);
/* A run of this machine; borrowed. */
struct json_object *report_add_run(struct json_object *report, const struct chains *chains,
				   bool instructions, unsigned int rounds);
void report_add_adding(struct json_object *run, enum component_kind component,
		       const struct adding *adding);
/* Adds the runs of the report in @path; 0 or -errno. */
int report_join(struct json_object *report, const char *path);
/* Puts the ratios that are asked of fused chains, as far as the runs have what is compared. */
void report_put_ratios(struct json_object *report);
void report_print(struct json_object *report);

#endif
