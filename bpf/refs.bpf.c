// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes {id, references} of every BPF program: the one fact that tells, in any network namespace and
 * for any kind of holder, whether a dispatcher still runs somewhere.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The kernel's types, as far as we read them; relocated against the running kernel's BTF. */
#define RELOCATED __attribute__((preserve_access_index))

typedef struct {
	__s64 counter;
} atomic64_t;

struct bpf_prog_aux {
	atomic64_t refcnt;
	__u32 id;
} RELOCATED;

struct bpf_prog {
	struct bpf_prog_aux *aux;
} RELOCATED;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} RELOCATED;

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
} RELOCATED;

/* lib/kernel/refs.c reads the same. */
struct row {
	__u32 id;
	__u32 pad;
	__u64 refs;
};

SEC("iter/bpf_prog")
int refs(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct row row = {};

	if (!prog)
		return 0;
	row.id = prog->aux->id;
	row.refs = (__u64)prog->aux->refcnt.counter;
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

char _license[] SEC("license") = "GPL";
