/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "alpha, beta, ...": the words that would have been right, as many of them as a message has room for. */
#ifndef XDPCTL_KERNEL_WORDLIST_H
#define XDPCTL_KERNEL_WORDLIST_H

#include <stdbool.h>
#include <stddef.h>

struct wordlist {
	char text[200];
	size_t length;
	bool full; /* the text ends in "..." */
};

/* @list begins zeroed. */
void wordlist_add(struct wordlist *list, const char *word);

#endif
