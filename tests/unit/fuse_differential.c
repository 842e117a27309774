/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differential test of fusing: chains by chance of real objects are fused, and packets by chance must leave
 * the fused program as they leave the components run one after the other, or libxdp's dispatcher: the same
 * verdict, the same bytes, the same metadata, and in the end the same in the maps. Every program is loaded
 * twice, so that each side has maps of its own. Needs root; nothing is attached or pinned.
 *
 *	fuse_differential [SEED [CHAINS [PACKETS]]]
 *	    against the components; SEED 0 or none is a random one, PACKETS are for each chain
 *	fuse_differential dispatcher SEED PACKETS DISPATCHER-ID COMPONENT-ID,COMPONENT-ID... OBJECT...
 *	    against a dispatcher that is loaded, with components from these objects
 *
 * Running one after the other is BPF_PROG_TEST_RUN of one component after the other, each with the packet that
 * the one before left. What can't be carried from one to the next: bytes in the room before the packet, which
 * come into sight when its head moves (components overwrite them); how much room there is (components ask for
 * little, or for far too much); where a redirection goes (a number in the processor's memory: only the verdict
 * is seen). Where the kernel doesn't tell of metadata (before Linux 5.15), programs that use it are left out.
 */
#include <errno.h>
#include <glob.h>
#include <sys/random.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fuse_help.h"
#include "fuse_load.h"
#include "fuse_maps.h"
#include "fuse_packets.h"
#include "kernel/capture.h"
#include "kernel/libbpf_log.h"
#include "model/wire.h"
#include "tap.h"

#define CHAINS 300
#define PACKETS 800
#define CHAIN_MAX 10
#define TWINS_MAX 128
#define SMALL_MAP 64 /* entries, few enough to compare after each chain */
#define ANY_MAP UINT32_MAX

/* ---------------------------------------------------------------- programs, each of them twice */

struct twin {
	struct loaded apart; /* run by itself */
	struct loaded fused; /* run as a part of fused chains */
};

static struct twin twins[TWINS_MAX];
static size_t n_twins;
static struct loaded tail_target;

static const char *const objects[] = {
	"tests/bpf/fuse_shapes.o",
	"tests/bpf/fuse_differ.o",
	"tests/bpf/differ_*.o",
	"tests/bpf/fuse_bench.o",
	"tests/bpf/adjust.o",
	"tests/bpf/counter.o",
	"tests/bpf/drop.o",
	"tests/bpf/pass.o",
	"tests/bpf/several.o",
	"tests/bpf/bench.o",
	"bpf/demo/*.o",
};

static const char *const foreign_objects[] = { "/usr/lib/*/bpf/*.o", "/usr/lib/bpf/*.o" };

static bool calls_helper(const struct capture *capture, int32_t helper)
{
	for (size_t i = 0; i < capture->n_insns; i++)
		if (capture->insns[i].code == (BPF_JMP | BPF_CALL) && !capture->insns[i].src_reg &&
		    capture->insns[i].imm == helper)
			return true;
	return false;
}

/* The verifier counts the stack of functions that it doesn't take out: those of a dispatcher are never called. */
static bool is_captured(const struct loaded *loaded)
{
	return loaded->capture.n_insns == bpf_program__insn_cnt(program_of(loaded)) &&
	       loaded->stats.n_depths > 0 && loaded->stats.n_depths <= loaded->capture.n_funcs &&
	       loaded->capture.n_lines > 0 && loaded->capture.btf_size > 0;
}

static void unload_twin(struct twin *twin)
{
	unload(&twin->apart);
	unload(&twin->fused);
}

static void load_twin(const char *path, const char *func)
{
	struct twin *twin = &twins[n_twins];

	if (n_twins == TWINS_MAX)
		abort();
	if (load_captured(path, func, &twin->apart) < 0 ||
	    load_captured(path, func, &twin->fused) < 0) {
		tap_skip("this kernel doesn't load it", "%s is captured", func);
		unload_twin(twin);
		return;
	}
	if (!metadata_shows && calls_helper(&twin->fused.capture, BPF_FUNC_xdp_adjust_meta)) {
		tap_skip("this kernel doesn't tell of metadata", "%s is captured", func);
		unload_twin(twin);
		return;
	}
	tap_ok(is_captured(&twin->fused), "%s is captured", func);
	fill_maps(&twin->apart, tail_target.fd);
	fill_maps(&twin->fused, tail_target.fd);
	n_twins++;
}

/* Programs for devmaps, or for packets of several buffers, are loaded with what a capture leaves to its caller. */
static bool is_plain_xdp(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_XDP &&
	       bpf_program__expected_attach_type(prog) == BPF_XDP &&
	       !strstr(bpf_program__section_name(prog), "frags");
}

/* All XDP programs that are in an object. */
static void load_object(const char *path)
{
	struct bpf_object *object = open_object(path);
	struct bpf_program *prog;

	if (!tap_ok(object != NULL, "%s is opened", strrchr(path, '/') + 1))
		return;
	bpf_object__for_each_program(prog, object)
		if (is_plain_xdp(prog))
			load_twin(path, bpf_program__name(prog));
	bpf_object__close(object);
}

static size_t load_objects(const char *pattern)
{
	glob_t found = { 0 };
	size_t n;

	if (glob(path_of(pattern), 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			load_object(found.gl_pathv[i]);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static bool load_all(void)
{
	size_t n_foreign = 0;

	if (!tap_is_int(load_captured(path_of(objects[0]), "shape_tail_target", &tail_target), 0,
			"the target of tail calls is loaded"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		tap_ok(load_objects(objects[i]) > 0, "%s is there", objects[i]);
	for (size_t i = 0; i < ARRAY_SIZE(foreign_objects); i++)
		n_foreign += load_objects(foreign_objects[i]);
	if (n_foreign == 0)
		tap_skip("no xdp-tools here", "xdp-tools' objects");
	return true;
}

static void unload_all(void)
{
	for (size_t i = 0; i < n_twins; i++)
		unload_twin(&twins[i]);
	unload(&tail_target);
}

static const struct twin *find_twin(const char *name)
{
	for (size_t i = 0; i < n_twins; i++)
		if (strcmp(twins[i].apart.name, name) == 0)
			return &twins[i];
	return NULL;
}

static bool same_maps(const struct twin *twin, uint32_t limit)
{
	struct bpf_map *map, *other = NULL;

	bpf_object__for_each_map(map, twin->apart.object) {
		other = bpf_object__next_map(twin->fused.object, other);
		if (!same_map(bpf_map__fd(map), bpf_map__fd(other), limit))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- chains */

struct chain {
	const struct twin *members[CHAIN_MAX];
	struct fuse_component components[CHAIN_MAX]; /* as they are fused */
	size_t n;
};

static void chain_add(struct chain *chain, const struct twin *twin, uint32_t actions)
{
	chain->members[chain->n] = twin;
	chain->components[chain->n] = component_of(&twin->fused);
	chain->components[chain->n++].actions = actions;
}

/* Mostly such that the chain goes on after XDP_PASS, for else little of it would ever run. */
static uint32_t random_actions(uint64_t *seed)
{
	switch (random_below(seed, 8)) {
	case 0:
		return (uint32_t)next_random(seed);
	case 1:
	case 2:
		return 1u << XDP_PASS;
	case 3:
	case 4:
		return 0xff;
	default:
		return 1u << XDP_PASS | random_below(seed, 32);
	}
}

/* Every length comes equally often. */
static struct chain random_chain(unsigned long number, uint64_t *seed)
{
	struct chain chain = { 0 };

	while (chain.n < 1 + number % CHAIN_MAX) {
		chain_add(&chain, &twins[random_below(seed, (uint32_t)n_twins)],
			  random_actions(seed));
		chain.components[chain.n - 1].call = random_below(seed, 8) == 0;
	}
	return chain;
}

static void print_chain(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		printf("# %s, actions %#x%s\n", chain->components[i].name,
		       chain->components[i].actions, chain->components[i].call ? ", called" : "");
}

static bool same_maps_of_chain(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		if (!same_maps(chain->members[i], SMALL_MAP)) {
			printf("# ... of %s\n", chain->components[i].name);
			return false;
		}
	return true;
}

/* ---------------------------------------------------------------- packets */

struct outcome {
	int error;
	uint32_t verdict;
	struct packet packet;
};

static void run_once(int fd, const struct packet *packet, struct outcome *out)
{
	out->packet = *packet;
	out->error = run_program(fd, &out->packet, &out->verdict);
}

/* The components one after the other, by the chain rules. Returns how many were run. */
static size_t run_apart(const struct chain *chain, const struct packet *packet, struct outcome *out)
{
	out->packet = *packet;
	for (size_t i = 0; i < chain->n; i++) {
		out->error = run_program(chain->members[i]->apart.fd, &out->packet, &out->verdict);
		if (out->error < 0 || !goes_on(chain->components[i].actions, out->verdict))
			return i + 1;
	}
	out->verdict = XDP_PASS;
	return chain->n;
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->error == 0 && b->error == 0 && a->verdict == b->verdict &&
	       same_packet(&a->packet, &b->packet);
}

static void print_outcomes(const struct packet *packet, const struct outcome *want,
			   const struct outcome *got)
{
	printf("# a packet of %u bytes: errors %d and %d, verdicts %u and %u, %u and %u bytes, "
	       "metadata %u and %u\n",
	       packet->size, want->error, got->error, want->verdict, got->verdict,
	       want->packet.size, got->packet.size, want->packet.meta, got->packet.meta);
	for (uint32_t i = 0; i < want->packet.size && i < got->packet.size; i++) {
		if (want->packet.bytes[i] == got->packet.bytes[i])
			continue;
		printf("# byte %u is %#x and %#x\n", i, want->packet.bytes[i],
		       got->packet.bytes[i]);
		return;
	}
}

struct tally {
	unsigned long packets, runs, verdicts[6], changed, steps, steps_apart;
};

static void count_outcome(struct tally *tally, const struct packet *before,
			  const struct outcome *after)
{
	tally->packets++;
	tally->verdicts[after->verdict > XDP_REDIRECT ? 5 : after->verdict]++;
	tally->changed += !same_packet(before, &after->packet);
}

static void print_tally(const struct tally *tally)
{
	printf("# %lu packets, %lu runs of single components; aborted %lu, drop %lu, pass %lu, tx %lu, "
	       "redirect %lu, other %lu; %lu changed\n",
	       tally->packets, tally->runs, tally->verdicts[0], tally->verdicts[1],
	       tally->verdicts[2], tally->verdicts[3], tally->verdicts[4], tally->verdicts[5],
	       tally->changed);
}

/* Whether none of @n packets fares differently in @fused. */
static bool all_fare_the_same(const struct chain *chain, int fused, unsigned long n, uint64_t *seed,
			      struct tally *tally)
{
	static struct outcome apart, together;
	static struct packet packet;

	for (unsigned long i = 0; i < n; i++) {
		make_packet(&packet, seed);
		tally->runs += run_apart(chain, &packet, &apart);
		run_once(fused, &packet, &together);
		count_outcome(tally, &packet, &apart);
		if (!same_outcome(&apart, &together)) {
			print_outcomes(&packet, &apart, &together);
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- against the components */

/* NULL, or what is wrong with the chain. */
static const char *try_chain(const struct chain *chain, uint64_t *seed, unsigned long packets,
			     struct tally *tally)
{
	struct capture_stats stats = { 0 };
	int fused = fuse_and_load(chain->components, chain->n, &stats);
	bool same;

	if (fused < 0)
		return "it isn't loaded";
	tally->steps += stats.processed;
	for (size_t i = 0; i < chain->n; i++)
		tally->steps_apart += chain->members[i]->fused.stats.processed;
	same = all_fare_the_same(chain, fused, packets, seed, tally);
	close(fused);
	if (!same)
		return "a packet fares differently";
	return same_maps_of_chain(chain) ? NULL : "a map has something else in it";
}

static void test_all_maps(void)
{
	unsigned int failures = 0;

	for (size_t i = 0; i < n_twins; i++) {
		if (same_maps(&twins[i], ANY_MAP))
			continue;
		printf("# ... of %s\n", twins[i].apart.name);
		failures++;
	}
	tap_is_int(failures, 0, "components and fused chains leave the same in all maps");
}

static void test_chains(uint64_t seed, unsigned long chains, unsigned long packets)
{
	struct tally tally = { 0 };
	unsigned long failures = 0;

	for (unsigned long i = 0; i < chains && failures < 5; i++) {
		uint64_t own = (seed << 32) + i;
		struct chain chain = random_chain(i, &own);
		const char *wrong = try_chain(&chain, &own, packets, &tally);

		if (!wrong)
			continue;
		printf("# chain %lu: %s\n", i, wrong);
		print_chain(&chain);
		failures++;
	}
	print_tally(&tally);
	printf("# %lu chains of %zu programs; the verifier took %lu steps for them, %lu for their "
	       "components alone\n",
	       chains, n_twins, tally.steps, tally.steps_apart);
	tap_is_int(failures, 0, "%lu packets fare the same in fused chains and in their components",
		   tally.packets);
	/* Few chains may happen to lack the components for that. */
	tap_ok(chains < CHAINS || tally.changed > tally.packets / 20,
	       "many are changed on their way");
	for (int i = 0; i < 6; i++)
		tap_ok(chains < CHAINS || tally.verdicts[i] > tally.packets / 1000,
		       "verdict %d is among them", i);
	test_all_maps();
}

/* ---------------------------------------------------------------- would it be seen? */

#define PLANTED_PACKETS 500

/* Nearly all packets get to the end, and the verdict there is one that comes from nowhere else so often. */
static bool planted_chain(struct chain *chain)
{
	static const char *const names[CHAIN_MAX] = {
		"shape_odd",    "shape_writes", "shape_functions", "shape_writes", "shape_shallow",
		"shape_writes", "shape_lock",   "shape_writes",    "shape_pass",   "differ_tx",
	};

	*chain = (struct chain){ 0 };
	for (size_t i = 0; i < CHAIN_MAX; i++) {
		const struct twin *twin = find_twin(names[i]);

		if (!tap_ok(twin != NULL, "%s is there to plant faults in", names[i]))
			return false;
		chain_add(chain, twin, i + 1 < CHAIN_MAX ? 0xff : 1u << XDP_PASS);
	}
	return true;
}

/* Fuses @wrong, and compares it with the components of @right. */
static bool notices(const struct chain *right, const struct chain *wrong)
{
	int fused = fuse_and_load(wrong->components, wrong->n, NULL);
	struct tally tally = { 0 };
	uint64_t seed = 1;
	bool same;

	if (!tap_ok(fused >= 0, "a chain to compare is loaded"))
		return false;
	same = all_fare_the_same(right, fused, PLANTED_PACKETS, &seed, &tally);
	close(fused);
	return !same;
}

/* One bit of one component's actions: before the last, XDP_PASS ends the chain; at the last, XDP_TX becomes XDP_PASS. */
static void test_planted_actions(const struct chain *right)
{
	for (size_t i = 0; i < right->n; i++) {
		uint32_t bit = i + 1 < right->n ? 1u << XDP_PASS : 1u << XDP_TX;
		struct chain wrong = *right;

		wrong.components[i].actions ^= bit;
		tap_ok(notices(right, &wrong), "wrong actions of component %zu are noticed", i);
	}
}

static void test_planted_order(const struct chain *right)
{
	struct chain wrong = *right;

	wrong.components[0] = right->components[1];
	wrong.components[1] = right->components[0];
	tap_ok(notices(right, &wrong), "two components in the wrong order are noticed");
	wrong = *right;
	wrong.n--;
	memmove(wrong.components + 1, right->components + 2,
		(right->n - 2) * sizeof(*wrong.components));
	tap_ok(notices(right, &wrong), "a component that is missing is noticed");
}

/* A component that only counts runs twice: that is seen in its map alone. */
static void test_planted_count(void)
{
	const struct twin *counts = find_twin("shape_counts");
	struct chain right = { 0 }, wrong;

	if (!tap_ok(counts != NULL, "there is a component that counts"))
		return;
	chain_add(&right, counts, 1u << XDP_PASS);
	tap_ok(!notices(&right, &right) && same_maps_of_chain(&right), "it counts right");
	wrong = right;
	chain_add(&wrong, counts, 1u << XDP_PASS);
	tap_ok(!notices(&right, &wrong), "when it runs twice, packets fare the same");
	tap_ok(!same_maps_of_chain(&right), "... but its map gives it away");
}

/* Leaves maps that differ: comes last. */
static void test_planted(void)
{
	struct chain right;

	if (!planted_chain(&right))
		return;
	puts("# differences from here on are wanted");
	tap_ok(!notices(&right, &right), "without a fault none is noticed");
	test_planted_actions(&right);
	test_planted_order(&right);
	test_planted_count();
}

static uint64_t random_seed(void)
{
	uint32_t seed = 1;

	if (getrandom(&seed, sizeof(seed), 0) < 0)
		perror("# no random seed");
	return seed;
}

static void test_components(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	unsigned long chains = argc > 2 ? strtoul(argv[2], NULL, 0) : CHAINS;
	unsigned long packets = argc > 3 ? strtoul(argv[3], NULL, 0) : PACKETS;

	if (seed == 0)
		seed = random_seed();
	printf("# the same again: fuse_differential %llu %lu %lu\n", (unsigned long long)seed,
	       chains, packets);
	if (load_all()) {
		test_chains(seed, chains, packets);
		test_planted();
	}
	unload_all();
}

/* ---------------------------------------------------------------- against a dispatcher */

/* A component as libxdp has it, and as it is fused. */
struct peer {
	int fd;
	struct bpf_prog_info info;
	uint32_t map_ids[16];
	struct loaded fused;
};

struct peers {
	struct peer all[CHAIN_MAX];
	size_t n;
	int dispatcher;
	struct wire_config config; /* of the dispatcher */
};

static int read_config(struct peers *peers)
{
	uint8_t bytes[256];
	uint32_t map_id = 0, zero = 0, length = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 1, .map_ids = (uintptr_t)&map_id };
	struct bpf_map_info map = { 0 };
	int fd, r = -EINVAL;

	if (bpf_obj_get_info_by_fd(peers->dispatcher, &info, &length) < 0)
		return -errno;
	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return -errno;
	if (map_info(fd, &map) && map.value_size <= sizeof(bytes) &&
	    bpf_map_lookup_elem(fd, &zero, bytes) == 0)
		r = wire_decode(bytes, map.value_size, 0, &peers->config, NULL);
	close(fd);
	return r;
}

/* Loads what the component is from the object that has a function of its name. */
static bool open_peer(uint32_t id, char **paths, struct peer *out)
{
	uint32_t length = sizeof(out->info);

	out->fd = bpf_prog_get_fd_by_id(id);
	out->info.nr_map_ids = ARRAY_SIZE(out->map_ids);
	out->info.map_ids = (uintptr_t)out->map_ids;
	if (out->fd < 0 || bpf_obj_get_info_by_fd(out->fd, &out->info, &length) < 0)
		return tap_ok(false, "component %u is there", id);
	for (; *paths; paths++)
		if (load_captured(*paths, out->info.name, &out->fused) == 0)
			return tap_ok(true, "%s of %s is captured", out->info.name,
				      strrchr(*paths, '/') ?: *paths);
	return tap_ok(false, "%s is captured", out->info.name);
}

static void fill_peer(const struct peer *peer)
{
	fill_maps(&peer->fused, -1);
	for (uint32_t i = 0; i < peer->info.nr_map_ids; i++) {
		int fd = bpf_map_get_fd_by_id(peer->map_ids[i]);

		if (fd < 0)
			continue;
		fill_map(fd, -1);
		close(fd);
	}
}

/* "12,15,17": in the order of the slots. */
static bool open_peers(char *dispatcher, char *ids, char **paths, struct peers *out)
{
	out->dispatcher = bpf_prog_get_fd_by_id((uint32_t)strtoul(dispatcher, NULL, 0));
	if (!tap_ok(out->dispatcher >= 0, "the dispatcher is there") ||
	    !tap_is_int(read_config(out), 0, "its configuration is read"))
		return false;
	for (char *id = strtok(ids, ","); id && out->n < CHAIN_MAX; id = strtok(NULL, ",")) {
		if (!open_peer((uint32_t)strtoul(id, NULL, 0), paths, &out->all[out->n]))
			return false;
		fill_peer(&out->all[out->n++]);
	}
	return tap_is_int(out->n, out->config.n_slots, "it has that many components");
}

/* With the bits @flip of the first one's actions changed. */
static int fuse_peers(const struct peers *peers, uint32_t flip)
{
	struct fuse_component components[CHAIN_MAX];

	for (size_t i = 0; i < peers->n; i++) {
		components[i] = component_of(&peers->all[i].fused);
		components[i].actions = peers->config.slots[i].actions ^ (i ? 0 : flip);
	}
	return fuse_and_load(components, peers->n, NULL);
}

/* By names, which kernels cut short in the same way on both sides. */
static bool same_peer_map(int fd, const struct loaded *fused)
{
	struct bpf_map_info info, other;
	struct bpf_map *map;

	bpf_object__for_each_map(map, fused->object)
		if (map_info(fd, &info) && map_info(bpf_map__fd(map), &other) &&
		    strcmp(info.name, other.name) == 0)
			return same_map(fd, bpf_map__fd(map), ANY_MAP);
	return false;
}

static void test_peer_maps(const struct peer *peer)
{
	bool same = true;

	for (uint32_t i = 0; i < peer->info.nr_map_ids; i++) {
		int fd = bpf_map_get_fd_by_id(peer->map_ids[i]);

		same = fd >= 0 && same_peer_map(fd, &peer->fused) && same;
		if (fd >= 0)
			close(fd);
	}
	tap_ok(same, "%s leaves the same in its maps", peer->info.name);
}

/* How many packets fare differently. */
static unsigned long run_peers(const struct peers *peers, int fused, uint64_t seed, unsigned long n,
			       struct tally *tally)
{
	static struct outcome want, got;
	static struct packet packet;
	unsigned long failures = 0;

	for (unsigned long i = 0; i < n; i++) {
		make_packet(&packet, &seed);
		run_once(peers->dispatcher, &packet, &want);
		run_once(fused, &packet, &got);
		count_outcome(tally, &packet, &want);
		if (!same_outcome(&want, &got) && failures++ == 0)
			print_outcomes(&packet, &want, &got);
	}
	return failures;
}

static void test_peers(const struct peers *peers, uint64_t seed, unsigned long n)
{
	struct tally tally = { 0 };
	int fused = fuse_peers(peers, 0);

	if (!tap_ok(fused >= 0, "the same components are fused"))
		return;
	tap_is_int(run_peers(peers, fused, seed, n, &tally), 0,
		   "%lu packets fare the same in the dispatcher and fused", n);
	close(fused);
	print_tally(&tally);
	tap_ok(tally.verdicts[XDP_PASS] > n / 20 && tally.verdicts[XDP_PASS] < n - n / 20,
	       "some pass and some don't");
	tap_ok(tally.changed > n / 20, "many are changed on their way");
	for (size_t i = 0; i < peers->n; i++)
		test_peer_maps(&peers->all[i]);
}

/* Leaves maps that differ: comes last. */
static void test_planted_peers(const struct peers *peers, uint64_t seed)
{
	int fused = fuse_peers(peers, 1u << XDP_PASS);
	struct tally tally = { 0 };

	if (!tap_ok(fused >= 0, "a chain with a planted fault is fused"))
		return;
	puts("# differences from here on are wanted");
	tap_ok(run_peers(peers, fused, seed, PLANTED_PACKETS, &tally) > 0,
	       "wrong actions of its first component are noticed");
	close(fused);
}

static void test_dispatcher(char **argv)
{
	uint64_t seed = strtoull(argv[0], NULL, 0);
	static struct peers peers;

	if (!open_peers(argv[2], argv[3], argv + 4, &peers))
		return;
	for (size_t i = 0; i < peers.n; i++)
		printf("# %s, actions %#x\n", peers.all[i].info.name,
		       peers.config.slots[i].actions);
	test_peers(&peers, seed, strtoul(argv[1], NULL, 0));
	test_planted_peers(&peers, seed);
}

int main(int argc, char **argv)
{
	libbpf_log_install();
	if (!may_load()) {
		tap_skip("no programs may be loaded", "fused chains in this kernel");
		return tap_done();
	}
	if (argc > 6 && strcmp(argv[1], "dispatcher") == 0)
		test_dispatcher(argv + 2);
	else
		test_components(argc, argv);
	return tap_done();
}
