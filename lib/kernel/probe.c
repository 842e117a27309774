// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this kernel offers us: each answer is tried, none is read off a version number. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "error.h"
#include "kernel/real.h"
#include "util.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* r0 = XDP_PASS; exit */
static const struct bpf_insn pass[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int load_pass(uint32_t flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags, .expected_attach_type = BPF_XDP);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "xdpctl_probe", "GPL", pass, ARRAY_SIZE(pass),
			     &opts);
}

bool probe_frags(struct kernel *k)
{
	struct real *real = real_of(k);

	if (real->frags == XDPCTL_UNKNOWN) {
		_cleanup_fd_ int fd = load_pass(BPF_F_XDP_HAS_FRAGS);

		if (fd >= 0)
			real->frags = XDPCTL_YES;
		else if (errno == EINVAL)
			real->frags = XDPCTL_NO;
	}
	return real->frags == XDPCTL_YES;
}

int probe_freplace(struct kernel *k, struct xdpctl_error *err)
{
	struct xdpctl_error failure = { 0 };
	struct real *real = real_of(k);

	if (real->freplace == XDPCTL_UNKNOWN) {
		int r = dispatcher_probe_freplace(k, &failure);

		real->freplace = r == 0 ? XDPCTL_YES : XDPCTL_NO;
		real->freplace_code = -r;
		util_copy(real->freplace_why, sizeof(real->freplace_why), failure.message);
		xdpctl_error_clear(&failure);
	}
	if (real->freplace == XDPCTL_YES)
		return 0;
	return error_say(err, XDPCTL_FAULT_UNSUPPORTED, real->freplace_code, "%s",
			 real->freplace_why);
}

static void put(struct xdpctl_features *out, const char *name, enum xdpctl_answer answer,
		const char *why)
{
	struct xdpctl_feature *feature = &out->kernel[out->n_kernel++];

	feature->name = name;
	feature->answer = answer;
	util_copy(feature->why, sizeof(feature->why), answer == XDPCTL_YES || !why ? "" : why);
}

/* A refusal that is for want of capabilities tells nothing about the kernel. */
static enum xdpctl_answer answer_of(bool yes, int code)
{
	if (yes)
		return XDPCTL_YES;
	return code == EPERM && caps_check(NULL) < 0 ? XDPCTL_UNKNOWN : XDPCTL_NO;
}

static void put_errno(struct xdpctl_features *out, const char *name, bool yes, const char *act,
		      int code)
{
	struct xdpctl_error err = { 0 };

	error_set(&err, XDPCTL_FAULT_FAILED, code, "%s", act);
	put(out, name, answer_of(yes, code), err.message);
}

static void probe_xdp(struct xdpctl_features *out)
{
	_cleanup_fd_ int fd = load_pass(0);

	put_errno(out, "xdp", fd >= 0, "load an XDP program", errno);
}

static void put_freplace(struct kernel *k, struct xdpctl_features *out)
{
	struct xdpctl_error err = { 0 };
	int r = probe_freplace(k, &err);

	put(out, "freplace", answer_of(r == 0, -r), err.message);
	xdpctl_error_clear(&err);
}

/* No interface has index 0: EINVAL or ENODEV says so, anything else that links aren't known. */
static void probe_xdp_link(struct xdpctl_features *out)
{
	_cleanup_fd_ int prog = load_pass(0);
	int fd, code;

	if (prog < 0) {
		put_errno(out, "xdp-link", false, "load an XDP program", errno);
		return;
	}
	fd = bpf_link_create(prog, 0x7fffffff, BPF_XDP, NULL);
	code = errno;
	if (fd >= 0)
		close(fd);
	put_errno(out, "xdp-link", code == EINVAL || code == ENODEV, "create an XDP link", code);
}

static void probe_refs(struct kernel *k, struct xdpctl_features *out)
{
	struct xdpctl_error err = { 0 };
	struct kernel_refs *refs = NULL;
	size_t n;
	int r = refs_read(k, &refs, &n, &err);

	put(out, "prog-iterator", answer_of(r == 0, -r), err.message);
	xdpctl_error_clear(&err);
	free(refs);
}

static void probe_netns_cookie(struct xdpctl_features *out)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	bool yes = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0;

	put_errno(out, "netns-cookie", yes, "read SO_NETNS_COOKIE", errno);
}

static void probe_btf(struct xdpctl_features *out)
{
	bool yes = access("/sys/kernel/btf/vmlinux", R_OK) == 0;

	put_errno(out, "btf", yes, "open /sys/kernel/btf/vmlinux", errno);
}

void probe_kernel(struct kernel *k, struct xdpctl_features *out)
{
	out->n_kernel = 0;
	probe_xdp(out);
	probe_btf(out);
	put_freplace(k, out);
	probe_xdp_link(out);
	probe_frags(k);
	put(out, "frags", real_of(k)->frags,
	    "an XDP program with BPF_F_XDP_HAS_FRAGS is refused (Linux 5.18)");
	probe_refs(k, out);
	probe_netns_cookie(out);
}
