// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a chain costs per packet, by BPF_PROG_TEST_RUN, for all ways to make one. Needs root; nothing is attached.
 *
 *	--json FILE        write the results there too
 *	--quick            as few packets as there can be: to see that it works
 *	--instructions     the clock counts instructions (tests/lab/guest --icount)
 *	--libxdp KIND,N=ID a chain of N components of that kind, made by libxdp's tool: its dispatcher's id
 *	--join FILE        the results in there, of another machine, belong to these
 */
#include <errno.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "bench/chains.h"
#include "bench/counters.h"
#include "bench/report.h"
#include "kernel/libbpf_log.h"

struct plan {
	bool instructions;
	unsigned int rounds;
	double call_ns;      /* how long a call is to take; 0: whatever @repeat packets take */
	uint32_t repeat;     /* packets in a call, the first one at least */
	unsigned int adding; /* how often each addition is timed; 0: not at all */
};

struct options {
	bool quick, instructions;
	const char *json, *join;
	struct chains chains; /* libxdp's */
};

/* ---------------------------------------------------------------- measuring */

/* Of this thread's own: neither what others do on the CPU counts, nor a wait. */
static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* IPv4 with UDP, 64 bytes. */
static void make_packet(uint8_t packet[64])
{
	memset(packet, 0, 64);
	packet[12] = ETH_P_IP >> 8;
	packet[14] = 0x45;
	packet[17] = 50;
	packet[22] = 64;
	packet[23] = IPPROTO_UDP;
}

/* Runs a chain on @repeat packets: 0 or -errno. What one packet cost by the kernel's count, and all of them. */
static int call(const struct chain *chain, uint32_t repeat, uint32_t *duration, double *ns)
{
	uint8_t packet[64];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = (int)repeat);
	int r;

	make_packet(packet);
	*ns = cpu_ns();
	r = bpf_prog_test_run_opts(chain->fd, &opts);
	*ns = cpu_ns() - *ns;
	*duration = opts.duration;
	if (r == 0 && opts.retval != XDP_PASS)
		r = -EPROTO;
	if (r < 0)
		fprintf(stderr, "bench: run %u components, %s: %s\n", chain->n,
			chain_words[chain->kind], strerror(-r));
	return r;
}

/*
 * The kernel's count is in whole nanoseconds, too coarse where a chain takes six, so we take the time
 * ourselves: of many packets, less that of a call with hardly any. A call with two differs from one with many
 * in nothing else; that with a single packet lacks the kernel's preparations for more. Instructions are
 * many enough for whole numbers.
 */
static int prepare(struct chain *chain, const struct plan *plan)
{
	uint32_t duration, few = 2;
	double ns;
	int r = call(chain, few, &duration, &chain->call_ns);

	chain->repeat = plan->repeat;
	if (r < 0 || plan->call_ns <= 0)
		return r;
	r = call(chain, plan->repeat, &duration, &ns);
	chain->repeat = (uint32_t)(plan->call_ns / (duration + 1)) + 1;
	return r;
}

static int measure(struct chain *chain, bool instructions)
{
	uint32_t duration;
	double ns, cost;
	int r = call(chain, chain->repeat, &duration, &ns);

	if (r < 0)
		return r;
	cost = instructions ? duration : (ns - chain->call_ns) / chain->repeat;
	if (chain->cost <= 0 || cost < chain->cost)
		chain->cost = cost;
	return 0;
}

/* Each realistic component counts a packet, so a chain of @n must have counted it that often. */
static int check(const struct chain *chain, const struct counters *counters)
{
	uint64_t before = counters_sum(counters), seen;
	uint32_t duration;
	double ns;
	int r = call(chain, 1, &duration, &ns);

	seen = counters_sum(counters) - before;
	if (r < 0 || seen >= chain->n)
		return r;
	fprintf(stderr, "bench: %s: only %u of %u components ran\n", chain_words[chain->kind],
		(unsigned int)seen, chain->n);
	return -EPROTO;
}

static int check_all(const struct chains *chains)
{
	struct counters counters;
	int r = 0;

	counters_find(&counters);
	for (size_t i = 0; i < chains->n && r == 0; i++)
		if (chains->all[i].component == COMPONENT_REALISTIC)
			r = check(&chains->all[i], &counters);
	return r;
}

/* One call of each chain in each round, so that they all meet the same moods of the machine. */
static int measure_all(struct chains *chains, const struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < chains->n && r == 0; i++)
		r = prepare(&chains->all[i], plan);
	for (unsigned int round = 0; round < plan->rounds; round++)
		for (size_t i = 0; i < chains->n && r == 0; i++)
			r = measure(&chains->all[i], plan->instructions);
	return r;
}

/* To one component, which makes it a chain, and to as many as there can be. */
static int measure_adding(struct json_object *run, unsigned int times)
{
	static const unsigned int nth[] = { 2, COMPONENTS_MAX };

	for (enum component_kind kind = 0; kind < COMPONENT_KINDS; kind++)
		for (size_t i = 0; i < 2; i++) {
			struct adding adding = { .nth = nth[i] };

			if (chains_time_adding(kind, times, &adding) < 0)
				return -1;
			report_add_adding(run, kind, &adding);
		}
	return 0;
}

/* ---------------------------------------------------------------- the command line */

/* "realistic,10=71" */
static int parse_libxdp(const char *text, struct chains *chains)
{
	struct chain chain = { .kind = CHAIN_LIBXDP };
	char word[16];
	uint32_t id;

	if (sscanf(text, "%15[a-z],%u=%u", word, &chain.n, &id) != 3)
		return -EINVAL;
	while (chain.component < COMPONENT_KINDS && strcmp(word, component_words[chain.component]))
		chain.component++;
	if (chain.component >= COMPONENT_KINDS)
		return -EINVAL;
	chain.fd = bpf_prog_get_fd_by_id(id);
	if (chain.fd < 0) {
		fprintf(stderr, "bench: open program %u: %s\n", id, strerror(errno));
		return -EINVAL;
	}
	return chains_add(chains, &chain);
}

static int parse(int argc, char **argv, struct options *out)
{
	static const struct option words[] = { { "json", required_argument, NULL, 'j' },
					       { "quick", no_argument, NULL, 'q' },
					       { "instructions", no_argument, NULL, 'i' },
					       { "libxdp", required_argument, NULL, 'x' },
					       { "join", required_argument, NULL, 'f' },
					       { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (c == 'j')
			out->json = optarg;
		else if (c == 'q')
			out->quick = true;
		else if (c == 'i')
			out->instructions = true;
		else if (c == 'f')
			out->join = optarg;
		else if (c != 'x' || parse_libxdp(optarg, &out->chains) < 0)
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

static struct plan plan_of(const struct options *options)
{
	/* Milliseconds of that clock say nothing about a real machine. */
	if (options->instructions)
		return (struct plan){ .instructions = true, .rounds = 5, .repeat = 3000 };
	if (options->quick)
		return (struct plan){ .rounds = 2, .repeat = 100000, .adding = 1 };
	return (struct plan){ .rounds = 21, .call_ns = 8e6, .repeat = 1000, .adding = 15 };
}

static int run(struct options *options)
{
	struct plan plan = plan_of(options);
	struct json_object *report = report_new(), *here;
	int r = chains_make(&options->chains);

	if (r == 0)
		r = check_all(&options->chains);
	if (r == 0)
		r = measure_all(&options->chains, &plan);
	if (r == 0) {
		here = report_add_run(report, &options->chains, plan.instructions, plan.rounds);
		if (plan.adding)
			r = measure_adding(here, plan.adding);
	}
	if (r == 0 && options->join && report_join(report, options->join) < 0)
		r = fprintf(stderr, "bench: no results in %s\n", options->join);
	if (r == 0) {
		report_put_ratios(report);
		report_print(report);
		if (options->json)
			r = json_object_to_file_ext(options->json, report, JSON_C_TO_STRING_PRETTY);
	}
	json_object_put(report);
	return r;
}

int main(int argc, char **argv)
{
	static struct options options;

	libbpf_log_install();
	if (parse(argc, argv, &options) < 0) {
		fputs("usage: bench [--quick] [--instructions] [--libxdp KIND,N=ID]... "
		      "[--join FILE] [--json FILE]\n",
		      stderr);
		return 2;
	}
	return run(&options) == 0 ? 0 : 1;
}
