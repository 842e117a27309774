#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl features: what a driver and this kernel offer, and how that is known.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

@test "features answers every question with yes, no or unknown, and says why it isn't yes" {
	run --separate-stderr xdpctl features v0 --json
	assert_status 0
	assert_equal "$stderr" ""
	assert_json '.schema == 1 and .ifname == "v0" and .ifindex > 0 and
		([.kernel[], .driver[]] | length > 0 and all(.answer == "yes" or .answer == "no" or .answer == "unknown")) and
		([.kernel[] | select(.answer != "yes").why] | all(. != null)) and
		(.kernel | has("freplace") and has("xdp-link") and has("frags") and has("btf"))'
}

@test "features tells what the driver of a veth can do, where the kernel tells it" {
	run --separate-stderr xdpctl features v0 --json
	assert_status 0
	if kernel_since 6.3; then
		assert_json '.driver | .basic.answer == "yes" and .redirect.answer == "yes" and
			.["xsk-zerocopy"].answer == "no" and .["hw-offload"].answer == "no"'
	else
		assert_json '[.driver[]] | length > 0 and all(.answer == "unknown" and (.why | test("6.3")))'
	fi
}

@test "features says yes to freplace exactly where a load works" {
	run --separate-stderr in_sandbox "$XDPCTL" load --engine freplace v0 "$OBJ/pass.o"
	local loads=no
	[ "$status" -ne 0 ] || loads=yes
	run --separate-stderr xdpctl features v0 --json
	assert_status 0
	assert_json ".kernel.freplace.answer == \"$loads\""
}

@test "features says yes to frags exactly where the kernel has them" {
	run --separate-stderr xdpctl features v0 --json
	assert_status 0
	if kernel_since 5.18; then
		assert_json '.kernel.frags.answer == "yes"'
	else
		assert_json '.kernel.frags | .answer == "no" and (.why | test("5.18"))'
	fi
}

@test "features leaves nothing behind" {
	local objects
	objects=$(kernel_objects)
	remember
	run --separate-stderr xdpctl features v0
	assert_status 0
	assert_unchanged
	assert_no_new_objects "$objects"
}

@test "features is a table for people" {
	run --separate-stderr in_sandbox env LC_ALL=C "$XDPCTL" features v0
	assert_status 0
	[[ $(tr -s ' ' <<<"$output") == "FEATURE ANSWER WHY"$'\nv0\n'*-basic*$'\nkernel\n'*-freplace* ]]
}
