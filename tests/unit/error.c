/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "error.h"
#include "util.h"

#include "tap.h"

static void set_names_act_object_and_reason(void)
{
	struct xdpctl_error err = { 0 };

	tap_is_int(error_set(&err, XDPCTL_FAULT_NOT_FOUND, ENOENT, "open %s", "a.o"), -ENOENT,
		   "error_set returns the errno");
	tap_is_str(err.message, "open a.o: No such file or directory",
		   "the reason ends the message");
	tap_is_int(err.code, ENOENT, "the code is kept");
	tap_is_int(err.fault, XDPCTL_FAULT_NOT_FOUND, "the fault is kept");

	tap_is_int(error_set(&err, XDPCTL_FAULT_USAGE, 0, "%s is empty", "a.o"), -EIO,
		   "without a code the return is -EIO");
	tap_is_str(err.message, "a.o is empty", "without a code nothing is appended");
	tap_is_int(err.code, 0, "without a code there is none");

	error_set(&err, XDPCTL_FAULT_UNSUPPORTED, 524, "load");
	tap_is_str(err.message, "load: Operation not supported", "the kernel's ENOTSUPP has words");
	tap_is_int(err.code, 524, "and keeps its number");
	error_set(&err, XDPCTL_FAULT_FAILED, 4242, "load");
	tap_has_str(err.message, "4242", "an unknown errno is shown by number");

	tap_is_int(error_say(&err, XDPCTL_FAULT_CONFLICT, EEXIST, "it changed"), -EEXIST,
		   "error_say returns the errno");
	tap_is_str(err.message, "it changed", "error_say appends nothing");
	xdpctl_error_clear(&err);
}

static void a_new_story_replaces_the_old(void)
{
	struct xdpctl_error err = { 0 };

	error_set(&err, XDPCTL_FAULT_FAILED, EIO, "first");
	error_hint(&err, "try %s", "again");
	error_extack(&err, "kernel says");
	error_log(&err, "verifier says");
	tap_is_str(err.hint, "try again", "a hint is kept");
	tap_is_str(err.extack, "kernel says", "the kernel's sentence is kept");
	tap_is_str(err.log, "verifier says", "the verifier log is kept");

	error_extack(&err, NULL);
	error_extack(&err, "");
	error_log(&err, NULL);
	error_log(&err, "");
	tap_is_str(err.extack, "kernel says", "an empty sentence is nothing");
	tap_is_str(err.log, "verifier says", "an empty log is nothing");
	error_log(&err, "another");
	tap_is_str(err.log, "another", "a new log replaces the old");

	error_set(&err, XDPCTL_FAULT_FAILED, 0, "second, after %s", err.message);
	tap_is_str(err.message, "second, after first: Input/output error",
		   "the old message may be an argument of the new");
	tap_ok(!err.hint[0] && !err.extack[0] && !err.log, "nothing of the old story is left");

	xdpctl_error_clear(&err);
	tap_ok(!err.message[0] && err.fault == XDPCTL_FAULT_NONE, "clear empties");
	xdpctl_error_clear(&err);
	tap_ok(!err.log, "clear can be repeated");
}

static void context_goes_before(void)
{
	struct xdpctl_error err = { 0 };

	error_set(&err, XDPCTL_FAULT_FAILED, EPERM, "attach");
	error_hint(&err, "be root");
	error_context(&err, "interface %s", "eth0");
	tap_is_str(err.message, "interface eth0: attach: Operation not permitted",
		   "context goes before the message");
	tap_is_str(err.hint, "be root", "context leaves the hint");
	tap_is_int(err.code, EPERM, "context leaves the code");
	xdpctl_error_clear(&err);
}

static void what_is_too_long_is_cut(void)
{
	struct xdpctl_error err = { 0 };
	char long_text[2000];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';

	error_set(&err, XDPCTL_FAULT_FAILED, EIO, "%s", long_text);
	tap_is_int(strlen(err.message), sizeof(err.message) - 1, "a long message fills its field");
	tap_has_str(err.message, "xx: Input/output error", "and keeps its reason");
	error_context(&err, "eth0");
	tap_is_int(strlen(err.message), sizeof(err.message) - 1, "context doesn't overflow either");
	tap_is_int(strncmp(err.message, "eth0: xx", 8), 0, "and is there");

	error_set(&err, XDPCTL_FAULT_FAILED, EIO, "short");
	error_context(&err, "%s", long_text);
	tap_is_str(err.message, "short: Input/output error", "a context without end gives way");
	error_context(&err, "%.*s", (int)sizeof(err.message) - 3, long_text);
	tap_is_int(strlen(err.message), sizeof(err.message) - 1, "the longest context fits");

	error_hint(&err, "%s", long_text);
	tap_is_int(strlen(err.hint), sizeof(err.hint) - 1, "a long hint is cut");
	error_extack(&err, long_text);
	tap_is_int(strlen(err.extack), sizeof(err.extack) - 1, "a long sentence is cut");
	error_log(&err, long_text);
	tap_is_int(strlen(err.log), sizeof(long_text) - 1, "a long log is not");
	xdpctl_error_clear(&err);
}

static void nobody_listens(void)
{
	tap_is_int(error_set(NULL, XDPCTL_FAULT_FAILED, EBUSY, "x"), -EBUSY, "error_set to NULL");
	tap_is_int(error_say(NULL, XDPCTL_FAULT_FAILED, 0, "x"), -EIO, "error_say to NULL");
	error_hint(NULL, "x");
	error_extack(NULL, "x");
	error_log(NULL, "x");
	error_context(NULL, "x");
	xdpctl_error_clear(NULL);
	tap_ok(true, "the others take NULL as well");
}

static void util_keeps_its_word(void)
{
	char buf[4] = "zzz";
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int taken;

	util_copy(buf, sizeof(buf), "abcdef");
	tap_is_str(buf, "abc", "util_copy cuts and terminates");
	util_copy(buf, sizeof(buf), "");
	tap_is_str(buf, "", "util_copy copies nothing");
	util_copy(buf, 0, "abc");
	tap_is_str(buf, "", "util_copy to nowhere writes nothing");

	taken = take_fd(&fd);
	tap_ok(taken >= 0 && fd == -1, "take_fd moves a descriptor");
	util_close(taken);
	errno = ENXIO;
	util_close(taken);
	tap_is_int(errno, ENXIO, "util_close leaves errno alone");
}

int main(void)
{
	set_names_act_object_and_reason();
	a_new_story_replaces_the_old();
	context_goes_before();
	what_is_too_long_is_cut();
	nobody_listens();
	util_keeps_its_word();
	return tap_done();
}
