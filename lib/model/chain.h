/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A chain as it should be: entries that are kept from the running chain and entries that are added,
 * in run order. Pure: knows no descriptors and no kernel.
 */
#ifndef XDPCTL_MODEL_CHAIN_H
#define XDPCTL_MODEL_CHAIN_H

#include "xdpctl.h"

/* A program to add, as its object file describes it, with the request's overrides applied. */
struct chain_addition {
	char name[XDPCTL_NAME_SIZE];
	char func[XDPCTL_FUNC_SIZE];
	uint32_t prio;
	uint32_t actions;
	bool frags;
	size_t insns;
	char owner[XDPCTL_NAME_SIZE];
	char object[XDPCTL_PATH_SIZE];
	uint8_t sha256[32];
	uint8_t settings[32];
};

enum chain_origin {
	CHAIN_KEPT,
	CHAIN_ADDED,
	CHAIN_CONVERTED, /* there already, and loaded anew from its kept code for the other engine */
};

struct chain_entry {
	enum chain_origin origin;
	unsigned int index; /* ADDED: in the additions; else: in the interface's components */
	uint32_t prio;
	uint32_t actions;
	bool frags;
	char name[XDPCTL_NAME_SIZE];
	/* What orders entries of equal priority, see chain_sort(). */
	char func[XDPCTL_FUNC_SIZE];
	uint8_t tag[8];
	uint64_t load_time;
	size_t insns;
};

struct chain {
	struct chain_entry entries[XDPCTL_COMPONENTS_MAX];
	unsigned int n;
};

struct chain_entry chain_keep(const struct xdpctl_iface *iface, unsigned int index);
struct chain_entry chain_add(const struct chain_addition *addition, unsigned int index);
/*
 * Run order, the whole of the ordering policy: priority; then libxdp's tie-break, so that both tools
 * agree whoever rebuilds: function name, loaded before new, among new ones fewer instructions first,
 * tag, load time; then the order given.
 */
void chain_sort(struct chain *chain);

/* Is the interface's component @index part of the chain? */
bool chain_keeps(const struct chain *chain, unsigned int index);

/*
 * Gives each of @n components a name that is unique among them, in order: one that is recorded keeps
 * its name, others take their function's, "func.2" for a twin.
 */
void chain_name_components(struct xdpctl_component *components, unsigned int n);
/* The index of the component with that name, or of that program, or -1. */
int chain_find_name(const struct xdpctl_iface *iface, const char *name);
int chain_find_id(const struct xdpctl_iface *iface, uint32_t prog_id);
/* What the interface will be like: for reports. Only @iface's identity and kept components are used. */
void chain_preview(const struct chain *chain, const struct xdpctl_iface *iface,
		   const struct chain_addition *additions, struct xdpctl_iface *after);

#endif
