// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define MAGIC 0x43504458u
#define SCHEMA 1u

/* Behind it: instructions, functions, lines, depths, BTF, each aligned to 8. */
struct header {
	uint32_t magic;
	uint32_t schema;
	uint64_t load_time;
	uint32_t prog_id;
	uint32_t n_insns;
	uint32_t n_funcs;
	uint32_t n_lines;
	uint32_t n_depths;
	uint32_t btf_size;
};

bool code_is_map_load(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE);
}

/* Where the parts are: five offsets, and the end of all. */
struct layout {
	uint64_t at[6]; /* counts of 32 bits can't overflow them */
};

static uint64_t aligned(uint64_t size)
{
	return (size + 7) & ~(uint64_t)7;
}

static struct layout layout_of(const struct header *h)
{
	const uint64_t sizes[] = {
		h->n_insns * (uint64_t)sizeof(struct bpf_insn),
		h->n_funcs * (uint64_t)sizeof(struct bpf_func_info),
		h->n_lines * (uint64_t)sizeof(struct bpf_line_info),
		h->n_depths * (uint64_t)sizeof(uint32_t),
		h->btf_size,
	};
	struct layout layout = { .at = { aligned(sizeof(*h)) } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		layout.at[i + 1] = layout.at[i] + aligned(sizes[i]);
	return layout;
}

static void put(uint8_t *to, const void *from, size_t size)
{
	if (size)
		memcpy(to, from, size);
}

uint8_t *code_encode(const struct code *code, size_t *size)
{
	const struct header h = {
		.magic = MAGIC,
		.schema = SCHEMA,
		.load_time = code->load_time,
		.prog_id = code->prog_id,
		.n_insns = code->n_insns,
		.n_funcs = code->n_funcs,
		.n_lines = code->n_lines,
		.n_depths = code->n_depths,
		.btf_size = code->btf_size,
	};
	const struct layout layout = layout_of(&h);
	uint8_t *bytes = calloc(1, layout.at[5]);

	if (!bytes)
		return NULL;
	put(bytes, &h, sizeof(h));
	put(bytes + layout.at[0], code->insns, code->n_insns * sizeof(*code->insns));
	put(bytes + layout.at[1], code->funcs, code->n_funcs * sizeof(*code->funcs));
	put(bytes + layout.at[2], code->lines, code->n_lines * sizeof(*code->lines));
	put(bytes + layout.at[3], code->depths, code->n_depths * sizeof(*code->depths));
	put(bytes + layout.at[4], code->btf, code->btf_size);
	*size = layout.at[5];
	return bytes;
}

static int check(const struct header *h, size_t size, struct xdpctl_error *err)
{
	if (h->magic != MAGIC || h->schema != SCHEMA)
		return error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP,
				 "the kept code is of a layout that this version doesn't know");
	if (!h->n_insns || layout_of(h).at[5] != size)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL,
				 "the kept code is truncated or damaged");
	return 0;
}

int code_decode(const uint8_t *bytes, size_t size, struct code *out, struct xdpctl_error *err)
{
	struct header h = { 0 };
	struct layout layout;
	int r;

	memcpy(&h, bytes, size < sizeof(h) ? size : sizeof(h));
	r = check(&h, size, err);
	if (r < 0)
		return r;
	layout = layout_of(&h);
	*out = (struct code){
		.prog_id = h.prog_id,
		.load_time = h.load_time,
		.insns = (const void *)(bytes + layout.at[0]),
		.n_insns = h.n_insns,
		.funcs = (const void *)(bytes + layout.at[1]),
		.n_funcs = h.n_funcs,
		.lines = (const void *)(bytes + layout.at[2]),
		.n_lines = h.n_lines,
		.depths = (const void *)(bytes + layout.at[3]),
		.n_depths = h.n_depths,
		.btf = bytes + layout.at[4],
		.btf_size = h.btf_size,
	};
	return 0;
}
