// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel/objectload.h"

#include <errno.h>
#include <fcntl.h>

#include <bpf/libbpf.h>

#include "error.h"
#include "util.h"

static void explain_refusal(int code, const char *log, const struct libbpf_log *said,
			    const char *name, struct xdpctl_error *err)
{
	if (code == ENOSPC && log[0]) {
		error_say(
			err, XDPCTL_FAULT_FAILED, code,
			"the verifier refused component \"%s\", with a log of more than 16 MiB: it is "
			"probably too complex",
			name);
		error_log(err, log);
		return;
	}
	if (log[0]) {
		error_set(err, XDPCTL_FAULT_FAILED, code, "the verifier refused component \"%s\"",
			  name);
		error_log(err, log);
		error_hint(err, "--verbose prints the verifier's whole log");
		return;
	}
	if (said->reason[0])
		error_say(err, XDPCTL_FAULT_FAILED, code, "load component \"%s\": %s", name,
			  said->reason);
	else
		error_set(err, XDPCTL_FAULT_FAILED, code, "load component \"%s\"", name);
}

int load_refused(int code, const char *log, const struct libbpf_log *said, const char *name,
		 struct xdpctl_error *err)
{
	explain_refusal(code, log, said, name, err);
	return -code;
}

int keep_program(struct kernel *k, const struct bpf_program *prog, const struct new_pins *pins,
		 const struct object_choice *choice, int *out, struct xdpctl_error *err)
{
	int r = new_pins_make(k, pins, !choice->item || !choice->item->pin_maps, err);

	if (r < 0)
		return r;
	*out = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (*out >= 0)
		return 0;
	r = error_set(err, XDPCTL_FAULT_FAILED, errno, "keep the program");
	new_pins_undo(k, pins);
	return r;
}
