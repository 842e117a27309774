# SPDX-License-Identifier: GPL-2.0-or-later
# What the lab's scripts share: where things are, which kernels there are, and how to give up.
# Sourced, never run.
# shellcheck shell=bash disable=SC2034

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$LAB/../.." && pwd)
CACHE=${XDPCTL_LAB_CACHE:-$LAB/cache}
[[ $CACHE == /* ]] || CACHE=$PWD/$CACHE

# The kernel's name, and the Debian suites that carry it: the newest version in them is taken.
KERNELS=(5.10 6.1 6.12 7.2)
declare -A KERNEL_SUITES=(
	[5.10]="bullseye bullseye-security"
	[6.1]="bookworm"
	[6.12]="trixie"
	[7.2]="sid"
)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# The full release of a cached kernel; nothing when it is not cached.
kernel_release() {
	local file=$CACHE/kernel/$1/release

	[[ ! -e $file ]] || cat "$file"
}

check_kernel() {
	[[ -v KERNEL_SUITES[$1] ]] || die "no kernel '$1' in the lab: there are ${KERNELS[*]}"
}
