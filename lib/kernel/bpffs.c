// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Directories and pins under the bpffs. Every path is walked from the root's descriptor, name by name,
 * never through a symbolic link; a directory that somebody else owns or may write to is refused, because
 * its owner could remove our components' pins, or put others in their place.
 *
 * bpf(2) takes a path: it is given as /proc/self/fd/N/NAME, below the directory that was checked, which
 * works on kernels without BPF_F_PATH_FD (Linux 6.5) too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

#define STATE_DIR "xdp" /* libxdp's, and the file of the lock that we share with it */
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LOCK_POLL_MS 20

/* ---------------------------------------------------------------- the root */

static int check_trust(const struct stat *st, mode_t forbidden, const char *path,
		       struct xdpctl_error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		error_say(err, XDPCTL_FAULT_REFUSED, EPERM,
			  "%s belongs to uid %u, who could remove our pins", path, st->st_uid);
		error_hint(err, "chown root %s, when you know how it came there", path);
		return -EPERM;
	}
	if (st->st_mode & forbidden) {
		error_say(err, XDPCTL_FAULT_REFUSED, EPERM, "%s is writable by others (mode %04o)",
			  path, (unsigned int)st->st_mode & 07777);
		error_hint(err, "chmod go-w %s", path);
		return -EPERM;
	}
	return 0;
}

/* A sticky root may be writable by all, as the kernel's default is: nobody can touch others' names in it. */
static int check_root(int fd, const char *path, struct xdpctl_error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "look at %s", path);
	if ((unsigned long)fs.f_type != BPF_FS_MAGIC) {
		error_say(err, XDPCTL_FAULT_NOT_FOUND, ENOENT, "no bpffs is mounted at %s", path);
		error_hint(err, "--mount-bpffs, or: mount -t bpf bpf %s -o mode=0700", path);
		return -ENOENT;
	}
	return check_trust(&st, st.st_mode & S_ISVTX ? 0 : S_IWGRP | S_IWOTH, path, err);
}

static int open_root(const char *path, int *out, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_set(err,
				 errno == ENOENT ? XDPCTL_FAULT_NOT_FOUND : XDPCTL_FAULT_FAILED,
				 errno, "open the bpffs %s", path);
	r = check_root(fd, path, err);
	if (r == 0)
		*out = take_fd(&fd);
	return r;
}

static int need_root(struct real *real, struct xdpctl_error *err)
{
	int r;

	if (real->root_fd >= 0)
		return 0;
	r = open_root(real->bpffs, &real->root_fd, err);
	if (r != -ENOENT || !real->mount_bpffs)
		return r;
	if (mount("bpf", real->bpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return error_set(err, XDPCTL_FAULT_FAILED, errno, "mount a bpffs at %s",
				 real->bpffs);
	return open_root(real->bpffs, &real->root_fd, err);
}

/* ---------------------------------------------------------------- walking */

static int path_failed(struct real *real, const char *act, const char *path, int code,
		       struct xdpctl_error *err)
{
	return error_set(err, code == ENOENT ? XDPCTL_FAULT_NOT_FOUND : XDPCTL_FAULT_FAILED, code,
			 "%s %s/%s", act, real->bpffs, path);
}

/* What a link in the root points to, if that is directly beside it: "tc", "<bpffs>/tc/". Else NULL. */
static const char *beside(const struct real *real, char *target)
{
	size_t root = strlen(real->bpffs), len = strlen(target);

	if (len && target[len - 1] == '/')
		target[len - 1] = '\0';
	if (strncmp(target, real->bpffs, root) == 0 && target[root] == '/')
		target += root + 1;
	return *target && !strchr(target, '/') ? target : NULL;
}

/*
 * iproute2 makes <bpffs>/xdp a link to its own directory "tc" when it loads an XDP object. libxdp follows
 * it, so we do as well, or there would be two locks; but only a link of root's, to a directory directly
 * beside it.
 */
static int open_linked_state_dir(struct real *real)
{
	char target[XDPCTL_PATH_SIZE + NAME_MAX];
	ssize_t len = readlinkat(real->root_fd, STATE_DIR, target, sizeof(target) - 1);
	const char *name;
	struct stat st;

	if (len < 0 || fstatat(real->root_fd, STATE_DIR, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	target[len] = '\0';
	name = beside(real, target);
	if (!name || (st.st_uid != 0 && st.st_uid != geteuid())) {
		errno = ELOOP;
		return -1;
	}
	return openat(real->root_fd, name, OPEN_DIR);
}

static int open_child(struct real *real, int parent, const char *name, const char *path, bool make,
		      int *out, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;
	char full[XDPCTL_PATH_SIZE * 2];
	struct stat st;
	int r;

	if (make && mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return path_failed(real, "make", path, errno, err);
	fd = openat(parent, name, OPEN_DIR);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP) && strcmp(path, STATE_DIR) == 0)
		fd = open_linked_state_dir(real);
	if (fd < 0)
		return path_failed(real, "open", path, errno, err);
	if (fstat(fd, &st) < 0)
		return path_failed(real, "look at", path, errno, err);
	snprintf(full, sizeof(full), "%s/%s", real->bpffs, path);
	r = check_trust(&st, S_IWGRP | S_IWOTH, full, err);
	if (r == 0)
		*out = take_fd(&fd);
	return r;
}

/* Opens the directory of the first @len bytes of @path, "" being the root. */
static int open_dir(struct real *real, const char *path, size_t len, bool make, int *out,
		    struct xdpctl_error *err)
{
	char prefix[XDPCTL_PATH_SIZE];
	_cleanup_fd_ int fd = -1;
	size_t at = 0;
	int r;

	if (len >= sizeof(prefix))
		return path_failed(real, "open", path, ENAMETOOLONG, err);
	r = need_root(real, err);
	if (r < 0)
		return r;
	fd = fcntl(real->root_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return path_failed(real, "open", path, errno, err);
	while (at < len) {
		size_t end = at + strcspn(path + at, "/");
		int child = -1;

		if (end > len)
			end = len;
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		r = open_child(real, fd, prefix + at, prefix, make, &child, err);
		if (r < 0)
			return r;
		util_close(fd);
		fd = child;
		at = end + 1;
	}
	*out = take_fd(&fd);
	return 0;
}

/* The directory that @path is in, and its last name. */
static int open_parent(struct real *real, const char *path, int *dir, const char **name,
		       struct xdpctl_error *err)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return open_dir(real, path, slash ? (size_t)(slash - path) : 0, false, dir, err);
}

/* ---------------------------------------------------------------- directories */

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct kernel_dirent *)a)->name,
		      ((const struct kernel_dirent *)b)->name);
}

static int read_entries(DIR *dir, struct kernel_dirent **out, size_t *n)
{
	_cleanup_free_ struct kernel_dirent *entries = NULL;
	size_t used = 0, room = 0;
	struct dirent *de;

	while (errno = 0, (de = readdir(dir))) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (used == room) {
			struct kernel_dirent *more;

			room = room ? 2 * room : 32;
			more = reallocarray(entries, room, sizeof(*entries));
			if (!more)
				return -ENOMEM;
			entries = more;
		}
		util_copy(entries[used].name, sizeof(entries->name), de->d_name);
		entries[used++].is_dir = de->d_type == DT_DIR;
	}
	if (errno)
		return -errno;
	if (used)
		qsort(entries, used, sizeof(*entries), compare_names);
	*out = entries;
	entries = NULL;
	*n = used;
	return 0;
}

int bpffs_dir_read(struct kernel *k, const char *path, struct kernel_dirent **out, size_t *n,
		   struct xdpctl_error *err)
{
	struct real *real = real_of(k);
	int fd, r;
	DIR *dir;

	r = open_dir(real, path, strlen(path), false, &fd, err);
	if (r < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir) {
		util_close(fd);
		return path_failed(real, "list", path, ENOMEM, err);
	}
	r = read_entries(dir, out, n);
	closedir(dir);
	return r < 0 ? path_failed(real, "list", path, -r, err) : 0;
}

int bpffs_dir_make(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	_cleanup_fd_ int fd = -1;

	return open_dir(real_of(k), path, strlen(path), true, &fd, err);
}

int bpffs_dir_remove(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	_cleanup_fd_ int dir = -1;
	const char *name;
	int r;

	r = open_parent(real_of(k), path, &dir, &name, err);
	if (r < 0)
		return r;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0)
		return path_failed(real_of(k), "remove", path, errno, err);
	return 0;
}

/* ---------------------------------------------------------------- pins */

static void proc_path(int dir, const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "/proc/self/fd/%d/%s", dir, name);
}

int bpffs_pin(struct kernel *k, const char *path, int fd, struct xdpctl_error *err)
{
	_cleanup_fd_ int dir = -1;
	char proc[XDPCTL_PATH_SIZE + 32];
	const char *name;
	int r;

	r = open_parent(real_of(k), path, &dir, &name, err);
	if (r < 0)
		return r;
	proc_path(dir, name, proc, sizeof(proc));
	if (bpf_obj_pin(fd, proc) < 0)
		return path_failed(real_of(k), "pin", path, errno, err);
	return 0;
}

int bpffs_unpin(struct kernel *k, const char *path, struct xdpctl_error *err)
{
	_cleanup_fd_ int dir = -1;
	const char *name;
	int r;

	r = open_parent(real_of(k), path, &dir, &name, err);
	if (r < 0)
		return r;
	if (unlinkat(dir, name, 0) < 0)
		return path_failed(real_of(k), "unpin", path, errno, err);
	return 0;
}

/* The kernel tells an object's kind only by the name of its anonymous inode. */
static enum kernel_pin_type pin_type(int fd)
{
	static const struct {
		const char *word;
		enum kernel_pin_type type;
	} kinds[] = {
		{ "bpf-prog", KERNEL_PIN_PROG },
		{ "bpf-map", KERNEL_PIN_MAP },
		{ "bpf_link", KERNEL_PIN_LINK },
		{ "bpf-link", KERNEL_PIN_LINK },
	};
	char path[32], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strstr(target, kinds[i].word))
			return kinds[i].type;
	return KERNEL_PIN_UNREADABLE;
}

/* OBJ_GET would follow a symbolic link. */
static int check_pin(struct real *real, int dir, const char *name, const char *path,
		     struct xdpctl_error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return path_failed(real, "open", path, errno, err);
	if (!S_ISREG(st.st_mode))
		return error_say(err, XDPCTL_FAULT_REFUSED, ELOOP, "%s/%s is no pin", real->bpffs,
				 path);
	return 0;
}

int bpffs_pin_open(struct kernel *k, const char *path, int *out, enum kernel_pin_type *type,
		   struct xdpctl_error *err)
{
	_cleanup_fd_ int dir = -1;
	char proc[XDPCTL_PATH_SIZE + 32];
	const char *name;
	int r, fd;

	r = open_parent(real_of(k), path, &dir, &name, err);
	if (r < 0)
		return r;
	r = check_pin(real_of(k), dir, name, path, err);
	if (r < 0)
		return r;
	proc_path(dir, name, proc, sizeof(proc));
	fd = bpf_obj_get(proc);
	if (fd < 0)
		return path_failed(real_of(k), "open", path, errno, err);
	*type = pin_type(fd);
	*out = fd;
	return 0;
}

/* ---------------------------------------------------------------- the lock */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int lock_timed_out(struct real *real, int fd, struct xdpctl_error *err)
{
	char holder[96];

	flock_holder(fd, holder, sizeof(holder));
	error_say(err, XDPCTL_FAULT_FAILED, EBUSY, "the lock on %s/%s is held by %s", real->bpffs,
		  STATE_DIR, holder[0] ? holder : "a process that can't be seen from here");
	error_hint(err, "waited %u.%03u s for it; --lock-timeout waits longer",
		   real->lock_timeout / 1000, real->lock_timeout % 1000);
	return -EBUSY;
}

/* Polled, because only a signal could end a blocking flock() in time, and signals aren't a library's. */
static int wait_for_lock(struct real *real, int fd, int how, struct xdpctl_error *err)
{
	static const struct timespec poll = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	uint64_t end = now_ms() + real->lock_timeout;

	while (flock(fd, how | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return path_failed(real, "lock", STATE_DIR, errno, err);
		if (now_ms() >= end)
			return lock_timed_out(real, fd, err);
		nanosleep(&poll, NULL);
	}
	return 0;
}

int bpffs_lock(struct kernel *k, bool exclusive, struct xdpctl_error *err)
{
	struct real *real = real_of(k);
	_cleanup_fd_ int fd = -1;
	int r;

	r = open_dir(real, STATE_DIR, strlen(STATE_DIR), exclusive, &fd, err);
	if (r == -ENOENT && !exclusive) {
		xdpctl_error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	r = wait_for_lock(real, fd, exclusive ? LOCK_EX : LOCK_SH, err);
	if (r == 0)
		real->lock_fd = take_fd(&fd);
	return r;
}

void bpffs_unlock(struct kernel *k)
{
	struct real *real = real_of(k);

	if (real->lock_fd >= 0)
		util_close(real->lock_fd);
	real->lock_fd = -1;
}
