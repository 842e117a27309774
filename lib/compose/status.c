// SPDX-License-Identifier: LGPL-2.1-or-later
/* The state of many interfaces: one link dump, one census, then interface by interface. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "compose/session.h"
#include "compose/snapshot.h"
#include "error.h"
#include "util.h"

static bool wanted(int ifindex, const int *ifindexes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ifindexes[i] == ifindex)
			return true;
	return n == 0;
}

/* Keeps the links that were asked for; each must be there. */
static int select_links(struct kernel_iface *links, size_t *n, const int *ifindexes,
			size_t n_ifindexes, struct xdpctl_error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < n_ifindexes; i++) {
		size_t at = 0;

		while (at < *n && links[at].ifindex != ifindexes[i])
			at++;
		if (at == *n)
			return error_say(err, XDPCTL_FAULT_NOT_FOUND, ENODEV,
					 "there is no interface with index %d", ifindexes[i]);
	}
	for (size_t i = 0; i < *n; i++)
		if (wanted(links[i].ifindex, ifindexes, n_ifindexes))
			links[kept++] = links[i];
	*n = kept;
	return 0;
}

/* Without the room for components that aren't there, which is most of it; @to is zeroed memory. */
static void copy_iface(struct xdpctl_iface *to, const struct xdpctl_iface *from)
{
	memcpy(to, from,
	       offsetof(struct xdpctl_iface, components) +
		       from->n_components * sizeof(from->components[0]));
}

/* false: what was read is of a program that has been replaced meanwhile */
static bool read_once(struct kernel *k, const struct census *census,
		      const struct kernel_iface *link, struct xdpctl_iface *out)
{
	struct snapshot snapshot;
	bool stale = snapshot_take(k, census, link, &snapshot) == -ENOENT ||
		     snapshot_is_stale(k, &snapshot);

	copy_iface(out, &snapshot.iface);
	snapshot_close(&snapshot);
	return !stale;
}

/* One interface by itself, for as long as others change it, within reason. */
static void read_again(struct kernel *k, const struct kernel_iface *link, struct xdpctl_iface *out)
{
	for (unsigned int try = 1; try < SESSION_ATTEMPTS_MAX; try++) {
		_cleanup_free_ struct kernel_iface *now = NULL;
		struct census census;
		bool done;
		size_t n;

		if (k->ops->ifaces(k, link->ifindex, &now, &n, NULL) < 0 ||
		    census_take(k, false, &census, NULL) < 0)
			return;
		done = read_once(k, &census, now, out);
		census_free(&census);
		if (done)
			return;
	}
}

static int read_ifaces(struct kernel *k, const struct kernel_iface *links, size_t n,
		       struct xdpctl_status *status, struct xdpctl_error *err)
{
	struct census census;
	int r;

	status->ifaces = calloc(n + 1, sizeof(*status->ifaces));
	if (!status->ifaces)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read the status");
	r = census_take(k, false, &census, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (!read_once(k, &census, &links[i], &status->ifaces[i]))
			read_again(k, &links[i], &status->ifaces[i]);
	status->n = n;
	census_free(&census);
	return 0;
}

static int read_status(struct kernel *k, const int *ifindexes, size_t n_ifindexes,
		       struct xdpctl_status *status, struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_iface *links = NULL;
	size_t n;
	int r;

	r = k->ops->ifaces(k, n_ifindexes == 1 ? ifindexes[0] : 0, &links, &n, err);
	if (r == 0)
		r = select_links(links, &n, ifindexes, n_ifindexes, err);
	return r < 0 ? r : read_ifaces(k, links, n, status, err);
}

/* Without the right to open the state directory everything that needs it will say so by itself. */
static int lock_for_reading(struct kernel *k, struct xdpctl_error *err)
{
	int r = k->ops->lock(k, false, err);

	if (r != -EACCES && r != -EPERM && r != -ENOENT)
		return r;
	xdpctl_error_clear(err);
	return 0;
}

int session_status(struct kernel *k, const int *ifindexes, size_t n, struct xdpctl_status **out,
		   struct xdpctl_error *err)
{
	struct xdpctl_status *status = calloc(1, sizeof(*status));
	int r;

	if (!status)
		return error_set(err, XDPCTL_FAULT_FAILED, ENOMEM, "read the status");
	util_copy(status->bpffs, sizeof(status->bpffs), k->bpffs ? k->bpffs : "");
	r = lock_for_reading(k, err);
	if (r == 0) {
		r = read_status(k, ifindexes, n, status, err);
		k->ops->unlock(k);
	}
	if (r < 0) {
		xdpctl_status_free(status);
		return r;
	}
	*out = status;
	return 0;
}

void xdpctl_status_free(struct xdpctl_status *status)
{
	if (!status)
		return;
	free(status->ifaces);
	free(status);
}
