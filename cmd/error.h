/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors as commands make them and as the user sees them, once, at the end of the process. */
#ifndef XDPCTL_CMD_ERROR_H
#define XDPCTL_CMD_ERROR_H

#include <stdbool.h>

#include <xdpctl.h>

/* A usage error. Returns -EINVAL. */
int error_usage(struct xdpctl_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Puts "CONTEXT: " before the message and makes it a usage error. Returns -EINVAL. */
int error_in(struct xdpctl_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Hints at the help of @command, or at the general one for NULL. Returns -EINVAL. */
int error_help(struct xdpctl_error *err, const char *command);

/* Prints @err on stderr, or as a JSON document on stdout; returns its exit status. */
int error_print(const struct xdpctl_error *err, bool json, bool verbose);

#endif
