#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl convert: the other engine for a running chain. Only where both work, but for what is refused before that.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

@test "convert wants to know to which engine" {
	run --separate-stderr xdpctl convert v0
	assert_status 2
	assert_stderr "--engine freplace, or fused"
	run --separate-stderr xdpctl convert v0 --engine auto
	assert_status 2
	run --separate-stderr xdpctl convert v0 --engine slow
	assert_status 2
	assert_stderr '"slow" is none of freplace, fused'
}

@test "convert of an empty interface says that nothing runs there" {
	run --separate-stderr xdpctl convert v0 --engine fused
	assert_status 5
	assert_stderr "runs no XDP program"
}

@test "convert to the engine that the chain has does nothing" {
	xdpctl load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr xdpctl convert v0 --engine "$ENGINE"
	assert_status 0
	assert_equal "$output" "v0: nothing to do"
	assert_unchanged
}

@test "convert refuses a foreign program" {
	foreign_start
	remember
	run --separate-stderr xdpctl convert v0 --engine fused
	assert_status 3
	assert_stderr "not a dispatcher"
	assert_unchanged
}

@test "convert says what is missing where freplace doesn't work" {
	[ "$(kernel_feature freplace)" = no ] || skip "this kernel has freplace"
	xdpctl load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr xdpctl convert v0 --engine freplace
	assert_status 6
	assert_stderr 'component "xdp_pass"'
	assert_stderr "this kernel refuses EXT programs"
	assert_unchanged
}

# Components, their order, what they let on, their labels and their maps are the same; programs are new.
shown() {
	status_of v0 '[.components[] | [.name, .function, .priority, .actions, .owner, .object, .sha256, .settings, .frags]]'
}

@test "convert there and back keeps components, order, records and maps" {
	requires_both_engines
	local before to
	xdpctl load v0 "$OBJ/counter.o,prio=7,actions=pass+tx" "$OBJ/pass.o" --owner guard
	before=$(shown)
	assert_equal "$(verdict_of v0)" 2
	assert_equal "$(counted v0 counter)" 1
	for to in "$(other_engine)" "$ENGINE" "$(other_engine)"; do
		xdpctl convert v0 --engine "$to"
		xdpctl status v0 --check >/dev/null
		assert_iface v0 ".engine == \"$to\" and .state == \"chain\""
		assert_equal "$(shown)" "$before"
	done
	assert_equal "$(verdict_of v0)" 2
	assert_equal "$(counted v0 counter)" 2
	xdpctl unload v0 --all --owner guard
	assert_equal "$(bpffs_tree)" ""
}

@test "convert keeps maps that their objects pin" {
	requires_both_engines
	local id
	xdpctl load v0 "$OBJ/shared_map.o" "$OBJ/pass.o"
	id=$(map_of v0 shared_map xdpctl_shared)
	xdpctl convert v0 --engine "$(other_engine)"
	assert_equal "$(map_of v0 shared_map xdpctl_shared)" "$id"
	in_sandbox test -e "$BPFFS/xdpctl_shared"
	xdpctl convert v0 --engine "$ENGINE"
	assert_equal "$(map_of v0 shared_map xdpctl_shared)" "$id"
	in_sandbox test -e "$BPFFS/xdpctl_shared"
}

@test "convert to fused refuses a component whose file has changed, and changes nothing" {
	requires_both_engines
	in_sandbox cp "$OBJ/pass.o" "$BATS_TEST_TMPDIR/it.o"
	in_sandbox "$XDPCTL" load v0 "$BATS_TEST_TMPDIR/it.o" --engine freplace
	in_sandbox cp "$OBJ/drop.o" "$BATS_TEST_TMPDIR/it.o"
	remember
	run --separate-stderr xdpctl convert v0 --engine fused
	assert_status 3
	assert_stderr "can't be made again from"
	assert_unchanged
}

@test "convert to fused refuses a component of another tool, because its instructions aren't known" {
	requires_both_engines
	requires_command xdp-loader
	in_sandbox xdp-loader load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr xdpctl convert v0 --engine fused
	assert_status 3
	assert_stderr "loaded by another tool: its instructions aren't known"
	assert_unchanged
}

@test "convert to freplace refuses more than ten components, with the number" {
	requires_both_engines
	local i names=()
	for i in {1..11}; do names+=("$OBJ/pass.o,name=c$i"); done
	in_sandbox "$XDPCTL" load v0 --engine fused "${names[@]}"
	remember
	run --separate-stderr xdpctl convert v0 --engine freplace
	assert_status 3
	assert_stderr "11 components, ten is the limit of the freplace engine"
	assert_unchanged
}

@test "convert --dry-run and --check change nothing" {
	requires_both_engines
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/counter.o"
	remember
	run --separate-stderr xdpctl convert v0 --engine "$(other_engine)" --dry-run
	assert_status 0
	[[ $output == *"(commit point)"* ]]
	run --separate-stderr xdpctl convert v0 --engine "$(other_engine)" --check
	assert_status 0
	assert_unchanged
	run --separate-stderr xdpctl convert v0 --engine "$(other_engine)" --expect 1
	assert_status 4
	assert_unchanged
}
