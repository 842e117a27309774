/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the fake kernel share: its state, and the rules of who keeps whom alive. */
#ifndef FAKE_STATE_H
#define FAKE_STATE_H

#include <sys/types.h>

#include "fake/fake_kernel.h"

#define PROGS 192
#define LINKS 384
#define MAPS 192
#define PINS 512
#define IFACES 8
#define RECORDS 96
#define HANDLES 192
#define CALLS 4096
#define DEFERRED_CALLS 20
#define MTU_WITHOUT_FRAGS 3498u
#define ROOT_DIR "xdp"
#define OUR_DIR "xdpctl"
#define PART_FUNC_SIZE 24

/* What a fused program was made of, as packets meet it; @prog_id is the component by itself. */
struct part {
	char func[PART_FUNC_SIZE];
	uint32_t actions;
	bool frags;
	uint32_t prog_id;
};

struct prog {
	bool live;
	struct kernel_prog info;
	bool is_dispatcher;
	int damage; /* errno of dispatcher_read, 0: readable */
	struct kernel_dispatcher dispatcher;
	bool is_fused;
	bool fused_frags;
	unsigned int n_parts;
	struct part parts[XDPCTL_COMPONENTS_MAX];
	uint32_t load_target; /* of an EXT program until it is first attached */
	unsigned int held;    /* descriptors of other processes */
};

struct link {
	bool live;
	struct kernel_link info;
	unsigned int held;
	unsigned int until; /* the call until which the kernel still holds it, see fk_defer_link() */
};

enum map_kind { MAP_PLAIN, MAP_CODE, MAP_CHAIN };

/* Only of what is our own the content matters. A code map holds no reference, not even to its maps. */
struct map {
	uint32_t id; /* 0: free */
	enum map_kind kind;
	int damage; /* errno of reading it, 0: readable */
	struct {
		uint32_t prog_id;
		uint64_t load_time;
		char func[PART_FUNC_SIZE];
		bool frags;
		uint32_t map_ids[4];
		unsigned int n_maps;
	} code;
	struct fusedconf conf;
};

struct pin {
	bool live;
	char path[XDPCTL_PATH_SIZE];
	enum kernel_pin_type type;
	uint32_t id;
	bool recorded; /* a map's: made by component_load */
};

struct iface {
	bool live;
	bool hidden;
	bool native;
	struct kernel_iface info;
	uint32_t link_id;
};

/* Known by its number: nobody but the fake opens descriptors while there are any. */
struct handle {
	bool live;
	pid_t owner;
	int fd;
	enum kernel_pin_type type;
	uint32_t id;
};

struct call {
	enum fake_op op;
	char text[112];
};

/* Of the arrays only the first so many entries are in use, some of them dead; beyond is anything. */
struct used {
	size_t progs, links, maps, pins, records, handles;
};

struct fake {
	struct kernel k;
	struct used n;
	uint32_t last_id;
	uint64_t clock;
	unsigned int lacks;
	int lock_holder; /* somebody else's pid */
	pid_t locked_by; /* one of ours, 0: nobody */
	bool exclusive;
	char refuse[XDPCTL_FUNC_SIZE];
	char refuse_fused[XDPCTL_FUNC_SIZE];
	char map_func[XDPCTL_FUNC_SIZE];
	char map_path[XDPCTL_PATH_SIZE];
	bool quiet; /* a test breaks things on purpose */
	bool dirty; /* a reference went, so something may have to die */

	unsigned int calls;
	unsigned int swaps;
	enum fake_event event;
	unsigned int event_at;
	int event_code;
	unsigned int hook_at;
	void (*hook)(struct kernel *k, void *arg);
	void *hook_arg;
	char violation[512];

	struct iface ifaces[IFACES];
	struct prog progs[PROGS];
	struct link links[LINKS];
	struct map maps[MAPS];
	struct pin pins[PINS];
	struct kernel_record records[RECORDS]; /* prog_id 0: free */
	struct handle handles[HANDLES];
	struct call log[CALLS];
};

static inline struct fake *fake_of(struct kernel *k)
{
	return (struct fake *)k;
}

/* A fault of a test, or of the fake. */
void fk_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A promise was broken: the first is kept. */
void fk_violate(struct fake *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct prog *fk_prog_find(struct fake *f, uint32_t id);
struct link *fk_link_find(struct fake *f, uint32_t id);
struct map *fk_map_find(struct fake *f, uint32_t id);
/* As the caller sees it: what is in another namespace isn't there. */
struct iface *fk_iface_visible(struct fake *f, int ifindex);
/* As a test sees it: the visible one, if there are two of that index. */
struct iface *fk_iface_find(struct fake *f, int ifindex);
struct pin *fk_pin_find(struct fake *f, const char *path);
struct kernel_record *fk_record_find(struct fake *f, uint32_t prog_id);

/* Entry @at of an array with *@n in use and room for @max. */
size_t fk_take_entry(size_t *n, size_t at, size_t max);
struct prog *fk_prog_new(struct fake *f, uint32_t type, const char *func);
struct prog *fk_dispatcher_new(struct fake *f, const struct wire_config *config);
struct link *fk_link_new(struct fake *f, enum kernel_link_type type, uint32_t prog_id);
struct map *fk_map_new(struct fake *f, enum map_kind kind);
struct pin *fk_pin_new(struct fake *f, const char *path, enum kernel_pin_type type, uint32_t id);
void fk_pin_remove(struct fake *f, struct pin *pin);

uint32_t fk_slot_target(const struct prog *dispatcher, unsigned int slot, unsigned int n_slots);
/* The link over a slot of a dispatcher, whatever the link is. */
struct link *fk_link_over(struct fake *f, const struct prog *dispatcher, uint32_t target);
bool fk_is_attached(const struct fake *f, uint32_t prog_id);
bool fk_has_frags(const struct prog *prog);

/* The parent's path, "" for the root. */
void fk_parent_of(const char *path, char parent[XDPCTL_PATH_SIZE]);
bool fk_is_dir(struct fake *f, const char *path);
bool fk_dir_is_empty(struct fake *f, const char *path);
void fk_make_dirs(struct fake *f, const char *path);

/* Lets go what nothing references any more. */
void fk_sweep(struct fake *f);
/* A link whose last pin goes is released by a worker of the kernel, tens of milliseconds later. */
void fk_defer_link(struct fake *f, const struct pin *pin);

/* What happens at the beginning of each call: 0, or the call's injected failure. */
int fk_enter(struct fake *f, enum fake_op op, struct xdpctl_error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* And at its end: @rc, or an injected failure. */
int fk_leave(struct fake *f, int rc, struct xdpctl_error *err);
/* The current call's failure with @code. */
int fk_fail(struct fake *f, int code, struct xdpctl_error *err);
void fk_must_be_locked(struct fake *f);
/* A lock goes with its process. */
bool fk_is_alive(pid_t pid);

int fk_handle_new(struct fake *f, enum kernel_pin_type type, uint32_t id);
/* leave() of a call that hands out a descriptor. */
int fk_give_handle(struct fake *f, enum kernel_pin_type type, uint32_t id, int *fd,
		   struct xdpctl_error *err);
struct handle *fk_handle_find(struct fake *f, int fd);
struct prog *fk_prog_of_fd(struct fake *f, int fd);
struct link *fk_link_of_fd(struct fake *f, int fd);
struct map *fk_map_of_fd(struct fake *f, int fd);
uint32_t fk_id_of_fd(struct fake *f, int fd);

void *fk_array_new(size_t n, size_t size);

/* What every load of a component asks: 0, or the verifier's refusal. */
int fk_verify(struct fake *f, const struct object_choice *choice, struct xdpctl_error *err);
/*
 * Gives the program the maps it is to go on with, else one of its own, pinned if its object asks; what is new
 * is listed as component_load() does.
 */
void fk_make_maps(struct fake *f, const struct object_choice *choice, struct prog *prog,
		  char ***map_pins, size_t *n_map_pins);
int fk_ext_refused(struct fake *f, struct xdpctl_error *err);

/* The code of a program loaded by itself, nothing referring to it yet. */
struct map *fk_code_new(struct fake *f, const struct prog *prog, bool frags);
/* A fused program without parts, and one more part: its frags and maps follow. */
struct prog *fk_fused_new(struct fake *f);
void fk_fused_add(struct fake *f, struct prog *fused, const struct map *code, uint32_t actions);

/* A pin of a fused program's directory, "" as @kind: the directory itself; NULL: there is none. */
struct pin *fk_fused_pin(struct fake *f, int ifindex, uint32_t prog_id, const char *kind);
/* The same of a slot: "prog3-code". */
struct pin *fk_slot_pin(struct fake *f, int ifindex, uint32_t prog_id, unsigned int slot,
			const char *kind);
/* A fused program, with all of its pins in the directory that is its own. */
void fk_fused_must_be_whole(struct fake *f, int ifindex, const struct prog *prog);
/* What is about to go must not be a running chain's. */
void fk_must_not_run(struct fake *f, const char *path);
void fk_map_must_be_idle(struct fake *f, uint32_t map_id);
void fk_record_must_be_idle(struct fake *f, uint32_t prog_id);

void fk_objects_ops(struct kernel_ops *ops);
void fk_fused_ops(struct kernel_ops *ops);
void fk_bpffs_ops(struct kernel_ops *ops);

#endif
