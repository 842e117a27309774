/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the library fills in a struct xdpctl_error. Every function returns -@code (or -EIO for 0), so
 * that a failure is one line: `return error_set(err, XDPCTL_FAULT_FAILED, errno, "open %s", path);`
 * The errno's own words are appended to the message, after a colon; with @code 0 nothing is.
 */
#ifndef XDPCTL_LIB_ERROR_H
#define XDPCTL_LIB_ERROR_H

#include "xdpctl.h"

#define ERROR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Replaces what @err said before. @err may be NULL. */
int error_set(struct xdpctl_error *err, enum xdpctl_fault fault, int code, const char *fmt, ...)
	ERROR_PRINTF(4, 5);
/* The same, with a message that already says why: @code is kept, its words are not appended. */
int error_say(struct xdpctl_error *err, enum xdpctl_fault fault, int code, const char *fmt, ...)
	ERROR_PRINTF(4, 5);
/* Adds what to do about it. */
void error_hint(struct xdpctl_error *err, const char *fmt, ...) ERROR_PRINTF(2, 3);
/* Adds the kernel's sentence; NULL and "" are nothing. */
void error_extack(struct xdpctl_error *err, const char *sentence);
/* Copies @log (a verifier log) into @err; NULL and "" are nothing. */
void error_log(struct xdpctl_error *err, const char *log);
/* Puts "<context>: " before the message: which component, which interface. */
void error_context(struct xdpctl_error *err, const char *fmt, ...) ERROR_PRINTF(2, 3);

#endif
