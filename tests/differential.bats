#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Fused chains against what they must equal, packet by packet: libxdp's dispatcher, with chains that libxdp's own
# loader made, and the components by themselves on the kernels where the unit tests don't run.

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

DIFFERENTIAL=$BUILD/tests/unit/fuse_differential

# Loads these objects with xdp-loader of a release, and compares its dispatcher with them fused. It must be ten, so that
# no slot is untried; priorities and chain actions are those that the objects have, or libxdp's own.
against_dispatcher() {
	local rows
	in_sandbox "$LOADER" load v0 "$@"
	rows=$(in_sandbox "$LOADER" status v0)
	echo "$rows"
	in_sandbox "$DIFFERENTIAL" dispatcher 1 5000 "$(awk '$1 == "v0" { print $4 }' <<<"$rows")" \
		"$(awk '$1 == "=>" { print $4 }' <<<"$rows" | paste -sd,)" "$@"
}

# Of libxdp's filters those that let pass what they have no rule for, or nothing would get further.
# Results above 31 are left out: libxdp 1.6.3 takes them modulo 32, everything else modulo 64 (lib/model/fuse.h).
same_as_dispatcher() {
	local moves=$OBJ/differ_moves.o
	requires_freplace
	requires_peer "$1"
	# The slots of that release don't change the packet, so later kernels refuse components that do.
	[ "$1" != 1.3.1 ] || ! kernel_since 6.12 || moves=$OBJ/pass.o
	against_dispatcher "$moves" "$OBJ"/{differ_results,differ_stores,prio_meta,counter}.o \
		"/peers/$1/bpf"/{xdpfilt_alw_all,xdpfilt_alw_udp,xsk_def_xdp_prog}.o "$DEMO"/{drop_udp_port,count_packets}.o
}

@test "a fused chain of ten does with packets what the dispatcher of libxdp 1.3.1 does" { same_as_dispatcher 1.3.1; }
@test "a fused chain of ten does with packets what the dispatcher of libxdp 1.6.3 does" { same_as_dispatcher 1.6.3; }

@test "fused chains do with packets what their components do one after the other" {
	in_sandbox "$DIFFERENTIAL" 0 15 100
}
