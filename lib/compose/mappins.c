// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compose/mappins.h"

#include "util.h"

int mappins_collect(struct kernel *k, const uint32_t *except, size_t n, bool dry_run,
		    void (*removed)(void *context, const char *path), void *context,
		    struct xdpctl_error *err)
{
	_cleanup_free_ struct kernel_map_pin *pins = NULL;
	size_t n_pins;
	int r, result = 0;

	r = k->ops->map_pins(k, &pins, &n_pins, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_pins; i++) {
		bool used = true;

		r = k->ops->map_used(k, pins[i].map_id, except, n, &used, err);
		if (r == 0 && !used && !dry_run)
			r = k->ops->map_unpin(k, pins[i].path, err);
		if (r == 0 && !used && removed)
			removed(context, pins[i].path);
		if (r < 0)
			result = r; /* the others go all the same */
	}
	return result;
}
