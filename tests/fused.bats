#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What only the fused engine does: components of all kinds in one program, what the kernel shows of it, what it refuses,
# and state of it that is lost or somebody else's. What both engines do is tested with the one that is there.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	choose_engine
	[ "$ENGINE" = fused ] || skip "the engine tested here is freplace, and this is about fused"
	sandbox_start
}

teardown() {
	sandbox_stop
}

# ---------------------------------------------------------------- chains

@test "a chain takes 64 components, and a 65th is refused with the number" {
	local objects=() i
	for i in {1..64}; do objects+=("$OBJ/pass.o,name=p$i,prio=$i"); done
	xdpctl load v0 "${objects[@]}"
	assert_iface v0 '.state == "chain" and (.components | length == 64 and all(.health == "ok")) and
		names == ([range(1; 65) | "p\(.)"] | join(" "))'
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,name=p65"
	assert_status 3
	assert_stderr '"p65" would be component 65 of v0, 64 is the limit of the fused engine'
	assert_unchanged
	assert_equal "$(verdict_of v0)" 2
}

@test "status says that a chain is fused, why, and which of its components are called" {
	run --separate-stderr in_sandbox "$XDPCTL" load v0 --engine fused "$OBJ/effects.o:effect_tail" "$OBJ/pass.o"
	assert_status 0
	assert_iface v0 '.state == "chain" and .engine == "fused" and .function == "xdp_fused" and
		(has("engine_why") or has("dispatcher_version") | not) and
		([.components[] | {key: .name, value: .called}] | from_entries) == {effect_tail: true, xdp_pass: false}'
	[ "$(kernel_feature freplace)" = no ] || return 0
	run --separate-stderr in_sandbox "$XDPCTL" load v1 "$OBJ/pass.o"
	assert_status 0
	assert_iface v1 '.engine == "fused" and (.engine_why | test("^freplace doesn.t work here: "))'
	run --separate-stderr in_sandbox env LC_ALL=C "$XDPCTL" status v0
	[[ $output == *"effect_tail "*called* ]]
}

@test "the kernel shows the names and the source lines of a fused chain's components" {
	xdpctl load v0 "$OBJ/counter.o,prio=1,name=first" "$OBJ/effects.o:effect_functions,prio=2" \
		"$OBJ/effects.o:effect_tail,prio=3"
	run bpftool prog dump xlated id "$(status_of v0 .prog_id)"
	assert_status 0
	local line
	for line in "int xdp_fused(struct xdp_md *" "component first: inlined counter()" "__u64 \*hits = bpf_map_lookup_elem(&counter_hits, &index);" \
		"component effect_functions: inlined effect_functions()" "int length_of(struct xdp_md *" "__u64 square(__u64 x):" \
		"static __noinline __u64 square(__u64 x)" "chain actions pass"; do
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ $output == *$line* ]] || {
			printf 'the dump has no "%s":\n%s\n' "$line" "$output"
			return 1
		}
	done
}

@test "load --verbose prints how much the verifier had to do" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --verbose
	assert_status 0
	[[ $output =~ "the verifier processed "[1-9][0-9]*" instructions of the fused program" ]]
}

@test "load --engine freplace on a fused chain is refused, with the hint to convert it" {
	xdpctl load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr in_sandbox "$XDPCTL" load v0 --engine freplace "$OBJ/drop.o"
	assert_status 3
	assert_stderr "the chain of v0 is of the fused engine, freplace was asked for"
	assert_stderr "hint: xdpctl convert v0 --engine freplace"
	assert_unchanged
}

@test "a component keeps its map while its neighbours come, go and come back" {
	local id i
	xdpctl load v0 "$OBJ/counter.o,prio=20"
	id=$(map_of v0 counter counter_hits)
	for i in 1 2; do
		verdict_of v0
		xdpctl load v0 "$OBJ/pass.o,prio=10" "$OBJ/counter.o,name=after,prio=30"
		verdict_of v0
		xdpctl unload v0 xdp_pass
		verdict_of v0
		xdpctl unload v0 after
	done
	assert_equal "$(map_of v0 counter counter_hits)" "$id"
	assert_equal "$(counted v0 counter)" 6
}

# ---------------------------------------------------------------- what components can use

# effect_of PROGRAM OBJECT: it is fused between two others. All run, and the verdict, of which the chain is made to go
# on, is the last one's. Prints its effect.
effect_of() {
	xdpctl load v0 "$OBJ/counter.o,prio=1,name=before" "$OBJ/$2.o:$1,prio=2,actions=tx" \
		"$OBJ/counter.o,prio=3,name=after,set=verdict=XDP_DROP" >&2
	assert_iface v0 ".state == \"chain\" and names == \"before $1 after\"" >&2
	assert_equal "$(verdict_of v0)" 1 >&2
	assert_equal "$(counted v0 before) $(counted v0 after)" "1 1" >&2
	lookup "$(map_of v0 "$1" effect)" 0
}

@test "a component with global data is fused" { assert_equal "$(effect_of effect_data effects)" 41; }
@test "a component with a map in a map is fused" { assert_equal "$(effect_of effect_nested effects)" 5; }
@test "a component with a spin lock is fused" { assert_equal "$(effect_of effect_lock effects)" 3; }

@test "a component with a ring buffer is fused" {
	assert_equal "$(effect_of effect_ring effects)" 16 # a header of 8 bytes and a record
}

@test "a component with functions, also a global one, is fused" {
	assert_equal "$(effect_of effect_functions effects)" 4100 # 64 bytes: 64 * 64 + 2 * 2
}

@test "a component with bpf_loop is fused" {
	requires_kernel 5.17
	assert_equal "$(effect_of effect_loop effects_loop)" 45
}

@test "a component with a kernel function is fused" {
	requires_kernel 6.5
	assert_equal "$(effect_of effect_kfunc effects_kfunc)" 64
}

# timer_fired: the callback has been called.
timer_fired() {
	[ "$(lookup "$(map_of v0 effect_timer effect)" 0)" = 7 ]
}

@test "a component with a timer is fused" {
	requires_kernel 5.15
	effect_of effect_timer effects_timer
	wait_until timer_fired
}

@test "components that share a pinned map do so when they are fused" {
	xdpctl load v0 "$OBJ/shared_map.o"
	xdpctl load v0 "$OBJ/shared_map2.o"
	in_sandbox test -e "$BPFFS/xdpctl_shared"
	verdict_of v0
	assert_iface v0 '.components | length == 2 and .[0].map_ids == .[1].map_ids'
	assert_equal "$(lookup "$(map_of v0 shared_map xdpctl_shared)" 0)" 1
}

@test "a component with a tail call is called, and what it jumps to returns to the chain" {
	assert_equal "$(effect_of effect_tail effects)" 9 # the map is empty, so it goes on itself
	assert_iface v0 '[.components[].called] == [false, true, false]'
	# The kernel empties such a map when nobody in user space holds it any more.
	in_sandbox bpftool map pin id "$(map_of v0 effect_tail jumps)" "$BPFFS/jumps"
	in_sandbox bpftool prog load "$OBJ/drop.o" "$BPFFS/target" type xdp
	in_sandbox bpftool map update id "$(map_of v0 effect_tail jumps)" key 0 0 0 0 value pinned "$BPFFS/target"
	assert_equal "$(verdict_of v0)" 1 # XDP_DROP is none of its chain actions
	assert_equal "$(counted v0 before) $(counted v0 after)" "2 1"
}

# ---------------------------------------------------------------- what the verifier refuses

@test "what only the whole is refused for is said so, with the component that was added" {
	[ -z "${XDPCTL_LAB_KERNEL-}" ] || skip "in an emulated guest a verifier at its limit takes too long"
	local objects
	xdpctl load v0 "$OBJ/heavy.o,name=first"
	objects=$(kernel_objects)
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/heavy.o,name=second" "$OBJ/pass.o"
	assert_status 1
	assert_stderr 'v0: with "second", "xdp_pass", which the verifier accepts alone: load the fused program: '
	assert_stderr "verifier log, last "
	assert_stderr "BPF program is too large. Processed 1000001 insn"
	assert_stderr "hint: "
	assert_unchanged
	assert_no_new_objects "$objects"
	xdpctl status --check v0
}

@test "more maps than a program can have are said so" {
	local objects=() i
	for i in {1..33}; do objects+=("$OBJ/counter.o,name=a_long_name_for_counter_$i"); done # two maps each
	remember
	run --separate-stderr xdpctl load v0 "${objects[@]}"
	assert_status 1
	assert_stderr 'v0: with "a_long_name_for_counter_1", "a_long_name_for_counter_2", '
	assert_stderr '" and 2? more, which the verifier accepts alone: load the fused program: '
	kernel_since 5.18 || return 0 # older ones give no more than the error number
	assert_unchanged
}

@test "a component that the verifier refuses alone is named, beside others that it accepts" {
	xdpctl load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o" "$OBJ/bad_verifier.o"
	assert_status 1
	assert_stderr 'the verifier refused component "bad_verifier"'
	assert_stderr "invalid access to packet"
	assert_unchanged
}

# ---------------------------------------------------------------- state that is lost or another's

# The only pin directory.
pin_dir() {
	status_of v0 .pin_dir
}

# assert_broken WHY HINT: v0 is degraded, and named so; loading and repairing are refused with this hint; the program
# runs on.
assert_broken() {
	local verdict
	verdict=$(verdict_of v0)
	assert_iface v0 '.state == "degraded" and .engine == "fused" and (.why | test("'"$1"'"))'
	run --separate-stderr xdpctl status --check v0
	assert_status 7
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,name=other"
	assert_status 3
	assert_stderr "the chain of v0 is degraded: "
	assert_stderr "$2"
	run --separate-stderr xdpctl unload v0 counter
	assert_status 3
	assert_unchanged
	assert_equal "$(verdict_of v0)" "$verdict"
}

# What nobody knows the components of goes only by its id.
assert_goes_by_id() {
	local id
	id=$(status_of v0 .prog_id)
	assert_broken "$1" "hint: if it may go: xdpctl unload v0 --id $id"
	run --separate-stderr xdpctl repair v0
	assert_status 3
	assert_unchanged
	xdpctl unload v0 --id "$id"
	xdpctl clean
	assert_iface v0 '.state == "empty"'
	assert_equal "$(bpffs_tree)" ""
}

# Puts another map in the place of the pin $1: replace_by chain type array key 4 ...
replace_by() {
	local pin
	pin=$(pin_dir)/$1
	in_sandbox sh -c "rm $pin && exec bpftool map create $pin ${*:2} name other"
}

drop_and_count() {
	xdpctl load v0 "$OBJ/counter.o,prio=1" "$OBJ/drop.o,prio=2"
}

@test "a fused chain without its map is degraded, and its program runs on" {
	drop_and_count
	in_sandbox rm "$(pin_dir)/chain"
	assert_goes_by_id "fused-[0-9]+-[0-9]+/chain is missing"
}

@test "a fused chain whose map is too short is degraded" {
	drop_and_count
	replace_by chain type array key 4 value 2712 entries 1
	assert_goes_by_id "layout that this version doesn't know"
}

@test "a fused chain whose map is of another schema is degraded" {
	drop_and_count
	local pin bytes
	pin=$(pin_dir)/chain
	bytes=$(in_sandbox bpftool -j map dump pinned "$pin" | jq -r '.[0].value | .[4] = "0x02" | join(" ")')
	replace_by chain type array key 4 value 2720 entries 1
	# shellcheck disable=SC2086 # bytes
	in_sandbox bpftool map update pinned "$pin" key 0 0 0 0 value $bytes
	assert_goes_by_id "layout that this version doesn't know"
}

@test "a fused chain whose map is another kind of map is degraded" {
	drop_and_count
	replace_by chain type hash key 4 value 2720 entries 1
	assert_goes_by_id "the map .chain. is another map"
}

@test "a fused chain whose map is no map at all is degraded" {
	drop_and_count
	in_sandbox sh -c "cd $(pin_dir) && rm chain && bpftool prog pin id $(status_of v0 .prog_id) \$PWD/chain"
	assert_iface v0 '.state == "degraded" and (.why | test("/chain is of something else"))'
}

@test "a fused chain with the map of another one is degraded" {
	drop_and_count
	xdpctl load v1 "$OBJ/pass.o" "$OBJ/counter.o"
	local theirs
	theirs=$(status_of v1 .pin_dir)
	in_sandbox sh -c "cd $(pin_dir) && mv chain ours && mv $theirs/chain chain && mv ours $theirs/chain"
	assert_iface v1 '.state == "degraded" and (.why | test("that of another program"))'
	in_sandbox rm -r "$theirs"
	xdpctl unload v1 --id "$(status_of v1 .prog_id)"
	assert_goes_by_id "that of another program"
}

@test "a fused chain without its pin directory is degraded" {
	drop_and_count
	in_sandbox rm -r "$(pin_dir)"
	xdpctl clean # the components' programs are gone, and with them the reason for their records
	assert_goes_by_id "its pin directory is missing"
}

@test "a fused chain without a component's program is degraded, and repair loads it again" {
	drop_and_count
	in_sandbox rm "$(pin_dir)/prog0-prog"
	assert_broken "prog0-prog is missing" "hint: xdpctl repair v0"
	assert_iface v0 '[.components[].health] == ["prog-unpinned", "ok"]'
	run --separate-stderr xdpctl repair v0
	assert_status 0
	assert_iface v0 '.state == "chain" and names == "counter xdp_drop"'
	assert_equal "$(verdict_of v0)" 1
}

@test "a component's name and owner survive a clean while its program is lost" {
	xdpctl load v0 "$OBJ/pass.o,name=guarded" --owner guard
	xdpctl load v0 "$OBJ/counter.o"
	in_sandbox rm "$(pin_dir)/prog1-prog"
	xdpctl load v1 "$OBJ/pass.o"
	xdpctl clean
	xdpctl repair v0
	assert_iface v0 '.components[1] | .name == "guarded" and .owner == "guard"'
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,name=guarded"
	assert_status 0
	assert_equal "$output" "v0: nothing to do"
}

@test "a fused chain with another component's code is degraded, and the component goes by its name only" {
	drop_and_count
	in_sandbox sh -c "cd $(pin_dir) && rm prog1-code && bpftool map pin id $(in_sandbox bpftool -j map show pinned "$(pin_dir)/prog0-code" | jq .id) \$PWD/prog1-code"
	assert_broken "slot 1: the kept code is that of program [0-9]+" "hint: xdpctl repair v0"
	assert_iface v0 '[.components[].health] == ["ok", "code-lost"]'
	run --separate-stderr xdpctl repair v0
	assert_status 3
	run --separate-stderr xdpctl unload v0 xdp_drop
	assert_status 0
	assert_iface v0 '.state == "chain" and names == "counter"'
}

@test "kept code of another layout, or cut off, is not trusted" {
	drop_and_count
	local value
	for value in 8 4096; do
		replace_by prog1-code type array key 4 value $value entries 1
		assert_broken "slot 1: the kept code is of a layout that this version doesn't know" "hint: xdpctl repair v0"
	done
	replace_by prog1-code type array key 4 value 8 entries 2
	assert_broken "slot 1: the kept code is another map" "hint: xdpctl repair v0"
}
