/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxdpctl: several XDP programs on one interface, by a dispatcher.
 *
 * The library never prints and never exits, reads no environment and keeps no state between calls but
 * what a struct xdpctl holds. All lasting state is in the kernel, pinned under bpffs
 * (xdpctl-protocol(7)).
 *
 * Conventions. A function that can fail returns 0 or a negative errno and, when @err is not NULL,
 * fills in the story: what was attempted on which object, why it failed, what to do. Values that a
 * function hands out through a ** parameter belong to the caller, who frees them with the matching
 * *_free(); they are set only on success. Strings inside values come from the kernel or from object
 * files and may hold any byte: escape them before a terminal sees them. Priorities are plain numbers
 * (lower runs first), times are seconds since the epoch, ids are the kernel's.
 *
 * A handle must not be used by two threads at once; two handles may. libbpf's message callback is
 * process-wide and is set by xdpctl_open().
 */
#ifndef XDPCTL_H
#define XDPCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XDPCTL_NAME_SIZE 64   /* component name, owner label: bytes with the final NUL */
#define XDPCTL_FUNC_SIZE 128  /* a BPF function's name */
#define XDPCTL_PATH_SIZE 256  /* a path under bpffs, an object's path as recorded */
#define XDPCTL_IFNAME_SIZE 16 /* IFNAMSIZ */
#define XDPCTL_PRIO_DEFAULT 50
#define XDPCTL_SLOTS_MAX 10      /* of the freplace engine: fixed by libxdp's protocol */
#define XDPCTL_COMPONENTS_MAX 64 /* of the fused engine, and of any chain */
#define XDPCTL_MAPS_MAX 64       /* of one program: the kernel's MAX_USED_MAPS */

/* ---------------------------------------------------------------- errors */

/* The class of a failure; each is the command's exit status as well. */
enum xdpctl_fault {
	XDPCTL_FAULT_NONE = 0,
	XDPCTL_FAULT_FAILED = 1,    /* a system call or a check failed */
	XDPCTL_FAULT_USAGE = 2,     /* the request or an object file makes no sense */
	XDPCTL_FAULT_REFUSED = 3,   /* foreign, locked, somebody else's, or against policy */
	XDPCTL_FAULT_CONFLICT = 4,  /* an expectation did not hold, or the race was lost for good */
	XDPCTL_FAULT_NOT_FOUND = 5, /* no such interface, file, program, component */
	XDPCTL_FAULT_UNSUPPORTED = 6, /* this kernel, driver or mode can't */
};

struct xdpctl_error {
	enum xdpctl_fault fault;
	int code;          /* positive errno, 0 if no system call is to blame */
	char message[512]; /* one sentence: act, object, why */
	char extack[256];  /* the kernel's own sentence, or "" */
	char hint[256];    /* what to do about it, or "" */
	char *log;         /* the whole verifier log, or NULL; freed by xdpctl_error_clear() */
};

/* Frees what @err owns and makes it empty. @err may be fresh from zeroed memory. */
void xdpctl_error_clear(struct xdpctl_error *err);

/* ---------------------------------------------------------------- words */

/* How a program is attached; AUTO is for requests only. */
enum xdpctl_mode {
	XDPCTL_MODE_NONE = 0,
	XDPCTL_MODE_NATIVE,
	XDPCTL_MODE_SKB,
	XDPCTL_MODE_HW,
	XDPCTL_MODE_AUTO, /* native, and skb where the driver has no native XDP */
};

/* How the components of a chain are made to run one after the other. */
enum xdpctl_engine {
	XDPCTL_ENGINE_AUTO =
		0, /* requests: the chain's, else freplace where it works; else: no chain */
	XDPCTL_ENGINE_FREPLACE, /* EXT programs linked over the slots of a dispatcher, as libxdp's are */
	XDPCTL_ENGINE_FUSED, /* the components' instructions in one program */
};

enum xdpctl_state {
	XDPCTL_STATE_EMPTY = 0,
	XDPCTL_STATE_FOREIGN, /* one program that is not a dispatcher */
	XDPCTL_STATE_CHAIN,
	XDPCTL_STATE_DEGRADED,   /* a dispatcher with a slot whose component is gone, or bad pins */
	XDPCTL_STATE_NEWER,      /* a dispatcher of a version we don't know */
	XDPCTL_STATE_UNREADABLE, /* something is attached, but we can't see what */
};

/* Of a component. */
enum xdpctl_health {
	XDPCTL_HEALTH_OK = 0,
	XDPCTL_HEALTH_GONE,          /* no link: the slot's stub lets every packet on */
	XDPCTL_HEALTH_LINK_UNPINNED, /* runs, but dies with the process that holds its link */
	XDPCTL_HEALTH_PROG_UNPINNED, /* runs, but libxdp can't read it */
	XDPCTL_HEALTH_MISMATCH,      /* pins and links disagree about which program this is */
	XDPCTL_HEALTH_CODE_LOST,     /* fused: runs, but can't be fused again */
};

/* Chain actions are a bit mask over the XDP return codes 0 (aborted) to 4 (redirect). */
#define XDPCTL_ACTIONS_ALL 0x1fu
#define XDPCTL_ACTIONS_DEFAULT 0x04u /* pass */

/* Names in the words of the command line; NULL for a value that is none. */
const char *xdpctl_mode_name(enum xdpctl_mode mode);
const char *xdpctl_engine_name(enum xdpctl_engine engine);
const char *xdpctl_state_name(enum xdpctl_state state);
const char *xdpctl_health_name(enum xdpctl_health health);
/* The name of return code @action (0..4), e.g. "pass"; NULL beyond. */
const char *xdpctl_action_name(unsigned int action);

/* "native", "skb", "hw", "auto". 0 or -EINVAL. */
int xdpctl_mode_parse(const char *word, enum xdpctl_mode *mode);
/* "auto", "freplace", "fused". 0 or -EINVAL. */
int xdpctl_engine_parse(const char *word, enum xdpctl_engine *engine);
/*
 * "pass", "pass+drop", "pass,drop", "none"; the names with or without XDP_, in any case.
 * 0 or -EINVAL with the bad word in @err.
 */
int xdpctl_actions_parse(const char *words, uint32_t *actions, struct xdpctl_error *err);
/* Writes "pass+drop" or "none" into @buf and returns @buf; 40 bytes always suffice. */
const char *xdpctl_actions_format(uint32_t actions, char *buf, size_t size);

/* ---------------------------------------------------------------- a handle */

struct xdpctl;

struct xdpctl_options {
	const char *bpffs;         /* NULL: /sys/fs/bpf */
	bool mount_bpffs;          /* mount one there when there is none */
	unsigned int lock_timeout; /* milliseconds to wait for the lock */
};

/* The bpffs is opened when a call needs it, and only then is a missing one an error. */
int xdpctl_open(const struct xdpctl_options *options, struct xdpctl **out,
		struct xdpctl_error *err);
void xdpctl_close(struct xdpctl *x);

/* The interface's index in this network namespace, or -ENODEV (NOT_FOUND). */
int xdpctl_ifindex(const char *ifname, struct xdpctl_error *err);

/* ---------------------------------------------------------------- what is there */

struct xdpctl_component {
	unsigned int slot;
	uint32_t prio;
	uint32_t actions;
	char name[XDPCTL_NAME_SIZE]; /* unique in its chain */
	char func[XDPCTL_FUNC_SIZE]; /* the program's function */
	uint32_t prog_id;            /* 0: gone */
	uint32_t link_id;            /* 0: none, or not known */
	uint8_t tag[8];
	bool frags;
	bool called;      /* fused: by a call, because it could not be inlined */
	bool code_kept;   /* fused: its code is there, so it can be fused again */
	bool link_pinned; /* freplace */
	bool prog_pinned;
	enum xdpctl_health health;
	uint64_t load_time; /* when the kernel loaded it, ns since boot: identity, order */
	uint64_t loaded_at; /* the same in seconds since the epoch */
	uint32_t uid;       /* who loaded it */
	uint32_t map_ids[XDPCTL_MAPS_MAX];
	unsigned int n_maps;
	bool recorded; /* loaded by xdpctl: the following are known */
	char owner[XDPCTL_NAME_SIZE];
	char object[XDPCTL_PATH_SIZE];
	uint8_t sha256[32];   /* of the object's bytes */
	uint8_t settings[32]; /* of what else decides its content: program, variables, pins */
};

struct xdpctl_iface {
	int ifindex;
	char ifname[XDPCTL_IFNAME_SIZE];
	enum xdpctl_state state;
	char why[XDPCTL_PATH_SIZE]; /* why degraded, newer, unreadable; what else couldn't be read */
	enum xdpctl_mode mode;      /* of what is attached */
	uint32_t prog_id;          /* what is attached: dispatcher or foreign program; 0: nothing */
	uint32_t hw_prog_id;       /* beside it, in hardware; 0: none */
	enum xdpctl_engine engine; /* of the chain; AUTO: there is none */
	char engine_why[XDPCTL_PATH_SIZE]; /* why it is fused and not freplace; "": it was asked for */
	char func[XDPCTL_FUNC_SIZE];
	uint8_t tag[8];
	uint32_t link_id;     /* of the XDP bpf_link that holds it; 0: attached by netlink */
	unsigned int version; /* of the dispatcher; 0: it isn't known, or the chain is fused */
	bool frags;
	bool devbound;
	char pin_dir[XDPCTL_PATH_SIZE * 2]; /* absolute, or "" */
	uint32_t tracers[XDPCTL_SLOTS_MAX]; /* ids of other links on the dispatcher (xdpdump, say) */
	unsigned int n_tracers;
	unsigned int n_components;
	struct xdpctl_component components[XDPCTL_COMPONENTS_MAX];
};

struct xdpctl_status {
	char bpffs[XDPCTL_PATH_SIZE];
	struct xdpctl_iface *ifaces; /* in the order of their indexes */
	size_t n;
};

/*
 * The state of the interfaces in @ifindexes, or of all when @n is 0: one link dump, one pass over
 * the kernel's links. Takes the lock shared. An interface that can't be read is a row that says why.
 */
int xdpctl_status(struct xdpctl *x, const int *ifindexes, size_t n, struct xdpctl_status **out,
		  struct xdpctl_error *err);
void xdpctl_status_free(struct xdpctl_status *status);

enum xdpctl_pin_owner {
	XDPCTL_PIN_COMPONENT, /* of a dispatcher that runs */
	XDPCTL_PIN_CHAIN,     /* the same, of no component of it */
	XDPCTL_PIN_RECORD,    /* our own metadata */
	XDPCTL_PIN_MAP,       /* of a map whose object asks for it, made by us */
	XDPCTL_PIN_ORPHAN,    /* of a dispatcher that runs nowhere */
	XDPCTL_PIN_UNSURE,    /* of a dispatcher that may run where we can't see it */
	XDPCTL_PIN_OTHER,     /* somebody else's */
};

struct xdpctl_pin {
	char path[XDPCTL_PATH_SIZE * 2]; /* absolute */
	const char *type;                /* "prog", "link", "map", "directory", or "unreadable" */
	uint32_t id;                     /* of the object, 0 if unreadable */
	enum xdpctl_pin_owner owner;
	int ifindex;         /* COMPONENT, CHAIN, ORPHAN, UNSURE: as in its directory's name */
	uint32_t dispatcher; /* the same */
	unsigned int slot;   /* the same; XDPCTL_COMPONENTS_MAX: of no component */
	char name[XDPCTL_NAME_SIZE]; /* the component's, or the map's or program's own */
};

struct xdpctl_pins {
	struct xdpctl_pin *pins; /* in the order of their paths */
	size_t n;
};

const char *xdpctl_pin_owner_name(enum xdpctl_pin_owner owner);
/* Every pinned object under the handle's bpffs. */
int xdpctl_pins(struct xdpctl *x, struct xdpctl_pins **out, struct xdpctl_error *err);
void xdpctl_pins_free(struct xdpctl_pins *pins);

/* ---------------------------------------------------------------- changes */

/* What a change did, or, when it was a dry run, would do. */
struct xdpctl_step {
	const char *name; /* a documented word, "swap" */
	char object[XDPCTL_PATH_SIZE];
	bool commits;
};

struct xdpctl_report {
	bool changed;          /* false: it was so already, or a dry run, or a check */
	enum xdpctl_mode mode; /* the one taken */
	uint32_t verified;     /* instructions that the verifier went through for a fused program */
	unsigned int attempts; /* how often it was planned: 1, more after conflicts */
	struct xdpctl_step *steps; /* in order; empty when there is nothing to do */
	size_t n_steps;
	struct xdpctl_iface before;      /* what was there */
	struct xdpctl_iface after;       /* what is there now; as planned, if nothing was done */
	char (*notes)[XDPCTL_PATH_SIZE]; /* sentences: warnings, what could not be saved */
	size_t n_notes;
};
void xdpctl_report_free(struct xdpctl_report *report);

enum xdpctl_run {
	XDPCTL_RUN_DO = 0,
	XDPCTL_RUN_DRY,   /* plan only */
	XDPCTL_RUN_CHECK, /* everything up to the commit point, then undo */
};

/* What every change has in common. */
struct xdpctl_change {
	int ifindex;
	const char *owner; /* the requester's label, or NULL */
	enum xdpctl_run run;
	bool has_expect; /* refuse (CONFLICT) unless prog id @expect is attached, 0 for none */
	uint32_t expect;
	unsigned int version; /* of the dispatcher to write: 2, 3, or 0 to keep what is there */
};

enum xdpctl_frags { XDPCTL_FRAGS_AUTO = 0, XDPCTL_FRAGS_ON, XDPCTL_FRAGS_OFF };

/* One program to load. Pointers are borrowed for the call; NULL means "not given". */
struct xdpctl_load_item {
	const char *path;    /* of the object file */
	const char *prog;    /* function name; NULL: the object's only XDP program */
	const char *section; /* or its section */
	const char *name;    /* component name; NULL: the function's name */
	bool has_prio;
	uint32_t prio;
	bool has_actions;
	uint32_t actions;
	const char *const *vars; /* "NAME=VALUE" */
	size_t n_vars;
	const char *pin_maps; /* directory on bpffs, or NULL */
	enum xdpctl_frags frags;
};

struct xdpctl_load {
	struct xdpctl_change change;
	enum xdpctl_mode mode;
	enum xdpctl_engine engine; /* of a new chain; refused if it isn't that of the one that runs */
	const struct xdpctl_load_item *items;
	size_t n_items;
};

/*
 * Adds components to an interface's chain, all or none. A component that is there already with the
 * same content, priority and actions is left alone; when all are, nothing changes and that is success.
 * Refuses foreign programs, degraded chains, a name that is there with other content.
 */
int xdpctl_load(struct xdpctl *x, const struct xdpctl_load *load, struct xdpctl_report **out,
		struct xdpctl_error *err);

struct xdpctl_unload {
	struct xdpctl_change change;
	bool all; /* then no names and no ids */
	const char *const *names;
	size_t n_names;
	const uint32_t *ids; /* program ids; also that of a foreign program */
	size_t n_ids;
};

/* Removes components; with the last one the dispatcher and every pin of the chain goes. */
int xdpctl_unload(struct xdpctl *x, const struct xdpctl_unload *unload, struct xdpctl_report **out,
		  struct xdpctl_error *err);

/*
 * Rebuilds a degraded chain from what is alive, pinned or not. What could not be saved is in the
 * report's notes. A whole chain is left as it is.
 */
int xdpctl_repair(struct xdpctl *x, const struct xdpctl_change *change, struct xdpctl_report **out,
		  struct xdpctl_error *err);

struct xdpctl_convert {
	struct xdpctl_change change;
	enum xdpctl_engine engine; /* FREPLACE or FUSED */
};

/*
 * Makes the chain run by the other engine, in one swap; the components' maps stay what they are. To fused the
 * objects are read again, from where they were loaded: refused where a component was loaded by another
 * tool, or its file isn't the same any more. A chain of that engine is left as it is.
 */
int xdpctl_convert(struct xdpctl *x, const struct xdpctl_convert *convert,
		   struct xdpctl_report **out, struct xdpctl_error *err);

struct xdpctl_garbage {
	char object[XDPCTL_PATH_SIZE *
		    2];             /* a pin directory, a map's pin, "record of program 12 (x)" */
	bool collected;             /* or would be, in a dry run */
	bool failed;                /* it should have gone, but something went wrong */
	char why[XDPCTL_PATH_SIZE]; /* why it is garbage, or why it was kept */
};

struct xdpctl_garbage_list {
	struct xdpctl_garbage *items;
	size_t n;
};

/* Collects what belongs to dispatchers that provably run nowhere, in any network namespace. */
int xdpctl_clean(struct xdpctl *x, bool dry_run, struct xdpctl_garbage_list **out,
		 struct xdpctl_error *err);
void xdpctl_garbage_free(struct xdpctl_garbage_list *list);

/* ---------------------------------------------------------------- features */

enum xdpctl_answer { XDPCTL_UNKNOWN = -1, XDPCTL_NO = 0, XDPCTL_YES = 1 };

struct xdpctl_feature {
	const char *name; /* "redirect", "freplace": a documented word */
	enum xdpctl_answer answer;
	char why[XDPCTL_PATH_SIZE]; /* for no and unknown: how we know, or "" */
};

struct xdpctl_features {
	int ifindex;
	struct xdpctl_feature driver[24]; /* from the netdev netlink family, Linux 6.3 */
	size_t n_driver;
	uint32_t zc_max_segs;             /* 0: not told */
	struct xdpctl_feature kernel[16]; /* each probed */
	size_t n_kernel;
};

int xdpctl_features(struct xdpctl *x, int ifindex, struct xdpctl_features **out,
		    struct xdpctl_error *err);
void xdpctl_features_free(struct xdpctl_features *features);

/* The library's version, "0.1.0". */
const char *xdpctl_version(void);

#ifdef __cplusplus
}
#endif
#endif
