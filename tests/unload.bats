#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl unload: what goes, what stays, and that nothing is left behind.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

# A chain of three, in run order: a, b, c.
chain_of_three() {
	xdpctl load v0 "$OBJ/pass.o,name=a,prio=1" "$OBJ/drop.o,name=b,prio=2,actions=drop" "$OBJ/counter.o,name=c,prio=3"
}

# ---------------------------------------------------------------- what goes

@test "unload removes the named component and leaves the others loaded" {
	chain_of_three
	local before
	before=$(status_of v0 '[.components[0, 2].prog_id]')
	run --separate-stderr xdpctl unload v0 b
	assert_status 0
	assert_equal "$stderr" ""
	assert_iface v0 '.state == "chain" and names == "a c" and [.components[].slot] == [0, 1] and
		[.components[].prog_id] == '"$before"
}

@test "unload removes several components in one change" {
	chain_of_three
	run --separate-stderr xdpctl unload v0 c a --json
	assert_status 0
	assert_json '.run == "do" and .changed and ([.steps[] | select(.commits)] | length == 1) and (.chain | names == "b")'
}

@test "unload takes program ids, and names beside them" {
	chain_of_three
	local ids
	read -r -a ids <<<"$(status_of v0 '[.components[0, 1].prog_id | tostring] | join(" ")')"
	run --separate-stderr xdpctl unload v0 --id "${ids[0]}" c --id "${ids[1]}"
	assert_status 0
	assert_iface v0 '.state == "empty"'
}

@test "unload of the last component leaves nothing behind" {
	local objects
	objects=$(kernel_objects)
	xdpctl load v0 "$OBJ/counter.o" --owner guard
	run --separate-stderr xdpctl unload v0 counter
	assert_status 0
	assert_equal "$(bpffs_tree)" ""
	assert_equal "$(in_sandbox "$BUILD/tests/oracle" v0)" nothing
	assert_no_new_objects "$objects"
}

@test "unload --all leaves nothing behind" {
	local objects
	objects=$(kernel_objects)
	chain_of_three
	run --separate-stderr xdpctl unload v0 --all
	assert_status 0
	assert_equal "$(bpffs_tree)" ""
	assert_equal "$(in_sandbox "$BUILD/tests/oracle" v0)" nothing
	assert_no_new_objects "$objects"
}

@test "unload detaches a chain in skb mode" {
	xdpctl load v0 "$OBJ/pass.o" --mode skb
	run --separate-stderr xdpctl unload v0 --all
	assert_status 0
	assert_equal "$(in_sandbox "$BUILD/tests/oracle" v0)" nothing
}

@test "unload of a component keeps the mode, the version and the other pins" {
	local version=3
	[ "$ENGINE" = freplace ] || version=null
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o" --mode skb --dispatcher-version 3
	run --separate-stderr xdpctl unload v0 xdp_drop
	assert_status 0
	assert_iface v0 '.state == "chain" and .mode == "skb" and .engine == "'"$ENGINE"'" and .dispatcher_version == '$version' and
		(.components[0] | has("link_pin") == '"$([ "$ENGINE" = freplace ] && echo true || echo false)"' and has("prog_pin"))'
}

@test "unload on one interface leaves the chain of another" {
	xdpctl load v0 "$OBJ/pass.o"
	xdpctl load v1 "$OBJ/pass.o"
	local before
	before=$(xdpctl status v1 --json)
	run --separate-stderr xdpctl unload v0 --all
	assert_status 0
	assert_equal "$(xdpctl status v1 --json)" "$before"
}

@test "unload of a map's last user removes the pin that the object asked for" {
	xdpctl load v0 "$OBJ/shared_map.o" "$OBJ/shared_map2.o" "$OBJ/pass.o"
	xdpctl unload v0 shared_map
	in_sandbox test -e "$BPFFS/xdpctl_shared"
	run --separate-stderr xdpctl unload v0 shared_map2
	assert_status 0
	run in_sandbox test -e "$BPFFS/xdpctl_shared"
	assert_status 1
}

# ---------------------------------------------------------------- what isn't there

@test "unload of an unknown name names what is there" {
	chain_of_three
	remember
	run --separate-stderr xdpctl unload v0 nobody
	assert_status 5
	assert_stderr '"nobody"'
	assert_stderr ": a (*), b (*), c ("
	assert_unchanged
}

@test "unload of an unknown program id is refused" {
	chain_of_three
	remember
	run --separate-stderr xdpctl unload v0 --id 4294967295
	assert_status 5
	assert_stderr 4294967295
	assert_unchanged
}

@test "unload removes nothing when one of the names is unknown" {
	chain_of_three
	remember
	run --separate-stderr xdpctl unload v0 a nobody c
	assert_status 5
	assert_unchanged
}

@test "unload of a name on an empty interface says that nothing runs there" {
	remember
	run --separate-stderr xdpctl unload v0 nobody
	assert_status 5
	assert_stderr "v0 runs no XDP program"
	assert_unchanged
}

@test "unload --all of an empty interface is done already" {
	remember
	run --separate-stderr xdpctl unload v0 --all --json
	assert_status 0
	assert_json '.changed == false and .steps == []'
	assert_unchanged
}

# ---------------------------------------------------------------- what is somebody else's

@test "unload --id removes a foreign program" {
	foreign_start
	run --separate-stderr xdpctl unload v0 --id "$(status_of v0 .prog_id)"
	assert_status 0
	assert_iface v0 '.state == "empty"'
}

@test "unload --all refuses a foreign program" {
	foreign_start
	remember
	run --separate-stderr xdpctl unload v0 --all
	assert_status 3
	assert_stderr "--id"
	assert_unchanged
}

@test "unload with another id refuses a foreign program" {
	foreign_start
	remember
	run --separate-stderr xdpctl unload v0 --id $(($(status_of v0 .prog_id) + 1))
	assert_status 3
	assert_unchanged
}

@test "unload refuses an attachment that a bpf_link holds" {
	in_sandbox "$BUILD/tests/xdp_link" v0 "$OBJ/pass.o" "$BPFFS/lock"
	remember
	run --separate-stderr xdpctl unload v0 --id "$(status_of v0 .prog_id)"
	assert_status 3
	assert_stderr bpf_link
	assert_unchanged
}

@test "unload --all refuses components of another owner" {
	xdpctl load v0 "$OBJ/pass.o" --owner guard
	xdpctl load v0 "$OBJ/drop.o"
	remember
	run --separate-stderr xdpctl unload v0 --all
	assert_status 3
	assert_stderr '"guard"'
	run --separate-stderr xdpctl unload v0 --all --owner warden
	assert_status 3
	assert_unchanged
}

@test "unload --all --owner removes the owner's components and those of nobody" {
	xdpctl load v0 "$OBJ/pass.o" --owner guard
	xdpctl load v0 "$OBJ/drop.o"
	run --separate-stderr xdpctl unload v0 --all --owner guard
	assert_status 0
	assert_iface v0 '.state == "empty"'
}

@test "unload of a named component of another owner is what the user wants" {
	xdpctl load v0 "$OBJ/pass.o" --owner guard
	run --separate-stderr xdpctl unload v0 xdp_pass
	assert_status 0
	assert_iface v0 '.state == "empty"'
}

# ---------------------------------------------------------------- options of every change

@test "unload --expect takes the dispatcher's id only" {
	chain_of_three
	remember
	local id
	id=$(status_of v0 .prog_id)
	run --separate-stderr xdpctl unload v0 b --expect none
	assert_status 4
	run --separate-stderr xdpctl unload v0 b --expect $((id - 1))
	assert_status 4
	assert_unchanged
	run --separate-stderr xdpctl unload v0 b --expect "$id"
	assert_status 0
}

@test "unload --dry-run prints the plan and changes nothing" {
	chain_of_three
	remember
	run --separate-stderr xdpctl unload v0 --all --dry-run
	assert_status 0
	[[ $output == *detach*"(commit point)"*unpin-old* ]]
	assert_unchanged
}

@test "unload --check builds the new chain and changes nothing" {
	chain_of_three
	local objects
	objects=$(kernel_objects)
	remember
	run --separate-stderr xdpctl unload v0 b --check
	assert_status 0
	assert_unchanged
	assert_no_new_objects "$objects"
}

# ---------------------------------------------------------------- nothing leaks

# loops HERE GUEST: how often, if nobody says; less in an emulated guest, which takes a second for ten.
loops() {
	echo "${XDPCTL_LOOPS:-$([ "${XDPCTL_LAB_KERNEL-}" ] && echo "$2" || echo "$1")}"
}

@test "loads and unloads again and again leave programs, maps, links, pins and descriptors as they were" {
	local objects n
	n=$(loops 1000 50)
	objects=$(kernel_objects)
	echo "# $n rounds (XDPCTL_LOOPS)" >&3
	run --separate-stderr in_sandbox "$BUILD/tests/churn" "$BUILD/libxdpctl.so" v0 "$ENGINE" "$n" \
		"$OBJ/counter.o" "$OBJ/pass.o"
	assert_status 0
	assert_equal "${output% *}" "${output#* }"
	assert_equal "$(bpffs_tree)" ""
	assert_no_new_objects "$objects"
}

@test "the command, run again and again beside another chain, leaves all as it was" {
	local objects n
	n=$(loops 100 5)
	xdpctl load v0 "$OBJ/drop.o"
	objects=$(kernel_objects)
	remember
	echo "# $n rounds (XDPCTL_LOOPS)" >&3
	# shellcheck disable=SC2016 # sh expands
	run --separate-stderr in_sandbox sh -c '
		i=0
		while [ $((i += 1)) -le "$1" ]; do
			"$2" load --engine "$4" v1 "$3/pass.o" && "$2" load --engine "$4" v1 "$3/shared_map.o" &&
				"$2" unload v1 --all || exit
		done >/dev/null' sh "$n" "$XDPCTL" "$OBJ" "$ENGINE"
	assert_status 0
	assert_unchanged
	assert_no_new_objects "$objects"
}
