/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces, programs, links and the freplace engine, as calls. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "fake/fake_state.h"
#include "kernel/object.h"
#include "util.h"

/* ---------------------------------------------------------------- rtnetlink */

static int compare_ifaces(const void *a, const void *b)
{
	const struct kernel_iface *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static int fake_ifaces(struct kernel *k, int ifindex, struct kernel_iface **out, size_t *n,
		       struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	struct kernel_iface *ifaces;
	size_t count = 0;
	int rc = fk_enter(f, FAKE_IFACES, err, "%d", ifindex);

	if (rc)
		return rc;
	if (ifindex && !fk_iface_visible(f, ifindex))
		return fk_leave(f, fk_fail(f, ENODEV, err), err);
	ifaces = fk_array_new(IFACES, sizeof(*ifaces));
	for (size_t i = 0; i < IFACES; i++) {
		const struct iface *iface = &f->ifaces[i];

		if (!iface->live || iface->hidden || (ifindex && iface->info.ifindex != ifindex))
			continue;
		ifaces[count++] = iface->info;
	}
	qsort(ifaces, count, sizeof(*ifaces), compare_ifaces);
	rc = fk_leave(f, 0, err);
	if (rc) {
		free(ifaces);
		return rc;
	}
	*out = ifaces;
	*n = count;
	return 0;
}

static bool is_pinned_as(struct fake *f, const char *path, enum kernel_pin_type type, uint32_t id)
{
	struct pin *pin = fk_pin_find(f, path);

	return pin && pin->type == type && pin->id == id;
}

/* Whether a chain about to run on @ifindex is whole, and pinned where libxdp looks. */
static void must_be_whole(struct fake *f, int ifindex, const struct prog *prog)
{
	unsigned int n = prog->dispatcher.config.n_slots;

	if (prog->is_fused) {
		fk_fused_must_be_whole(f, ifindex, prog);
		return;
	}
	if (!prog->is_dispatcher) {
		fk_violate(f, "a bare program (\"%s\") is attached", prog->info.func);
		return;
	}
	for (unsigned int slot = 0; slot < n; slot++) {
		struct link *link = fk_link_over(f, prog, fk_slot_target(prog, slot, n));
		char path[XDPCTL_PATH_SIZE];

		if (!link) {
			fk_violate(f, "a chain is attached whose slot %u is empty", slot);
			return;
		}
		snprintf(path, sizeof(path), "xdp/dispatch-%d-%u/prog%u-link", ifindex,
			 prog->info.id, slot);
		if (!is_pinned_as(f, path, KERNEL_PIN_LINK, link->info.id))
			fk_violate(f, "a chain is attached that lacks the pin %s", path);
		snprintf(path, sizeof(path), "xdp/dispatch-%d-%u/prog%u-prog", ifindex,
			 prog->info.id, slot);
		if (!is_pinned_as(f, path, KERNEL_PIN_PROG, link->info.prog_id))
			fk_violate(f, "a chain is attached that lacks the pin %s", path);
	}
}

static int swap_refused(struct fake *f, enum xdpctl_fault fault, int code, const char *sentence,
			struct xdpctl_error *err)
{
	error_set(err, fault, code, "%s", f->log[f->calls - 1].text);
	error_extack(err, sentence);
	return -code;
}

/* The checks of dev_xdp_attach(), in the kernel's order. */
static int check_swap(struct fake *f, const struct iface *iface, enum xdpctl_mode mode,
		      const struct prog *new, uint32_t expected, struct xdpctl_error *err)
{
	uint32_t active = iface->info.mode == mode ? iface->info.prog_id : 0;

	if (iface->link_id && iface->info.mode == mode)
		return swap_refused(f, XDPCTL_FAULT_REFUSED, EBUSY,
				    "Can't replace active BPF XDP link", err);
	if (active != expected)
		return swap_refused(f, XDPCTL_FAULT_CONFLICT, EEXIST,
				    "Active program does not match expected", err);
	if (!new)
		return 0;
	if (iface->info.prog_id && iface->info.mode != mode)
		return swap_refused(f, XDPCTL_FAULT_REFUSED, EBUSY,
				    "Native and generic XDP can't be active at the same time", err);
	if (new->info.type != BPF_PROG_TYPE_XDP)
		return swap_refused(f, XDPCTL_FAULT_FAILED, EINVAL, NULL, err);
	if (mode == XDPCTL_MODE_NATIVE && !iface->native)
		return swap_refused(f, XDPCTL_FAULT_UNSUPPORTED, EPROTONOSUPPORT,
				    "Underlying driver does not support XDP in native mode", err);
	if (mode == XDPCTL_MODE_NATIVE && iface->info.mtu > MTU_WITHOUT_FRAGS && !fk_has_frags(new))
		return swap_refused(f, XDPCTL_FAULT_UNSUPPORTED, ERANGE,
				    "Peer MTU is too large to set XDP", err);
	return 0;
}

static int do_swap(struct fake *f, int ifindex, enum xdpctl_mode mode, int new_fd, int old_fd,
		   struct xdpctl_error *err)
{
	struct prog *new = new_fd < 0 ? NULL : fk_prog_of_fd(f, new_fd);
	struct prog *old = old_fd < 0 ? NULL : fk_prog_of_fd(f, old_fd);
	struct iface *iface = fk_iface_visible(f, ifindex);
	int rc;

	fk_must_be_locked(f);
	if ((new_fd >= 0 && !new) || (old_fd >= 0 && !old))
		return fk_fail(f, EBADF, err);
	if (!iface)
		return fk_fail(f, ENODEV, err);
	if (mode != XDPCTL_MODE_NATIVE && mode != XDPCTL_MODE_SKB) {
		fk_violate(f, "a swap in mode %d", mode);
		return fk_fail(f, EINVAL, err);
	}
	rc = check_swap(f, iface, mode, new, old ? old->info.id : 0, err);
	if (rc)
		return rc;
	if (new)
		must_be_whole(f, ifindex, new);
	else if (!old)
		return 0; /* a detach of nothing */
	iface->info.prog_id = new ? new->info.id : 0;
	iface->info.mode = new ? mode : XDPCTL_MODE_NONE;
	f->dirty = true;
	f->swaps++;
	return 0;
}

static int fake_xdp_swap(struct kernel *k, int ifindex, enum xdpctl_mode mode, int new_fd,
			 int old_fd, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_XDP_SWAP, err, "%d %s: program %u for program %u", ifindex,
			  xdpctl_mode_name(mode), fk_id_of_fd(f, new_fd), fk_id_of_fd(f, old_fd));

	return rc ? rc : fk_leave(f, do_swap(f, ifindex, mode, new_fd, old_fd, err), err);
}

/* ---------------------------------------------------------------- programs and links */

static int fake_prog_open(struct kernel *k, uint32_t id, int *fd, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_PROG_OPEN, err, "%u", id);

	if (rc)
		return rc;
	if (!fk_prog_find(f, id))
		return fk_leave(f, fk_fail(f, ENOENT, err), err);
	return fk_give_handle(f, KERNEL_PIN_PROG, id, fd, err);
}

static int fake_prog_read(struct kernel *k, int fd, struct kernel_prog *out,
			  struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_PROG_READ, err, "%u", fk_id_of_fd(f, fd));
	struct prog *prog;

	if (rc)
		return rc;
	prog = fk_prog_of_fd(f, fd);
	if (!prog)
		return fk_leave(f, fk_fail(f, EBADF, err), err);
	rc = fk_leave(f, 0, err);
	if (!rc)
		*out = prog->info;
	return rc;
}

/* As this kernel tells it. */
static struct kernel_link told(const struct fake *f, const struct link *link)
{
	struct kernel_link info = link->info;

	if (f->lacks & FAKE_LACKS_TARGETS)
		info.target_obj_id = info.target_btf_id = 0;
	return info;
}

static int fake_links(struct kernel *k, struct kernel_link **out, size_t *n,
		      struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_LINKS, err, "all");
	struct kernel_link *links;
	size_t count = 0;

	if (rc)
		return rc;
	rc = fk_leave(f, 0, err);
	if (rc)
		return rc;
	links = fk_array_new(f->n.links, sizeof(*links));
	for (size_t i = 0; i < f->n.links; i++)
		if (f->links[i].live)
			links[count++] = told(f, &f->links[i]);
	*out = links;
	*n = count;
	return 0;
}

static int fake_link_open(struct kernel *k, uint32_t id, int *fd, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_LINK_OPEN, err, "%u", id);

	if (rc)
		return rc;
	if (!fk_link_find(f, id))
		return fk_leave(f, fk_fail(f, ENOENT, err), err);
	return fk_give_handle(f, KERNEL_PIN_LINK, id, fd, err);
}

static int fake_link_read(struct kernel *k, int fd, struct kernel_link *out,
			  struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_LINK_READ, err, "%u", fk_id_of_fd(f, fd));
	struct link *link;

	if (rc)
		return rc;
	link = fk_link_of_fd(f, fd);
	if (!link)
		return fk_leave(f, fk_fail(f, EBADF, err), err);
	rc = fk_leave(f, 0, err);
	if (!rc)
		*out = told(f, link);
	return rc;
}

/* An attachment counts twice: the device's and the driver's. */
static uint64_t count_refs(const struct fake *f, uint32_t id)
{
	uint64_t refs = 0;

	for (size_t i = 0; i < f->n.handles; i++)
		refs += f->handles[i].live && f->handles[i].type == KERNEL_PIN_PROG &&
			f->handles[i].id == id;
	for (size_t i = 0; i < f->n.pins; i++)
		refs += f->pins[i].live && f->pins[i].type == KERNEL_PIN_PROG &&
			f->pins[i].id == id;
	for (size_t i = 0; i < IFACES; i++)
		refs += f->ifaces[i].live && f->ifaces[i].info.prog_id == id ? 2 : 0;
	for (size_t i = 0; i < f->n.links; i++) {
		const struct link *link = &f->links[i];

		refs += link->live && link->info.prog_id == id;
		refs += link->live && link->info.target_obj_id == id;
	}
	for (size_t i = 0; i < f->n.progs; i++) {
		const struct prog *prog = &f->progs[i];

		refs += prog->live && prog->load_target == id;
		refs += prog->live && prog->info.id == id ? prog->held : 0;
	}
	return refs;
}

static int fake_prog_refs(struct kernel *k, struct kernel_refs **out, size_t *n,
			  struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_PROG_REFS, err, "all");
	struct kernel_refs *refs;
	size_t count = 0;

	if (rc)
		return rc;
	if (f->lacks & FAKE_LACKS_REFS)
		return fk_leave(f, fk_fail(f, EOPNOTSUPP, err), err);
	rc = fk_leave(f, 0, err);
	if (rc)
		return rc;
	refs = fk_array_new(f->n.progs, sizeof(*refs));
	for (size_t i = 0; i < f->n.progs; i++) {
		uint32_t id = f->progs[i].info.id;

		if (f->progs[i].live)
			refs[count++] = (struct kernel_refs){ id, count_refs(f, id) };
	}
	*out = refs;
	*n = count;
	return 0;
}

static int fake_map_read(struct kernel *k, int fd, uint32_t *id, char name[16],
			 struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	static const char *const names[] = { "a_map", "xdpctl_code", "xdpctl_chain" };
	int rc = fk_enter(f, FAKE_MAP_READ, err, "%u", fk_id_of_fd(f, fd));
	struct map *map;

	if (rc)
		return rc;
	map = fk_map_of_fd(f, fd);
	if (!map) {
		fk_violate(f, "descriptor %d is no map", fd);
		return fk_leave(f, fk_fail(f, EBADF, err), err);
	}
	*id = map->id;
	util_copy(name, 16, names[map->kind]);
	return fk_leave(f, 0, err);
}

/* ---------------------------------------------------------------- the freplace engine */

struct prog *fk_dispatcher_new(struct fake *f, const struct wire_config *config)
{
	struct prog *prog = fk_prog_new(f, BPF_PROG_TYPE_XDP, "xdp_dispatcher");

	/* Different in each, so that a mix-up of two dispatchers' ids is seen. */
	prog->is_dispatcher = true;
	prog->dispatcher.config = *config;
	prog->dispatcher.main_btf_id = 20 + prog->info.id % 7;
	for (unsigned int i = 0; i < XDPCTL_SLOTS_MAX; i++)
		prog->dispatcher.slot_btf_ids[i] = 40 + 3 * i + prog->info.id % 7 % 3;
	return prog;
}

static int fake_dispatcher_load(struct kernel *k, const struct wire_config *config, int *fd,
				struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_DISPATCHER_LOAD, err, "version %u, %u slots", config->version,
			  config->n_slots);

	if (rc)
		return rc;
	if (config->version < 2 || config->version > 3 || !config->n_slots ||
	    config->n_slots > XDPCTL_SLOTS_MAX || (config->frags && f->lacks & FAKE_LACKS_FRAGS)) {
		fk_violate(f, "a dispatcher of version %u with %u slots, frags %d", config->version,
			   config->n_slots, config->frags);
		return fk_leave(f, fk_fail(f, EINVAL, err), err);
	}
	return fk_give_handle(f, KERNEL_PIN_PROG, fk_dispatcher_new(f, config)->info.id, fd, err);
}

static int do_dispatcher_read(struct fake *f, const struct prog *prog,
			      struct kernel_dispatcher *out, struct xdpctl_error *err)
{
	if (!prog)
		return fk_fail(f, EBADF, err);
	if (!prog->is_dispatcher)
		return -ENOTTY;
	if (prog->damage == EOPNOTSUPP)
		out->config.version = prog->dispatcher.config.version;
	if (prog->damage)
		return fk_fail(f, prog->damage, err);
	*out = prog->dispatcher;
	return 0;
}

static int fake_dispatcher_read(struct kernel *k, int fd, const struct kernel_prog *info,
				struct kernel_dispatcher *out, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_DISPATCHER_READ, err, "%u", fk_id_of_fd(f, fd));

	if (rc)
		return rc;
	if (info->id != fk_id_of_fd(f, fd))
		fk_violate(f, "descriptor of program %u with the description of %u",
			   fk_id_of_fd(f, fd), info->id);
	return fk_leave(f, do_dispatcher_read(f, fk_prog_of_fd(f, fd), out, err), err);
}

int fk_verify(struct fake *f, const struct object_choice *choice, struct xdpctl_error *err)
{
	if (!f->refuse[0] || strcmp(f->refuse, choice->addition.func) != 0)
		return 0;
	error_set(err, XDPCTL_FAULT_FAILED, EACCES, "load %s", f->refuse);
	error_log(err, "0: (61) r0 = *(u32 *)(r1 +0)\ninvalid mem access 'inv'\n");
	return -EACCES;
}

/* As kernel/component.c has it: an EPERM without a word of the verifier's. */
int fk_ext_refused(struct fake *f, struct xdpctl_error *err)
{
	if (!(f->lacks & FAKE_LACKS_FREPLACE))
		return 0;
	return error_set(err, XDPCTL_FAULT_UNSUPPORTED, EPERM, "%s", f->log[f->calls - 1].text);
}

static int check_component(struct fake *f, const struct object_choice *choice,
			   const struct prog *dispatcher, unsigned int slot, unsigned int n_slots,
			   struct xdpctl_error *err)
{
	int rc;

	if (!dispatcher || !dispatcher->is_dispatcher)
		return fk_fail(f, EBADF, err);
	if (slot >= n_slots || n_slots != dispatcher->dispatcher.config.n_slots) {
		fk_violate(f, "slot %u of %u in a dispatcher of %u", slot, n_slots,
			   dispatcher->dispatcher.config.n_slots);
		return fk_fail(f, EINVAL, err);
	}
	rc = fk_ext_refused(f, err);
	return rc ? rc : fk_verify(f, choice, err);
}

/* The map of a program that pins one by name: the pinned one if it is there. True: made. */
static bool pin_map(struct fake *f, struct prog *prog)
{
	struct pin *pin = fk_pin_find(f, f->map_path);
	char parent[XDPCTL_PATH_SIZE];

	prog->info.n_maps = 1;
	if (pin) {
		prog->info.map_ids[0] = pin->id;
		return false;
	}
	prog->info.map_ids[0] = fk_map_new(f, MAP_PLAIN)->id;
	fk_parent_of(f->map_path, parent);
	fk_make_dirs(f, parent);
	fk_pin_new(f, f->map_path, KERNEL_PIN_MAP, prog->info.map_ids[0])->recorded = true;
	return true;
}

static char *absolute(const struct fake *f, const char *path)
{
	char *text;

	if (asprintf(&text, "%s/%s", f->k.bpffs, path) < 0)
		fk_die("out of memory");
	return text;
}

static void reuse_maps(struct fake *f, const struct object_choice *choice, struct prog *prog)
{
	for (size_t i = 0; i < choice->n_reuse; i++) {
		if (!fk_map_find(f, choice->reuse[i]))
			fk_violate(f, "\"%s\" is to go on with map %u, which isn't there",
				   prog->info.func, choice->reuse[i]);
		prog->info.map_ids[prog->info.n_maps++] = choice->reuse[i];
	}
}

void fk_make_maps(struct fake *f, const struct object_choice *choice, struct prog *prog,
		  char ***map_pins, size_t *n_map_pins)
{
	*map_pins = NULL;
	*n_map_pins = 0;
	if (choice->n_reuse) {
		reuse_maps(f, choice, prog);
		return;
	}
	if (!f->map_func[0] || strcmp(f->map_func, prog->info.func) != 0 || !pin_map(f, prog))
		return;
	*map_pins = fk_array_new(1, sizeof(**map_pins));
	(*map_pins)[0] = absolute(f, f->map_path);
	*n_map_pins = 1;
}

static int fake_component_load(struct kernel *k, const struct object_choice *choice,
			       int dispatcher_fd, unsigned int slot, unsigned int n_slots, int *fd,
			       char ***map_pins, size_t *n_map_pins, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_COMPONENT_LOAD, err, "%s for slot %u of %u",
			  choice->addition.func, slot, n_slots);
	struct prog *dispatcher, *prog;

	if (rc)
		return rc;
	dispatcher = fk_prog_of_fd(f, dispatcher_fd);
	rc = check_component(f, choice, dispatcher, slot, n_slots, err);
	if (rc)
		return fk_leave(f, rc, err);
	prog = fk_prog_new(f, BPF_PROG_TYPE_EXT, choice->addition.func);
	prog->load_target = dispatcher->info.id;
	fk_make_maps(f, choice, prog, map_pins, n_map_pins);
	return fk_give_handle(f, KERNEL_PIN_PROG, prog->info.id, fd, err);
}

static int do_attach(struct fake *f, int prog_fd, int dispatcher_fd, unsigned int slot,
		     unsigned int n_slots, uint32_t *link_id, struct xdpctl_error *err)
{
	struct prog *prog = fk_prog_of_fd(f, prog_fd);
	struct prog *dispatcher = fk_prog_of_fd(f, dispatcher_fd);
	struct link *link;
	uint32_t target;
	int rc;

	if (!prog || !dispatcher)
		return fk_fail(f, EBADF, err);
	if (prog->info.type != BPF_PROG_TYPE_EXT || !dispatcher->is_dispatcher || slot >= n_slots ||
	    n_slots != dispatcher->dispatcher.config.n_slots) {
		fk_violate(f, "\"%s\" over slot %u of %u of \"%s\"", prog->info.func, slot, n_slots,
			   dispatcher->info.func);
		return fk_fail(f, EINVAL, err);
	}
	if (fk_is_attached(f, dispatcher->info.id))
		fk_violate(f, "\"%s\" is attached to the running dispatcher %u", prog->info.func,
			   dispatcher->info.id);
	rc = fk_ext_refused(f, err);
	if (rc)
		return rc;
	target = fk_slot_target(dispatcher, slot, n_slots);
	if (fk_link_over(f, dispatcher, target))
		return fk_fail(f, EBUSY, err);
	link = fk_link_new(f, KERNEL_LINK_TRACING, prog->info.id);
	link->info.target_obj_id = dispatcher->info.id;
	link->info.target_btf_id = target;
	prog->load_target = 0;
	f->dirty = true;
	*link_id = link->info.id;
	return 0;
}

static int fake_component_attach(struct kernel *k, int prog_fd, int dispatcher_fd,
				 unsigned int slot, unsigned int n_slots, int *link_fd,
				 struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = fk_enter(f, FAKE_COMPONENT_ATTACH, err, "program %u to slot %u of %u of %u",
			  fk_id_of_fd(f, prog_fd), slot, n_slots, fk_id_of_fd(f, dispatcher_fd));
	uint32_t link_id = 0;

	if (rc)
		return rc;
	rc = do_attach(f, prog_fd, dispatcher_fd, slot, n_slots, &link_id, err);
	if (rc)
		return fk_leave(f, rc, err);
	return fk_give_handle(f, KERNEL_PIN_LINK, link_id, link_fd, err);
}

static bool fake_has_frags(struct kernel *k)
{
	struct fake *f = fake_of(k);

	fk_enter(f, FAKE_HAS_FRAGS, NULL, "?");
	fk_leave(f, 0, NULL);
	return !(f->lacks & FAKE_LACKS_FRAGS);
}

static int fake_has_freplace(struct kernel *k, struct xdpctl_error *err)
{
	struct fake *f = fake_of(k);
	int rc = 0;

	fk_enter(f, FAKE_HAS_FREPLACE, err, "?");
	if (f->lacks & FAKE_LACKS_FREPLACE)
		rc = error_say(err, XDPCTL_FAULT_UNSUPPORTED, EOPNOTSUPP, "EXT is refused");
	return fk_leave(f, rc, err);
}

void fk_objects_ops(struct kernel_ops *ops)
{
	ops->ifaces = fake_ifaces;
	ops->xdp_swap = fake_xdp_swap;
	ops->prog_open = fake_prog_open;
	ops->prog_read = fake_prog_read;
	ops->links = fake_links;
	ops->link_open = fake_link_open;
	ops->link_read = fake_link_read;
	ops->prog_refs = fake_prog_refs;
	ops->map_read = fake_map_read;
	ops->dispatcher_load = fake_dispatcher_load;
	ops->dispatcher_read = fake_dispatcher_read;
	ops->component_load = fake_component_load;
	ops->component_attach = fake_component_attach;
	ops->has_frags = fake_has_frags;
	ops->has_freplace = fake_has_freplace;
}
