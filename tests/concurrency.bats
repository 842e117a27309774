#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Several writers on one interface at the same time: each succeeds or says that it failed, and none is lost.
# shellcheck disable=SC2154,SC2153 # variables of bats and of helpers.bash

load helpers

setup() {
	sandbox_start
	EMPTY=$(counts)
}

teardown() {
	sandbox_stop
}

# How many objects the kernel has and bpffs holds.
counts() {
	in_sandbox "$BUILD/tests/oracle" --counts
}

# What died is gone a moment later.
assert_nothing_left() {
	local try
	for ((try = 0; try < 20; try++)); do
		[ "$(counts)" != "$EMPTY" ] || return 0
		sleep 0.1
	done
	assert_equal "$(counts)" "$EMPTY"
}

# Starts so many loaders of a component each (c1, c2, ...). Sets LOADED to the names of those that succeeded, in order,
# and REFUSED to how many said what the limit is.
load_at_once() {
	local i pids=() status loaded=()
	REFUSED=0
	for ((i = 1; i <= $1; i++)); do
		# The emulated machine needs its time: only the default of ten seconds is lifted.
		xdpctl load v0 "$OBJ/counter.o,name=c$i" --lock-timeout 300 \
			>"$BATS_TEST_TMPDIR/out$i" 2>"$BATS_TEST_TMPDIR/err$i" </dev/null 3>&- &
		pids[i]=$!
	done
	for ((i = 1; i <= $1; i++)); do
		status=0
		wait "${pids[i]}" || status=$?
		if [ "$status" = 0 ]; then
			loaded+=("c$i")
		elif [ "$status" = 3 ] && grep "$LIMIT_WORD is the limit" "$BATS_TEST_TMPDIR/err$i"; then
			REFUSED=$((REFUSED + 1))
		else
			echo "loader $i exited with $status:"
			cat "$BATS_TEST_TMPDIR/err$i"
		fi
	done
	LOADED=$(printf '%s\n' "${loaded[@]}" | sort | xargs)
}

# The names of what was loaded so, sorted.
names() {
	components_of v0 | xargs -n 1 | grep '^c' | sort | xargs
}

# Leaves room for ten components.
fill_up() {
	local i objects=()
	for ((i = 10; i < LIMIT; i++)); do objects+=("$OBJ/pass.o,name=p$i"); done
	[ ${#objects[@]} = 0 ] || xdpctl load v0 "${objects[@]}"
}

@test "ten loaders at once make a chain of ten on an empty interface" {
	load_at_once 10
	assert_equal "$LOADED" "c1 c10 c2 c3 c4 c5 c6 c7 c8 c9"
	assert_equal "$(names)" "$LOADED"
	xdpctl status --check v0
	xdpctl unload v0 --all
	assert_nothing_left
}

@test "of twelve loaders at once, where ten have room, ten succeed, and two say what the limit is" {
	fill_up
	load_at_once 12
	assert_equal "$REFUSED" 2
	assert_equal "$(wc -w <<<"$LOADED")" 10
	assert_equal "$(names)" "$LOADED"
	xdpctl status --check v0
	xdpctl unload v0 --all
	assert_nothing_left
}

# ---- with xdp-loader ----

# One load or unload of each tool at the same time, the other one of what it did last: OURS and THEIRS are "loaded" or
# empty, as its successes say.
both_change() {
	local ours=(load v0 "$OBJ/counter.o,name=ours") theirs=(load -n alpha v0 "$OBJ/several.o")
	local pid status=0
	[ -z "$OURS" ] || ours=(unload v0 ours)
	[ -z "$THEIRS" ] || theirs=(unload v0 --id "$ALPHA")

	in_sandbox "$LOADER" "${theirs[@]}" </dev/null 3>&- &
	pid=$!
	sleep "0.$1"
	xdpctl "${ours[@]}" # the other only ever makes it try again
	OURS=$([ "$OURS" ] || echo loaded)
	wait "$pid" || status=$?
	if [ "$status" = 0 ]; then
		THEIRS=$([ "$THEIRS" ] || echo loaded)
	else
		FAILED=$((FAILED + 1))
	fi
}

# The chain is the one that all successes lead to. Sets ALPHA to the id of what xdp-loader has loaded.
assert_successes() {
	local state names stays wanted=xdp_pass
	# shellcheck disable=SC2016 # the dollar is jq's
	read -r state names stays ALPHA < <(xdpctl status v0 --json | jq -r '.interfaces[0] |
		(.components | map({key: .name, value: .prog_id}) | from_entries) as $id |
		"\(.state) \(.components | map(.name) | join("+")) \($id.xdp_pass) \($id.alpha)"')
	[ -z "$OURS" ] || wanted=ours+$wanted
	[ -z "$THEIRS" ] || wanted=alpha+$wanted
	assert_equal "$state $names $stays" "chain $wanted $STAYS"
}

@test "xdpctl and xdp-loader 1.6.3 change a chain at the same time, twenty rounds, and nothing is lost" {
	requires_freplace
	requires_peer 1.6.3
	local round
	xdpctl load --dispatcher-version 3 v0 "$OBJ/pass.o",prio=99
	STAYS=$(status_of v0 '.components[0].prog_id')
	OURS='' THEIRS='' ALPHA='' FAILED=0
	for ((round = 1; round <= 20; round++)); do
		echo "round $round"
		both_change "$((round * 3 % 5))"
		assert_successes
	done
	echo "# xdp-loader gave up in $FAILED of 20 rounds" >&3
	xdpctl unload v0 --all
	xdpctl clean
	assert_nothing_left
}
