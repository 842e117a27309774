// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/libbpf_log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "util.h"

static _Thread_local struct libbpf_log *current;

/* Warnings after which libbpf goes on: none of them is why it failed in the end. */
static bool is_remark(const char *text)
{
	static const char *const remarks[] = {
		"Retrying without BTF",
		"is optional, ignoring",
		"Ignored and continue",
		"failed to bind map",
	};

	for (size_t i = 0; i < ARRAY_SIZE(remarks); i++)
		if (strstr(text, remarks[i]))
			return true;
	return false;
}

static const char *skip_prefix(const char *text)
{
	static const char prefix[] = "libbpf: ";

	return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
}

static void __attribute__((format(printf, 2, 0)))
keep_warning(struct libbpf_log *log, const char *fmt, va_list ap)
{
	char text[sizeof(log->last)];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	util_copy(log->last, sizeof(log->last), skip_prefix(text));
	if (!log->reason[0] && !is_remark(log->last))
		util_copy(log->reason, sizeof(log->reason), log->last);
}

static int __attribute__((format(printf, 2, 0)))
receive(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN && current)
		keep_warning(current, fmt, ap);
	return 0;
}

void libbpf_log_install(void)
{
	libbpf_set_print(receive);
}

void libbpf_log_begin(struct libbpf_log *log)
{
	log->reason[0] = '\0';
	log->last[0] = '\0';
	log->outer = current;
	current = log;
}

void libbpf_log_end(struct libbpf_log *log)
{
	current = log->outer;
}
