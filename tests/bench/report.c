// SPDX-License-Identifier: GPL-2.0-or-later
/* Results: collected in a JSON document, and printed from it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench/report.h"

/* ---------------------------------------------------------------- writing JSON */

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

/* With as many digits as mean something. */
static void put_double(struct json_object *o, const char *key, double value)
{
	static char format[] = "%.3f";
	struct json_object *number = json_object_new_double(value);

	json_object_set_serializer(number, json_object_double_to_json_string, format, NULL);
	json_object_object_add(o, key, number);
}

static struct json_object *put_array(struct json_object *o, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(o, key, array);
	return array;
}

static struct json_object *add_object(struct json_object *array)
{
	struct json_object *o = json_object_new_object();

	json_object_array_add(array, o);
	return o;
}

/* ---------------------------------------------------------------- reading it */

static struct json_object *get(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static bool has_text(struct json_object *o, const char *key, const char *text)
{
	const char *value = json_object_get_string(get(o, key));

	return value && strcmp(value, text) == 0;
}

static double get_double(struct json_object *o, const char *key)
{
	struct json_object *value = get(o, key);

	return value ? json_object_get_double(value) : NAN;
}

/* The element of an array whose member @key is that text. */
static struct json_object *find(struct json_object *array, const char *key, const char *text)
{
	size_t n = array ? json_object_array_length(array) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(array, i);

		if (has_text(o, key, text))
			return o;
	}
	return NULL;
}

static struct json_object *find_chain(struct json_object *run, enum component_kind component,
				      enum chain_kind kind, unsigned int n)
{
	struct json_object *chains = get(run, "chains");
	size_t length = chains ? json_object_array_length(chains) : 0;

	for (size_t i = 0; i < length; i++) {
		struct json_object *o = json_object_array_get_idx(chains, i);

		if (has_text(o, "component", component_words[component]) &&
		    has_text(o, "chain", chain_words[kind]) &&
		    json_object_get_int64(get(o, "components")) == (int64_t)n)
			return o;
	}
	return NULL;
}

static double cost_of(struct json_object *run, enum chain_kind kind, unsigned int n)
{
	return get_double(find_chain(run, COMPONENT_REALISTIC, kind, n), "cost");
}

/* ---------------------------------------------------------------- the document */

struct json_object *report_new(void)
{
	struct json_object *report = json_object_new_object();

	put_int(report, "schema", 1);
	put_array(report, "runs");
	return report;
}

static double single_cost(const struct chains *chains, enum component_kind component)
{
	for (size_t i = 0; i < chains->n; i++)
		if (chains->all[i].kind == CHAIN_SINGLE && chains->all[i].component == component)
			return chains->all[i].cost;
	return NAN;
}

static void add_chain(struct json_object *array, const struct chain *chain, double single)
{
	struct json_object *o = add_object(array);

	put_text(o, "component", component_words[chain->component]);
	put_text(o, "chain", chain_words[chain->kind]);
	put_int(o, "components", chain->n);
	put_double(o, "cost", chain->cost);
	put_double(o, "ratio", chain->cost / single);
	if (chain->verified)
		put_int(o, "verified", chain->verified);
}

static void put_freplace(struct json_object *run, int error)
{
	struct json_object *freplace = json_object_new_object();

	put_text(freplace, "answer", error ? "no" : "yes");
	if (error)
		put_text(freplace, "why", strerror(-error));
	json_object_object_add(run, "freplace", freplace);
}

struct json_object *report_add_run(struct json_object *report, const struct chains *chains,
				   bool instructions, unsigned int rounds)
{
	struct json_object *run = add_object(get(report, "runs")), *array;
	struct utsname name = { .release = "" };

	uname(&name);
	put_text(run, "machine", instructions ? "guest" : "host");
	put_text(run, "kernel", name.release);
	put_text(run, "unit", instructions ? "instructions" : "ns");
	put_int(run, "rounds", rounds);
	put_freplace(run, chains->no_dispatcher);
	array = put_array(run, "chains");
	for (size_t i = 0; i < chains->n; i++)
		add_chain(array, &chains->all[i], single_cost(chains, chains->all[i].component));
	return run;
}

void report_add_adding(struct json_object *run, enum component_kind component,
		       const struct adding *adding)
{
	struct json_object *array = get(run, "adding"), *o;

	if (!array)
		array = put_array(run, "adding");
	o = add_object(array);
	put_text(o, "component", component_words[component]);
	put_int(o, "nth", adding->nth);
	put_double(o, "alone_ms", adding->alone * 1e3);
	put_double(o, "link_ms", adding->link * 1e3);
	put_double(o, "load_ms", adding->load * 1e3);
	put_double(o, "total_ms", adding->total * 1e3);
	put_int(o, "verified", adding->verified);
}

int report_join(struct json_object *report, const char *path)
{
	struct json_object *other = json_object_from_file(path), *runs = get(other, "runs");
	size_t n = runs ? json_object_array_length(runs) : 0;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(get(report, "runs"),
				      json_object_get(json_object_array_get_idx(runs, i)));
	json_object_put(other);
	return n > 0 ? 0 : -EINVAL;
}

/* ---------------------------------------------------------------- ratios */

static void put_ratio(struct json_object *report, const char *name, double value, double wanted)
{
	struct json_object *o;

	if (isnan(value))
		return; /* there is no such run */
	o = add_object(get(report, "ratios"));
	put_text(o, "name", name);
	put_double(o, "value", value);
	put_double(o, "wanted", wanted);
	json_object_object_add(o, "met", json_object_new_boolean(value <= wanted));
}

/* How much more the last of the additions that were timed costs than the first. */
static double adding_ratio(struct json_object *run, enum component_kind component)
{
	struct json_object *adding = get(run, "adding");
	size_t n = adding ? json_object_array_length(adding) : 0;
	double first = NAN, last = NAN;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(adding, i);

		if (!has_text(o, "component", component_words[component]))
			continue;
		last = get_double(o, "total_ms");
		if (isnan(first))
			first = last;
	}
	return last / first;
}

void report_put_ratios(struct json_object *report)
{
	struct json_object *host = find(get(report, "runs"), "machine", "host");
	struct json_object *guest = find(get(report, "runs"), "machine", "guest");
	double one = cost_of(host, CHAIN_SINGLE, 1), ten = cost_of(host, CHAIN_INLINE, 10);

	put_array(report, "ratios");
	put_ratio(report, "inline-adds-to-call-adds",
		  (ten - one) / (cost_of(host, CHAIN_CALL, 10) - one), 0.15);
	put_ratio(report, "ten-inline-to-one", ten / one, 1.6);
	put_ratio(report, "ten-inline-to-libxdp",
		  cost_of(guest, CHAIN_INLINE, 10) / cost_of(guest, CHAIN_LIBXDP, 10), 0.55);
	put_ratio(report, "adding-64th-to-2nd-empty", adding_ratio(host, COMPONENT_EMPTY), 3);
	put_ratio(report, "adding-64th-to-2nd-realistic", adding_ratio(host, COMPONENT_REALISTIC),
		  3);
}

/* ---------------------------------------------------------------- the table */

static void print_cell(struct json_object *chain, int digits)
{
	char text[64] = "-";

	if (chain)
		snprintf(text, sizeof(text), "%.*f (%.2f)", digits, get_double(chain, "cost"),
			 get_double(chain, "ratio"));
	printf(" %15s", text);
}

static void print_row(struct json_object *run, enum component_kind component, unsigned int n,
		      int digits)
{
	printf("%-9s %5u", component_words[component], n);
	for (enum chain_kind kind = 0; kind < CHAIN_KINDS; kind++)
		print_cell(find_chain(run, component, kind, n), digits);
	putchar('\n');
}

static void print_adding(struct json_object *o)
{
	printf("adding the %s component %2d: %.2f ms (loaded alone %.2f, linked %.2f, the chain "
	       "loaded %.2f), %d instructions verified\n",
	       json_object_get_string(get(o, "component")), json_object_get_int(get(o, "nth")),
	       get_double(o, "total_ms"), get_double(o, "alone_ms"), get_double(o, "link_ms"),
	       get_double(o, "load_ms"), json_object_get_int(get(o, "verified")));
}

static void print_run(struct json_object *run)
{
	bool instructions = has_text(run, "unit", "instructions");
	struct json_object *adding = get(run, "adding"), *freplace = get(run, "freplace");
	size_t n = adding ? json_object_array_length(adding) : 0;

	printf("%s, Linux %s: %s per packet, the least of %d rounds (and times a single one)\n",
	       json_object_get_string(get(run, "machine")),
	       json_object_get_string(get(run, "kernel")),
	       instructions ? "instructions" : "nanoseconds",
	       json_object_get_int(get(run, "rounds")));
	printf("%-9s %5s", "component", "n");
	for (size_t kind = 0; kind < CHAIN_KINDS; kind++)
		printf(" %15s", chain_words[kind]);
	putchar('\n');
	for (enum component_kind component = 0; component < COMPONENT_KINDS; component++)
		for (size_t i = 0; i < n_chain_sizes; i++)
			print_row(run, component, chain_sizes[i], instructions ? 0 : 1);
	if (has_text(freplace, "answer", "no"))
		printf("no dispatcher: this kernel refuses EXT programs (%s)\n",
		       json_object_get_string(get(freplace, "why")));
	for (size_t i = 0; i < n; i++)
		print_adding(json_object_array_get_idx(adding, i));
	putchar('\n');
}

static void print_ratio(struct json_object *o)
{
	printf("ratio %s %.2f (wanted at most %g)\n", json_object_get_string(get(o, "name")),
	       get_double(o, "value"), get_double(o, "wanted"));
}

void report_print(struct json_object *report)
{
	struct json_object *runs = get(report, "runs"), *ratios = get(report, "ratios");

	for (size_t i = 0; i < json_object_array_length(runs); i++)
		print_run(json_object_array_get_idx(runs, i));
	printf("Tail calls end at %u, because the kernel stops after 33 of them; dispatchers have "
	       "10 slots.\nEach realistic component counts in a map of its own: 64 maps are all "
	       "that the kernel takes in one program.\n\n",
	       TAIL_MAX);
	for (size_t i = 0; i < json_object_array_length(ratios); i++)
		print_ratio(json_object_array_get_idx(ratios, i));
}
