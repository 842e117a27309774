#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What packets meet: the components run, in their order and by their chain actions, and a change of the chain neither
# loses a packet nor lets one through.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	sandbox_start
	GENERATOR=''
}

teardown() {
	[ -z "$GENERATOR" ] || kill "$GENERATOR" 2>/dev/null || true
	sandbox_stop
}

# ---------------------------------------------------------------- order and actions

# What components made from sequence.o wrote, one after the other: "3 1 2".
sequence_of() {
	bpftool -j map dump id "$(map_of "$1" "$2" xdpctl_sequence)" |
		jq -r '[.[].formatted.value] | .[1:.[0] + 1] | join(" ")'
}

@test "packets cross all components of a chain" {
	peer_start
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o,name=a" "$OBJ/counter.o,name=b,prio=60" "$OBJ/pass.o"
	assert_status 0
	run in_peer ping -c 2 -i 0.01 -W 5 10.0.0.1
	assert_status 0
	(($(counted v0 a) >= 2))
	assert_equal "$(counted v0 a)" "$(counted v0 b)"
}

@test "packets cross a chain in skb mode" {
	peer_start
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o" "$OBJ/pass.o" --mode skb
	assert_status 0
	run in_peer ping -c 1 -W 5 10.0.0.1
	assert_status 0
	(($(counted v0 counter) > 0))
}

@test "components run in the order of their priorities" {
	run --separate-stderr xdpctl load v0 "$OBJ/sequence.o,name=x,set=id=1,prio=30" \
		"$OBJ/sequence.o,name=y,set=id=2,prio=10" "$OBJ/sequence.o,name=z,set=id=3,prio=20"
	assert_status 0
	assert_equal "$(verdict_of v0)" 2
	assert_equal "$(sequence_of v0 x)" "2 3 1"
}

@test "a component that is added later runs where its priority puts it" {
	xdpctl load v0 "$OBJ/sequence.o,name=x,set=id=1,prio=10" "$OBJ/sequence.o,name=y,set=id=2,prio=30"
	run --separate-stderr xdpctl load v0 "$OBJ/sequence.o,name=z,set=id=3,prio=20"
	assert_status 0
	verdict_of v0
	assert_equal "$(sequence_of v0 x)" "1 3 2"
}

@test "after a verdict that is no chain action the next component doesn't run" {
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o,prio=1" "$OBJ/counter.o,prio=2"
	assert_status 0
	assert_equal "$(verdict_of v0)" 1
	assert_equal "$(counted v0 counter)" 0
}

@test "after a verdict that is a chain action the next component decides" {
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o,prio=1,actions=drop" "$OBJ/counter.o,prio=2,set=verdict=XDP_TX"
	assert_status 0
	assert_equal "$(verdict_of v0)" 3
	assert_equal "$(counted v0 counter)" 1
}

@test "with the action none a component is the last that runs" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,prio=1,actions=none" "$OBJ/drop.o,prio=2"
	assert_status 0
	assert_equal "$(verdict_of v0)" 2
}

@test "every verdict of a single component is the packet's" {
	local verdict
	for verdict in 0 1 2 3 4; do
		run --separate-stderr xdpctl load v0 "$OBJ/counter.o,name=v$verdict,set=verdict=$verdict,actions=none"
		assert_status 0
		assert_equal "$(verdict_of v0)" "$verdict"
		xdpctl unload v0 "v$verdict"
	done
}

@test "the last component's verdict counts, unless it is among its chain actions: then the packet passes" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,prio=1" "$OBJ/counter.o,prio=2,set=verdict=XDP_TX,actions=tx"
	assert_status 0
	assert_equal "$(verdict_of v0)" 2
}

@test "as many components as a chain can have run" {
	local objects=() i n=$LIMIT
	[ "$ENGINE" = freplace ] || n=$((LIMIT - 1)) # a program can use 64 maps: one of each, and one of all
	for ((i = 1; i <= n; i++)); do objects+=("$OBJ/sequence.o,name=s$i,prio=$i,set=id=$i"); done
	run --separate-stderr xdpctl load v0 "${objects[@]}"
	assert_status 0
	assert_equal "$(verdict_of v0)" 2
	assert_equal "$(sequence_of v0 s1)" "$(seq -s ' ' "$n")"
}

@test "a component that stays keeps what it has in its maps" {
	xdpctl load v0 "$OBJ/counter.o"
	verdict_of v0
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,prio=1"
	assert_status 0
	verdict_of v0
	assert_equal "$(counted v0 counter)" 2
}

@test "a component that was unloaded doesn't run any more" {
	xdpctl load v0 "$OBJ/drop.o" "$OBJ/pass.o"
	run --separate-stderr xdpctl unload v0 xdp_drop
	assert_status 0
	assert_equal "$(verdict_of v0)" 2
}

# ---------------------------------------------------------------- swaps under traffic

SWAPS=30

# Frames from v1 to v0 in the background: frames_start flood|pace
frames_start() {
	mkfifo "$BATS_TEST_TMPDIR/open"
	nsenter --target "$SANDBOX" --mount --net -- "$BUILD/tests/frames" "$1" v1 v0 \
		<"$BATS_TEST_TMPDIR/open" >"$BATS_TEST_TMPDIR/frames" 3>&- &
	GENERATOR=$!
	exec {OPEN}>"$BATS_TEST_TMPDIR/open"
}

# Ends them; sets SENT and ARRIVED.
frames_stop() {
	exec {OPEN}>&-
	wait "$GENERATOR"
	read -r SENT ARRIVED <"$BATS_TEST_TMPDIR/frames"
	echo "$SENT frames were sent, $ARRIVED arrived"
}

# Changes the chain on v0 many times, before and behind what is there.
swap_often() {
	# shellcheck disable=SC2016 # sh expands
	in_sandbox sh -c '
		i=0
		while [ $((i += 3)) -le "$1" ]; do
			"$2" load --engine "$4" v0 "$3/pass.o,name=first,prio=1" "$3/pass.o,name=last,prio=99" &&
				"$2" unload v0 first &&
				"$2" unload v0 last || exit
		done >/dev/null' sh "$SWAPS" "$XDPCTL" "$OBJ" "$ENGINE"
}

@test "no packet passes a component that drops all while the chain is changed around it" {
	xdpctl load v0 "$OBJ/counter.o,set=verdict=XDP_DROP"
	frames_start flood
	run --separate-stderr swap_often
	frames_stop
	assert_status 0
	((SENT > 1000))
	assert_equal "$ARRIVED" 0
	(($(counted v0 counter) > 1000))
}

@test "no packet passes a component that drops all while the chain changes its engine" {
	requires_both_engines
	local i
	xdpctl load v0 "$OBJ/counter.o,set=verdict=XDP_DROP" "$OBJ/pass.o,prio=1"
	frames_start flood
	for i in 1 2 3; do
		xdpctl convert v0 --engine "$(other_engine)"
		xdpctl convert v0 --engine "$ENGINE"
	done
	frames_stop
	((SENT > 1000))
	assert_equal "$ARRIVED" 0
}

@test "no packet is lost, and none counted twice, while the chain is changed" {
	xdpctl load v0 "$OBJ/counter.o"
	frames_start pace
	run --separate-stderr swap_often
	frames_stop
	assert_status 0
	((SENT > 100))
	assert_equal "$ARRIVED" "$SENT"
	assert_equal "$(counted v0 counter)" "$SENT"
}

@test "no packet passes in skb mode either" {
	xdpctl load v0 "$OBJ/counter.o,set=verdict=XDP_DROP" --mode skb
	frames_start flood
	run --separate-stderr in_sandbox sh -c "'$XDPCTL' load --engine $ENGINE v0 --mode auto $OBJ/pass.o && '$XDPCTL' unload v0 xdp_pass"
	frames_stop
	assert_status 0
	((SENT > 100))
	assert_equal "$ARRIVED" 0
}

@test "a refused change and a check let no packet pass" {
	xdpctl load v0 "$OBJ/counter.o,set=verdict=XDP_DROP"
	frames_start flood
	run --separate-stderr xdpctl load v0 "$OBJ/bad_verifier.o"
	assert_status 1
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --check
	assert_status 0
	frames_stop
	((SENT > 100))
	assert_equal "$ARRIVED" 0
}
