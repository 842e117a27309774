// SPDX-License-Identifier: LGPL-2.1-or-later
/* Chain actions: a bit mask over the XDP return codes, and its words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "util.h"

static const char *const actions[] = { "aborted", "drop", "pass", "tx", "redirect" };

const char *xdpctl_action_name(unsigned int action)
{
	return action < ARRAY_SIZE(actions) ? actions[action] : NULL;
}

/* The bit of the action that @word of @len bytes names, 0 if it names none. */
static uint32_t action_bit(const char *word, size_t len)
{
	if (len > 4 && strncasecmp(word, "XDP_", 4) == 0) {
		word += 4;
		len -= 4;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(actions); i++)
		if (strlen(actions[i]) == len && strncasecmp(word, actions[i], len) == 0)
			return 1u << i;
	return 0;
}

int xdpctl_actions_parse(const char *words, uint32_t *out, struct xdpctl_error *err)
{
	uint32_t mask = 0;

	if (strcasecmp(words, "none") == 0) {
		*out = 0;
		return 0;
	}
	for (const char *word = words;; word++) {
		size_t len = strcspn(word, "+,");
		uint32_t bit = action_bit(word, len);

		if (!bit)
			return error_say(
				err, XDPCTL_FAULT_USAGE, EINVAL,
				"\"%.*s\" is no chain action; they are aborted, drop, pass, "
				"tx, redirect, joined by '+', or none",
				(int)(len < 64 ? len : 64), word);
		mask |= bit;
		word += len;
		if (!*word)
			break;
	}
	*out = mask;
	return 0;
}

const char *xdpctl_actions_format(uint32_t mask, char *buf, size_t size)
{
	size_t used = 0;

	if (size)
		buf[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!(mask & 1u << i) || used >= size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "+" : "",
					 actions[i]);
	}
	if (!used)
		util_copy(buf, size, "none");
	return buf;
}
