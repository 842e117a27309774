/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people by libsmartcols; every cell is escaped on the way in. */
#ifndef XDPCTL_CMD_TABLE_H
#define XDPCTL_CMD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <libsmartcols.h>

#include "cleanup.h"

DEFINE_CLEANUP(struct libscols_table *, scols_unref_table)
#define _cleanup_table_ _cleanup_(cleanup_scols_unref_table)

struct table_column {
	const char *heading;
	int flags; /* SCOLS_FL_* */
};

struct libscols_table *table_new(const struct table_column *columns, size_t n);
/* @parent may be NULL. The line belongs to the table. */
struct libscols_line *table_line(struct libscols_table *table, struct libscols_line *parent);
void table_text(struct libscols_line *line, size_t column, const char *s); /* NULL: empty */
void table_number(struct libscols_line *line, size_t column, uint64_t n);
void table_id(struct libscols_line *line, size_t column, uint32_t id); /* 0: empty */
void table_print(struct libscols_table *table);

#endif
