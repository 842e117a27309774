/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything the composition may ask of the kernel, as one table, so that a fake can stand in for fault
 * injection. No decisions are made behind it: each entry does one thing and says how it went.
 *
 * Descriptors are the caller's to close(), in the fake as well. Paths are relative to the bpffs:
 * "xdp/dispatch-4-71/prog0-link". "Cannot read" and "nothing there" are always different answers.
 */
#ifndef XDPCTL_KERNEL_KERNEL_H
#define XDPCTL_KERNEL_KERNEL_H

#include "model/fusedconf.h"
#include "model/wire.h"
#include "xdpctl.h"

struct kernel;
struct object_choice;

/* One interface as RTM_GETLINK tells it. */
struct kernel_iface {
	int ifindex;
	char ifname[XDPCTL_IFNAME_SIZE];
	uint32_t mtu;
	enum xdpctl_mode mode; /* of @prog_id; native or skb if there is one, else hw, else none */
	uint32_t prog_id;
	uint32_t hw_prog_id; /* only where it is beside another */
};

struct kernel_prog {
	uint32_t id;
	uint32_t type;               /* enum bpf_prog_type */
	char func[XDPCTL_FUNC_SIZE]; /* libxdp's rule: the kernel's 15 characters, expanded by BTF */
	uint8_t tag[8];
	uint32_t btf_id;
	uint64_t load_time; /* ns since boot */
	uint32_t uid;
	uint32_t map_ids[XDPCTL_MAPS_MAX];
	unsigned int n_maps;
};

enum kernel_link_type { KERNEL_LINK_TRACING, KERNEL_LINK_XDP };

struct kernel_link {
	uint32_t id;
	enum kernel_link_type type;
	uint32_t prog_id;
	uint32_t attach_type;   /* TRACING: 0 is freplace */
	uint32_t target_obj_id; /* TRACING: the dispatcher; 0 before Linux 5.13 */
	uint32_t target_btf_id;
	int ifindex; /* XDP: 0 when defunct */
};

/* How many references a program has, those of the counting itself left out. */
struct kernel_refs {
	uint32_t prog_id;
	uint64_t refs;
};

/* What a live dispatcher is. @slot_btf_ids[i] is the BTF id of prog<i>, @main_btf_id of the main function. */
struct kernel_dispatcher {
	struct wire_config config;
	uint32_t main_btf_id;
	uint32_t slot_btf_ids[XDPCTL_SLOTS_MAX];
};

/* A component to be fused. */
struct kernel_part {
	const char *name;
	uint32_t actions;
	bool added; /* not in the chain before: the first to be called when the verifier objects */
	int code_fd;
};

/* What became of the parts. */
struct kernel_fusion {
	uint32_t verified; /* instructions that the verifier went through; 0: not known */
	bool called[XDPCTL_COMPONENTS_MAX];
};

/* Our record of a component, keyed by program id; @load_time makes it sure that it is the same program. */
struct kernel_record {
	uint32_t prog_id;
	uint64_t load_time;
	uint64_t loaded_at; /* seconds since the epoch */
	uint32_t uid;
	char name[XDPCTL_NAME_SIZE];
	char owner[XDPCTL_NAME_SIZE];
	char object[XDPCTL_PATH_SIZE];
	uint8_t sha256[32];
	uint8_t settings[32];
};

/* A map that was pinned because its object asks for it (LIBBPF_PIN_BY_NAME), by us. */
struct kernel_map_pin {
	uint32_t map_id;
	char path[XDPCTL_PATH_SIZE]; /* absolute */
};

enum kernel_pin_type {
	KERNEL_PIN_DIR,
	KERNEL_PIN_PROG,
	KERNEL_PIN_LINK,
	KERNEL_PIN_MAP,
	KERNEL_PIN_UNREADABLE
};

struct kernel_dirent {
	char name[XDPCTL_PATH_SIZE];
	bool is_dir;
};

struct kernel_ops {
	/* ---- rtnetlink ---- */
	/* All interfaces, or the one @ifindex (NOT_FOUND: there is none). Ordered by index. */
	int (*ifaces)(struct kernel *k, int ifindex, struct kernel_iface **out, size_t *n,
		      struct xdpctl_error *err);
	/*
	 * The compare-and-swap: attaches @new_fd (-1: nothing) in @mode if what is attached is @old_fd
	 * (-1: nothing). -EEXIST (CONFLICT): something else is attached. Other refusals of the kernel
	 * are told apart by its sentence: see rtnl.c.
	 */
	int (*xdp_swap)(struct kernel *k, int ifindex, enum xdpctl_mode mode, int new_fd,
			int old_fd, struct xdpctl_error *err);

	/* ---- programs and links ---- */
	int (*prog_open)(struct kernel *k, uint32_t id, int *fd, struct xdpctl_error *err);
	int (*prog_read)(struct kernel *k, int fd, struct kernel_prog *out,
			 struct xdpctl_error *err);
	/* Every TRACING and XDP link of the kernel. */
	int (*links)(struct kernel *k, struct kernel_link **out, size_t *n,
		     struct xdpctl_error *err);
	int (*link_open)(struct kernel *k, uint32_t id, int *fd, struct xdpctl_error *err);
	int (*link_read)(struct kernel *k, int fd, struct kernel_link *out,
			 struct xdpctl_error *err);
	/* A map's id and its name, of at most 15 characters. */
	int (*map_read)(struct kernel *k, int fd, uint32_t *id, char name[16],
			struct xdpctl_error *err);
	/* The reference count of every program. UNSUPPORTED without program iterators (Linux 5.9, BTF). */
	int (*prog_refs)(struct kernel *k, struct kernel_refs **out, size_t *n,
			 struct xdpctl_error *err);

	/* ---- the freplace engine ---- */
	int (*dispatcher_load)(struct kernel *k, const struct wire_config *config, int *fd,
			       struct xdpctl_error *err);
	/* -ENOTTY, err untouched: not a dispatcher. -EOPNOTSUPP: newer. Others: a broken or unreadable one. */
	int (*dispatcher_read)(struct kernel *k, int fd, const struct kernel_prog *prog,
			       struct kernel_dispatcher *out, struct xdpctl_error *err);
	/*
	 * Loads the chosen program for @slot of @n_slots of the dispatcher and pins its maps, as the object
	 * or the user asks. The pins that are new are listed in @map_pins (absolute paths), which the
	 * caller frees.
	 */
	int (*component_load)(struct kernel *k, const struct object_choice *choice,
			      int dispatcher_fd, unsigned int slot, unsigned int n_slots, int *fd,
			      char ***map_pins, size_t *n_map_pins, struct xdpctl_error *err);
	int (*component_attach)(struct kernel *k, int prog_fd, int dispatcher_fd, unsigned int slot,
				unsigned int n_slots, int *link_fd, struct xdpctl_error *err);
	bool (*has_frags)(struct kernel *k); /* BPF_F_XDP_HAS_FRAGS, Linux 5.18 */
	/* Can EXT programs be loaded and linked here? 0, or why not. Probed once. */
	int (*has_freplace)(struct kernel *k, struct xdpctl_error *err);

	/* ---- the fused engine ---- */
	/*
	 * Loads the chosen program by itself, as XDP, and pins its maps as component_load() does. @code_fd is
	 * a frozen map with all that is needed to fuse it, now and later.
	 */
	int (*part_load)(struct kernel *k, const struct object_choice *choice, int *fd,
			 int *code_fd, char ***map_pins, size_t *n_map_pins,
			 struct xdpctl_error *err);
	/*
	 * Is it the code of the program with that id and load time, whole, and are its maps there? The program
	 * itself may be lost.
	 */
	int (*code_check)(struct kernel *k, int code_fd, uint32_t prog_id, uint64_t load_time,
			  struct xdpctl_error *err);
	/* Fuses the parts in run order and loads the whole. */
	int (*fused_load)(struct kernel *k, const struct kernel_part *parts, unsigned int n,
			  bool frags, int *fd, struct kernel_fusion *out, struct xdpctl_error *err);
	/* The chain's configuration as a frozen map, and back. */
	int (*fused_write)(struct kernel *k, const struct fusedconf *conf, int *fd,
			   struct xdpctl_error *err);
	int (*fused_read)(struct kernel *k, int fd, struct fusedconf *out,
			  struct xdpctl_error *err);
	/* As part_load(), from kept code: for a component whose program is lost. */
	int (*code_to_part)(struct kernel *k, int code_fd, const char *func, bool frags, int *fd,
			    int *new_code_fd, struct xdpctl_error *err);
	/* Loads kept code as an EXT program, for a slot of a dispatcher. */
	int (*code_to_ext)(struct kernel *k, int code_fd, const char *func, int dispatcher_fd,
			   unsigned int slot, unsigned int n_slots, int *fd,
			   struct xdpctl_error *err);

	/* ---- bpffs ---- */
	/*
	 * Takes the lock that we share with libxdp, or names who holds it (-EBUSY, FAILED). Shared, where
	 * there is no state directory yet, there is nothing to lock: 0. Exclusive makes the directory.
	 */
	int (*lock)(struct kernel *k, bool exclusive, struct xdpctl_error *err);
	void (*unlock)(struct kernel *k);
	/* -ENOENT (NOT_FOUND): no such directory. Entries sorted by name. */
	int (*dir_read)(struct kernel *k, const char *path, struct kernel_dirent **out, size_t *n,
			struct xdpctl_error *err);
	int (*dir_make)(struct kernel *k, const char *path,
			struct xdpctl_error *err); /* parents too */
	int (*dir_remove)(struct kernel *k, const char *path, struct xdpctl_error *err);
	int (*pin)(struct kernel *k, const char *path, int fd, struct xdpctl_error *err);
	/* -ENOENT: no such pin. */
	int (*unpin)(struct kernel *k, const char *path, struct xdpctl_error *err);
	/* -ENOENT (NOT_FOUND): no such pin. */
	int (*pin_open)(struct kernel *k, const char *path, int *fd, enum kernel_pin_type *type,
			struct xdpctl_error *err);

	/* ---- our records ---- */
	int (*record_put)(struct kernel *k, const struct kernel_record *record,
			  struct xdpctl_error *err);
	/* 0 as well when there is no such record. Removes the map with its last record. */
	int (*record_remove)(struct kernel *k, uint32_t prog_id, struct xdpctl_error *err);
	/* Removes what a kill left of our tables: one without entries, their directory. */
	void (*sweep)(struct kernel *k);
	int (*records)(struct kernel *k, struct kernel_record **out, size_t *n,
		       struct xdpctl_error *err);

	/* ---- pins of maps that objects ask for ---- */
	int (*map_pins)(struct kernel *k, struct kernel_map_pin **out, size_t *n,
			struct xdpctl_error *err);
	/* The pin and what is recorded of it; 0 as well when there is none. */
	int (*map_unpin)(struct kernel *k, const char *path, struct xdpctl_error *err);
	/* Does any program use the map, the @n in @except left out? */
	int (*map_used)(struct kernel *k, uint32_t map_id, const uint32_t *except, size_t n,
			bool *used, struct xdpctl_error *err);

	/* Waits a little before trying again, longer with each attempt. */
	void (*backoff)(struct kernel *k, unsigned int attempt);
};

/* The first member of whatever an implementation keeps. */
struct kernel {
	const struct kernel_ops *ops;
	const char *bpffs; /* the root's absolute path, for reports */
};

#endif
