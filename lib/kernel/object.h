/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An object file: read once into memory; those bytes are hashed, described and loaded, also on a retry.
 * Knows ELF, BTF and libbpf's view of them; loads nothing into the kernel itself: the caller does.
 */
#ifndef XDPCTL_KERNEL_OBJECT_H
#define XDPCTL_KERNEL_OBJECT_H

#include <linux/bpf.h>

#include "model/chain.h"
#include "xdpctl.h"

struct bpf_object;
struct bpf_program;

struct object;

/*
 * Reads the regular file @path (at most 64 MiB) and checks what can be checked without BTF: not a
 * directory, not empty, ELF, 64 bit, little endian on such a machine, EM_BPF, relocatable, every section
 * and every function within the file. NOT_FOUND: no such file. USAGE: one sentence for each kind of bad
 * file.
 */
int object_read(const char *path, struct object **out, struct xdpctl_error *err);
void object_free(struct object *object);

/*
 * One program of an object and how to load it. Strings are copies, the object is borrowed.
 * Filled in by object_choose(); consumed by the kernel's component_load().
 */
struct object_choice {
	const struct object *object;
	char section[128];                   /* of the program, as libbpf has it */
	struct chain_addition addition;      /* names, priority, actions, frags, insns, hashes */
	const struct xdpctl_load_item *item; /* borrowed: variables, pin directory */
	const char *bpffs; /* root for maps that ask to be pinned by name; the caller sets it */
	/*
	 * Maps to go on with, by id, instead of new ones: each of the object's must be among them. Borrowed;
	 * the caller sets it. n_reuse is 0: new maps.
	 */
	const uint32_t *reuse;
	size_t n_reuse;
};

/*
 * Decides which program @item means and what its metadata say: by function name, by section (not there:
 * NOT_FOUND), else the object's only XDP program (several: USAGE, naming them; none: USAGE). Programs
 * that libbpf doesn't know by their section count as XDP where it begins with "xdp", or when they are
 * asked for. Priority and chain actions come from the item, else from `.xdp_run_config` in BTF, else 50
 * and pass; unknown members there are refused. Frags come from the item, else from a section that begins
 * with "xdp.frags".
 *
 * Checks licence, BTF, the component's name, names of maps, and that every variable in item->vars exists
 * and can hold its value, so that no bad input is found only after something was changed. UNSUPPORTED:
 * static tail-call entries. addition.settings is the sha256 over program name, variables (their values,
 * not how they were written), frags and pin directory. addition.owner and bpffs are left empty.
 */
int object_choose(const struct object *object, const struct xdpctl_load_item *item,
		  struct object_choice *out, struct xdpctl_error *err);

/*
 * Opens the bytes anew with libbpf, everything but the chosen program set not to load, variables and pin
 * paths set. As BPF_PROG_TYPE_EXT, the program has no expected attach type and no flags, whatever its
 * section says, and the caller sets its target; as BPF_PROG_TYPE_XDP, it has BPF_XDP, and
 * BPF_F_XDP_HAS_FRAGS if addition.frags, and a capture (capture.h) must have been begun. The caller loads, and closes (bpf_object__close). The verifier's
 * log goes into @log of @log_size bytes when the load fails (-ENOSPC: it was longer); both may be 0.
 */
int object_open(const struct object_choice *choice, enum bpf_prog_type type, char *log,
		size_t log_size, struct bpf_object **obj, struct bpf_program **prog,
		struct xdpctl_error *err);

/* The dispatcher version in the BTF of an installed xdp-dispatcher.o; 0 if there is none to read. */
unsigned int object_dispatcher_version(const char *path);

#endif
