#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What makes no sense, can't be done or isn't allowed: one clear sentence, the documented exit status, nothing changed.
# Tests with the tag "host" end before anything that differs between kernels.
#
# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

load helpers

setup() {
	BACKGROUND=''
	sandbox_start
}

teardown() {
	[ -z "$BACKGROUND" ] || kill -9 "$BACKGROUND" 2>/dev/null || true
	sandbox_stop
}

# assert_refused STATUS TEXT: the last `run` exited so, said one sentence with TEXT (a pattern) and at most details of
# it, and nothing on stdout.
assert_refused() {
	local line
	assert_status "$1"
	assert_equal "$output" ""
	# shellcheck disable=SC2053 # a pattern is wanted
	[[ ${stderr_lines[0]} == "xdpctl: "*$2* ]] || {
		printf 'the sentence has no "%s":\n%s\n' "$2" "$stderr"
		return 1
	}
	for line in "${stderr_lines[@]:1}"; do
		[[ $line == "  "* ]] || {
			printf 'more than one sentence:\n%s\n' "$stderr"
			return 1
		}
	done
}

# refuses STATUS TEXT ARG...: xdpctl does so, and nothing changes.
refuses() {
	local status_wanted=$1 text=$2
	shift 2
	[ "${WORLD-}" ] || remember
	run --separate-stderr xdpctl "$@"
	assert_refused "$status_wanted" "$text"
	assert_unchanged
}

# ---------------------------------------------------------------- object files

# bats test_tags=host
@test "an object file that isn't there is not found" {
	refuses 5 "open $BATS_TEST_TMPDIR/nothere.o: No such file or directory" load v0 "$BATS_TEST_TMPDIR/nothere.o"
	refuses 5 "open $OBJ/pass.o/x: " load v0 "$OBJ/pass.o/x"
}

# bats test_tags=host
@test "what is no regular file is refused, and never waited for" {
	refuses 2 "$OBJ is a directory, not an object file" load v0 "$OBJ"
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	refuses 2 "pipe is a named pipe, not an object file" load v0 "$BATS_TEST_TMPDIR/pipe"
	refuses 2 "/dev/null is a device, not an object file" load v0 /dev/null
}

# bats test_tags=host
@test "an empty file and one that isn't ELF are refused" {
	: >"$BATS_TEST_TMPDIR/empty.o"
	refuses 2 "empty.o is empty" load v0 "$BATS_TEST_TMPDIR/empty.o"
	echo "just some text, and long enough to hold an ELF header, in case anybody reads it as one" >"$BATS_TEST_TMPDIR/text.o"
	refuses 2 "text.o is not an ELF file" load v0 "$BATS_TEST_TMPDIR/text.o"
}

# bats test_tags=host
@test "an ELF file for another machine is refused" {
	refuses 2 "/bin/true is " load v0 /bin/true
}

# bats test_tags=host
@test "an object that is cut off anywhere is refused" {
	local size length
	size=$(stat -c %s "$OBJ/counter.o")
	remember
	for ((length = 1; length < size; length += size / 40)) ; do
		head -c $length "$OBJ/counter.o" >"$BATS_TEST_TMPDIR/cut.o"
		run --separate-stderr xdpctl load v0 "$BATS_TEST_TMPDIR/cut.o"
		assert_refused 2 cut.o
	done
	head -c $((size - 1)) "$OBJ/counter.o" >"$BATS_TEST_TMPDIR/cut.o"
	refuses 2 cut.o load v0 "$BATS_TEST_TMPDIR/cut.o"
}

# bats test_tags=host
@test "an object without BTF is refused, with a hint" {
	requires_command llvm-objcopy
	llvm-objcopy --remove-section=.BTF --remove-section=.BTF.ext "$OBJ/pass.o" "$BATS_TEST_TMPDIR/nobtf.o"
	refuses 2 "nobtf.o has no BTF" load v0 "$BATS_TEST_TMPDIR/nobtf.o"
	assert_stderr "clang -g"
}

# bats test_tags=host
@test "an object without a licence is refused" {
	refuses 2 "no_license.o names no licence" load v0 "$OBJ/no_license.o"
}

# bats test_tags=host
@test "an object without an XDP program is refused" {
	refuses 2 "no_xdp.o has no XDP program" load v0 "$OBJ/no_xdp.o"
	refuses 2 'program "tc_only"' load v0 "$OBJ/no_xdp.o:tc_only"
}

# bats test_tags=host
@test "of several programs one must be chosen, and they are named" {
	refuses 2 "several XDP programs: *alpha*beta*gamma_frags" load v0 "$OBJ/several.o"
	refuses 2 'several programs in section "xdp": *alpha*beta' load v0 "$OBJ/several.o" --section xdp
}

# bats test_tags=host
@test "an unknown program or section is not found, and those that are there are named" {
	refuses 5 'no program "delta"' load v0 "$OBJ/several.o:delta"
	assert_stderr "hint: its XDP programs: alpha, beta, gamma_frags"
	refuses 5 'no program in section "xdp/other"' load v0 "$OBJ/several.o" --section xdp/other
}

# bats test_tags=host
@test "a program for a map's entries is refused" {
	refuses 2 'program "to_device"' load v0 "$OBJ/devmap_prog.o:to_device"
	refuses 2 'program "to_cpu"' load v0 "$OBJ/devmap_prog.o:to_cpu"
}

# bats test_tags=host
@test "a run config that can't be understood is refused" {
	refuses 2 "*unknown member \"importance\"" load v0 "$OBJ/bad_meta.o"
}

# bats test_tags=host
@test "a variable that can't be set is refused" {
	refuses 2 nothere load v0 "$OBJ/globals.o" --set nothere=1
	refuses 2 ro_u8 load v0 "$OBJ/globals.o" --set ro_u8=256
	refuses 2 ro_u8 load v0 "$OBJ/globals.o" --set ro_u8=1x
	refuses 2 rw_s8 load v0 "$OBJ/globals.o" --set rw_s8=-129
	refuses 2 zero_bool load v0 "$OBJ/globals.o" --set zero_bool=perhaps
	refuses 2 zero_color load v0 "$OBJ/globals.o" --set zero_color=MAUVE
	refuses 2 ro_text load v0 "$OBJ/globals.o" --set ro_text=much-too-long
	refuses 2 structure load v0 "$OBJ/globals.o" --set structure=1
	refuses 2 ro_u8 load v0 "$OBJ/globals.o" --set ro_u8=
}

# bats test_tags=host
@test "an object with static tail calls is not supported" {
	refuses 6 "tail-call entries (map jump_table)" load v0 "$OBJ/tail_call.o:tail_call"
}

# bats test_tags=host
@test "one bad object among good ones spoils the call" {
	refuses 2 "no_license.o names no licence" load v0 "$OBJ/pass.o" "$OBJ/no_license.o"
}

# bats test_tags=host
@test "a name that two programs of a call have is refused" {
	refuses 2 '"xdp_pass" is given twice' load v0 "$OBJ/pass.o" "$OBJ/pass.o"
}

@test "what the verifier refuses is said with the end of its log, and where to get all of it" {
	refuses 1 'the verifier refused component "bad_verifier"' load v0 "$OBJ/bad_verifier.o"
	assert_stderr "invalid access to packet"
	assert_stderr "hint: --verbose prints the verifier's whole log"
}

@test "load --verbose prints all of the verifier's log, and JSON has it as a value" {
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/bad_verifier.o" --verbose
	assert_refused 1 "the verifier refused"
	local lines_said=${#stderr_lines[@]}
	run --separate-stderr xdpctl load v0 "$OBJ/bad_verifier.o" --json
	assert_status 1
	assert_equal "$stderr" ""
	assert_json '.error | .class == "failed" and .status == 1 and .errno > 0 and (.log | test("invalid access to packet")) and
		(.log | split("\n") | length) <= '"$lines_said"
	assert_unchanged
}

# ---------------------------------------------------------------- names that want to speak to the terminal

# bats test_tags=host
@test "a component's name with control characters is refused, and not sent to the terminal" {
	refuses 2 'red\\x1b\[31m' load v0 "$OBJ/pass.o" --name $'red\e[31m'
	[[ $stderr != *$'\e'* ]]
	refuses 2 "can't be a component's name" load v0 "$OBJ/pass.o" --name $'two\nlines'
	refuses 2 "can't be a component's name" load v0 "$OBJ/pass.o" --name a/b
}

# bats test_tags=host
@test "a file's name with control characters is not sent to the terminal" {
	: >"$BATS_TEST_TMPDIR/"$'red\e[31m.o'
	refuses 2 '\\x1b\[31m.o is empty' load v0 "$BATS_TEST_TMPDIR/"$'red\e[31m.o'
	[[ $stderr != *$'\e'* ]]
}

@test "an interface's name with control characters is not sent to the terminal" {
	in_sandbox ip link add $'r\e[31m' type veth peer name $'b\a\u009b'
	local text json
	run --separate-stderr xdpctl status
	assert_status 0
	text=$output
	[[ $text != *[$'\e\a\u009b']* && $text == *'\x1b[31m'* ]]
	json=$(xdpctl status --json)
	[[ $json != *[$'\e\a']* ]]
	[[ $(jq -r '.interfaces[].ifname' <<<"$json") == *$'r\e[31m'* ]]
	run --separate-stderr xdpctl unload $'r\e[31m' nobody
	assert_refused 5 'r\\x1b\[31m runs no XDP program'
}

@test "a pin's name with control characters is not sent to the terminal" {
	in_sandbox sh -c "mkdir $BPFFS/"$'red\e[31m'
	in_sandbox bpftool map create "$BPFFS/"$'red\e[31m/two\nlines' type array key 4 value 4 entries 1 name x
	run --separate-stderr xdpctl status --pins
	assert_status 0
	[[ $output != *$'\e'* && $output == *'red\x1b[31m/two\x0alines'* ]]
}

# ---------------------------------------------------------------- dispatchers that we don't understand

# Each is on v0, its configuration's bytes as given: magic, version, count.
dispatcher_start() {
	in_sandbox "$BUILD/tests/attach_xdp" v0 "$@"
}

@test "a dispatcher that is newer than we are is left alone" {
	dispatcher_start "$BUILD/bpf/dispatcher_v3.bpf.o" 0=236 1=4 2=1
	refuses 6 "dispatcher version 4 is newer than 3" load v0 "$OBJ/pass.o"
	refuses 6 "dispatcher version 4" unload v0 --all
	refuses 6 "dispatcher version 4" repair v0
}

@test "a dispatcher that is newer than we are goes when its id is named" {
	dispatcher_start "$BUILD/bpf/dispatcher_v3.bpf.o" 0=236 1=4 2=1
	run --separate-stderr xdpctl unload v0 --id "$(status_of v0 .prog_id)"
	assert_status 0
	assert_iface v0 '.state == "empty"'
}

@test "a dispatcher whose configuration has a wrong size is degraded" {
	dispatcher_start "$OBJ/dispatcher_odd.o"
	assert_iface v0 '.state == "degraded" and (.why | test("version 2 dispatcher has 100 bytes"))'
	refuses 3 "100 bytes" load v0 "$OBJ/pass.o"
}

@test "a dispatcher that claims eleven components is degraded" {
	dispatcher_start "$BUILD/bpf/dispatcher_v2.bpf.o" 0=236 1=2 2=11
	assert_iface v0 '.state == "degraded" and (.why | test("claims 11 components"))'
	refuses 3 "11 components" load v0 "$OBJ/pass.o"
}

@test "a dispatcher whose configuration names no version is degraded" {
	dispatcher_start "$OBJ/dispatcher_odd.o" 0=236 1=0
	assert_iface v0 '.state == "degraded" and (.why | test("no version"))'
}

@test "a dispatcher that can't be read goes only by its id" {
	dispatcher_start "$OBJ/dispatcher_odd.o"
	run --separate-stderr xdpctl unload v0 --all
	assert_status 3
	run --separate-stderr xdpctl unload v0 --id "$(status_of v0 .prog_id)"
	assert_status 0
	assert_iface v0 '.state == "empty"'
}

# ---------------------------------------------------------------- the bpffs

# There can be another one below it.
bpffs_stop() {
	in_sandbox sh -c "while umount $BPFFS 2>/dev/null; do :; done"
}

@test "without a bpffs the change is refused, and the message says how to get one" {
	bpffs_stop
	local args
	for args in "load v0 $OBJ/pass.o" "unload v0 --all" "repair v0" clean; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr xdpctl $args
		assert_refused 5 "no bpffs is mounted at /sys/fs/bpf"
		assert_stderr "--mount-bpffs"
		assert_stderr "mount -t bpf"
	done
}

@test "without a bpffs status works" {
	bpffs_stop
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	assert_json '.interfaces[0].state == "empty"'
}

@test "a directory that is no bpffs is refused" {
	refuses 5 "no bpffs is mounted at $BATS_TEST_TMPDIR" load v0 "$OBJ/pass.o" --bpffs "$BATS_TEST_TMPDIR"
	refuses 5 "open the bpffs $BATS_TEST_TMPDIR/nothere: " load v0 "$OBJ/pass.o" --bpffs "$BATS_TEST_TMPDIR/nothere"
}

@test "a read-only bpffs is refused" {
	in_sandbox mount -o remount,ro "$BPFFS"
	refuses 1 "Read-only file system" load v0 "$OBJ/pass.o"
}

@test "a read-only bpffs with a chain is refused, and the chain stays" {
	xdpctl load v0 "$OBJ/pass.o"
	in_sandbox mount -o remount,ro "$BPFFS"
	refuses 1 "Read-only file system" load v0 "$OBJ/drop.o"
}

@test "a state directory that somebody else owns is refused" {
	in_sandbox sh -c "mkdir -m 0755 $BPFFS/xdp && chown 65534 $BPFFS/xdp"
	local args
	for args in "load v0 $OBJ/pass.o" "unload v0 --all" clean; do
		# shellcheck disable=SC2086 # words
		refuses 3 "/sys/fs/bpf/xdp belongs to uid 65534" $args
	done
}

@test "a state directory that others can write to is refused" {
	in_sandbox mkdir -m 0777 "$BPFFS/xdp"
	refuses 3 "/sys/fs/bpf/xdp is writable by others" load v0 "$OBJ/pass.o"
	assert_stderr "chmod go-w /sys/fs/bpf/xdp"
}

@test "a bpffs that others can write to is refused unless it is sticky" {
	in_sandbox chmod 0777 "$BPFFS"
	refuses 3 "/sys/fs/bpf is writable by others" load v0 "$OBJ/pass.o"
	in_sandbox chmod 1777 "$BPFFS"
	run --separate-stderr xdpctl clean
	assert_status 0
}

@test "a directory of ours that is a link elsewhere is not followed" {
	in_sandbox sh -c "mkdir $BPFFS/elsewhere && ln -s elsewhere $BPFFS/xdpctl"
	refuses 1 "/sys/fs/bpf/xdpctl" load v0 "$OBJ/pass.o"
}

# ---------------------------------------------------------------- the lock

# A process that holds the lock for so many seconds, BACKGROUND: lock_for SECONDS [OPTION OF FLOCK]
lock_for() {
	local ready
	requires_command flock setpriv
	in_sandbox mkdir -p -m 0700 "$BPFFS/xdp"
	exec {ready}< <(exec nsenter --target "$SANDBOX" --mount -- flock --close "${2:--x}" "$BPFFS/xdp" \
		sh -c "echo ready && exec setpriv --pdeathsig KILL sleep $1 >/dev/null" 3>&-)
	BACKGROUND=$!
	read -r _ <&"$ready"
	exec {ready}<&-
}

@test "the lock is waited for, and then its holder is named" {
	lock_for 100
	local began=$SECONDS
	run --separate-stderr xdpctl unload v0 --all --lock-timeout 1.1
	assert_refused 1 "the lock on /sys/fs/bpf/xdp is held by flock (pid $BACKGROUND)"
	assert_stderr --lock-timeout
	((SECONDS - began >= 1))
	run --separate-stderr xdpctl clean --lock-timeout 0
	assert_refused 1 "is held by flock"
}

@test "a change goes on when the lock is free again" {
	lock_for 1
	run --separate-stderr xdpctl clean
	assert_status 0
}

@test "reading shares the lock with readers, and waits for changes" {
	lock_for 100 -s
	run --separate-stderr xdpctl status v0 --lock-timeout 0
	assert_status 0
	kill "$BACKGROUND"
	lock_for 100
	run --separate-stderr xdpctl status v0 --lock-timeout 0
	assert_refused 1 "is held by flock"
}

# ---------------------------------------------------------------- who may

# Runs xdpctl as root without these capabilities: without net_admin,sys_admin ARG...
without() {
	local caps=-${1//,/,-}
	shift
	in_sandbox setpriv --bounding-set "$caps" --inh-caps "$caps" "$XDPCTL" "$@"
}

@test "a capability that is missing is named" {
	requires_command setpriv
	remember
	run --separate-stderr without net_admin load v0 "$OBJ/pass.o"
	assert_refused 1 "CAP_NET_ADMIN is missing"
	run --separate-stderr without sys_admin unload v0 --all
	assert_refused 1 "CAP_SYS_ADMIN is missing"
	run --separate-stderr without sys_admin clean
	assert_refused 1 "CAP_SYS_ADMIN is missing"
	assert_unchanged
}

@test "who isn't root needs the capabilities, not the uid" {
	requires_command setpriv
	in_sandbox chown 65534 "$BPFFS"
	local caps=+net_admin,+sys_admin
	# Where everybody can read it: the checkout can be in a directory of root's alone.
	in_sandbox sh -c "mount -t tmpfs -o mode=0755 tmpfs /var/tmp && cp '$OBJ/pass.o' '$XDPCTL' /var/tmp"
	kernel_since 5.11 || caps+=,+sys_resource # before, maps count against the limit of locked memory
	run --separate-stderr in_sandbox setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps "$caps" --ambient-caps "$caps" /var/tmp/xdpctl load --engine "$ENGINE" v0 /var/tmp/pass.o
	assert_status 0
	in_sandbox chown -R 0 "$BPFFS" # root trusts no directory of theirs
	assert_iface v0 '.components[0].uid == 65534'
}

@test "before Linux 5.11 a limit of locked memory is named" {
	requires_command setpriv
	! kernel_since 5.11 || skip "this kernel doesn't count maps against it"
	in_sandbox chown 65534 "$BPFFS"
	run --separate-stderr in_sandbox setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps +net_admin,+sys_admin --ambient-caps +net_admin,+sys_admin \
		"$XDPCTL" load --engine "$ENGINE" v0 "$OBJ/pass.o"
	assert_refused 1 "*"
	assert_stderr CAP_SYS_RESOURCE
}

# ---------------------------------------------------------------- what changes meanwhile

# lock_is_open PID: this process has opened what it is to lock.
lock_is_open() {
	[ -n "$(find "/proc/$1/fd" -lname "$BPFFS/xdp" 2>/dev/null)" ]
}

@test "an interface that vanishes while the lock is waited for is not found" {
	lock_for 100
	nsenter --target "$SANDBOX" --mount --net -- "$XDPCTL" unload v0 --all >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	local waiter=$!
	wait_until lock_is_open "$waiter"
	in_sandbox ip link del v0
	kill "$BACKGROUND"
	status=0
	wait "$waiter" || status=$?
	output=$(<"$BATS_TEST_TMPDIR/said")
	assert_status 5
	[[ $output == "xdpctl: "* ]]
	assert_equal "$(bpffs_tree)" ""
}

@test "an interface that vanishes before the commit is not found, and nothing is left" {
	requires_command strace
	local objects
	objects=$(kernel_objects)
	# It stops when it has made the new dispatcher's directory: all programs are loaded and linked by then.
	nsenter --target "$SANDBOX" --mount --net -- env "$NO_LEAKS" strace -D -qq -o /dev/null -e trace=mkdirat \
		-e inject=mkdirat:signal=STOP:when=3 "$XDPCTL" load --engine "$ENGINE" v0 "$OBJ/pass.o" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	BACKGROUND=$!
	wait_until in_sandbox sh -c "test -d $PIN_DIR-*"
	wait_until stopped "$BACKGROUND"
	in_sandbox ip link del v0
	kill -CONT "$BACKGROUND"
	status=0
	wait "$BACKGROUND" || status=$?
	output=$(<"$BATS_TEST_TMPDIR/said")
	assert_status 5
	[[ $output == *vanished* ]]
	assert_equal "$(bpffs_tree)" ""
	assert_no_new_objects "$objects"
}
