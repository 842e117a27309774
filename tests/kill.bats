#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A change that is killed at a system call, or whose system call fails, leaves the interface with the old chain or the
# new one, whole, and nothing that can't be collected. A choice of each command's calls is tried; with XDPCTL_KILL_ALL=1
# every one of them is, which takes half an hour. What is there is told by tests/helpers/oracle.c, which knows nothing of
# xdpctl, and by "status --check".
# shellcheck disable=SC2154 # variables of bats

load helpers
shopt -s extglob

# Calls that change something, or that tell what is there.
KILL_CALLS=bpf,sendto,sendmsg,mkdirat,unlinkat,flock
FAIL_CALLS=$KILL_CALLS,recvmsg

# Those at which it gets interesting, as strace shows them.
INTERESTING='BPF_PROG_LOAD.*TYPE_(EXT|XDP)|BPF_(LINK_CREATE|OBJ_PIN|MAP_(CREATE|UPDATE_ELEM|DELETE_ELEM|FREEZE))|mkdirat|'
INTERESTING+='unlinkat|flock|nlmsg_type=(0x13|RTM_SETLINK)'

# How many calls of each command are tried, unless all are.
KILLS=5
FAILURES=3

setup() {
	requires_kernel 6.13 # what is tested here is no kernel's doing, and emulation is slow: two kernels are enough
	TRACE=$BATS_TEST_TMPDIR/trace
	VIOLATIONS=$BATS_TEST_TMPDIR/violations
	sandbox_start
}

teardown() {
	sandbox_stop
}

# ---- what there is ----

# Looks: STATE is the attached dispatcher and what is linked over it, or the fused program and what is pinned for it, with
# the id of the component that stays and no others; COUNTS how much the kernel and bpffs hold. (BTF objects don't count: a
# pinned map that is used again brings that of the load that made it.)
look() {
	local lines line
	mapfile -t lines < <(in_sandbox "$BUILD/tests/oracle" v0 --counts)
	COUNTS=${lines[-1]/ +([0-9]) btfs/}
	STATE=''
	for line in "${lines[@]::${#lines[@]}-1}"; do
		case $line in
		"$MAIN "*) line=${line/ +([0-9])/} ;;
		*" ${KEPT:-none}") line=${line% *}" kept" ;;
		prog*) line=${line% *} ;;
		esac
		STATE+=$line$'\n'
	done
}

# Looks when what is dying has died, as far as can be told: the counts are what they were twice before.
look_settled() {
	local before='' same=0 try
	for ((try = 0; try < 25 && same < 2; try++)); do
		look
		if [ "$COUNTS" = "$before" ]; then same=$((same + 1)); else same=0; fi
		before=$COUNTS
		((same == 2)) || sleep 0.2
	done
}

# counts_become NAME: gives COUNTS two seconds to become what the variable is, for what died is gone a moment later. Fewer
# objects and the same pins: when the variable was learned, some had not gone yet.
counts_become() {
	local try
	local -n learned=$1
	for ((try = 0; try < 20; try++)); do
		[ "$COUNTS" != "$learned" ] || return 0
		sleep 0.1
		look
	done
	counts_below "$learned" || return
	learned=$COUNTS
}

counts_below() {
	local now wanted i
	read -ra now <<<"$COUNTS"
	read -ra wanted <<<"$1"
	for i in "${!now[@]}"; do
		case ${now[i]} in
		*[!0-9]*) [ "${now[i]}" = "${wanted[i]}" ] || return ;;
		*) [ "${now[i]}" -le "${wanted[i]}" ] || return ;;
		esac
	done
	[ "${now[-2]}" = "${wanted[-2]}" ] # pins don't take their time
}

# ---- the commands ----
# old_COMMAND makes the state before, or brings it back from the one after; CHANGE is what is done then.

old_load_first() {
	CHANGE=(load v0 "$OBJ/gate.o")
	xdpctl unload v0 --all
}

old_load_second() {
	CHANGE=(load v0 "$OBJ/gate.o,prio=10")
	keep_pass
	xdpctl unload v0 gate || [ $? = 5 ]
}

old_unload_one() {
	CHANGE=(unload v0 gate)
	keep_pass
	xdpctl load v0 "$OBJ/gate.o,prio=10"
}

old_unload_last() {
	CHANGE=(unload v0 --all)
	xdpctl load v0 "$OBJ/gate.o"
}

# A component's link is gone, its program is pinned still. Of one that was fused the program is gone, its code is there.
old_repair() {
	local try lost=link
	[ "$ENGINE" = freplace ] || lost=prog
	CHANGE=(repair v0)
	keep_pass
	look
	[ "$STATE" != "${OLD-}" ] || return 0
	xdpctl load v0 "$OBJ/gate.o,prio=10"
	in_sandbox sh -c "rm $PIN_DIR-*/prog0-$lost"
	for ((try = 0; try < 20; try++)); do # the link goes a moment later
		look
		[[ $STATE == *gate* ]] || return 0
		sleep 0.1
	done
	return 1
}

# A load was killed when all it needs was pinned and recorded.
old_clean() {
	CHANGE=(clean)
	keep_pass
	if [ -z "${SWAP-}" ]; then
		watch "$KILL_CALLS" load v0 "$OBJ/gate.o,prio=10"
		SWAP=$(calls | awk '$3 == "swap" { print $2 }')
		xdpctl unload v0 gate
	fi
	kill_before sendto "$SWAP" load v0 "$OBJ/gate.o,prio=10"
}

keep_pass() {
	[ -z "${KEPT-}" ] || return 0
	xdpctl load v0 "$OBJ/pass.o"
	KEPT=$(in_sandbox "$BUILD/tests/oracle" v0)
	KEPT=${KEPT##* }
}

# ---- disturbing them ----

traced() {
	in_sandbox env "$NO_LEAKS" strace -o "$TRACE" "$@"
}

# watch CALLS COMMAND...: leaves them in TRACE.
watch() {
	local ARGS
	engine_args "${@:2}"
	traced -f --seccomp-bpf -e trace="$1" "$XDPCTL" "${ARGS[@]}"
}

# kill_before CALL NTH COMMAND...
kill_before() {
	local status=0 ARGS
	engine_args "${@:3}"
	in_sandbox env "$NO_LEAKS" "$BUILD/tests/kill_at" "$1" "$2" "$XDPCTL" "${ARGS[@]}" || status=$?
	[ "$status" = 137 ]
}

# fail_call CALL NTH ERROR COMMAND...
fail_call() {
	local ARGS
	engine_args "${@:4}"
	traced -f --seccomp-bpf -e trace="$1" -e inject="$1:error=$3:when=$2" "$XDPCTL" "${ARGS[@]}"
}

# The calls in the trace: name, the how-manieth of that name, and "interesting", "swap" or "boring".
calls() {
	awk -v interesting="$INTERESTING" '
		match($0, /^[0-9]+ +[a-z]+\(/) {
			split($2, word, "(")
			kind = $0 ~ /nlmsg_type=(0x13|RTM_SETLINK)/ ? "swap" : $0 ~ interesting ? "interesting" : "boring"
			print word[1], ++count[word[1]], kind
		}' "$TRACE"
}

# So many of them, evenly spread over those that aren't boring, the swap among them; or all.
choose_calls() {
	if [ "${XDPCTL_KILL_ALL-}" ]; then
		calls
	else
		calls | awk -v wanted="$1" '$3 != "boring" { call[++n] = $0 }
			END {
				for (i = 1; i <= n; i++)
					if (call[i] ~ /swap/ || int(i * wanted / n) > int((i - 1) * wanted / n))
						print call[i]
			}'
	fi
}

# What is not as it should be is written down, and the rest of this call's test skipped.
violation() {
	printf '%s: %s\n' "$WHERE" "$1" | tee -a "$VIOLATIONS"
	return 1
}

# Of what was looked at last.
assert_state() {
	[ "$STATE" = "$1" ] || violation "it runs
${STATE}instead of
$1"
}

assert_counts() {
	counts_become "$1" || violation "there are $COUNTS, expected ${!1}"
}

# "status --check" says so too: 7 for the degraded chain before a repair.
assert_check() {
	local status=0
	xdpctl status --check v0 >/dev/null || status=$?
	[ "$status" = "$1" ] || violation "status --check exits with $status, expected $1"
}

# Brings back the old state, whatever happened, in a new sandbox if it must be.
go_back() {
	if [ "$1" ]; then
		sandbox_stop
		sandbox_start
		KEPT='' SWAP=''
	fi
	"old_$COMMAND" >/dev/null
}

# Learns both states, and in TRACE the calls between them.
learn() {
	go_back ''
	look_settled
	# shellcheck disable=SC2034 # the counts are used by name
	OLD=$STATE OLD_COUNTS=$COUNTS
	OLD_CHECK=$([ "$COMMAND" = repair ] && echo 7 || echo 0)
	watch "$1" "${CHANGE[@]}"
	xdpctl clean
	look_settled
	# shellcheck disable=SC2034
	NEW=$STATE NEW_COUNTS=$COUNTS
	[ "$COMMAND" = clean ] || [ "$NEW" != "$OLD" ]
}

# What it runs after a disturbance: sets NOW to "old" or "new".
assert_whole() {
	look
	case $STATE in
	"$NEW") NOW=new ;;
	"$OLD") NOW=old ;;
	*) violation "it runs
$STATE" || return ;;
	esac
	assert_check "$([ "$NOW" = new ] && echo 0 || echo "$OLD_CHECK")"
}

# The same command again does it; of what isn't there any more it may say so.
assert_again() {
	local status=0
	xdpctl "${CHANGE[@]}" || status=$?
	[ "$status" = 0 ] || [ "$COMMAND $NOW $status" = "unload_one new 5" ] ||
		violation "the same command again exits with $status"
}

# Every other time "clean" comes before the command does it again, else that has to collect.
kill_at() {
	kill_before "$1" "$2" "${CHANGE[@]}" || violation "it was not killed" || return
	assert_whole || return
	if [ $((TRIED % 2)) = 0 ] && [ "$COMMAND" != clean ]; then
		xdpctl clean || violation "clean fails" || return
		case $COMMAND.$NOW in
		repair.old) ;; # what it needs is in the directory that is left: nothing to be collected
		*.old) assert_counts OLD_COUNTS || return ;;
		*.new) assert_counts NEW_COUNTS || return ;;
		esac
	fi
	assert_again || return
	look
	assert_state "$NEW" || return
	counts_become NEW_COUNTS && return
	xdpctl clean
	assert_counts NEW_COUNTS || return
	CLEANED=$((CLEANED + 1))
}

kill_everywhere() {
	COMMAND=$1 TRIED=0 CLEANED=0
	local call nth again='' list
	learn "$KILL_CALLS"
	mapfile -t list < <(choose_calls "$KILLS")
	for call in "${list[@]}"; do
		read -r call nth _ <<<"$call"
		WHERE="$COMMAND, killed at $call $nth"
		TRIED=$((TRIED + 1))
		go_back "$again"
		again=''
		kill_at "$call" "$nth" || again=1
	done
	echo "# $COMMAND: killed at $TRIED of its calls, $CLEANED times the garbage was left to clean" >&3
	[ ! -e "$VIOLATIONS" ]
}

@test "killed anywhere, the first load leaves nothing or a chain" { kill_everywhere load_first; }
@test "killed anywhere, the second load leaves the old chain or the new one" { kill_everywhere load_second; }
@test "killed anywhere, unload leaves the old chain or the new one" { kill_everywhere unload_one; }
@test "killed anywhere, the last unload leaves the chain or nothing" { kill_everywhere unload_last; }
@test "killed anywhere, repair leaves the chain as it was or whole" { kill_everywhere repair; }
@test "killed anywhere, clean leaves what is alive" { kill_everywhere clean; }

# ---- failures ----

# Errors that a call can meet.
errors_of() {
	case $1 in
	sendto | sendmsg | recvmsg) echo ENOBUFS EPERM EIO ;;
	mkdirat) echo ENOSPC EPERM ENOMEM ;;
	unlinkat) echo EPERM EIO ;;
	flock) echo ENOLCK EINTR ;;
	*) echo ENOMEM EPERM EIO ;;
	esac
}

# A sentence that says what was tried.
assert_message() {
	[[ $1 =~ ^xdpctl:\ .*[a-z]+\ [^:]+:\ .+ ]] || violation "it says only: $1"
}

fail_at() {
	local status=0 said=$BATS_TEST_TMPDIR/said
	fail_call "$1" "$2" "$3" "${CHANGE[@]}" 2>"$said" || status=$?
	assert_whole || return
	case $COMMAND.$NOW.$status in
	clean.* | *.new.0) ;;
	*.old.[1-6]) assert_message "$(<"$said")" || return ;;
	*) violation "exit status $status, but it runs the $NOW chain; $(<"$said")" || return ;;
	esac
	xdpctl clean || violation "clean fails" || return
	if [ "$NOW" = new ]; then
		assert_counts NEW_COUNTS
	else
		assert_counts OLD_COUNTS
	fi
}

fail_everywhere() {
	COMMAND=$1 TRIED=0
	local call nth again='' list error errors
	learn "$FAIL_CALLS"
	mapfile -t list < <(choose_calls "$FAILURES")
	for call in "${list[@]}"; do
		read -r call nth _ <<<"$call"
		read -ra errors < <(errors_of "$call")
		[ "${XDPCTL_KILL_ALL-}" ] || errors=("${errors[TRIED % ${#errors[@]}]}")
		for error in "${errors[@]}"; do
			WHERE="$COMMAND, $error from $call $nth"
			TRIED=$((TRIED + 1))
			go_back "$again"
			again=''
			fail_at "$call" "$nth" "$error" || again=1
		done
	done
	echo "# $COMMAND: $TRIED errors" >&3
	[ ! -e "$VIOLATIONS" ]
}

@test "the first load fails with the old state and says why, or succeeds" { fail_everywhere load_first; }
@test "the second load fails with the old chain and says why, or succeeds" { fail_everywhere load_second; }
@test "unload fails with the old chain and says why, or succeeds" { fail_everywhere unload_one; }
@test "the last unload fails with the old chain and says why, or succeeds" { fail_everywhere unload_last; }
@test "repair fails with the old state and says why, or succeeds" { fail_everywhere repair; }
@test "clean fails or succeeds, and leaves what is alive" { fail_everywhere clean; }
