// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/wordlist.h"

#include <string.h>

static const char more[] = ", ...";

static void append(struct wordlist *list, const char *text, size_t length)
{
	memcpy(list->text + list->length, text, length);
	list->length += length;
	list->text[list->length] = '\0';
}

void wordlist_add(struct wordlist *list, const char *word)
{
	size_t separator = list->length ? 2 : 0;
	size_t room = sizeof(list->text) - sizeof(more) - list->length;
	size_t length = strlen(word);

	if (list->full)
		return;
	list->full = separator + length > room;
	if (list->full) {
		/* Without the comma, where not even the first word fits. */
		append(list, list->length ? more : more + 2, list->length ? strlen(more) : 3);
		return;
	}
	append(list, ", ", separator);
	append(list, word, length);
}
