#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Sharing an interface with libxdp's own tools, of three releases. Each test is a function of the release.
# shellcheck disable=SC2030,SC2031,SC2154 # variables of bats: every test is a subshell

load helpers

setup() {
	requires_freplace
	sandbox_start
	BACKGROUND='' EMPTY=$(counts)
}

teardown() {
	[ -z "$BACKGROUND" ] || kill "$BACKGROUND" 2>/dev/null || true
	sandbox_stop
}

# ---- the two tools ----

# From here on the other tool is xdp-loader of this release: sets LOADER, and VERSION to what it writes.
use_peer() {
	requires_peer "$1"
	case $1 in
	1.3.1 | 1.5.4) VERSION=2 ;;
	1.6.3) VERSION=3 ;;
	esac
}

# A load of ours in the version that the other tool writes.
our_load() {
	xdpctl load --dispatcher-version "$VERSION" "$@"
}

loader() {
	in_sandbox "$LOADER" "$@"
}

# Runs in the background in the sandbox, BACKGROUND being its process; what it says is in $BATS_TEST_TMPDIR/said.
start_in_background() {
	nsenter --target "$SANDBOX" --mount --net -- "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- &
	BACKGROUND=$!
}

# Waits until a command succeeds, ten seconds at most.
wait_until() {
	local try
	for ((try = 0; try < 100; try++)); do
		"$@" && return
		sleep 0.1
	done
	echo "waited in vain for: $*"
	cat "$BATS_TEST_TMPDIR/said"
	return 1
}

# ---- what they see ----

# The components of an interface as xdp-loader shows them: priority, name, program id, tag, chain actions.
loader_rows() {
	local mark prio name id tag actions
	loader status "$1" | while read -r mark prio name id tag actions; do
		[ "$mark" != "=>" ] || echo "$prio $name $id $tag $actions"
	done
}

# Looks at an interface once: CHAIN is "chain 2" (state, version), ROWS the same rows as xdpctl sees them, NAMES and IDS
# in run order, joined by spaces, and ID what program each name has. (jq is what takes longest in an emulated machine.)
look() {
	local lines line name id
	mapfile -t lines < <(xdpctl status "$1" --json | jq -r '.interfaces[0] | "\(.state) \(.dispatcher_version)",
		(.components[] | "\(.name) \(.prog_id) \(.priority) \(.function) \(.prog_id) \(.tag) \(.actions |
		map("XDP_" + ascii_upcase) | join(","))")')
	CHAIN=${lines[0]} ROWS='' NAMES='' IDS=''
	declare -gA ID=()
	for line in "${lines[@]:1}"; do
		read -r name id line <<<"$line"
		ROWS+=${ROWS:+$'\n'}$line NAMES+=${NAMES:+ }$name IDS+=${IDS:+ }$id ID[$name]=$id
	done
}

# Both tools see the same: these components (names, in run order), and for xdpctl a whole chain of this version.
assert_both_see() {
	look "$1"
	assert_equal "$CHAIN: $NAMES" "chain $VERSION: $2"
	assert_equal "$ROWS" "$(loader_rows "$1")"
}

# How many objects the kernel has and bpffs holds.
counts() {
	in_sandbox "$BUILD/tests/oracle" --counts
}

# As many as in the beginning.
assert_nothing_left() {
	assert_equal "$(counts)" "$EMPTY"
}

# ---- one chain, two tools ----

changes_ours() {
	local old
	use_peer "$1"
	our_load v0 "$OBJ/pass.o",prio=10,name=first,actions=pass+drop \
		"$OBJ/counter.o",prio=20,actions=aborted+drop+pass+tx+redirect
	assert_both_see v0 "first counter"
	old=$IDS

	loader load -P 15 v0 "$OBJ/drop.o"
	assert_both_see v0 "first xdp_drop counter"
	loader unload v0 --id "${ID[xdp_drop]}"
	assert_both_see v0 "first counter"
	assert_equal "$IDS" "$old"

	loader unload v0 --all
	in_sandbox test -e "$BPFFS/xdpctl/components" # our records, which xdp-loader doesn't know
	our_load v0 "$OBJ/prio_meta.o"
	run xdpctl clean
	assert_equal "$status $output" "0 nothing to do"
	xdpctl unload v0 --all
	assert_nothing_left
}

@test "xdp-loader 1.3.1 sees, extends and unloads a chain of ours" { changes_ours 1.3.1; }
@test "xdp-loader 1.5.4 sees, extends and unloads a chain of ours" { changes_ours 1.5.4; }
@test "xdp-loader 1.6.3 sees, extends and unloads a chain of ours" { changes_ours 1.6.3; }

changes_theirs() {
	local old
	use_peer "$1"
	loader load -P 30 -A XDP_TX,XDP_DROP v0 "$OBJ/counter.o" "$OBJ/pass.o"
	assert_both_see v0 "counter xdp_pass"
	old=$IDS

	xdpctl load v0 "$OBJ/drop.o",prio=99,name=last
	assert_both_see v0 "counter xdp_pass last"
	xdpctl unload v0 last
	assert_both_see v0 "counter xdp_pass"
	assert_equal "$IDS" "$old"

	xdpctl unload v0 --id "${ID[counter]}"
	assert_both_see v0 xdp_pass
	assert_equal "$IDS" "${old#* }"
	xdpctl unload v0 --all
	assert_nothing_left
	[[ $(loader status v0) == *"<No XDP program loaded!>"* ]]
}

@test "xdpctl sees, extends and unloads a chain of xdp-loader 1.3.1, in its version" { changes_theirs 1.3.1; }
@test "xdpctl sees, extends and unloads a chain of xdp-loader 1.5.4, in its version" { changes_theirs 1.5.4; }
@test "xdpctl sees, extends and unloads a chain of xdp-loader 1.6.3, in its version" { changes_theirs 1.6.3; }

# An id is never given to a program anew, so it is enough to look in the end.
back_and_forth() {
	local turn old
	use_peer "$1"
	our_load v0 "$OBJ/pass.o"
	loader load v0 "$OBJ/drop.o"
	look v0
	old=$IDS

	for turn in 1 2 3 4 5; do
		loader load -P 70 v0 "$OBJ/prio_meta.o"
		xdpctl unload v0 prio_meta
		xdpctl load v0 "$OBJ/prio_meta.o",prio=$turn
		look v0
		loader unload v0 --id "${ID[prio_meta]}"
	done
	assert_both_see v0 "xdp_drop xdp_pass"
	assert_equal "$IDS" "$old"
	xdpctl unload v0 --all
	assert_nothing_left
}

@test "a chain goes back and forth with xdp-loader 1.3.1 ten times and keeps its programs" { back_and_forth 1.3.1; }
@test "a chain goes back and forth with xdp-loader 1.6.3 ten times and keeps its programs" { back_and_forth 1.6.3; }

# v0 is ours and v1 theirs, and the same was loaded into both: both tools see both in the same order. What has function
# and tag in common is told apart by the order in which it was loaded.
assert_same_order() {
	local status rows order
	status=$(xdpctl status v0 v1 --json)
	# shellcheck disable=SC2016 # the dollars are jq's
	mapfile -t order < <(jq -c '.interfaces[].components as $all | [$all[] | . as $c | [.function, .tag, ([$all[] |
		select(.function == $c.function and .tag == $c.tag and .prog_id < $c.prog_id)] | length)]]' <<<"$status")
	assert_equal "${#order[@]} ${order[0]}" "2 ${order[1]}"
	rows=$(jq -r '.interfaces[].components[] | "\(.function) \(.prog_id) \(.tag)"' <<<"$status")
	assert_equal "$(loader status | awk '$1 == "=>" { print $3, $4, $5 }')" "$rows"
}

same_order() {
	use_peer "$1"
	our_load v0 "$OBJ/twin_long.o",name=a "$OBJ/pass.o" "$OBJ/twin.o",name=b \
		"$OBJ/long_name.o:count_everything_that_arrives" "$OBJ/twin_other.o",name=c
	loader load v1 "$OBJ"/{twin_long,pass,twin,long_name,twin_other}.o
	assert_same_order

	# A namesake of programs that run already, and one that shares their first 15 characters.
	our_load v0 "$OBJ/long_name.o:count_everything_again"
	loader load -n count_everything_again v1 "$OBJ/long_name.o"
	assert_same_order
	our_load v0 "$OBJ/twin.o",name=d
	loader load v1 "$OBJ/twin.o"
	assert_same_order

	# Each rebuilds what the other built.
	loader load -P 5 v0 "$OBJ/counter.o"
	xdpctl load v1 "$OBJ/counter.o",prio=5
	assert_same_order
	look v0
	assert_equal "$(wc -w <<<"$IDS")" 8
	loader unload v0 --id "${ID[counter]}"
	xdpctl unload v1 counter
	assert_same_order
}

@test "xdp-loader 1.3.1 and xdpctl put equal priorities, namesakes and long names in the same order" { same_order 1.3.1; }
@test "xdp-loader 1.6.3 and xdpctl put equal priorities, namesakes and long names in the same order" { same_order 1.6.3; }

# Function, priority and actions of each component of v0.
configs() {
	look v0
	while read -r prio function _ _ actions; do
		echo "$function $prio $actions"
	done <<<"$ROWS"
}

same_metadata() {
	local wanted="zero_meta 0 
prio_meta 30 XDP_DROP,XDP_PASS"
	use_peer "$1"
	loader load v0 "$OBJ/prio_meta.o" "$OBJ/zero_meta.o"
	assert_equal "$(configs)" "$wanted"
	xdpctl unload v0 --all
	our_load v0 "$OBJ/prio_meta.o" "$OBJ/zero_meta.o"
	assert_equal "$(configs)" "$wanted"

	# "No actions" outlives a rebuild by the other tool, though its status can't show it.
	loader load v0 "$OBJ/pass.o"
	xdpctl unload v0 xdp_pass
	assert_equal "$(configs)" "$wanted"
}

@test "xdp-loader 1.3.1 and xdpctl read the same run config from an object" { same_metadata 1.3.1; }
@test "xdp-loader 1.6.3 and xdpctl read the same run config from an object" { same_metadata 1.6.3; }

# What the only component of an interface is linked over.
linked_over() {
	local lines
	mapfile -t lines < <(in_sandbox "$BUILD/tests/oracle" "$1")
	echo "${lines[1]%% *}"
}

over_main() {
	requires_kernel 5.13 # links don't tell their target before
	use_peer "$1"
	our_load v0 "$OBJ/pass.o"
	loader load v1 "$OBJ/pass.o"
	assert_equal "$(linked_over v0) $(linked_over v1)" "xdp_dispatcher xdp_dispatcher"
	loader load v0 "$OBJ/drop.o"
	our_load v1 "$OBJ/drop.o"
	assert_equal "$(linked_over v0) $(linked_over v1)" "prog0 prog0"
	look v0
	loader unload v0 --id "${ID[xdp_drop]}"
	xdpctl unload v1 xdp_drop
	assert_equal "$(linked_over v0) $(linked_over v1)" "xdp_dispatcher xdp_dispatcher"
	assert_both_see v0 xdp_pass
	assert_both_see v1 xdp_pass
}

@test "a component that is alone is linked over the main function, by xdp-loader 1.3.1 as by xdpctl" { over_main 1.3.1; }
@test "a component that is alone is linked over the main function, by xdp-loader 1.6.3 as by xdpctl" { over_main 1.6.3; }

# ---- garbage, and the lock ----

clean_spares() {
	use_peer "$1"
	our_load v0 "$OBJ/pass.o" "$OBJ/drop.o"
	loader load v1 "$OBJ/pass.o" "$OBJ/drop.o"
	loader clean
	assert_both_see v0 "xdp_drop xdp_pass"
	run xdpctl clean
	assert_equal "$status $output" "0 nothing to do"
	assert_both_see v1 "xdp_drop xdp_pass"
	# Before, links don't tell what they are linked over.
	! kernel_since 5.13 || assert_equal "$(in_sandbox "$BUILD/tests/oracle" v0 v1 | grep -c "^prog")" 4
}

@test "neither clean takes what is alive: xdp-loader 1.3.1 and xdpctl" { clean_spares 1.3.1; }
@test "neither clean takes what is alive: xdp-loader 1.6.3 and xdpctl" { clean_spares 1.6.3; }

lock_is_held() {
	! in_sandbox flock -n "$BPFFS/xdp" true
}

waits_for_lock() {
	use_peer "$1"
	our_load v0 "$OBJ/pass.o"
	# It stops for three seconds right after it got the lock.
	start_in_background strace -f -o /dev/null -e trace=flock -e inject=flock:delay_exit=3000000:when=1 \
		"$LOADER" load v0 "$OBJ/drop.o"
	wait_until lock_is_held
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o" --lock-timeout 0.1
	assert_status 1
	assert_stderr "the lock on $BPFFS/xdp is held by * (pid "
	our_load v0 "$OBJ/counter.o"
	wait "$BACKGROUND"
	BACKGROUND=''
	assert_both_see v0 "counter xdp_drop xdp_pass"
}

@test "load waits for the lock while xdp-loader 1.3.1 holds it, and both succeed" { waits_for_lock 1.3.1; }
@test "load waits for the lock while xdp-loader 1.6.3 holds it, and both succeed" { waits_for_lock 1.6.3; }

# ---- libxdp's other tools ----

xdp_filter() {
	local pass
	use_peer "$1"
	our_load v0 "$OBJ/pass.o"
	in_sandbox "/peers/$1/xdp-filter" load v0 -f tcp
	assert_both_see v0 "xdpfilt_alw_tcp xdp_pass"
	pass=${ID[xdp_pass]}
	xdpctl load v0 "$OBJ/drop.o"
	in_sandbox "/peers/$1/xdp-filter" unload v0
	assert_both_see v0 "xdp_drop xdp_pass"
	assert_equal "${ID[xdp_pass]}" "$pass"
	xdpctl unload v0 --all
	assert_nothing_left
}

@test "xdp-filter 1.3.1 loads beside our component and goes again" { xdp_filter 1.3.1; }
@test "xdp-filter 1.6.3 loads beside our component and goes again" { xdp_filter 1.6.3; }

is_traced() {
	[ "$(status_of v0 '.tracers | length')" = 1 ]
}

xdpdump() {
	requires_kernel 5.13 # links don't tell their target before
	use_peer "$1"
	our_load v0 "$OBJ/pass.o" "$OBJ/counter.o"
	start_in_background "/peers/$1/xdpdump" -i v0 -p xdp_dispatcher --rx-capture entry
	wait_until is_traced
	assert_equal "$(status_of v0 .state)" chain
	xdpctl load v0 "$OBJ/drop.o"
	assert_both_see v0 "counter xdp_drop xdp_pass"
	kill -INT "$BACKGROUND"
	wait "$BACKGROUND" || true
	BACKGROUND=''
	xdpctl unload v0 --all
	wait_until assert_nothing_left
}

@test "status lists xdpdump 1.3.1 as a tracer of our dispatcher, and load works meanwhile" { xdpdump 1.3.1; }
@test "status lists xdpdump 1.6.3 as a tracer of our dispatcher, and load works meanwhile" { xdpdump 1.6.3; }

# ---- where libxdp's own limits are: we can, they can't ----

@test "xdp-loader 1.3.1 can't read version 3 and leaves it alone; xdpctl extends it" {
	use_peer 1.3.1
	xdpctl load --dispatcher-version 3 v0 "$OBJ/pass.o" "$OBJ/counter.o"
	run loader status v0
	assert_status 161
	[[ $output == *"version 3 higher than supported 2"* ]]
	run loader load v0 "$OBJ/drop.o"
	assert_status 240
	run loader unload v0 --all
	assert_status 1
	xdpctl load v0 "$OBJ/drop.o"
	look v0
	assert_equal "$CHAIN: $NAMES" "chain 3: counter xdp_drop xdp_pass"
}

@test "xdp-loader 1.6.3 won't change version 2; xdpctl does, and takes it to version 3 when asked" {
	use_peer 1.6.3
	xdpctl load --dispatcher-version 2 v0 "$OBJ/pass.o" "$OBJ/counter.o"
	VERSION=2 assert_both_see v0 "counter xdp_pass"
	run loader load v0 "$OBJ/drop.o"
	assert_status 240
	[[ $output == *"Refusing transparent upgrade"* ]]
	run loader unload v0 --id "${ID[counter]}"
	assert_status 1
	xdpctl load v0 "$OBJ/drop.o"
	VERSION=2 assert_both_see v0 "counter xdp_drop xdp_pass"

	xdpctl load --dispatcher-version 3 v0 "$OBJ/prio_meta.o"
	loader load v0 "$OBJ/several.o"
	assert_both_see v0 "prio_meta alpha counter xdp_drop xdp_pass"
}

@test "xdp-loader 1.6.3 can unload all of a version 2 chain of ours" {
	use_peer 1.6.3
	xdpctl load --dispatcher-version 2 v0 "$OBJ/pass.o" "$OBJ/counter.o"
	loader unload v0 --all
	xdpctl clean
	assert_nothing_left
}
