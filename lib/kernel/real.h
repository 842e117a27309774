/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The struct kernel_ops that asks the running kernel: what its parts (rtnl, programs, bpffs, records,
 * the freplace engine) share. Each part's functions have the shape of their entry in struct kernel_ops.
 */
#ifndef XDPCTL_KERNEL_REAL_H
#define XDPCTL_KERNEL_REAL_H

#include "kernel/kernel.h"

struct rtnl;

struct real {
	struct kernel base; /* first: a struct kernel * is a struct real * */
	struct rtnl *rtnl;
	char bpffs[XDPCTL_PATH_SIZE];
	bool mount_bpffs;
	unsigned int lock_timeout; /* milliseconds */
	int root_fd;               /* of the bpffs, -1 until it is needed */
	int lock_fd;               /* -1: not locked */
	enum xdpctl_answer frags;  /* probed once */
	enum xdpctl_answer freplace;
	int freplace_code; /* of its refusal */
	char freplace_why[XDPCTL_PATH_SIZE];
};

static inline struct real *real_of(struct kernel *k)
{
	return (struct real *)k;
}

int real_open(const struct xdpctl_options *options, struct real **out, struct xdpctl_error *err);
void real_close(struct real *real);

/* prog.c: programs and links, by id and by descriptor */
int prog_open(struct kernel *k, uint32_t id, int *fd, struct xdpctl_error *err);
int prog_read(struct kernel *k, int fd, struct kernel_prog *out, struct xdpctl_error *err);
int link_all(struct kernel *k, struct kernel_link **out, size_t *n, struct xdpctl_error *err);
int link_open(struct kernel *k, uint32_t id, int *fd, struct xdpctl_error *err);
int link_read(struct kernel *k, int fd, struct kernel_link *out, struct xdpctl_error *err);
int map_users(struct kernel *k, uint32_t map_id, const uint32_t *except, size_t n, bool *used,
	      struct xdpctl_error *err);
int map_read(struct kernel *k, int fd, uint32_t *id, char name[16], struct xdpctl_error *err);

/* refs.c: reference counts, by a program iterator */
int refs_read(struct kernel *k, struct kernel_refs **out, size_t *n, struct xdpctl_error *err);

/* dispatcher.c */
int dispatcher_load(struct kernel *k, const struct wire_config *config, int *fd,
		    struct xdpctl_error *err);
int dispatcher_read(struct kernel *k, int fd, const struct kernel_prog *prog,
		    struct kernel_dispatcher *out, struct xdpctl_error *err);
/* The function that slot @slot of @n_slots is linked over: "prog3", or the main one if it is alone. */
void dispatcher_target(unsigned int slot, unsigned int n_slots, char *buf, size_t size);
/* Can an EXT program be loaded and linked here? With the reason in @err if not. */
int dispatcher_probe_freplace(struct kernel *k, struct xdpctl_error *err);

/* component.c */
int component_load(struct kernel *k, const struct object_choice *choice, int dispatcher_fd,
		   unsigned int slot, unsigned int n_slots, int *fd, char ***map_pins,
		   size_t *n_map_pins, struct xdpctl_error *err);
/* The BTF id of a function of the dispatcher. */
int component_target(int dispatcher_fd, const char *target, struct xdpctl_error *err);
int component_attach(struct kernel *k, int prog_fd, int dispatcher_fd, unsigned int slot,
		     unsigned int n_slots, int *link_fd, struct xdpctl_error *err);

/* part.c: a component by itself, to be fused */
int part_load(struct kernel *k, const struct object_choice *choice, int *fd, int *code_fd,
	      char ***map_pins, size_t *n_map_pins, struct xdpctl_error *err);

/* frozen.c: bytes in a map of one element that nobody can change any more */
int frozen_make(const char *name, const void *bytes, size_t size, int *fd,
		struct xdpctl_error *err);
/* The caller frees @out, which is aligned for anything. */
int frozen_read(int fd, const char *what, uint8_t **out, size_t *size, struct xdpctl_error *err);
int frozen_write_conf(struct kernel *k, const struct fusedconf *conf, int *fd,
		      struct xdpctl_error *err);
int frozen_read_conf(struct kernel *k, int fd, struct fusedconf *out, struct xdpctl_error *err);

/* fused.c: several of them in one program */
int fused_load(struct kernel *k, const struct kernel_part *parts, unsigned int n, bool frags,
	       int *fd, struct kernel_fusion *out, struct xdpctl_error *err);

/* kept.c: code that is kept to be fused again */
int kept_check(struct kernel *k, int code_fd, uint32_t prog_id, uint64_t load_time,
	       struct xdpctl_error *err);
int kept_to_part(struct kernel *k, int code_fd, const char *func, bool frags, int *fd,
		 int *new_code_fd, struct xdpctl_error *err);
int kept_to_ext(struct kernel *k, int code_fd, const char *func, int dispatcher_fd,
		unsigned int slot, unsigned int n_slots, int *fd, struct xdpctl_error *err);

/* probe.c */
bool probe_frags(struct kernel *k);
int probe_freplace(struct kernel *k, struct xdpctl_error *err);
void probe_kernel(struct kernel *k, struct xdpctl_features *out);

/* bpffs.c: directories and pins below the root, never through a symbolic link or a stranger's directory */
int bpffs_lock(struct kernel *k, bool exclusive, struct xdpctl_error *err);
void bpffs_unlock(struct kernel *k);
int bpffs_dir_read(struct kernel *k, const char *path, struct kernel_dirent **out, size_t *n,
		   struct xdpctl_error *err);
int bpffs_dir_make(struct kernel *k, const char *path, struct xdpctl_error *err);
int bpffs_dir_remove(struct kernel *k, const char *path, struct xdpctl_error *err);
int bpffs_pin(struct kernel *k, const char *path, int fd, struct xdpctl_error *err);
int bpffs_unpin(struct kernel *k, const char *path, struct xdpctl_error *err);
int bpffs_pin_open(struct kernel *k, const char *path, int *fd, enum kernel_pin_type *type,
		   struct xdpctl_error *err);
/* flock_holder.c: who holds a flock on the file behind @fd, "xdp-loader (pid 812)"; "" if nobody is found. */
void flock_holder(int fd, char *buf, size_t size);

/* records.c */
int records_put(struct kernel *k, const struct kernel_record *record, struct xdpctl_error *err);
int records_remove(struct kernel *k, uint32_t prog_id, struct xdpctl_error *err);
void records_sweep(struct kernel *k);
int records_all(struct kernel *k, struct kernel_record **out, size_t *n, struct xdpctl_error *err);

int map_pins_put(struct kernel *k, uint32_t map_id, const char *path, struct xdpctl_error *err);
int map_pins_unpin(struct kernel *k, const char *path, struct xdpctl_error *err);
int map_pins_all(struct kernel *k, struct kernel_map_pin **out, size_t *n,
		 struct xdpctl_error *err);

/* caps.c: REFUSED... FAILED, naming what is missing, unless this process may change XDP attachments. */
int caps_check(struct xdpctl_error *err);

#endif
