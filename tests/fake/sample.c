/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/sample.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

struct xdpctl_iface sample_iface(enum xdpctl_state state)
{
	struct xdpctl_iface iface = { .ifindex = 4, .state = state };

	util_copy(iface.ifname, sizeof(iface.ifname), "eth0");
	if (state == XDPCTL_STATE_EMPTY)
		return iface;
	iface.prog_id = 71;
	iface.mode = XDPCTL_MODE_NATIVE;
	if (state == XDPCTL_STATE_FOREIGN) {
		util_copy(iface.func, sizeof(iface.func), "xdp_firewall");
		return iface;
	}
	util_copy(iface.func, sizeof(iface.func), "xdp_dispatcher");
	util_copy(iface.pin_dir, sizeof(iface.pin_dir), "/sys/fs/bpf/xdp/dispatch-4-71");
	iface.engine = XDPCTL_ENGINE_FREPLACE;
	iface.version = state == XDPCTL_STATE_NEWER ? 4 : 3;
	if (state != XDPCTL_STATE_CHAIN)
		snprintf(iface.why, sizeof(iface.why), "it is %s for a test",
			 xdpctl_state_name(state));
	return iface;
}

struct xdpctl_component *sample_component(struct xdpctl_iface *iface, const char *func,
					  uint32_t prio)
{
	unsigned int slot = iface->n_components++;
	struct xdpctl_component *c = &iface->components[slot];

	*c = (struct xdpctl_component){
		.slot = slot,
		.prio = prio,
		.actions = XDPCTL_ACTIONS_DEFAULT,
		.prog_id = 100 + slot,
		.link_id = 200 + slot,
		.link_pinned = true,
		.prog_pinned = true,
		.load_time = 1000 * (slot + 1),
	};
	util_copy(c->name, sizeof(c->name), func);
	util_copy(c->func, sizeof(c->func), func);
	memset(c->tag, (int)slot + 1, sizeof(c->tag));
	return c;
}

struct xdpctl_component *sample_recorded(struct xdpctl_iface *iface, const char *func,
					 uint32_t prio)
{
	struct xdpctl_component *c = sample_component(iface, func, prio);
	struct chain_addition a = sample_addition(func, prio);

	c->recorded = true;
	util_copy(c->object, sizeof(c->object), a.object);
	memcpy(c->sha256, a.sha256, sizeof(c->sha256));
	memcpy(c->settings, a.settings, sizeof(c->settings));
	return c;
}

struct chain_addition sample_addition(const char *func, uint32_t prio)
{
	struct chain_addition a = { .prio = prio, .actions = XDPCTL_ACTIONS_DEFAULT, .insns = 20 };

	util_copy(a.name, sizeof(a.name), func);
	util_copy(a.func, sizeof(a.func), func);
	snprintf(a.object, sizeof(a.object), "/usr/lib/bpf/%s.o", func);
	for (size_t i = 0; func[i]; i++) {
		a.sha256[i % 32] = (uint8_t)(a.sha256[i % 32] * 31 + func[i]);
		a.settings[(i + 7) % 32] ^= (uint8_t)func[i];
	}
	return a;
}

void sample_fuse(struct xdpctl_iface *iface)
{
	iface->engine = XDPCTL_ENGINE_FUSED;
	iface->version = 0;
	util_copy(iface->func, sizeof(iface->func), "xdp_fused");
	util_copy(iface->pin_dir, sizeof(iface->pin_dir), "/sys/fs/bpf/xdpctl/fused-4-71");
	for (unsigned int i = 0; i < iface->n_components; i++) {
		iface->components[i].link_id = 0;
		iface->components[i].link_pinned = false;
		iface->components[i].code_kept = true;
	}
}

uint32_t sample_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}
