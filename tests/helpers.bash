# SPDX-License-Identifier: GPL-2.0-or-later
# What the bats files share. Each test gets a sandbox: a network namespace and a mount namespace with a bpffs of
# its own, both held by one sleeping process, so that killing it takes everything away, however the test ended.
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154 # variables of bats, and for the files that load this

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME" && while [ ! -f Makefile ]; do cd ..; done && pwd)
BUILD=${XDPCTL_BUILD:-$TOP/build}
XDPCTL=${XDPCTL:-$BUILD/xdpctl}
OBJ=$BUILD/tests/bpf
DEMO=$BUILD/bpf/demo
BPFFS=/sys/fs/bpf
# An emulated machine loses time now and then: there a test that fails is tried once more, which tests/run counts.
[ -z "${XDPCTL_LAB_KERNEL-}" ] || BATS_TEST_RETRIES=1

# ---- the sandbox ----
# In an emulated guest a process costs 50 ms and more, so as few as possible are started here.

# hold_namespaces SETUP OPTION...: starts a process in new namespaces (unshare's options) that runs the shell commands
# SETUP there and then only sleeps. Prints its pid when they are done.
hold_namespaces() {
	local setup=$1 ready pid line
	shift
	exec {ready}< <(exec unshare "$@" sh -c "{ $setup; } >&2 && echo ready && exec sleep 100000 >/dev/null 2>&1" \
		</dev/null 3>&-)
	pid=$!
	read -r line <&"$ready"
	exec {ready}<&-
	[ "$line" = ready ] && echo "$pid"
}

# Without IPv6 nothing is on the wire but what a test sends.
NO_IPV6='if [ -d /proc/sys/net/ipv6 ]; then echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; fi'

# The engine that is tested: XDPCTL_TEST_ENGINE, else the one that xdpctl takes here. Sets ENGINE and what differs:
# MAIN       the function of the program on the interface
# PIN_DIR    how the paths of its pin directories begin
# PARTNER    what is pinned in them for each component beside its program, and PARTNER_TYPE, what that is
# CHAIN_PIN  what is pinned in them for the chain as a whole
# LIMIT      how many components a chain can have, and LIMIT_WORD, as messages have it
# BUILDING   the steps that make a chain of one, up to its pins
choose_engine() {
	ENGINE=${XDPCTL_TEST_ENGINE-}
	[ "$ENGINE" ] || { [ "$(kernel_feature freplace)" = no ] && ENGINE=fused; } || ENGINE=freplace
	if [ "$ENGINE" = fused ]; then
		MAIN=xdp_fused PIN_DIR=$BPFFS/xdpctl/fused PARTNER=code PARTNER_TYPE=map CHAIN_PIN=chain
		LIMIT=64 LIMIT_WORD=64
		BUILDING="load-component fuse make-directory pin-component pin-chain"
	else
		MAIN=xdp_dispatcher PIN_DIR=$BPFFS/xdp/dispatch PARTNER=link PARTNER_TYPE=link CHAIN_PIN=''
		LIMIT=10 LIMIT_WORD=ten
		BUILDING="load-dispatcher load-component attach-component make-directory pin-component"
	fi
}

other_engine() {
	[ "$ENGINE" = fused ] && echo freplace || echo fused
}

# A sandbox with a bpffs at /sys/fs/bpf and the veth pair v0 - v1, both up and inside.
sandbox_start() {
	choose_engine
	[ "${BATS_TEST_TRY_NUMBER:-1}" -le 1 ] || echo "# second try: $BATS_TEST_DESCRIPTION" >&3
	SANDBOX=$(hold_namespaces "
		$NO_IPV6 &&
		mount -t bpf bpf $BPFFS -o mode=0700 &&
		printf '%s\n' 'link set lo up' 'link add v0 type veth peer name v1' 'link set v0 up' 'link set v1 up' |
			ip -batch -" --mount --net --propagation private)
}

sandbox_stop() {
	local pid
	for pid in ${PEER-} ${SANDBOX-}; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	SANDBOX='' PEER=''
}

in_sandbox() {
	nsenter --target "$SANDBOX" --mount --net -- "$@"
}

# Moves v1 into a namespace of its own and gives both ends addresses: v0 10.0.0.1, v1 10.0.0.2.
peer_start() {
	PEER=$(hold_namespaces "$NO_IPV6" --net)
	in_sandbox ip -batch - <<-END
		link set v1 netns $PEER
		addr add 10.0.0.1/24 dev v0
	END
	in_peer ip -batch - <<-END
		link set lo up
		addr add 10.0.0.2/24 dev v1
		link set v1 up
	END
}

in_peer() {
	nsenter --target "$PEER" --net -- "$@"
}

# ---- commands ----

# engine_args ARG...: sets ARGS to what xdpctl has to be given so that it loads by the engine that is tested, also
# where that isn't the default.
engine_args() {
	ARGS=("$@")
	[ -z "${XDPCTL_TEST_ENGINE-}" ] || [ "${1-}" != load ] ||
		ARGS=(load --engine "$XDPCTL_TEST_ENGINE" "${@:2}")
}

xdpctl() {
	local ARGS
	engine_args "$@"
	in_sandbox "$XDPCTL" "${ARGS[@]}"
}

# For env, before a command that is traced (by strace or kill_at): LeakSanitizer can't work in it, and would make it
# fail in the end.
NO_LEAKS="ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0"

# wait_until COMMAND...: until it succeeds, a minute at most.
wait_until() {
	local deadline=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < deadline)) || {
			echo "waited in vain for: $*"
			return 1
		}
		sleep 0.1
	done
}

# stopped PID: it has got a SIGSTOP.
stopped() {
	grep -q '^State:.*stop' "/proc/$1/status"
}

# One value of the status of an interface: status_of v0 .state
status_of() {
	xdpctl status "$1" --json | jq -r ".interfaces[0] | $2"
}

# The names of the components of an interface in run order, joined by spaces.
components_of() {
	status_of "$1" '[.components[].name] | join(" ")'
}

# What is under the bpffs, but for the state directory, which stays because it is the lock, and the kernel's own files.
FIND_PINS="find $BPFFS -mindepth 1 ! -path $BPFFS/xdp ! -name '*.debug' -printf '%P %M %u\n'"
bpffs_tree() {
	in_sandbox sh -c "exec $FIND_PINS"
}

# A program on v0 that is not a dispatcher.
foreign_start() {
	in_sandbox "$BUILD/tests/attach_xdp" v0 "$OBJ/pass.o"
}

# What the programs of an interface return for a packet of zeros, a number.
verdict_of() {
	local answer
	answer=$(in_sandbox "$BUILD/tests/oracle" "$1")
	[[ $answer =~ verdict\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# map_of IFACE COMPONENT NAME: the id of a map that a component uses.
map_of() {
	local id
	for id in $(status_of "$1" ".components[] | select(.name == \"$2\").map_ids[]"); do
		[[ $(bpftool map show id "$id") != *" name $3 "* ]] || echo "$id"
	done
}

# What an array of numbers has at an index below 256: lookup MAP-ID INDEX
lookup() {
	local answer
	answer=$(bpftool map lookup id "$1" key "$2" 0 0 0)
	[[ $answer =~ \"value\":\ *([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# How many packets a component made from counter.o has counted: counted IFACE COMPONENT [KEY]
counted() {
	lookup "$(map_of "$1" "$2" counter_hits)" "${3:-0}"
}

# Every program, link and map that the kernel has: "prog 12" and so on, a line each.
kernel_objects() {
	"$BUILD/tests/objects"
}

# All that a change could change: the state of every interface, and the bpffs.
world() {
	in_sandbox sh -c "'$XDPCTL' status --json && exec $FIND_PINS"
}

# ---- what a test needs ----

# Whether this kernel offers what `features` calls $1: "yes", "no" or "unknown". Asked once per run of a file.
kernel_feature() {
	local answer=$BATS_FILE_TMPDIR/feature-$1
	[ -s "$answer" ] || "$XDPCTL" features lo --json | jq -r ".kernel[\"$1\"].answer" >"$answer"
	echo "$(<"$answer")"
}

# Skips unless the engine that is tested is freplace: for what only it does.
requires_freplace() {
	[ "$ENGINE" != fused ] || skip "the engine tested here is fused, and this is about freplace"
}

# Skips unless a chain can be of either engine here.
requires_both_engines() {
	[ "$(kernel_feature freplace)" != no ] || skip "this kernel refuses EXT programs (freplace)"
}

# Skips unless XDP programs can have frags here (Linux 5.18).
requires_frags() {
	[ "$(kernel_feature frags)" != no ] || skip "this kernel has no XDP frags"
}

# Skips without one of these commands.
requires_command() {
	local name
	for name; do
		type -P "$name" >/dev/null || skip "the command $name is not here"
	done
}

# Skips unless this peer of the lab is here: requires_peer 1.6.3 sets LOADER.
requires_peer() {
	LOADER=/peers/$1/xdp-loader
	[ -x "$LOADER" ] || skip "xdp-loader $1 is only in the lab's guests"
}

# Whether the kernel is at least this version.
kernel_since() {
	local major minor
	IFS=. read -r major minor _ </proc/sys/kernel/osrelease
	((major > ${1%.*} || major == ${1%.*} && ${minor%%[!0-9]*} >= ${1#*.}))
}

# Skips unless it is.
requires_kernel() {
	kernel_since "$1" || skip "needs Linux $1"
}

# ---- assertions ----

# Names for jq conditions: names of an interface is its components' names in run order, joined by spaces.
JQ_NAMES='def names: [.components[].name] | join(" ");'

# The status of an interface meets a jq condition: assert_iface v0 '.state == "chain" and names == "a b"'.
assert_iface() {
	local document
	document=$(xdpctl status "$1" --json) || return
	jq -e "$JQ_NAMES .interfaces[0] | $2" <<<"$document" >/dev/null && return
	printf 'not so: %s\n%s\n' "$2" "$document"
	return 1
}

# The document that the last `run` printed meets a jq condition.
assert_json() {
	jq -e "$JQ_NAMES $1" <<<"$output" >/dev/null && return
	printf 'not so: %s\n%s\n%s\n' "$1" "$output" "${stderr-}"
	return 1
}

# Remembers the world for assert_unchanged.
remember() {
	WORLD=$(world)
}

assert_unchanged() {
	local now
	now=$(world)
	[ "$now" = "$WORLD" ] && return
	diff <(echo "$WORLD") <(echo "$now")
}

# No program, link or map is there that wasn't in the list $1 (of kernel_objects). What a process held goes a moment
# after it.
assert_no_new_objects() {
	local left
	for _ in {1..30}; do
		left=$(kernel_objects | grep -Fxv -f <(printf '%s\n' "$1")) || return 0
		sleep 0.1
	done
	printf 'left behind:\n%s\n' "$left"
	return 1
}

# The last `run` exited with this status.
assert_status() {
	[ "$status" -eq "$1" ] && return
	printf 'exit status %s, expected %s\n%s\n%s\n' "$status" "$1" "$output" "${stderr-}"
	return 1
}

# assert_equal GOT WANTED
assert_equal() {
	[ "$1" = "$2" ] && return
	printf 'got:      %s\nexpected: %s\n' "$1" "$2"
	return 1
}

# The last `run --separate-stderr` said this on stderr (a bash pattern, anywhere).
assert_stderr() {
	# shellcheck disable=SC2053 # a pattern is wanted
	[[ $stderr == *$1* ]] && return
	printf 'stderr has no "%s":\n%s\n' "$1" "$stderr"
	return 1
}
