#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl clean: collects what belongs to dispatchers that provably run nowhere, and nothing else.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	LOADER_PID=''
	sandbox_start
}

teardown() {
	[ -z "$LOADER_PID" ] || kill -9 "$LOADER_PID" 2>/dev/null || true
	sandbox_stop
}

# The pins of a chain on v0 whose dispatcher was detached by another tool.
orphan_start() {
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/counter.o"
	in_sandbox ip link set v0 xdp off
}

@test "clean has nothing to do where nothing is" {
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '. == {schema: 1, dry_run: false, garbage: []}'
}

@test "clean leaves a chain that runs" {
	xdpctl load v0 "$OBJ/pass.o"
	xdpctl load v1 "$OBJ/shared_map.o" --mode skb
	remember
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage == []'
	assert_unchanged
}

@test "clean collects the pins of a dispatcher that was detached" {
	local objects
	objects=$(kernel_objects)
	orphan_start
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage | length > 0 and all(.collected) and (.[0] | (.object | test("'"^$PIN_DIR"'-[0-9]+-[0-9]+$")) and .why != "")'
	assert_equal "$(bpffs_tree)" ""
	assert_no_new_objects "$objects"
}

@test "clean collects the pins of a chain whose interface is gone" {
	local objects
	objects=$(kernel_objects)
	xdpctl load v0 "$OBJ/pass.o"
	in_sandbox ip link del v0
	run --separate-stderr xdpctl clean
	assert_status 0
	[[ $output == "collected $PIN_DIR-"* ]]
	assert_equal "$(bpffs_tree)" ""
	assert_no_new_objects "$objects"
}

@test "clean --dry-run says what it would collect, and changes nothing" {
	orphan_start
	remember
	run --separate-stderr xdpctl clean --dry-run
	assert_status 0
	[[ $output == *"would collect $PIN_DIR-"* ]]
	assert_unchanged
}

@test "the next change collects, too" {
	orphan_start
	run --separate-stderr xdpctl load v1 "$OBJ/pass.o"
	assert_status 0
	assert_equal "$(in_sandbox sh -c "ls -d $PIN_DIR-*")" "$(status_of v1 .pin_dir)"
}

@test "a dry run and a check of a change collect nothing" {
	orphan_start
	remember
	run --separate-stderr xdpctl load v1 "$OBJ/pass.o" --dry-run
	assert_status 0
	run --separate-stderr xdpctl load v1 "$OBJ/pass.o" --check
	assert_status 0
	assert_unchanged
}

# killed_at SYSCALL N ARG...: runs xdpctl, which gets SIGKILL at the Nth such system call. Fails when it succeeded, and
# ends the test when it failed.
killed_at() {
	local ARGS status=0
	engine_args "${@:3}"
	in_sandbox env "$NO_LEAKS" "$BUILD/tests/kill_at" "$1" "$2" "$XDPCTL" "${ARGS[@]}" || status=$?
	case $status in
	0) return 1 ;;
	137) ;;
	*)
		echo "it exited with $status"
		exit 1
		;;
	esac
}

# What nobody can tell whose it is, or that it is garbage: none of it is there.
assert_no_garbage() {
	run --separate-stderr xdpctl clean
	assert_status 0
	run --separate-stderr xdpctl status --pins --json
	assert_json '[.pins[] | select(.belongs_to == "orphan" or .belongs_to == "unsure")] == []'
	run in_sandbox test -e "$BPFFS/xdpctl_shared"
	assert_status 1
}

@test "clean collects what a load leaves that is killed before it commits" {
	xdpctl load v0 "$OBJ/pass.o"
	local n=0 state
	state=$(xdpctl status v0 --json)
	while killed_at mkdirat $((n += 1)) load v0 "$OBJ/shared_map.o" "$OBJ/drop.o"; do
		assert_equal "$(xdpctl status v0 --json)" "$state"
	done
	((n > 1))
	xdpctl unload v0 xdp_drop shared_map
	assert_no_garbage
}

@test "clean collects what a load leaves that is killed while it tidies up" {
	local n=0 names
	while xdpctl load v0 "$OBJ/pass.o" && killed_at unlinkat $((n += 1)) load v0 "$OBJ/drop.o"; do
		names=$(components_of v0)
		[[ $names == xdp_pass || $names == "xdp_drop xdp_pass" ]]
		xdpctl status v0 --check >/dev/null
		assert_no_garbage
		assert_equal "$(in_sandbox sh -c "ls -d $PIN_DIR-*")" "$(status_of v0 .pin_dir)"
		xdpctl unload v0 --all
	done
	((n > 1))
}

@test "clean in another network namespace leaves the chains that it can't see" {
	xdpctl load v0 "$OBJ/drop.o"
	xdpctl load v1 "$OBJ/pass.o"
	remember
	run --separate-stderr in_sandbox unshare --net "$XDPCTL" clean --json
	assert_status 0
	assert_json '.garbage | all(.collected | not)'
	assert_unchanged
	assert_equal "$(verdict_of v0)" 1
}

@test "a change in another network namespace leaves the chains that it can't see" {
	xdpctl load v0 "$OBJ/drop.o"
	remember
	run --separate-stderr in_sandbox unshare --net "$XDPCTL" load --engine "$ENGINE" lo "$OBJ/pass.o" --mode skb
	assert_status 0
	assert_iface v0 '.state == "chain" and names == "xdp_drop"'
	assert_equal "$(verdict_of v0)" 1
}

@test "clean collects an orphan beside a chain in another network namespace" {
	xdpctl load v1 "$OBJ/drop.o"
	orphan_start
	run --separate-stderr in_sandbox unshare --net "$XDPCTL" clean
	assert_status 0
	assert_equal "$(in_sandbox sh -c "ls -d $PIN_DIR-*")" "$(status_of v1 .pin_dir)"
	assert_iface v1 '.state == "chain"'
}

@test "clean leaves the pins of a loader that has not attached yet" {
	requires_freplace # its stand-in makes such a chain
	nsenter --target "$SANDBOX" --mount --net -- \
		"$BUILD/tests/attach_xdp" -s -c "$OBJ/drop.o" v0 "$OBJ/dispatcher_v1.o" 3>&- &
	LOADER_PID=$!
	wait_until stopped "$LOADER_PID"
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage | all(.collected | not)'
	kill -CONT "$LOADER_PID"
	wait "$LOADER_PID"
	assert_iface v0 '.state == "chain" and names == "xdp_drop"'
	assert_equal "$(verdict_of v0)" 2 # version 1: the last one drops, which is among its chain actions
}

@test "clean collects a directory whose dispatcher is gone" {
	in_sandbox mkdir -m 0700 -p "$PIN_DIR-4-4294967294"
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage | length == 1 and .[0].collected'
	assert_equal "$(bpffs_tree)" ""
}

@test "clean leaves a directory whose id is now another program's" {
	foreign_start
	in_sandbox mkdir -m 0700 -p "$PIN_DIR-4-$(status_of v0 .prog_id)"
	remember
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage | all(.collected | not)'
	assert_unchanged
}

@test "clean leaves what is not a dispatcher's" {
	in_sandbox sh -c "mkdir -p $BPFFS/xdp $BPFFS/mine && cd $BPFFS/xdp && mkdir other dispatch-x-1 dispatch-1-x dispatch-1-2x && \
		mkdir -m 0700 $BPFFS/xdpctl && cd $BPFFS/xdpctl && mkdir other fused-x-1 fused-1-x fused-1-2x dispatch-1-2"
	remember
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage == []'
	assert_unchanged
}

@test "clean collects the records of programs that are gone" {
	xdpctl load v0 "$OBJ/pass.o"
	xdpctl load v1 "$OBJ/drop.o" --owner guard
	in_sandbox sh -c "ip link set v0 xdp off && rm -r $PIN_DIR-$(status_of v0 .ifindex)-*"
	run --separate-stderr xdpctl clean --json
	assert_status 0
	assert_json '.garbage | length == 1 and (.[0] | .collected and (.object | test("xdp_pass")))'
	assert_iface v1 '.components[0].owner == "guard"'
}
