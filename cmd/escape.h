/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes strings of unknown origin fit to be shown: names in the kernel, in object files and on the
 * command line can hold any byte, and a terminal obeys some of them. All results are malloc'ed.
 */
#ifndef XDPCTL_CMD_ESCAPE_H
#define XDPCTL_CMD_ESCAPE_H

#include <stdbool.h>

/*
 * For people: control characters and bytes that are not UTF-8 as \xNN, invisible and
 * direction-changing characters as \u{N}, a backslash doubled, so that every string has one form.
 * In a locale that isn't UTF-8 every byte beyond ASCII is \xNN.
 */
char *escape_text(const char *s);
/* Whether escape_text() would leave @s as it is. */
bool escape_needless(const char *s);

/* For a JSON value: bytes that are not UTF-8 become U+FFFD. */
char *escape_utf8(const char *s);
/* For a complete JSON document: what a terminal might obey becomes \uNNNN, an equal spelling. */
char *escape_json(const char *document);

#endif
