// SPDX-License-Identifier: LGPL-2.1-or-later
/* State of ours that never changes once it is written: bytes in a map of one element, frozen. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

#define SIZE_MAX_READ (64u << 20) /* of a map that somebody else may have put there */

static size_t aligned(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static int not_made(int code, const char *name, struct xdpctl_error *err)
{
	error_set(err, XDPCTL_FAULT_FAILED, code, "make the map %s", name);
	if (code == EPERM)
		error_hint(err, "before Linux 5.11 maps count against the limit of locked memory: "
				"CAP_SYS_RESOURCE is missing, or ulimit -l is too low");
	return -code;
}

int frozen_make(const char *name, const void *bytes, size_t size, int *out,
		struct xdpctl_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	_cleanup_free_ uint8_t *value = calloc(1, aligned(size));
	_cleanup_fd_ int fd = -1;
	uint32_t key = 0;

	if (!value)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "make the map %s", name);
	memcpy(value, bytes, size);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(key), (uint32_t)aligned(size), 1,
			    &opts);
	if (fd < 0)
		return not_made(errno, name, err);
	if (bpf_map_update_elem(fd, &key, value, BPF_ANY) < 0 || bpf_map_freeze(fd) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "write to the map %s", name);
	*out = take_fd(&fd);
	return 0;
}

static int check_map(int fd, const char *what, size_t *size, struct xdpctl_error *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read the info of %s", what);
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != 4 || info.max_entries != 1 ||
	    info.value_size > SIZE_MAX_READ)
		return error_say(err, XDPCTL_FAULT_FAILED, EINVAL, "%s is another map (%u)", what,
				 info.id);
	*size = info.value_size;
	return 0;
}

int frozen_read(int fd, const char *what, uint8_t **out, size_t *size, struct xdpctl_error *err)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	uint32_t key = 0;
	int r = check_map(fd, what, size, err);

	if (r < 0)
		return r;
	bytes = calloc(1, aligned(*size));
	if (!bytes)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read %s", what);
	if (bpf_map_lookup_elem(fd, &key, bytes) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "read %s", what);
	*out = bytes;
	bytes = NULL;
	return 0;
}

int frozen_write_conf(struct kernel *k, const struct fusedconf *conf, int *fd,
		      struct xdpctl_error *err)
{
	uint8_t bytes[FUSEDCONF_SIZE];

	(void)k;
	fusedconf_encode(conf, bytes);
	return frozen_make("xdpctl_chain", bytes, sizeof(bytes), fd, err);
}

int frozen_read_conf(struct kernel *k, int fd, struct fusedconf *out, struct xdpctl_error *err)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t size;
	int r = frozen_read(fd, "the map \"chain\"", &bytes, &size, err);

	(void)k;
	return r < 0 ? r : fusedconf_decode(bytes, size, out, err);
}
