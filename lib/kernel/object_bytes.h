/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of struct object, for the files that implement object.h. */
#ifndef XDPCTL_KERNEL_OBJECT_BYTES_H
#define XDPCTL_KERNEL_OBJECT_BYTES_H

#include <bpf/libbpf.h>

#include "kernel/elfview.h"
#include "xdpctl.h"

struct object {
	char path[XDPCTL_PATH_SIZE]; /* as it was given, for messages; the end of it if it is long */
	char absolute[XDPCTL_PATH_SIZE]; /* for the record; likewise */
	char name[XDPCTL_NAME_SIZE];     /* for libbpf: the file's name, as far as a C name goes */
	uint8_t sha256[32];
	uint8_t *bytes;
	size_t size;
	struct elfview elf;
};

/* USAGE: there is no BTF, or none that may be given to libbpf. */
int object_check_btf(const struct object *object, struct xdpctl_error *err);
/* Opened with libbpf, with everything checked that doesn't depend on which program is chosen. */
int object_open_checked(const struct object *object, struct bpf_object **out,
			struct xdpctl_error *err);

static inline void cleanup_bpf_object(struct bpf_object **obj)
{
	bpf_object__close(*obj);
}

#define _cleanup_object_ __attribute__((cleanup(cleanup_bpf_object)))

#endif
