/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libbpf would print, kept instead: its warnings often hold the only reason of a failure, and its
 * callback has no context argument, hence the library's one mutable thread-local variable.
 */
#ifndef XDPCTL_KERNEL_LIBBPF_LOG_H
#define XDPCTL_KERNEL_LIBBPF_LOG_H

#include <stddef.h>

/* Both texts are without "libbpf: " and the newline, and "" when there was no warning. */
struct libbpf_log {
	char reason[512];         /* the first warning that isn't a remark: what went wrong */
	char last[512];           /* the last one: mostly "failed to load object", says no more */
	struct libbpf_log *outer; /* captures nest */
};

/* Sets libbpf's callback; once is enough, more does no harm. */
void libbpf_log_install(void);
/* Warnings of this thread go to @log until libbpf_log_end(). */
void libbpf_log_begin(struct libbpf_log *log);
void libbpf_log_end(struct libbpf_log *log);

#endif
