// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes strings of unknown origin fit to be shown; knows UTF-8 and which characters are unsafe. */
#include "escape.h"

#include <langinfo.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "xalloc.h"

struct range {
	uint32_t first, last;
};

/* What is not seen, or changes how its neighbours are seen. */
static const struct range unsafe[] = {
	{ 0x0000, 0x001f },   /* C0 */
	{ 0x007f, 0x009f },   /* DEL, C1: U+009B begins a control sequence as ESC [ does */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x200b, 0x200f },   /* zero-width, left-to-right and right-to-left marks */
	{ 0x2028, 0x202e },   /* line and paragraph separator, bidirectional overrides */
	{ 0x2060, 0x206f },   /* invisible operators, bidirectional isolates */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xfff9, 0xfffb },   /* interlinear annotation */
	{ 0xe0000, 0xe0fff }, /* tags */
};

static bool is_unsafe(uint32_t c)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (c >= unsafe[i].first && c <= unsafe[i].last)
			return true;
	return false;
}

/* The length of a sequence that starts with @byte, 0 if none does, and the bits it contributes. */
static size_t lead(unsigned char byte, uint32_t *bits)
{
	static const struct {
		unsigned char mask, value;
	} leads[] = {
		[1] = { 0x80, 0x00 },
		[2] = { 0xe0, 0xc0 },
		[3] = { 0xf0, 0xe0 },
		[4] = { 0xf8, 0xf0 },
	};

	for (size_t n = 1; n <= 4; n++) {
		if ((byte & leads[n].mask) != leads[n].value)
			continue;
		*bits = byte & (unsigned char)~leads[n].mask;
		return n;
	}
	return 0;
}

/* Decodes the character at @s: its length, or 0 when it is not UTF-8. */
static size_t decode(const char *s, uint32_t *c)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = lead((unsigned char)s[0], c);

	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (!n || *c < smallest[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

static void put_text(FILE *f, const char *s, bool utf8)
{
	uint32_t c;
	size_t n;

	for (; *s; s += n) {
		n = decode(s, &c);
		if (!n || (n > 1 && !utf8) || (n == 1 && is_unsafe(c))) {
			fprintf(f, "\\x%02x", (unsigned char)*s);
			n = 1;
		} else if (is_unsafe(c)) {
			fprintf(f, "\\u{%x}", c);
		} else if (c == '\\') {
			fputs("\\\\", f);
		} else {
			fwrite(s, 1, n, f);
		}
	}
}

static void put_utf8(FILE *f, const char *s)
{
	uint32_t c;
	size_t n;

	for (; *s; s += n ? n : 1) {
		n = decode(s, &c);
		if (n)
			fwrite(s, 1, n, f);
		else
			fputs("\xef\xbf\xbd", f);
	}
}

static void put_json(FILE *f, const char *s)
{
	uint32_t c;
	size_t n;

	for (; *s; s += n) {
		n = decode(s, &c);
		if (n <= 1 && *s != 0x7f) {
			/* Ours: layout and ASCII; json-c has escaped C0 in strings. */
			n = 1;
			fputc(*s, f);
		} else if (!is_unsafe(c)) {
			fwrite(s, 1, n, f);
		} else if (c < 0x10000) {
			fprintf(f, "\\u%04x", c);
		} else {
			fprintf(f, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
				0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
}

static FILE *memory_open(char **out, size_t *size)
{
	FILE *f = open_memstream(out, size);

	if (!f)
		oom();
	return f;
}

static char *memory_close(FILE *f, char *const *out)
{
	if (ferror(f) || fclose(f))
		oom();
	return *out;
}

char *escape_text(const char *s)
{
	char *out;
	size_t size;
	FILE *f = memory_open(&out, &size);

	put_text(f, s, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	return memory_close(f, &out);
}

bool escape_needless(const char *s)
{
	_cleanup_free_ char *escaped = escape_text(s);

	return strcmp(s, escaped) == 0;
}

char *escape_utf8(const char *s)
{
	char *out;
	size_t size;
	FILE *f = memory_open(&out, &size);

	put_utf8(f, s);
	return memory_close(f, &out);
}

char *escape_json(const char *document)
{
	char *out;
	size_t size;
	FILE *f = memory_open(&out, &size);

	put_json(f, document);
	return memory_close(f, &out);
}
