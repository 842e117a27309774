/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/scenario.h"

#include <stdio.h>
#include <stdlib.h>

#include "util.h"

static const struct fake_program ten = { "ten", 10, 4, false };
static const struct fake_program pair[] = { { "twenty", 20, 6, true }, { "thirty", 30, 0, false } };
static const struct fake_program theirs = { "theirs", 15, 4, false };

static void load(struct kernel *k, const struct fake_program *programs, size_t n)
{
	world_must(world_load(k, &(struct world_load){ .programs = programs, .n = n }));
}

/* One of ours, recorded, and one of another writer's: two on eth0. */
static void make_chain(struct kernel *k)
{
	load(k, &ten, 1);
	world_other_load(k, WORLD_IFINDEX, &theirs, 1);
}

static void make_three(struct kernel *k)
{
	make_chain(k);
	load(k, pair, 1);
}

static void make_single(struct kernel *k)
{
	load(k, &ten, 1);
}

static void make_libxdp_v2(struct kernel *k)
{
	fake_other_load(k, WORLD_IFINDEX, XDPCTL_MODE_SKB, 2, pair, 2);
}

static uint32_t shown_id; /* as a user read it in `status` */

static void make_foreign(struct kernel *k)
{
	shown_id = fake_foreign(k, WORLD_IFINDEX, XDPCTL_MODE_NATIVE, "xdp_firewall");
}

/* The last of three belongs to somebody. */
static void make_owned(struct kernel *k)
{
	make_chain(k);
	world_must(world_load(k, &(struct world_load){
					 .programs = pair, .n = 1, .change = { .owner = "ops" } }));
}

static void make_skb_only(struct kernel *k)
{
	fake_iface_remove(k, WORLD_IFINDEX);
	fake_iface_add(k, WORLD_IFINDEX, "eth0", 1500, false);
}

static void make_map_pinning(struct kernel *k)
{
	make_chain(k);
	fake_make_dir(k, "maps");
	fake_pin_map(k, pair[0].func, "maps/counters");
}

static void make_mapped(struct kernel *k)
{
	make_map_pinning(k);
	load(k, pair, 2);
}

/* All of ours, for a conversion, and one with a map; the first that is to be unloaded again is not the last. */
static void make_ours(struct kernel *k)
{
	fake_make_dir(k, "maps");
	fake_pin_map(k, pair[0].func, "maps/counters");
	world_must(world_load(k, &(struct world_load){ .programs = pair,
						       .n = 2,
						       .engine = XDPCTL_ENGINE_FREPLACE }));
}

static void make_ours_fused(struct kernel *k)
{
	make_mapped(k);
}

static void remove_pin(struct kernel *k, const char *kind, unsigned int slot)
{
	char path[XDPCTL_PATH_SIZE];

	world_pin(k, kind, slot, path);
	if (!fake_remove_pin(k, path))
		abort();
}

/* The second of three fell out, its pins with it; what is fused runs on, with its code. */
static void make_hole(struct kernel *k)
{
	make_three(k);
	if (!world_fuses())
		remove_pin(k, "link", 1);
	remove_pin(k, "prog", 1);
}

/* The second lost its link, but its program is still pinned; what is fused its program. */
static void make_unlinked(struct kernel *k)
{
	make_three(k);
	remove_pin(k, world_fuses() ? "prog" : "link", 1);
}

/* The second lost its program's pin and runs all the same. */
static void make_unreadable(struct kernel *k)
{
	make_three(k);
	remove_pin(k, "prog", 1);
}

/* The same to one that is recorded. */
static void make_codeless(struct kernel *k)
{
	make_mapped(k);
	remove_pin(k, "code", 2);
}

static void make_programless(struct kernel *k)
{
	make_mapped(k);
	remove_pin(k, "prog", 2);
}

/* What the chain is made of isn't written anywhere. */
static void make_shapeless(struct kernel *k)
{
	make_three(k);
	remove_pin(k, "chain", 0);
	shown_id = fake_attached(k, WORLD_IFINDEX);
}

/* Garbage of all kinds beside a chain. */
static void make_garbage(struct kernel *k)
{
	char dir[XDPCTL_PATH_SIZE];

	make_three(k);
	snprintf(dir, sizeof(dir), "%s-%d-%u", world_fuses() ? "xdpctl/fused" : "xdp/dispatch",
		 WORLD_IFINDEX, 9999);
	fake_make_dir(k, dir);
	fake_iface_add(k, 9, "eth9", 1500, true);
	world_other_load(k, 9, pair, 2);
	fake_iface_remove(k, 9);
	fake_iface_add(k, 11, "eth11", 1500, true);
	world_other_load(k, 11, &ten, 1);
	fake_iface_hide(k, 11, true);
}

static struct outcome run_load(struct kernel *k)
{
	return world_load(k, &(struct world_load){ .programs = pair, .n = 1 });
}

static struct outcome run_load_pair(struct kernel *k)
{
	return world_load(k, &(struct world_load){ .programs = pair, .n = 2 });
}

static struct outcome run_load_auto(struct kernel *k)
{
	return world_load(k, &(struct world_load){
				     .programs = pair, .n = 2, .mode = XDPCTL_MODE_AUTO });
}

static struct outcome run_load_ten_auto(struct kernel *k)
{
	return world_load(k, &(struct world_load){
				     .programs = &ten, .n = 1, .mode = XDPCTL_MODE_AUTO });
}

static struct outcome run_load_ten(struct kernel *k)
{
	static const char *const names[XDPCTL_SLOTS_MAX] = { "a", "b", "c", "d", "e",
							     "f", "g", "h", "i", "j" };
	struct fake_program programs[XDPCTL_SLOTS_MAX];

	for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++)
		programs[i] = (struct fake_program){ names[i], i, 4, false };
	return world_load(k, &(struct world_load){ .programs = programs, .n = XDPCTL_SLOTS_MAX });
}

static struct outcome run_load_as(struct kernel *k, enum xdpctl_run run)
{
	return world_load(k, &(struct world_load){
				     .programs = pair, .n = 2, .change = { .run = run } });
}

static struct outcome run_check(struct kernel *k)
{
	return run_load_as(k, XDPCTL_RUN_CHECK);
}

static struct outcome run_dry(struct kernel *k)
{
	return run_load_as(k, XDPCTL_RUN_DRY);
}

static struct outcome run_load_again(struct kernel *k)
{
	return world_load(k, &(struct world_load){ .programs = &ten, .n = 1 });
}

static struct outcome run_unload_ten(struct kernel *k)
{
	return world_unload_name(k, "ten");
}

static struct outcome run_unload_theirs(struct kernel *k)
{
	return world_unload_name(k, "theirs");
}

static struct outcome run_unload_twenty(struct kernel *k)
{
	return world_unload_name(k, "twenty");
}

static struct outcome run_unload_shown(struct kernel *k)
{
	return world_unload(k, &(struct xdpctl_unload){ .ids = &shown_id, .n_ids = 1 });
}

static struct outcome run_to_fused(struct kernel *k)
{
	return world_convert(k, XDPCTL_ENGINE_FUSED, pair, 2);
}

static struct outcome run_to_freplace(struct kernel *k)
{
	return world_convert(k, XDPCTL_ENGINE_FREPLACE, NULL, 0);
}

const struct scenario scenarios[] = {
	{ "load the first", NULL, run_load, 0 },
	{ "load a further one", make_chain, run_load, 0 },
	{ "load two at once", make_chain, run_load_pair, 0 },
	{ "load ten at once", NULL, run_load_ten, 0 },
	{ "load what is there", make_chain, run_load_again, 0 },
	{ "load where there is only skb", make_skb_only, run_load_auto, 0 },
	{ "load what pins its map", make_map_pinning, run_load_pair, 0 },
	{ "load on a chain of libxdp's", make_libxdp_v2, run_load_ten_auto, LIBXDP },
	{ "load among garbage", make_garbage, run_load_pair, COLLECTS },
	{ "load --check", make_chain, run_check, LOOKS },
	{ "load --dry-run", make_chain, run_dry, LOOKS },
	{ "unload one of three", make_three, run_unload_ten, SAVES },
	{ "unload libxdp's of three", make_three, run_unload_theirs, 0 },
	{ "unload one of libxdp's two", make_libxdp_v2, run_unload_twenty, LIBXDP },
	{ "unload what pins its map", make_mapped, run_unload_twenty, SAVES },
	{ "unload the last", make_single, run_unload_ten, 0 },
	{ "unload all", make_three, world_unload_all, 0 },
	{ "unload all with somebody's", make_owned, world_unload_all, REFUSED },
	{ "load over a foreign program", make_foreign, run_load, REFUSED | LIBXDP },
	{ "load on a degraded chain", make_hole, run_load_pair, REFUSED },
	{ "unload a foreign program", make_foreign, run_unload_shown, LIBXDP },
	{ "repair a hole", make_hole, world_repair, SAVES },
	{ "repair a lost link", make_unlinked, world_repair, SAVES },
	{ "repair a lost pin", make_unreadable, world_repair, SAVES },
	{ "repair a lost code", make_codeless, world_repair, REFUSED | FUSED },
	{ "unload what lost its code", make_codeless, run_unload_twenty, SAVES | FUSED },
	{ "repair a lost program", make_programless, world_repair, SAVES | FUSED },
	{ "load on a chain without shape", make_shapeless, run_load_pair, REFUSED | FUSED },
	{ "unload a chain without shape", make_shapeless, run_unload_shown, FUSED | LEAVES },
	{ "load fused on freplace", make_libxdp_v2, run_load_ten_auto, REFUSED | BOTH },
	{ "convert to fused", make_ours, run_to_fused, BOTH },
	{ "convert to freplace", make_ours_fused, run_to_freplace, BOTH },
	{ "repair what is whole", make_three, world_repair, LIBXDP },
	{ "repair what is whole and fused", make_three, world_repair, SAVES | FUSED },
	{ "clean", make_garbage, world_clean, COLLECTS },
	{ "clean where nothing is", make_three, world_clean, 0 },
};

const size_t n_scenarios = ARRAY_SIZE(scenarios);
