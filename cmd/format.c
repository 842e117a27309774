// SPDX-License-Identifier: GPL-2.0-or-later
/* Small values as text, the same in tables, sentences and JSON. */
#include "format.h"

#include <stdio.h>

#include <xdpctl.h>

#include "xalloc.h"

#define ACTIONS_TEXT_SIZE 40 /* of xdpctl_actions_format() */

char *format_hex(const uint8_t *bytes, size_t n)
{
	char *hex;
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= bytes[i];
	if (!any)
		return NULL;
	hex = xcalloc(n, 2 + 1);
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	return hex;
}

char *format_actions(uint32_t actions)
{
	char *text = xcalloc(1, ACTIONS_TEXT_SIZE);

	xdpctl_actions_format(actions, text, ACTIONS_TEXT_SIZE);
	return text;
}
