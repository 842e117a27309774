// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill_at CALL NTH COMMAND [ARG]...: kills the command just before its NTH system call of that name, and exits with 137;
 * or with the command's status when it never came that far.
 *
 * "strace -e inject=CALL:signal=KILL:when=NTH" does the same, but stops at every call, for it injects no signals when it
 * leaves the choice to a seccomp filter: in an emulated machine that takes seconds for each.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS (PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)

static const struct {
	const char *name;
	unsigned int nr;
} calls[] = {
	{ "bpf", SYS_bpf },         { "sendto", SYS_sendto },     { "sendmsg", SYS_sendmsg },
	{ "mkdirat", SYS_mkdirat }, { "unlinkat", SYS_unlinkat }, { "flock", SYS_flock },
};

static void die(const char *what)
{
	fprintf(stderr, "kill_at: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned int call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].nr;
	errno = EINVAL;
	die(name);
	return 0;
}

/* In the child: stops at that call, from the command's first instruction on. */
static void run_traced(unsigned int nr, char **command)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		die("ptrace");
	raise(SIGSTOP); /* until the parent has set its options */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		die("seccomp");
	execvp(command[0], command);
	die(command[0]);
}

static bool at_call(int status)
{
	return status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
}

/* What a stopped child gets to see when it goes on: its own signals, but not those that stand for our stops. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
}

static int follow(pid_t pid, unsigned long nth)
{
	unsigned long seen = 0;
	int status;

	while (waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (at_call(status) && ++seen == nth)
			kill(pid, SIGKILL);
		else if (ptrace(PTRACE_CONT, pid, 0, at_call(status) ? 0 : signal_of(status)) < 0)
			die("go on");
	}
	die("wait");
	return 1;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 4) {
		fputs("usage: kill_at CALL NTH COMMAND [ARG]...\n", stderr);
		return 2;
	}
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_traced(call_number(argv[1]), argv + 3);
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, OPTIONS) < 0 || ptrace(PTRACE_CONT, pid, 0, 0) < 0)
		die("trace");
	return follow(pid, strtoul(argv[2], NULL, 10));
}
