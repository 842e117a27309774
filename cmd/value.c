// SPDX-License-Identifier: GPL-2.0-or-later
/* Parsers of the values that options and an object's settings take. */
#include "value.h"

#include <string.h>

#include "error.h"

#define SECONDS_MAX 86400u
#define MILLI_DIGITS 3

int value_flag(const char *text, void *value, struct xdpctl_error *err)
{
	(void)text;
	(void)err;
	*(bool *)value = true;
	return 0;
}

int value_text(const char *text, void *value, struct xdpctl_error *err)
{
	if (!*text)
		return error_usage(err, "must not be empty");
	*(const char **)value = text;
	return 0;
}

int value_label(const char *text, void *value, struct xdpctl_error *err)
{
	if (strlen(text) >= XDPCTL_NAME_SIZE)
		return error_usage(err, "must not be longer than %d bytes", XDPCTL_NAME_SIZE - 1);
	return value_text(text, value, err);
}

int value_vars(const char *text, void *value, struct xdpctl_error *err)
{
	struct value_texts *vars = value;

	if (*text == '=' || !strchr(text, '='))
		return error_usage(err, "\"%s\" is not VAR=VALUE", text);
	if (vars->n == VALUES_MAX)
		return error_usage(err, "must not be given more than %d times", VALUES_MAX);
	vars->texts[vars->n++] = text;
	return 0;
}

/* Decimal digits only: strtoul() takes signs, spaces and whatever follows. */
static int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number,
			struct xdpctl_error *err)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	for (size_t i = 0; i < digits && n <= max; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (!digits || text[digits] || n < min || n > max)
		return error_usage(err, "\"%s\" is not a number from %u to %u", text, min, max);
	*number = (uint32_t)n;
	return 0;
}

int value_u32(const char *text, void *value, struct xdpctl_error *err)
{
	struct value_u32 *number = value;
	int r = parse_number(text, 0, UINT32_MAX, &number->value, err);

	if (r < 0)
		return r;
	number->given = true;
	return 0;
}

int value_ids(const char *text, void *value, struct xdpctl_error *err)
{
	struct value_ids *list = value;
	uint32_t id;
	int r = parse_number(text, 1, UINT32_MAX, &id, err);

	if (r < 0)
		return r;
	if (list->n == VALUES_MAX)
		return error_usage(err, "must not be given more than %d times", VALUES_MAX);
	list->ids[list->n++] = id;
	return 0;
}

int value_expect(const char *text, void *value, struct xdpctl_error *err)
{
	struct value_u32 *expect = value;

	expect->value = 0;
	if (strcmp(text, "none") && parse_number(text, 1, UINT32_MAX, &expect->value, err) < 0)
		return error_usage(err, "\"%s\" is neither \"none\" nor a program id", text);
	expect->given = true;
	return 0;
}

int value_seconds(const char *text, void *value, struct xdpctl_error *err)
{
	size_t whole = strspn(text, "0123456789"), decimals = 0;
	uint64_t ms = 0;

	for (size_t i = 0; i < whole && ms <= SECONDS_MAX; i++)
		ms = ms * 10 + (uint64_t)(text[i] - '0');
	if (text[whole] == '.')
		decimals = strspn(text + whole + 1, "0123456789");
	for (size_t i = 0; i < MILLI_DIGITS; i++)
		ms = ms * 10 + (i < decimals ? (uint64_t)(text[whole + 1 + i] - '0') : 0);

	if (!whole || text[whole + (decimals ? decimals + 1 : 0)] || decimals > MILLI_DIGITS ||
	    ms > SECONDS_MAX * 1000ull)
		return error_usage(err,
				   "\"%s\" is not a number of seconds from 0 to %u, "
				   "with up to %d decimals",
				   text, SECONDS_MAX, MILLI_DIGITS);
	*(unsigned int *)value = (unsigned int)ms;
	return 0;
}

int value_mode(const char *text, void *value, struct xdpctl_error *err)
{
	enum xdpctl_mode mode;

	if (xdpctl_mode_parse(text, &mode) < 0)
		return error_usage(err, "\"%s\" is none of native, skb, hw, auto", text);
	*(enum xdpctl_mode *)value = mode;
	return 0;
}

int value_engine(const char *text, void *value, struct xdpctl_error *err)
{
	enum xdpctl_engine engine;

	if (xdpctl_engine_parse(text, &engine) < 0)
		return error_usage(err, "\"%s\" is none of auto, freplace, fused", text);
	*(enum xdpctl_engine *)value = engine;
	return 0;
}

int value_actions(const char *text, void *value, struct xdpctl_error *err)
{
	struct value_u32 *actions = value;
	int r = xdpctl_actions_parse(text, &actions->value, err);

	if (r < 0)
		return r;
	actions->given = true;
	return 0;
}

int value_frags(const char *text, void *value, struct xdpctl_error *err)
{
	static const char *const words[] = {
		[XDPCTL_FRAGS_AUTO] = "auto",
		[XDPCTL_FRAGS_ON] = "on",
		[XDPCTL_FRAGS_OFF] = "off",
	};
	struct value_frags *frags = value;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]))
			continue;
		frags->value = (enum xdpctl_frags)i;
		frags->given = true;
		return 0;
	}
	return error_usage(err, "\"%s\" is none of auto, on, off", text);
}

int value_version(const char *text, void *value, struct xdpctl_error *err)
{
	static const struct {
		const char *word;
		unsigned int version;
	} words[] = { { "auto", 0 }, { "2", 2 }, { "3", 3 } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].word))
			continue;
		*(unsigned int *)value = words[i].version;
		return 0;
	}
	return error_usage(err, "\"%s\" is none of auto, 2, 3", text);
}
