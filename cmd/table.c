// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables for people by libsmartcols; every cell is escaped on the way in. */
#include "table.h"

#include "escape.h"
#include "xalloc.h"

struct libscols_table *table_new(const struct table_column *columns, size_t n)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		oom();
	for (size_t i = 0; i < n; i++)
		if (!scols_table_new_column(table, columns[i].heading, 0, columns[i].flags))
			oom();
	/* No padding at the end of lines; our escapes are not to be escaped once more. */
	scols_table_enable_minout(table, 1);
	scols_table_enable_noencoding(table, 1);
	/* On a narrow terminal lines wrap; libsmartcols would rather leave out columns. */
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	return table;
}

struct libscols_line *table_line(struct libscols_table *table, struct libscols_line *parent)
{
	struct libscols_line *line = scols_table_new_line(table, parent);

	if (!line)
		oom();
	return line;
}

void table_text(struct libscols_line *line, size_t column, const char *s)
{
	if (s && scols_line_refer_data(line, column, escape_text(s)))
		oom();
}

void table_number(struct libscols_line *line, size_t column, uint64_t n)
{
	if (scols_line_refer_data(line, column, xasprintf("%llu", (unsigned long long)n)))
		oom();
}

void table_id(struct libscols_line *line, size_t column, uint32_t id)
{
	if (id)
		table_number(line, column, id);
}

void table_print(struct libscols_table *table)
{
	if (scols_print_table(table))
		oom();
}
