// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words of the command line and of JSON for the public enums. */
#include <string.h>
#include <errno.h>

#include "util.h"
#include "xdpctl.h"

#define WORD(table, value) ((size_t)(value) < ARRAY_SIZE(table) ? (table)[value] : NULL)

// clang-format off
static const char *const modes[] = {
	[XDPCTL_MODE_NONE] = "none",
	[XDPCTL_MODE_NATIVE] = "native",
	[XDPCTL_MODE_SKB] = "skb",
	[XDPCTL_MODE_HW] = "hw",
	[XDPCTL_MODE_AUTO] = "auto",
};

static const char *const engines[] = {
	[XDPCTL_ENGINE_AUTO] = "auto",
	[XDPCTL_ENGINE_FREPLACE] = "freplace",
	[XDPCTL_ENGINE_FUSED] = "fused",
};

static const char *const states[] = {
	[XDPCTL_STATE_EMPTY] = "empty",
	[XDPCTL_STATE_FOREIGN] = "foreign",
	[XDPCTL_STATE_CHAIN] = "chain",
	[XDPCTL_STATE_DEGRADED] = "degraded",
	[XDPCTL_STATE_NEWER] = "newer",
	[XDPCTL_STATE_UNREADABLE] = "unreadable",
};

static const char *const healths[] = {
	[XDPCTL_HEALTH_OK] = "ok",
	[XDPCTL_HEALTH_GONE] = "gone",
	[XDPCTL_HEALTH_LINK_UNPINNED] = "link-unpinned",
	[XDPCTL_HEALTH_PROG_UNPINNED] = "prog-unpinned",
	[XDPCTL_HEALTH_MISMATCH] = "mismatch",
	[XDPCTL_HEALTH_CODE_LOST] = "code-lost",
};

static const char *const pin_owners[] = {
	[XDPCTL_PIN_COMPONENT] = "component",
	[XDPCTL_PIN_CHAIN] = "chain",
	[XDPCTL_PIN_RECORD] = "record",
	[XDPCTL_PIN_MAP] = "component-map",
	[XDPCTL_PIN_ORPHAN] = "orphan",
	[XDPCTL_PIN_UNSURE] = "unsure",
	[XDPCTL_PIN_OTHER] = "other",
};
// clang-format on

const char *xdpctl_mode_name(enum xdpctl_mode mode)
{
	return WORD(modes, mode);
}

const char *xdpctl_engine_name(enum xdpctl_engine engine)
{
	return WORD(engines, engine);
}

const char *xdpctl_state_name(enum xdpctl_state state)
{
	return WORD(states, state);
}

const char *xdpctl_health_name(enum xdpctl_health health)
{
	return WORD(healths, health);
}

const char *xdpctl_pin_owner_name(enum xdpctl_pin_owner owner)
{
	return WORD(pin_owners, owner);
}

int xdpctl_mode_parse(const char *word, enum xdpctl_mode *mode)
{
	for (size_t i = XDPCTL_MODE_NATIVE; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(word, modes[i]) != 0)
			continue;
		*mode = (enum xdpctl_mode)i;
		return 0;
	}
	return -EINVAL;
}

int xdpctl_engine_parse(const char *word, enum xdpctl_engine *engine)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		if (strcmp(word, engines[i]) != 0)
			continue;
		*engine = (enum xdpctl_engine)i;
		return 0;
	}
	return -EINVAL;
}
