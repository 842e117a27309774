/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chain actions and modes: words to bits and back. */
#include <errno.h>

#include "util.h"
#include "xdpctl.h"

#include "tap.h"

enum { ABORTED = 1, DROP = 2, PASS = 4, TX = 8, REDIRECT = 16 };

static void test_parse(void)
{
	static const struct {
		const char *words;
		uint32_t actions;
	} good[] = {
		{ "pass", PASS },
		{ "pass+drop", PASS | DROP },
		{ "drop+pass", PASS | DROP },
		{ "pass,drop", PASS | DROP },
		{ "pass+drop,tx", PASS | DROP | TX },
		{ "XDP_PASS", PASS },
		{ "xdp_pass", PASS },
		{ "Xdp_Pass+DROP", PASS | DROP },
		{ "PASS", PASS },
		{ "aborted", ABORTED },
		{ "XDP_ABORTED", ABORTED },
		{ "redirect", REDIRECT },
		{ "aborted+drop+pass+tx+redirect", XDPCTL_ACTIONS_ALL },
		{ "XDP_ABORTED,XDP_DROP,XDP_PASS,XDP_TX,XDP_REDIRECT", XDPCTL_ACTIONS_ALL },
		{ "none", 0 },
		{ "None", 0 },
		{ "NONE", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint32_t actions = 0xdead;
		struct xdpctl_error err = { 0 };

		tap_is_int(xdpctl_actions_parse(good[i].words, &actions, &err), 0,
			   "\"%s\" is understood", good[i].words);
		tap_is_int(actions, good[i].actions, "\"%s\" has its bits", good[i].words);
		xdpctl_error_clear(&err);
	}
}

static void test_refuse(void)
{
	static const char *const bad[] = {
		"",
		"0",
		"4",
		"pas",
		"passx",
		"pass+",
		"+pass",
		"pass++drop",
		"pass,,drop",
		"pass, drop",
		" pass",
		"pass ",
		"pass|drop",
		"pass;drop",
		"pass drop",
		"XDP_",
		"XDP_XDP_PASS",
		"XDPPASS",
		"none+pass",
		"pass+none",
		"none,",
		"all",
		"-",
		"pass+0",
		"pass\n",
		"pass+\x1b[31m",
		"pass=1",
		"xdp_none+drop",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t actions = 0xdead;
		struct xdpctl_error err = { 0 };

		tap_is_int(xdpctl_actions_parse(bad[i], &actions, &err), -EINVAL,
			   "bad actions %zu are refused", i);
		tap_is_int(actions, 0xdead, "and the caller's value is as it was");
		tap_is_int(err.fault, XDPCTL_FAULT_USAGE, "as wrong usage");
		tap_ok(err.message[0], "with a sentence");
		tap_is_int(xdpctl_actions_parse(bad[i], &actions, NULL), -EINVAL,
			   "also where nobody wants the sentence");
		xdpctl_error_clear(&err);
	}
}

static void test_message(void)
{
	struct xdpctl_error err = { 0 };
	uint32_t actions;
	char huge[4000];

	xdpctl_actions_parse("pass+psas+drop", &actions, &err);
	tap_has_str(err.message, "psas", "the bad word is named");
	tap_ok(!strstr(err.message, "psas+"), "and only that");
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	tap_is_int(xdpctl_actions_parse(huge, &actions, &err), -EINVAL, "a huge word is refused");
	tap_ok(strlen(err.message) < sizeof(err.message), "in a sentence that ends");
	xdpctl_error_clear(&err);
}

/* The header doesn't say whether a word may come twice; it must not do anything but that. */
static void test_twice(void)
{
	uint32_t actions = 0;
	int rc = xdpctl_actions_parse("pass+pass", &actions, NULL);

	tap_ok(rc == -EINVAL || (rc == 0 && actions == PASS),
	       "twice is refused or the same as once");
}

static void test_format(void)
{
	static const struct {
		uint32_t actions;
		const char *words;
	} rows[] = {
		{ PASS, "pass" },
		{ 0, "none" },
		{ DROP | PASS, "drop+pass" },
		{ ABORTED | REDIRECT, "aborted+redirect" },
		{ XDPCTL_ACTIONS_ALL, "aborted+drop+pass+tx+redirect" },
	};
	char buf[40];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = xdpctl_actions_format(rows[i].actions, buf, sizeof(buf));

		tap_ok(got == buf, "the buffer is returned");
		if (i == 2)
			tap_ok(strcmp(buf, "drop+pass") == 0 || strcmp(buf, "pass+drop") == 0,
			       "two words are joined by a plus");
		else
			tap_is_str(buf, rows[i].words, "%#x is \"%s\"", rows[i].actions,
				   rows[i].words);
	}
}

static void test_round_trip(void)
{
	unsigned int wrong = 0;

	for (uint32_t actions = 0; actions <= XDPCTL_ACTIONS_ALL; actions++) {
		char *buf = malloc(40); /* so that the sanitizer sees its end */
		uint32_t back = 0xdead;

		xdpctl_actions_format(actions, buf, 40);
		if (xdpctl_actions_parse(buf, &back, NULL) < 0 || back != actions)
			wrong++;
		free(buf);
	}
	tap_is_int(wrong, 0, "all 32 sets survive a round trip");
}

static void test_short_buffers(void)
{
	unsigned int wrong = 0;

	for (size_t size = 1; size < 40; size++) {
		char *buf = malloc(size);

		xdpctl_actions_format(XDPCTL_ACTIONS_ALL, buf, size);
		wrong += !memchr(buf, '\0', size);
		xdpctl_actions_format(0, buf, size);
		wrong += !memchr(buf, '\0', size);
		free(buf);
	}
	tap_is_int(wrong, 0, "a short buffer is never left open");
}

/* Bits beyond the five, as a foreign configuration map may hold them. */
static void test_unknown_bits(void)
{
	char buf[40];

	xdpctl_actions_format(0xffffffffu, buf, sizeof(buf));
	tap_ok(memchr(buf, '\0', sizeof(buf)), "unknown bits do no harm");
	xdpctl_actions_format(1u << 7 | PASS, buf, sizeof(buf));
	tap_has_str(buf, "pass", "and don't hide known ones");
}

static void test_names(void)
{
	static const char *const names[] = { "aborted", "drop", "pass", "tx", "redirect" };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		tap_is_str(xdpctl_action_name(i), names[i], "return code %u has its name", i);
	tap_ok(!xdpctl_action_name(5), "5 has none");
	tap_ok(!xdpctl_action_name(31), "31, the stub's own, has none");
	tap_ok(!xdpctl_action_name(~0u), "nor has the greatest");
}

static void test_modes(void)
{
	static const struct {
		const char *word;
		enum xdpctl_mode mode;
	} good[] = {
		{ "native", XDPCTL_MODE_NATIVE },
		{ "skb", XDPCTL_MODE_SKB },
		{ "hw", XDPCTL_MODE_HW },
		{ "auto", XDPCTL_MODE_AUTO },
	};
	static const char *const bad[] = { "", "none", "nativ", "native ", "drv", "0", "generic" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		enum xdpctl_mode mode = XDPCTL_MODE_NONE;

		tap_is_int(xdpctl_mode_parse(good[i].word, &mode), 0, "mode %s", good[i].word);
		tap_is_int(mode, good[i].mode, "is understood");
		tap_is_str(xdpctl_mode_name(good[i].mode), good[i].word, "and written so");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		enum xdpctl_mode mode = XDPCTL_MODE_HW;

		tap_is_int(xdpctl_mode_parse(bad[i], &mode), -EINVAL, "no mode: \"%s\"", bad[i]);
		tap_is_int(mode, XDPCTL_MODE_HW, "the caller's value is as it was");
	}
}

static void test_engines(void)
{
	static const struct {
		const char *word;
		enum xdpctl_engine engine;
	} good[] = {
		{ "auto", XDPCTL_ENGINE_AUTO },
		{ "freplace", XDPCTL_ENGINE_FREPLACE },
		{ "fused", XDPCTL_ENGINE_FUSED },
	};
	static const char *const bad[] = { "",      "none",  "fuse", "fused ",
					   "FUSED", "tramp", "0",    "freplace,fused" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		enum xdpctl_engine engine = (enum xdpctl_engine)99;

		tap_is_int(xdpctl_engine_parse(good[i].word, &engine), 0, "engine %s",
			   good[i].word);
		tap_is_int(engine, good[i].engine, "is understood");
		tap_is_str(xdpctl_engine_name(good[i].engine), good[i].word, "and written so");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		enum xdpctl_engine engine = XDPCTL_ENGINE_FUSED;

		tap_is_int(xdpctl_engine_parse(bad[i], &engine), -EINVAL, "no engine: \"%s\"",
			   bad[i]);
		tap_is_int(engine, XDPCTL_ENGINE_FUSED, "the caller's value is as it was");
	}
	tap_ok(!xdpctl_engine_name((enum xdpctl_engine)99), "no engine, no name");
}

static void test_words(void)
{
	for (int i = XDPCTL_STATE_EMPTY; i <= XDPCTL_STATE_UNREADABLE; i++)
		tap_ok(xdpctl_state_name((enum xdpctl_state)i), "state %d has a name", i);
	for (int i = XDPCTL_HEALTH_OK; i <= XDPCTL_HEALTH_CODE_LOST; i++)
		tap_ok(xdpctl_health_name((enum xdpctl_health)i), "health %d has a name", i);
	for (int i = XDPCTL_PIN_COMPONENT; i <= XDPCTL_PIN_OTHER; i++)
		tap_ok(xdpctl_pin_owner_name((enum xdpctl_pin_owner)i), "pin owner %d has a name",
		       i);
	tap_ok(!xdpctl_state_name((enum xdpctl_state)99), "no state, no name");
	tap_ok(!xdpctl_health_name((enum xdpctl_health)99), "no health, no name");
	tap_ok(!xdpctl_mode_name((enum xdpctl_mode)99), "no mode, no name");
}

int main(void)
{
	test_parse();
	test_refuse();
	test_message();
	test_twice();
	test_format();
	test_round_trip();
	test_short_buffers();
	test_unknown_bits();
	test_names();
	test_modes();
	test_engines();
	test_words();
	return tap_done();
}
