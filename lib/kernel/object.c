// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/object.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h> /* before sha2.h, which needs it */

#include <bpf/btf.h>
#include <sha2.h>

#include "error.h"
#include "kernel/btfcheck.h"
#include "kernel/metadata.h"
#include "kernel/object_bytes.h"
#include "util.h"

/* ---------------------------------------------------------------- its names */

static bool continues_character(char c)
{
	return (c & 0xc0) == 0x80; /* UTF-8 */
}

/* The end of a path says more than its beginning. */
static void copy_end(char *dst, size_t size, const char *path)
{
	static const char cut[] = "…";
	size_t length = strlen(path);

	if (length < size) {
		util_copy(dst, size, path);
		return;
	}
	path += length - (size - sizeof(cut));
	while (continues_character(*path))
		path++;
	snprintf(dst, size, "%s%s", cut, path);
}

static void name_for_libbpf(char *dst, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strcspn(base, ".");

	if (length == 0) {
		util_copy(dst, size, "object");
		return;
	}
	util_copy(dst, length < size ? length + 1 : size, base);
	for (char *c = dst; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
}

static void set_names(struct object *object, const char *path)
{
	_cleanup_free_ char *absolute = realpath(path, NULL);

	copy_end(object->path, sizeof(object->path), path);
	copy_end(object->absolute, sizeof(object->absolute), absolute ? absolute : path);
	name_for_libbpf(object->name, sizeof(object->name), path);
}

/* ---------------------------------------------------------------- reading */

static const char *kind_of_file(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a named pipe";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

static int open_file(const struct object *object, const char *path, int *out,
		     struct xdpctl_error *err)
{
	/* O_NONBLOCK: or a named pipe would make us wait until somebody writes to it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0) {
		*out = fd;
		return 0;
	}
	if (errno == ENOENT || errno == ENOTDIR)
		return error_set(err, XDPCTL_FAULT_NOT_FOUND, errno, "open %s", object->path);
	return error_set(err, XDPCTL_FAULT_FAILED, errno, "open %s", object->path);
}

static int check_file(const struct object *object, int fd, size_t *size, struct xdpctl_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "examine %s", object->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "%s is %s, not an object file",
				 object->path, kind_of_file(st.st_mode));
	if (st.st_size == 0)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "%s is empty", object->path);
	if (st.st_size > ELFVIEW_SIZE_MAX)
		return error_set(err, XDPCTL_FAULT_USAGE, 0, "%s is larger than %u MiB",
				 object->path, ELFVIEW_SIZE_MAX >> 20);
	*size = (size_t)st.st_size;
	return 0;
}

static int read_bytes(struct object *object, int fd, size_t size, struct xdpctl_error *err)
{
	object->bytes = malloc(size);
	if (!object->bytes)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read %s", object->path);
	while (object->size < size) {
		ssize_t n = read(fd, object->bytes + object->size, size - object->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, XDPCTL_FAULT_FAILED, errno, "read %s", object->path);
		if (n == 0)
			return error_set(err, XDPCTL_FAULT_FAILED, 0,
					 "%s became shorter while it was read", object->path);
		object->size += (size_t)n;
	}
	return 0;
}

static void hash_bytes(struct object *object)
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, object->bytes, object->size);
	SHA256Final(object->sha256, &context);
}

static int read_file(struct object *object, const char *path, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;
	size_t size = 0;
	int r;

	if ((r = open_file(object, path, &fd, err)) < 0 ||
	    (r = check_file(object, fd, &size, err)) < 0 ||
	    (r = read_bytes(object, fd, size, err)) < 0)
		return r;
	hash_bytes(object);
	return elfview_open(object->bytes, object->size, object->path, &object->elf, err);
}

int object_read(const char *path, struct object **out, struct xdpctl_error *err)
{
	struct object *object = calloc(1, sizeof(*object));
	int r;

	if (!object)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read %s", path);
	set_names(object, path);
	r = read_file(object, path, err);
	if (r < 0) {
		object_free(object);
		return r;
	}
	*out = object;
	return 0;
}

void object_free(struct object *object)
{
	if (!object)
		return;
	free(object->bytes);
	free(object);
}

/* ---------------------------------------------------------------- its BTF */

int object_check_btf(const struct object *object, struct xdpctl_error *err)
{
	struct elfview_section section;
	int r;

	if (elfview_find(&object->elf, ".BTF", &section) && section.data)
		return btfcheck(section.data, section.header.sh_size, object->path, err);
	r = error_set(err, XDPCTL_FAULT_USAGE, 0, "%s has no BTF", object->path);
	error_hint(err, "compile it with clang -g");
	return r;
}

static unsigned int read_version(const struct object *object)
{
	struct elfview_section section;
	unsigned int version = 0;
	struct btf *btf;

	if (object_check_btf(object, NULL) < 0 || !elfview_find(&object->elf, ".BTF", &section))
		return 0;
	btf = btf__new(section.data, (uint32_t)section.header.sh_size);
	if (btf)
		version = metadata_dispatcher_version(btf);
	btf__free(btf);
	return version;
}

unsigned int object_dispatcher_version(const char *path)
{
	struct object *object = NULL;
	unsigned int version;

	if (object_read(path, &object, NULL) < 0)
		return 0;
	version = read_version(object);
	object_free(object);
	return version;
}
