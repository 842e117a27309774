/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A struct kernel in memory: interfaces, programs, links, pins, records and a lock, with the kernel's
 * rules where the composition depends on them, above all who keeps whom alive. It can fail or kill
 * the caller at any call, lets a test act as another writer at any call, and watches the promises
 * that hold at every moment (fake_violation()).
 *
 * Everything lives in one shared mapping, so that a forked child that is killed leaves behind exactly
 * what a process would: its descriptors are gone, what they alone referenced is gone, the rest stays.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "kernel/kernel.h"

/* ---- making worlds ---- */

struct kernel *fake_new(void);
/* A copy with a call counter, log and injection of its own. Nothing may hold a descriptor of @k. */
struct kernel *fake_clone(struct kernel *k);
void fake_free(struct kernel *k);

/* What this kernel lacks; all of it is there by default. */
enum fake_lack {
	FAKE_LACKS_TARGETS = 1,   /* links don't tell their target (before Linux 5.13) */
	FAKE_LACKS_REFS = 2,      /* no program iterator */
	FAKE_LACKS_FRAGS = 4,     /* before Linux 5.18 */
	FAKE_LACKS_FREPLACE = 16, /* EXT programs are refused */
	FAKE_LACKS_HASTE = 8, /* a link outlives its last pin for some calls, as in real kernels */
};
void fake_lack(struct kernel *k, unsigned int lacks);
/* What was about to die is dead. Counting and dumping do so first. */
void fake_settle(struct kernel *k);

/* Native XDP is possible if @native, else only skb. */
void fake_iface_add(struct kernel *k, int ifindex, const char *ifname, uint32_t mtu, bool native);
/* As `ip link del`: its program is let go, its XDP link becomes defunct. */
void fake_iface_remove(struct kernel *k, int ifindex);
/*
 * Moves it to a network namespace that the caller doesn't see, and back. A visible one of the same index
 * may then be added; what else a test does to that index is done to the visible one.
 */
void fake_iface_hide(struct kernel *k, int ifindex, bool hidden);
/* The program attached, 0: none, or no such interface. Sees hidden ones. */
uint32_t fake_attached(struct kernel *k, int ifindex);

/* Attaches a program that is not a dispatcher, whatever was there; skb where the driver can't @mode. */
uint32_t fake_foreign(struct kernel *k, int ifindex, enum xdpctl_mode mode, const char *func);
/* Makes a pinned XDP link hold what is attached. Returns the link's id. */
uint32_t fake_lock_iface(struct kernel *k, int ifindex, const char *pin);

struct fake_program {
	const char *func;
	uint32_t prio;
	uint32_t actions;
	bool frags;
};

/*
 * Another writer, as libxdp does it: a dispatcher of @version with the components that are there and
 * @programs, pinned, swapped in, the old pins removed. Takes no lock. Returns the dispatcher's id, or
 * 0 if the interface isn't there, holds a foreign program, or the chain would be too long.
 */
uint32_t fake_other_load(struct kernel *k, int ifindex, enum xdpctl_mode mode, unsigned int version,
			 const struct fake_program *programs, size_t n);
/*
 * Another xdpctl with the fused engine, on a kernel of its own mind: it takes no lock either, and makes no
 * records. 0 as well where there is a chain of the other engine, which it would not mix.
 */
uint32_t fake_other_fused(struct kernel *k, int ifindex, enum xdpctl_mode mode,
			  const struct fake_program *programs, size_t n);
/* Detaches whatever is there, as libxdp does, and removes the pins that libxdp knows: not a fused chain's. */
void fake_other_unload_all(struct kernel *k, int ifindex);

/* The same dispatcher as before, but reading it now fails with @code: EOPNOTSUPP (newer), EINVAL, .. */
void fake_damage(struct kernel *k, uint32_t dispatcher, int code);
/* The same for what the pinned code or chain map holds: EOPNOTSUPP, EINVAL, EIO, ... */
void fake_damage_map(struct kernel *k, const char *path, int code);
/* The program's id was given out again: it is another one, of another time. */
void fake_reuse_id(struct kernel *k, uint32_t prog_id);
/* Pins what is pinned as @from as @to instead of what was there. */
void fake_repin(struct kernel *k, const char *from, const char *to);
/* Removes a pin behind everybody's back; its object dies with its last reference. False: no such pin. */
bool fake_remove_pin(struct kernel *k, const char *path);
/* Pins something under @path whose kind can't be read; parents are made. */
void fake_make_unreadable_pin(struct kernel *k, const char *path);
void fake_make_dir(struct kernel *k, const char *path);
/* A pinned program of somebody else's. Returns its id. */
uint32_t fake_make_other_pin(struct kernel *k, const char *path);
/* Another process keeps the link over @slot of @dispatcher open. */
void fake_hold_link(struct kernel *k, uint32_t dispatcher, unsigned int slot);
/* Another process keeps the program open. */
void fake_hold_prog(struct kernel *k, uint32_t prog_id);
/* A tracer (xdpdump) on the main function of @dispatcher. Returns its link's id. */
uint32_t fake_trace(struct kernel *k, uint32_t dispatcher);
/* Somebody else's lock: every attempt to take it fails, naming @pid. 0: released. */
void fake_hold_lock(struct kernel *k, int pid);
/* component_load and part_load refuse programs of this function with a verifier log. NULL: none. */
void fake_refuse(struct kernel *k, const char *func);
/* fused_load refuses whatever has a part of this function, which is good by itself. NULL: nothing. */
void fake_refuse_fused(struct kernel *k, const char *func);
/* Both loads of @func makes a map and pins it as @path, unless it is there. NULL: none. */
void fake_pin_map(struct kernel *k, const char *func, const char *path);

/* ---- what happens when ---- */

enum fake_op {
	FAKE_IFACES,
	FAKE_XDP_SWAP,
	FAKE_PROG_OPEN,
	FAKE_PROG_READ,
	FAKE_LINKS,
	FAKE_LINK_OPEN,
	FAKE_LINK_READ,
	FAKE_PROG_REFS,
	FAKE_MAP_READ,
	FAKE_DISPATCHER_LOAD,
	FAKE_DISPATCHER_READ,
	FAKE_COMPONENT_LOAD,
	FAKE_COMPONENT_ATTACH,
	FAKE_HAS_FRAGS,
	FAKE_HAS_FREPLACE,
	FAKE_PART_LOAD,
	FAKE_CODE_CHECK,
	FAKE_FUSED_LOAD,
	FAKE_FUSED_WRITE,
	FAKE_FUSED_READ,
	FAKE_CODE_TO_PART,
	FAKE_CODE_TO_EXT,
	FAKE_LOCK,
	FAKE_UNLOCK,
	FAKE_DIR_READ,
	FAKE_DIR_MAKE,
	FAKE_DIR_REMOVE,
	FAKE_PIN,
	FAKE_UNPIN,
	FAKE_PIN_OPEN,
	FAKE_RECORD_PUT,
	FAKE_RECORD_REMOVE,
	FAKE_SWEEP,
	FAKE_RECORDS,
	FAKE_MAP_PINS,
	FAKE_MAP_UNPIN,
	FAKE_MAP_USED,
	FAKE_BACKOFF,
	FAKE_OPS,
};

enum fake_event {
	FAKE_NOTHING,
	FAKE_FAIL,           /* the call fails with the code and does nothing */
	FAKE_FAIL_FROM,      /* and so does every later one */
	FAKE_FAIL_KIND,      /* and so does every later one of that kind */
	FAKE_ACT_FAIL,       /* the call does its work and reports the code all the same */
	FAKE_ACT_FAIL_FROM,  /* and every later one fails */
	FAKE_ACT_FAIL_BLIND, /* and every later look at interfaces fails */
	FAKE_KILL_BEFORE,    /* SIGKILL: only in a child */
	FAKE_KILL_AFTER,
};

/* Forgets calls, log, violations, injection and hook. */
void fake_restart(struct kernel *k);
/* At call @at (from 1). @code: a positive errno. */
void fake_inject(struct kernel *k, enum fake_event event, unsigned int at, int code);
/* Calls @hook once, before call @at does anything. */
void fake_hook(struct kernel *k, unsigned int at, void (*hook)(struct kernel *k, void *arg),
	       void *arg);

unsigned int fake_calls(const struct kernel *k);
enum fake_op fake_call_op(const struct kernel *k, unsigned int call);
/* "pin xdp/dispatch-4-71/prog0-link" */
const char *fake_call_text(const struct kernel *k, unsigned int call);
/* The swap took effect, in this many calls. */
unsigned int fake_swaps(const struct kernel *k);

/* ---- what is there ---- */

enum fake_dump {
	FAKE_DUMP_RAW,    /* everything durable, with its ids */
	FAKE_DUMP_NORMAL, /* the same, ids replaced by numbers in order of appearance */
	FAKE_DUMP_CHAINS, /* only what packets meet: interfaces and their components' functions */
};
/* The directory "xdp" is left out: taking the lock makes it. The caller frees. */
char *fake_dump(struct kernel *k, enum fake_dump how);

struct fake_counts {
	unsigned int progs, links, maps, pins, dirs, records, handles;
	bool locked;
};
/* @dirs without "xdp". */
struct fake_counts fake_count(struct kernel *k);
bool fake_pinned(struct kernel *k, const char *path);

/*
 * The first promise that was broken since fake_restart(), or NULL: a slot of a running dispatcher
 * that lost its component, a chain swapped in that isn't whole or isn't pinned (a fused one: with code and
 * configuration that fit it), a running chain that was attached to, or whose pins, records or pinned maps
 * were removed while it runs, changes without the lock, a closed descriptor used.
 */
const char *fake_violation(struct kernel *k);

#endif
