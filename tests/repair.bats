#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl repair: what is left of a chain is made whole, and what could not be saved is said.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	HOLDER=''
	sandbox_start
}

teardown() {
	[ -z "$HOLDER" ] || kill "$HOLDER" 2>/dev/null || true
	sandbox_stop
}

# A chain whose verdict is that of its second component: a passes, b drops, c counts.
chain_of_three() {
	xdpctl load v0 "$OBJ/pass.o,name=a,prio=1" "$OBJ/drop.o,name=b,prio=2" "$OBJ/counter.o,name=c,prio=3" --owner guard
}

# Removes pins of the chain: lose prog1-link...
lose() {
	in_sandbox sh -c "cd $PIN_DIR-* && rm $*"
}

# A process that holds a pinned object, as the one that made it would: hold prog1-link
hold() {
	local ready
	exec {ready}< <(exec nsenter --target "$SANDBOX" --mount -- sh -c "exec $BUILD/tests/hold_pin $PIN_DIR-*/$1" 3>&-)
	HOLDER=$!
	read -r _ <&"$ready"
	exec {ready}<&-
}

# What must survive a repair, as JSON.
KEPT='[.components[] | {name, priority, actions, prog_id, owner, loaded_at, map_ids}]'

# assert_kept BEFORE SLOT: v0 has a chain, and KEPT is what it was; but what was fused, and whose program was lost, is
# another program now.
assert_kept() {
	local kept=$KEPT
	[ "$ENGINE" = freplace ] || kept+=" | del(.[$2] | .prog_id, .loaded_at)"
	assert_iface v0 ".state == \"chain\" and ($kept) == ($1 | {components: .} | $kept)"
}

@test "repair of a whole chain changes nothing" {
	chain_of_three
	remember
	run --separate-stderr xdpctl repair v0 --json
	assert_status 0
	assert_json '.changed == false and .steps == [] and .notes == []'
	assert_unchanged
}

@test "repair of an empty interface changes nothing" {
	remember
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_unchanged
}

@test "load on a degraded chain is refused, with the hint to repair it" {
	chain_of_three
	lose prog2-prog
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 3
	assert_stderr degraded
	assert_stderr "xdpctl repair v0"
	assert_unchanged
}

@test "unload of a part of a degraded chain is refused" {
	chain_of_three
	lose prog2-prog
	remember
	run --separate-stderr xdpctl unload v0 a
	assert_status 3
	assert_stderr "xdpctl repair v0"
	assert_unchanged
}

@test "repair pins a program again whose pin is gone" {
	chain_of_three
	local before
	before=$(status_of v0 "$KEPT")
	lose prog1-prog
	assert_iface v0 '.state == "degraded" and [.components[].health] == ["ok", "prog-unpinned", "ok"]'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_kept "$before" 1
	assert_equal "$(verdict_of v0)" 1
}

@test "repair of a component whose program is lost keeps what is in its maps" {
	chain_of_three
	xdpctl unload v0 b
	lose prog1-prog
	verdict_of v0
	run --separate-stderr xdpctl repair v0
	assert_status 0
	verdict_of v0
	assert_equal "$(counted v0 c)" 2
}

@test "repair saves a component whose link only a process holds" {
	requires_freplace
	requires_kernel 5.13 # before, links don't tell their target, so such a one can't be found
	chain_of_three
	local before
	before=$(status_of v0 "$KEPT")
	hold prog1-link
	lose prog1-link prog1-prog
	assert_iface v0 '.state == "degraded" and [.components[].health] == ["ok", "link-unpinned", "ok"]'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	kill "$HOLDER"
	assert_iface v0 ".state == \"chain\" and $KEPT == $before"
	assert_equal "$(verdict_of v0)" 1
}

@test "repair brings a component back whose link is gone but whose program is pinned" {
	requires_freplace
	chain_of_three
	local before
	before=$(status_of v0 "$KEPT")
	lose prog1-link
	assert_equal "$(verdict_of v0)" 2
	assert_iface v0 '.state == "degraded" and [.components[].health] == ["ok", "gone", "ok"]'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_iface v0 ".state == \"chain\" and $KEPT == $before"
	assert_equal "$(verdict_of v0)" 1
}

@test "repair says which component it could not save, and keeps the others" {
	requires_freplace
	chain_of_three
	local before
	before=$(status_of v0 "$KEPT")
	lose "prog1-$PARTNER" prog1-prog
	assert_iface v0 '.state == "degraded" and .components[1].health == "gone" and (.components[1] | has("prog_id") | not)'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_stderr "note: "
	assert_stderr "slot 1 (priority 2,"
	assert_stderr "could not be saved"
	assert_iface v0 ".state == \"chain\" and $KEPT == ($before | del(.[1]))"
}

@test "repair doesn't drop a component that runs fused without its code; unload does, by its name" {
	[ "$ENGINE" = fused ] || skip "this is about the fused engine"
	chain_of_three
	local before
	before=$(status_of v0 "$KEPT")
	lose prog1-code
	assert_iface v0 '.state == "degraded" and [.components[].health] == ["ok", "code-lost", "ok"]'
	assert_equal "$(verdict_of v0)" 1 # it is in the program that runs
	remember
	run --separate-stderr xdpctl repair v0
	assert_status 3
	assert_stderr "still runs, but can't be fused again"
	assert_unchanged
	local name
	name=$(status_of v0 '.components[1].name')
	[[ $stderr == *"xdpctl unload v0 $name removes it"* ]]
	run --separate-stderr xdpctl unload v0 "$name"
	assert_status 0
	assert_iface v0 ".state == \"chain\" and $KEPT == ($before | del(.[1]))"
	assert_equal "$(verdict_of v0)" 2
}

@test "repair rebuilds a chain whose pin directory is gone" {
	requires_freplace
	requires_kernel 5.13
	xdpctl load v0 "$OBJ/drop.o" --owner guard
	local before
	before=$(status_of v0 "$KEPT")
	hold prog0-link
	in_sandbox sh -c "rm -r $PIN_DIR-*"
	assert_iface v0 '.state == "degraded"'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	kill "$HOLDER"
	assert_iface v0 ".state == \"chain\" and $KEPT == $before"
	assert_equal "$(verdict_of v0)" 1
}

@test "repair puts right pins that are another's" {
	chain_of_three
	local before
	before=$(status_of v0 "$KEPT")
	in_sandbox sh -c "cd $PIN_DIR-* && mv prog0-prog x && mv prog1-prog prog0-prog && mv x prog1-prog"
	assert_iface v0 '.state == "degraded" and ([.components[].health] | index("mismatch") != null)'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_kept "$before" 0,1
}

@test "repair leaves none of the old dispatcher's pins" {
	chain_of_three
	local lost=link
	[ "$ENGINE" = freplace ] || lost=prog
	lose "prog1-$lost"
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_equal "$(in_sandbox sh -c "ls -d $PIN_DIR-*")" "$(status_of v0 .pin_dir)"
}

@test "repair with nothing left is refused, and unload --all removes the rest" {
	local objects
	objects=$(kernel_objects)
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o"
	lose 'prog*'
	local before
	before=$(xdpctl status v0 --json)
	run --separate-stderr xdpctl repair v0
	assert_status 3
	if [ "$ENGINE" = fused ]; then
		assert_stderr "still runs, but can't be fused again"
	else
		assert_stderr "nothing of the chain of v0 is left"
		assert_stderr "xdpctl unload v0 --all"
	fi
	assert_equal "$(xdpctl status v0 --json)" "$before"
	run --separate-stderr xdpctl unload v0 --all
	assert_status 0
	assert_equal "$(bpffs_tree)" ""
	assert_no_new_objects "$objects"
}

@test "repair refuses what is no chain" {
	foreign_start
	remember
	run --separate-stderr xdpctl repair v0
	assert_status 3
	assert_unchanged
}

@test "repair --dry-run and --check change nothing" {
	chain_of_three
	lose prog1-prog
	remember
	run --separate-stderr xdpctl repair v0 --dry-run --json
	assert_status 0
	assert_json '.changed == false and ([.steps[] | select(.commits)] | length == 1)'
	run --separate-stderr xdpctl repair v0 --check
	assert_status 0
	assert_unchanged
}

@test "repair --expect takes the dispatcher's id only" {
	chain_of_three
	lose prog1-prog
	remember
	run --separate-stderr xdpctl repair v0 --expect none
	assert_status 4
	assert_unchanged
	run --separate-stderr xdpctl repair v0 --expect "$(status_of v0 .prog_id)"
	assert_status 0
}
