/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "error.h"
#include "util.h"

/* clang-format off */
static const char *const op_names[FAKE_OPS] = {
	[FAKE_IFACES]           = "ifaces",
	[FAKE_XDP_SWAP]         = "xdp_swap",
	[FAKE_PROG_OPEN]        = "prog_open",
	[FAKE_PROG_READ]        = "prog_read",
	[FAKE_LINKS]            = "links",
	[FAKE_LINK_OPEN]        = "link_open",
	[FAKE_LINK_READ]        = "link_read",
	[FAKE_PROG_REFS]        = "prog_refs",
	[FAKE_MAP_READ]         = "map_read",
	[FAKE_DISPATCHER_LOAD]  = "dispatcher_load",
	[FAKE_DISPATCHER_READ]  = "dispatcher_read",
	[FAKE_COMPONENT_LOAD]   = "component_load",
	[FAKE_COMPONENT_ATTACH] = "component_attach",
	[FAKE_HAS_FRAGS]        = "has_frags",
	[FAKE_HAS_FREPLACE]     = "has_freplace",
	[FAKE_PART_LOAD]        = "part_load",
	[FAKE_CODE_CHECK]       = "code_check",
	[FAKE_FUSED_LOAD]       = "fused_load",
	[FAKE_FUSED_WRITE]      = "fused_write",
	[FAKE_FUSED_READ]       = "fused_read",
	[FAKE_CODE_TO_PART]     = "code_to_part",
	[FAKE_CODE_TO_EXT]      = "code_to_ext",
	[FAKE_LOCK]             = "lock",
	[FAKE_UNLOCK]           = "unlock",
	[FAKE_DIR_READ]         = "dir_read",
	[FAKE_DIR_MAKE]         = "dir_make",
	[FAKE_DIR_REMOVE]       = "dir_remove",
	[FAKE_PIN]              = "pin",
	[FAKE_UNPIN]            = "unpin",
	[FAKE_PIN_OPEN]         = "pin_open",
	[FAKE_RECORD_PUT]       = "record_put",
	[FAKE_RECORD_REMOVE]    = "record_remove",
	[FAKE_SWEEP]            = "sweep",
	[FAKE_RECORDS]          = "records",
	[FAKE_MAP_PINS]         = "map_pins",
	[FAKE_MAP_UNPIN]        = "map_unpin",
	[FAKE_MAP_USED]         = "map_used",
	[FAKE_BACKOFF]          = "backoff",
};

void __attribute__((noreturn, format(printf, 1, 2))) fk_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fake kernel: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void __attribute__((format(printf, 2, 3))) fk_violate(struct fake *f, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	if (f->quiet || f->violation[0])
		return;
	snprintf(f->violation, sizeof(f->violation), "call %u (%s): ", f->calls,
		 f->calls && f->calls <= CALLS ? f->log[f->calls - 1].text : "none");
	used = strlen(f->violation);
	va_start(ap, fmt);
	vsnprintf(f->violation + used, sizeof(f->violation) - used, fmt, ap);
	va_end(ap);
}

/* ---------------------------------------------------------------- tables */

struct prog *fk_prog_find(struct fake *f, uint32_t id)
{
	for (size_t i = 0; id && i < f->n.progs; i++)
		if (f->progs[i].live && f->progs[i].info.id == id)
			return &f->progs[i];
	return NULL;
}

struct link *fk_link_find(struct fake *f, uint32_t id)
{
	for (size_t i = 0; id && i < f->n.links; i++)
		if (f->links[i].live && f->links[i].info.id == id)
			return &f->links[i];
	return NULL;
}

struct map *fk_map_find(struct fake *f, uint32_t id)
{
	for (size_t i = 0; id && i < f->n.maps; i++)
		if (f->maps[i].id == id)
			return &f->maps[i];
	return NULL;
}

static struct iface *iface_in(struct fake *f, int ifindex, bool hidden)
{
	for (size_t i = 0; i < IFACES; i++)
		if (f->ifaces[i].live && f->ifaces[i].hidden == hidden &&
		    f->ifaces[i].info.ifindex == ifindex)
			return &f->ifaces[i];
	return NULL;
}

struct iface *fk_iface_visible(struct fake *f, int ifindex)
{
	return iface_in(f, ifindex, false);
}

struct iface *fk_iface_find(struct fake *f, int ifindex)
{
	struct iface *iface = fk_iface_visible(f, ifindex);

	return iface ? iface : iface_in(f, ifindex, true);
}

struct pin *fk_pin_find(struct fake *f, const char *path)
{
	for (size_t i = 0; i < f->n.pins; i++)
		if (f->pins[i].live && strcmp(f->pins[i].path, path) == 0)
			return &f->pins[i];
	return NULL;
}

struct kernel_record *fk_record_find(struct fake *f, uint32_t prog_id)
{
	for (size_t i = 0; prog_id && i < f->n.records; i++)
		if (f->records[i].prog_id == prog_id)
			return &f->records[i];
	return NULL;
}

size_t fk_take_entry(size_t *n, size_t at, size_t max)
{
	if (at == max)
		fk_die("a table of %zu is full", max);
	if (at == *n)
		(*n)++;
	return at;
}

struct prog *fk_prog_new(struct fake *f, uint32_t type, const char *func)
{
	struct prog *prog;
	size_t at = 0;

	while (at < f->n.progs && f->progs[at].live)
		at++;
	prog = &f->progs[fk_take_entry(&f->n.progs, at, PROGS)];
	*prog = (struct prog){ .live = true };
	prog->info.id = ++f->last_id;
	prog->info.type = type;
	prog->info.btf_id = 100000 + prog->info.id;
	prog->info.load_time = f->clock += 1000;
	util_copy(prog->info.func, sizeof(prog->info.func), func);
	for (size_t i = 0; func[i]; i++)
		prog->info.tag[i % 8] = (uint8_t)(prog->info.tag[i % 8] * 31 + func[i]);
	return prog;
}

struct link *fk_link_new(struct fake *f, enum kernel_link_type type, uint32_t prog_id)
{
	struct link *link;
	size_t at = 0;

	while (at < f->n.links && f->links[at].live)
		at++;
	link = &f->links[fk_take_entry(&f->n.links, at, LINKS)];
	*link = (struct link){ .live = true };
	link->info.id = ++f->last_id;
	link->info.type = type;
	link->info.prog_id = prog_id;
	return link;
}

struct map *fk_map_new(struct fake *f, enum map_kind kind)
{
	struct map *map;
	size_t at = 0;

	while (at < f->n.maps && f->maps[at].id)
		at++;
	map = &f->maps[fk_take_entry(&f->n.maps, at, MAPS)];
	*map = (struct map){ .id = ++f->last_id, .kind = kind };
	return map;
}

struct pin *fk_pin_new(struct fake *f, const char *path, enum kernel_pin_type type, uint32_t id)
{
	struct pin *pin;
	size_t at = 0;

	while (at < f->n.pins && f->pins[at].live)
		at++;
	pin = &f->pins[fk_take_entry(&f->n.pins, at, PINS)];
	*pin = (struct pin){ .live = true, .type = type, .id = id };
	util_copy(pin->path, sizeof(pin->path), path);
	return pin;
}

void fk_pin_remove(struct fake *f, struct pin *pin)
{
	pin->live = false;
	f->dirty = true;
}

uint32_t fk_slot_target(const struct prog *dispatcher, unsigned int slot, unsigned int n_slots)
{
	return n_slots == 1 ? dispatcher->dispatcher.main_btf_id :
			      dispatcher->dispatcher.slot_btf_ids[slot];
}

struct link *fk_link_over(struct fake *f, const struct prog *dispatcher, uint32_t target)
{
	for (size_t i = 0; i < f->n.links; i++) {
		struct link *link = &f->links[i];

		if (link->live && link->info.type == KERNEL_LINK_TRACING &&
		    link->info.target_obj_id == dispatcher->info.id &&
		    link->info.target_btf_id == target)
			return link;
	}
	return NULL;
}

void fk_parent_of(const char *path, char parent[XDPCTL_PATH_SIZE])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	memcpy(parent, path, len);
	parent[len] = '\0';
}

bool fk_is_dir(struct fake *f, const char *path)
{
	struct pin *pin = fk_pin_find(f, path);

	return !path[0] || (pin && pin->type == KERNEL_PIN_DIR);
}

bool fk_dir_is_empty(struct fake *f, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < f->n.pins; i++)
		if (f->pins[i].live && strncmp(f->pins[i].path, path, len) == 0 &&
		    f->pins[i].path[len] == '/')
			return false;
	return true;
}

void fk_make_dirs(struct fake *f, const char *path)
{
	char parent[XDPCTL_PATH_SIZE];

	if (!path[0] || fk_pin_find(f, path))
		return;
	fk_parent_of(path, parent);
	fk_make_dirs(f, parent);
	fk_pin_new(f, path, KERNEL_PIN_DIR, 0);
}

void fk_defer_link(struct fake *f, const struct pin *pin)
{
	struct link *link = pin->type == KERNEL_PIN_LINK ? fk_link_find(f, pin->id) : NULL;

	if (link && f->lacks & FAKE_LACKS_HASTE)
		link->until = f->calls + DEFERRED_CALLS;
}

void fake_settle(struct kernel *k)
{
	struct fake *f = (struct fake *)k;

	for (size_t i = 0; i < f->n.links; i++)
		f->links[i].until = 0;
	f->dirty = true;
}

static void handle_drop(struct fake *f, struct handle *handle)
{
	handle->live = false;
	f->dirty = true;
}

/* Those that have been closed, or were a killed process's. One call for all, for this happens most often. */
static void sweep_handles(struct fake *f)
{
	struct pollfd fds[HANDLES];
	struct handle *of[HANDLES];
	int saved = errno;
	pid_t self = getpid();
	nfds_t n = 0;

	for (size_t i = 0; i < f->n.handles; i++) {
		if (!f->handles[i].live)
			continue;
		of[n] = &f->handles[i];
		fds[n++] = (struct pollfd){ .fd = f->handles[i].owner == self ? f->handles[i].fd :
									       -1 };
	}
	if (n && poll(fds, n, 0) < 0)
		fk_die("poll: %s", strerror(errno));
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents & POLLNVAL || (fds[i].fd < 0 && !fk_is_alive(of[i]->owner)))
			handle_drop(f, of[i]);
	errno = saved;
}

struct marks {
	bool progs[PROGS];
	bool links[LINKS];
	bool maps[MAPS];
};

static void mark(struct fake *f, struct marks *m, enum kernel_pin_type type, uint32_t id)
{
	struct prog *prog;
	struct link *link;
	struct map *map;

	switch (type) {
	case KERNEL_PIN_PROG:
		prog = fk_prog_find(f, id);
		if (prog)
			m->progs[prog - f->progs] = true;
		return;
	case KERNEL_PIN_LINK:
		link = fk_link_find(f, id);
		if (link)
			m->links[link - f->links] = true;
		return;
	case KERNEL_PIN_MAP:
		map = fk_map_find(f, id);
		if (map)
			m->maps[map - f->maps] = true;
		return;
	case KERNEL_PIN_DIR:
	case KERNEL_PIN_UNREADABLE:
		return;
	}
}

static void mark_roots(struct fake *f, struct marks *m)
{
	for (size_t i = 0; i < f->n.handles; i++)
		if (f->handles[i].live)
			mark(f, m, f->handles[i].type, f->handles[i].id);
	for (size_t i = 0; i < f->n.pins; i++)
		if (f->pins[i].live)
			mark(f, m, f->pins[i].type, f->pins[i].id);
	for (size_t i = 0; i < IFACES; i++) {
		if (!f->ifaces[i].live)
			continue;
		mark(f, m, KERNEL_PIN_PROG, f->ifaces[i].info.prog_id);
		mark(f, m, KERNEL_PIN_PROG, f->ifaces[i].info.hw_prog_id);
	}
	for (size_t i = 0; i < f->n.progs; i++)
		m->progs[i] = m->progs[i] || (f->progs[i].live && f->progs[i].held);
	for (size_t i = 0; i < f->n.links; i++)
		m->links[i] = m->links[i] || (f->links[i].live && (f->links[i].held ||
								   f->links[i].until > f->calls));
}

/* A link holds its program and its target, an unattached EXT program its target, a program its maps. */
static void mark_reachable(struct fake *f, struct marks *m)
{
	for (size_t i = 0; i < f->n.links; i++) {
		if (!m->links[i])
			continue;
		mark(f, m, KERNEL_PIN_PROG, f->links[i].info.prog_id);
		mark(f, m, KERNEL_PIN_PROG, f->links[i].info.target_obj_id);
	}
	for (size_t i = 0; i < f->n.progs; i++)
		if (m->progs[i])
			mark(f, m, KERNEL_PIN_PROG, f->progs[i].load_target);
	/* A target may itself be an unattached EXT program; the kernel allows one level only. */
	for (size_t i = 0; i < f->n.progs; i++)
		for (unsigned int j = 0; m->progs[i] && j < f->progs[i].info.n_maps; j++)
			mark(f, m, KERNEL_PIN_MAP, f->progs[i].info.map_ids[j]);
}

bool fk_is_attached(const struct fake *f, uint32_t prog_id)
{
	for (size_t i = 0; prog_id && i < IFACES; i++)
		if (f->ifaces[i].live && f->ifaces[i].info.prog_id == prog_id)
			return true;
	return false;
}

bool fk_has_frags(const struct prog *prog)
{
	return prog->is_fused ? prog->fused_frags : prog->dispatcher.config.frags;
}

static void link_die(struct fake *f, struct link *link)
{
	struct prog *prog = fk_prog_find(f, link->info.prog_id);

	link->live = false;
	if (link->info.type == KERNEL_LINK_TRACING && fk_is_attached(f, link->info.target_obj_id))
		fk_violate(f, "program \"%s\" fell out of the running dispatcher %u",
			prog ? prog->info.func : "?", link->info.target_obj_id);
	for (size_t i = 0; i < IFACES; i++) {
		struct iface *iface = &f->ifaces[i];

		if (!iface->live || iface->link_id != link->info.id)
			continue;
		iface->link_id = 0;
		iface->info.prog_id = 0;
		iface->info.mode = XDPCTL_MODE_NONE;
	}
}

/* Lets go what nothing references any more. True: something died, so more may. */
static bool sweep_once(struct fake *f)
{
	struct marks m = { 0 };
	bool died = false;

	mark_roots(f, &m);
	mark_reachable(f, &m);
	for (size_t i = 0; i < f->n.links; i++) {
		if (!f->links[i].live || m.links[i])
			continue;
		link_die(f, &f->links[i]);
		died = true;
	}
	for (size_t i = 0; i < f->n.progs; i++) {
		if (!f->progs[i].live || m.progs[i])
			continue;
		f->progs[i].live = false;
		died = true;
	}
	for (size_t i = 0; i < f->n.maps; i++)
		if (!m.maps[i])
			f->maps[i].id = 0;
	return died;
}

static void sweep_objects(struct fake *f)
{
	if (f->lacks & FAKE_LACKS_HASTE)
		f->dirty = true; /* time may have brought it about */
	if (!f->dirty)
		return;
	while (sweep_once(f))
		;
	f->dirty = false;
}

void fk_sweep(struct fake *f)
{
	sweep_handles(f);
	sweep_objects(f);
}

/* ---------------------------------------------------------------- calls */

/* The fault that the kernel layer reports with an errno of this call. */
static enum xdpctl_fault fault_of(enum fake_op op, int code)
{
	if (op == FAKE_XDP_SWAP && code == EEXIST)
		return XDPCTL_FAULT_CONFLICT;
	if (op == FAKE_XDP_SWAP && code == EBUSY)
		return XDPCTL_FAULT_REFUSED;
	if (code == ENOENT || code == ENODEV)
		return XDPCTL_FAULT_NOT_FOUND;
	if (code == EOPNOTSUPP)
		return XDPCTL_FAULT_UNSUPPORTED;
	return XDPCTL_FAULT_FAILED;
}

int fk_fail(struct fake *f, int code, struct xdpctl_error *err)
{
	const struct call *call = &f->log[f->calls - 1];

	/* A dispatcher_read that finds another program leaves @err alone. */
	if (call->op == FAKE_DISPATCHER_READ && code == ENOTTY)
		return -ENOTTY;
	return error_set(err, fault_of(call->op, code), code, "%s", call->text);
}

static void run_hook(struct fake *f)
{
	void (*hook)(struct kernel *k, void *arg) = f->hook;

	f->hook = NULL;
	hook(&f->k, f->hook_arg);
	fk_sweep(f);
}

static bool can_fail(enum fake_op op)
{
	return op != FAKE_UNLOCK && op != FAKE_HAS_FRAGS && op != FAKE_HAS_FREPLACE &&
	       op != FAKE_SWEEP && op != FAKE_BACKOFF;
}

int __attribute__((format(printf, 4, 5)))
fk_enter(struct fake *f, enum fake_op op, struct xdpctl_error *err, const char *fmt, ...)
{
	struct call *call;
	size_t used;
	va_list ap;

	fk_sweep(f);
	if (f->calls == CALLS)
		fk_die("%d calls: it never ends", CALLS);
	call = &f->log[f->calls++];
	call->op = op;
	used = (size_t)snprintf(call->text, sizeof(call->text), "%s ", op_names[op]);
	va_start(ap, fmt);
	vsnprintf(call->text + used, sizeof(call->text) - used, fmt, ap);
	va_end(ap);

	if (f->hook && f->calls == f->hook_at)
		run_hook(f);
	if (f->event == FAKE_KILL_BEFORE && f->calls == f->event_at)
		raise(SIGKILL);
	if (!can_fail(op))
		return 0;
	if (f->event == FAKE_FAIL && f->calls == f->event_at)
		return fk_fail(f, f->event_code, err);
	if (f->event == FAKE_FAIL_FROM && f->calls >= f->event_at)
		return fk_fail(f, f->event_code, err);
	if (f->event == FAKE_FAIL_KIND && f->calls >= f->event_at &&
	    op == f->log[f->event_at - 1].op)
		return fk_fail(f, f->event_code, err);
	if (f->event == FAKE_ACT_FAIL_FROM && f->calls > f->event_at)
		return fk_fail(f, f->event_code, err);
	if (f->event == FAKE_ACT_FAIL_BLIND && f->calls > f->event_at && op == FAKE_IFACES)
		return fk_fail(f, f->event_code, err);
	return 0;
}

int fk_leave(struct fake *f, int rc, struct xdpctl_error *err)
{
	sweep_objects(f); /* no descriptor can have been closed since fk_enter() */
	if (f->event == FAKE_KILL_AFTER && f->calls == f->event_at)
		raise(SIGKILL);
	if (rc == 0 && f->calls == f->event_at &&
	    (f->event == FAKE_ACT_FAIL || f->event == FAKE_ACT_FAIL_FROM ||
	     f->event == FAKE_ACT_FAIL_BLIND))
		return fk_fail(f, f->event_code, err);
	return rc;
}

bool fk_is_alive(pid_t pid)
{
	return pid && (kill(pid, 0) == 0 || errno != ESRCH);
}

void fk_must_be_locked(struct fake *f)
{
	if (f->locked_by != getpid() || !f->exclusive)
		fk_violate(f, "a change without the exclusive lock");
}

int fk_handle_new(struct fake *f, enum kernel_pin_type type, uint32_t id)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	size_t at = 0;

	if (fd < 0)
		fk_die("eventfd: %s", strerror(errno));
	for (size_t i = 0; i < f->n.handles; i++)
		if (f->handles[i].live && f->handles[i].fd == fd)
			handle_drop(f, &f->handles[i]); /* closed since fk_enter() */
	while (at < f->n.handles && f->handles[at].live)
		at++;
	at = fk_take_entry(&f->n.handles, at, HANDLES);
	f->handles[at] = (struct handle){ true, getpid(), fd, type, id };
	return fd;
}

int fk_give_handle(struct fake *f, enum kernel_pin_type type, uint32_t id, int *fd,
		       struct xdpctl_error *err)
{
	int new_fd = fk_handle_new(f, type, id);
	int rc = fk_leave(f, 0, err);

	if (rc) {
		close(new_fd);
		return rc;
	}
	*fd = new_fd;
	return 0;
}

struct handle *fk_handle_find(struct fake *f, int fd)
{
	if (fd < 0 || fcntl(fd, F_GETFD) < 0)
		return NULL;
	for (size_t i = 0; i < f->n.handles; i++)
		if (f->handles[i].live && f->handles[i].fd == fd)
			return &f->handles[i];
	return NULL;
}

struct prog *fk_prog_of_fd(struct fake *f, int fd)
{
	struct handle *handle = fk_handle_find(f, fd);

	if (!handle)
		fk_violate(f, "descriptor %d isn't open", fd);
	return handle && handle->type == KERNEL_PIN_PROG ? fk_prog_find(f, handle->id) : NULL;
}

struct link *fk_link_of_fd(struct fake *f, int fd)
{
	struct handle *handle = fk_handle_find(f, fd);

	if (!handle)
		fk_violate(f, "descriptor %d isn't open", fd);
	return handle && handle->type == KERNEL_PIN_LINK ? fk_link_find(f, handle->id) : NULL;
}

struct map *fk_map_of_fd(struct fake *f, int fd)
{
	struct handle *handle = fk_handle_find(f, fd);

	if (!handle)
		fk_violate(f, "descriptor %d isn't open", fd);
	return handle && handle->type == KERNEL_PIN_MAP ? fk_map_find(f, handle->id) : NULL;
}

uint32_t fk_id_of_fd(struct fake *f, int fd)
{
	struct handle *handle = fk_handle_find(f, fd);

	return handle ? handle->id : 0;
}

void *fk_array_new(size_t n, size_t size)
{
	void *array = calloc(n ? n : 1, size);

	if (!array)
		fk_die("out of memory");
	return array;
}
