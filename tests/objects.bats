#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that nobody here wrote, and programs that move the ends of the packet.

# shellcheck disable=SC2154 # variables of bats

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

# The component "counter" has seen packets.
assert_counted() {
	[ "$(in_sandbox bpftool -j map dump name counter_hits | jq '.[0].formatted.value')" -gt 0 ]
}

# ---- Debian's xdp-tools ----

# Paths of all XDP objects in a folder but the dispatcher, which has several programs. Sets XDP_OBJECTS.
find_xdp_objects() {
	local file
	XDP_OBJECTS=()
	for file in "$1"/*.o; do
		case ${file##*/} in
		xdp-dispatcher.o | xdpdump_bpf.o) ;; # the latter is for fentry and fexit
		*) [ ! -e "$file" ] || XDP_OBJECTS+=("$file") ;;
		esac
	done
	[ ${#XDP_OBJECTS[@]} -gt 0 ] || skip "no objects of xdp-tools in $1"
}

# The folder where Debian's package of this machine has them.
debian_objects() {
	local folder
	for folder in /usr/lib/*/bpf /usr/lib/bpf; do
		[ ! -e "$folder/xdpfilt_alw_all.o" ] || break
	done
	echo "$folder"
}

# What there is when all has died that is dying: nothing has changed for a second.
settled_counts() {
	local counts='' now same=0 try
	for ((try = 0; try < 40 && same < 5; try++)); do
		now=$(in_sandbox "$BUILD/tests/oracle" --counts)
		if [ "$now" = "$counts" ]; then same=$((same + 1)); else same=0; fi
		counts=$now
		sleep 0.2
	done
	echo "$counts"
}

each_loads() {
	local file count
	find_xdp_objects "$1"
	count=$(settled_counts)
	for file in "${XDP_OBJECTS[@]}"; do
		echo "$file"
		run --separate-stderr xdpctl load v0 "$file" --json
		assert_status 0
		assert_equal "$stderr" ""
		[[ $output == *'"state": "chain"'* ]]
		xdpctl unload v0 --all
	done
	assert_equal "$(settled_counts)" "$count"
}

@test "each XDP object of Debian's xdp-tools loads" {
	each_loads "$(debian_objects)"
}

@test "each XDP object of xdp-tools 1.6.3 loads" {
	requires_peer 1.6.3
	each_loads /peers/1.6.3/bpf
}

@test "three objects of xdp-tools load at once and are one chain that traffic crosses" {
	local folder
	folder=$(debian_objects)
	find_xdp_objects "$folder"
	peer_start
	# Those called alw allow what is not in their maps, which are empty.
	xdpctl load v0 "$folder"/{xdpfilt_alw_all,xsk_def_xdp_prog,xdpfilt_alw_ip}.o
	assert_equal "$(components_of v0)" "xdpfilt_alw_all xdpfilt_alw_ip xsk_def_prog"
	xdpctl load v0 "$OBJ/counter.o",prio=99
	in_peer ping -c 1 -W 5 10.0.0.1
	assert_counted
	xdpctl unload v0 xdpfilt_alw_ip
	in_peer ping -c 1 -W 5 10.0.0.1
}

@test "one program out of xdp-dispatcher.o loads when it is named" {
	local folder
	folder=$(debian_objects)
	find_xdp_objects "$folder"
	run --separate-stderr xdpctl load v0 "$folder/xdp-dispatcher.o"
	assert_status 2
	assert_equal "$(status_of v0 .state)" empty
	xdpctl load v0 "$folder/xdp-dispatcher.o:xdp_pass"
	assert_equal "$(components_of v0)" xdp_pass
}

# ---- adjust_head, adjust_tail, adjust_meta ----

# Alone it is linked over the dispatcher's main function, then over the first of six, then over the fifth.
adjusts() {
	peer_start
	xdpctl load v0 "$OBJ/adjust.o:$1"
	in_peer ping -c 1 -W 5 10.0.0.1

	xdpctl load v0 "$OBJ/pass.o",name=p1 "$OBJ/pass.o",name=p2 "$OBJ/pass.o",name=p3 "$OBJ/pass.o",name=p4 \
		"$OBJ/counter.o",prio=60
	assert_equal "$(status_of v0 '"\(.state) \(.components[0].name)"')" "chain $1"
	in_peer ping -c 1 -W 5 10.0.0.1
	assert_counted

	xdpctl unload v0 "$1" counter
	xdpctl load v0 "$OBJ/adjust.o:$1",prio=55 "$OBJ/counter.o",prio=60
	assert_equal "$(status_of v0 '"\(.state) \(.components[4].name)"')" "chain $1"
	in_peer ping -c 1 -W 5 10.0.0.1
	assert_counted # so the fifth let it on
}

@test "a program that calls bpf_xdp_adjust_head runs as first and as fifth component" { adjusts adjust_head; }
@test "a program that calls bpf_xdp_adjust_tail runs as first and as fifth component" { adjusts adjust_tail; }
@test "a program that calls bpf_xdp_adjust_meta runs as first and as fifth component" { adjusts adjust_meta; }
