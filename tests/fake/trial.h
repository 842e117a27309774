/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thousands of trials of one kind, reported as one: only the first that fail are printed. */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>

/* Many trials, one line of TAP. */
struct group {
	char which[256]; /* the trial that runs now */
	unsigned int trials;
	unsigned int failed;
	bool trial_failed;
	bool complains; /* the first complaints, one for each trial, are printed */
};

#define TRIAL_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Which trial it is, for complaints. */
void trial_begin(struct group *g, const char *fmt, ...) TRIAL_PRINTF(2, 3);
/* Returns @holds; the sentence is printed where it doesn't. A trial complains once. */
bool trial_check(struct group *g, bool holds, const char *fmt, ...) TRIAL_PRINTF(3, 4);
/* Prints the lines that differ. */
void trial_check_text(struct group *g, const char *what, const char *got, const char *want);

bool same_text(const char *a, const char *b);
/* Each line of @part is one of @whole; the last line, which counts, aside. */
bool part_of_text(const char *part, const char *whole);

#endif
