#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl load: what it makes, what it refuses, and when it changes nothing.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

# ---------------------------------------------------------------- chains

@test "load makes a chain of one" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 0
	assert_equal "$stderr" ""
	assert_iface v0 '.state == "chain" and names == "xdp_pass" and .mode == "native" and .engine == "'"$ENGINE"'" and .function == "'"$MAIN"'"'
}

@test "load says in one sentence that this kernel has no freplace" {
	[ "$(kernel_feature freplace)" = no ] || skip "this kernel has freplace"
	remember
	run --separate-stderr in_sandbox "$XDPCTL" load --engine freplace v0 "$OBJ/pass.o"
	assert_status 6
	assert_stderr "Operation not permitted"
	assert_unchanged
}

@test "load takes freplace where it works, and else fuses and says why" {
	run --separate-stderr in_sandbox "$XDPCTL" load --engine auto v0 "$OBJ/pass.o"
	assert_status 0
	if [ "$(kernel_feature freplace)" = no ]; then
		assert_iface v0 '.engine == "fused" and (.engine_why | test("^freplace doesn.t work here: .+"))'
	else
		assert_iface v0 '.engine == "freplace" and (has("engine_why") | not)'
	fi
}

@test "load links a single component over the dispatcher's main function" {
	requires_freplace
	requires_kernel 5.13 # before, links don't tell their target
	xdpctl load v0 "$OBJ/pass.o"
	run --separate-stderr in_sandbox "$BUILD/tests/oracle" v0
	assert_status 0
	[[ $output == *"slots 1 verdict 2"*"xdp_dispatcher xdp_pass "* ]]
}

@test "load adds three programs of three objects in one change" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o" "$OBJ/counter.o" --json
	assert_status 0
	assert_json '.schema == 1 and .run == "do" and .changed and .mode == "native" and .attempts == 1'
	assert_json '[.steps[] | select(.commits).name] == ["swap"] and .notes == []'
	assert_json '.chain.state == "chain" and (.chain.components | length == 3 and all(.prog_id > 0 and .health == "ok"))'
}

@test "load orders components by priority, equal ones by name" {
	xdpctl load v0 "$OBJ/pass.o,name=last,prio=70" "$OBJ/several.o:beta" "$OBJ/several.o:alpha" "$OBJ/drop.o,prio=0"
	assert_iface v0 'names == "xdp_drop alpha beta last" and [.components[].priority] == [0, 50, 50, 70]'
}

@test "load puts a component between those that are there, and leaves them loaded" {
	xdpctl load v0 "$OBJ/pass.o,prio=10" "$OBJ/drop.o,prio=30"
	local before
	before=$(status_of v0 '[.components[] | {name, prog_id, loaded_at}]')
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o,prio=20"
	assert_status 0
	assert_iface v0 'names == "xdp_pass counter xdp_drop"'
	assert_iface v0 "([.components[] | {name, prog_id, loaded_at}] - [.components[1] | {name, prog_id, loaded_at}]) == $before"
}

@test "load of a second object that fails leaves nothing" {
	local objects
	objects=$(kernel_objects)
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o" "$OBJ/bad_verifier.o" "$OBJ/pass.o"
	assert_status 1
	assert_unchanged
	assert_no_new_objects "$objects"
}

@test "load of a second object that fails leaves the old chain running" {
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/counter.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" "$OBJ/bad_verifier.o"
	assert_status 1
	assert_unchanged
}

# chain_pins DIR N: what there has to be of a chain of N components, sorted.
chain_pins() {
	local i pins=("$1")
	[ -z "$CHAIN_PIN" ] || pins+=("$1/$CHAIN_PIN")
	for ((i = 0; i < $2; i++)); do pins+=("$1/prog$i-$PARTNER" "$1/prog$i-prog"); done
	echo "${pins[*]}"
}

@test "load replaces the old dispatcher's pins by the new one's" {
	xdpctl load v0 "$OBJ/pass.o"
	xdpctl load v0 "$OBJ/drop.o"
	local ifindex id
	ifindex=$(status_of v0 .ifindex)
	id=$(status_of v0 .prog_id)
	assert_equal "$(in_sandbox sh -c "cd ${PIN_DIR%/*} && find . -mindepth 1 ! -name components -printf '%P\n'" | sort | xargs)" \
		"$(chain_pins "${PIN_DIR##*/}-$ifindex-$id" 2)"
}

@test "load makes directories and pins that only root can use" {
	xdpctl load v0 "$OBJ/pass.o"
	assert_equal "$(in_sandbox find "$BPFFS" -mindepth 1 -type d ! -perm 0700)" ""
	assert_equal "$(in_sandbox find "$BPFFS/xdp" "$BPFFS/xdpctl" -type f ! -perm 0600)" ""
}

@test "load takes as many components as the engine can, and refuses one more naming the limit" {
	local objects=() i
	for ((i = 1; i < LIMIT; i++)); do objects+=("$OBJ/pass.o,name=p$i"); done
	xdpctl load v0 "${objects[@]}"
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,name=last"
	assert_status 0
	assert_iface v0 ".state == \"chain\" and (.components | length == $LIMIT)"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,name=beyond"
	assert_status 3
	assert_stderr "\"beyond\" would be component $((LIMIT + 1)) of v0, $LIMIT_WORD is the limit"
	assert_unchanged
}

# ---------------------------------------------------------------- what describes a component

@test "load takes priority, actions and name from the operand" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o,prio=7,actions=pass+drop,name=guard"
	assert_status 0
	assert_iface v0 '.components[0] | .name == "guard" and .function == "xdp_pass" and .priority == 7 and
		.actions == ["drop", "pass"]'
}

@test "load takes priority and actions from the options, unless an operand says otherwise" {
	run --separate-stderr xdpctl load v0 --prio 9 --actions XDP_TX,aborted "$OBJ/pass.o" "$OBJ/drop.o,prio=8,actions=redirect"
	assert_status 0
	assert_iface v0 '[.components[] | [.name, .priority, .actions]] ==
		[["xdp_drop", 8, ["redirect"]], ["xdp_pass", 9, ["aborted", "tx"]]]'
}

@test "load takes 0 and none as values" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --prio 0 --actions none
	assert_status 0
	assert_iface v0 '.components[0] | .priority == 0 and .actions == []'
}

@test "load gives a component priority 50 and the action pass by default" {
	xdpctl load v0 "$OBJ/pass.o"
	assert_iface v0 '.components[0] | .priority == 50 and .actions == ["pass"]'
}

@test "load reads priority and actions from the object's run config, zeros too" {
	run --separate-stderr xdpctl load v0 "$OBJ/prio_meta.o" "$OBJ/zero_meta.o"
	assert_status 0
	assert_iface v0 '[.components[] | [.name, .priority, .actions]] ==
		[["zero_meta", 0, []], ["prio_meta", 30, ["drop", "pass"]]]'
}

@test "load lets the user overrule the object's run config" {
	run --separate-stderr xdpctl load v0 "$OBJ/prio_meta.o" --prio 0 --actions none
	assert_status 0
	assert_iface v0 '.components[0] | .priority == 0 and .actions == []'
}

@test "load chooses a program by its name, its section, or behind the file's name" {
	xdpctl load v0 "$OBJ/several.o" --prog alpha
	xdpctl load v0 "$OBJ/several.o" --section xdp.frags
	run --separate-stderr xdpctl load v0 "$OBJ/several.o:beta"
	assert_status 0
	assert_iface v0 'names == "alpha beta gamma_frags"'
}

@test "load names components after their functions in full, beyond what the kernel keeps" {
	run --separate-stderr xdpctl load v0 "$OBJ/long_name.o:count_everything_that_arrives" \
		"$OBJ/long_name.o:count_everything_again"
	assert_status 0
	assert_iface v0 'names == "count_everything_again count_everything_that_arrives"'
}

@test "load sets the variables of each program" {
	run --separate-stderr xdpctl load v0 --set verdict=XDP_TX "$OBJ/counter.o,name=a,set=key=7,actions=tx" \
		"$OBJ/counter.o,name=b,set=verdict=XDP_DROP"
	assert_status 0
	assert_equal "$(verdict_of v0)" 1
	assert_equal "$(counted v0 a 7) $(counted v0 b 0)" "1 1"
}

@test "load records where a component came from" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --owner guard
	assert_status 0
	local sum
	sum=$(sha256sum "$OBJ/pass.o")
	assert_iface v0 '.components[0] | .owner == "guard" and .uid == 0 and .object == "'"$(realpath "$OBJ")/pass.o"'" and
		.sha256 == "'"${sum%% *}"'" and (.settings | test("^[0-9a-f]{64}$")) and
		(now - (.loaded_at | fromdate) | . > -2 and . < 60)'
}

@test "load --verbose prints the steps that were taken" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --verbose
	assert_status 0
	assert_equal "$(awk '/^ *[0-9]+ /{ print $2 }' <<<"$output" | xargs)" \
		"$BUILDING record-component swap confirm"
}

# ---------------------------------------------------------------- maps

@test "load shares a map that objects pin by name" {
	xdpctl load v0 "$OBJ/shared_map.o"
	run --separate-stderr xdpctl load v0 "$OBJ/shared_map2.o"
	assert_status 0
	assert_iface v0 '.components | length == 2 and (.[0].map_ids | length == 1) and .[0].map_ids == .[1].map_ids'
	in_sandbox test -e "$BPFFS/xdpctl_shared"
}

@test "load shares a map that two objects of one call pin by name" {
	run --separate-stderr xdpctl load v0 "$OBJ/shared_map.o" "$OBJ/shared_map2.o"
	assert_status 0
	assert_iface v0 '.components[0].map_ids == .components[1].map_ids'
}

@test "load refuses an object whose map has another shape than the pinned one" {
	xdpctl load v0 "$OBJ/shared_map.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/shared_map_other.o"
	assert_status 1
	assert_stderr xdpctl_shared
	assert_unchanged
}

@test "load takes the map pins back when it fails" {
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/shared_map.o" "$OBJ/bad_verifier.o"
	assert_status 1
	assert_unchanged
}

@test "load --pin-maps shares maps through a directory, which stays the user's" {
	in_sandbox mkdir -m 0700 "$BPFFS/maps"
	run --separate-stderr xdpctl load v0 --pin-maps "$BPFFS/maps" "$OBJ/shared_map.o" "$OBJ/shared_map2.o"
	assert_status 0
	assert_iface v0 '.components[0].map_ids == .components[1].map_ids'
	assert_equal "$(in_sandbox find "$BPFFS/maps" "$BPFFS/xdpctl_shared" 2>/dev/null | xargs)" "$BPFFS/maps $BPFFS/maps/xdpctl_shared"
	xdpctl unload v0 --all
	in_sandbox test -e "$BPFFS/maps/xdpctl_shared"
}

# ---------------------------------------------------------------- attach modes

@test "load --mode skb attaches in skb mode" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --mode skb
	assert_status 0
	assert_iface v0 '.mode == "skb"'
	in_sandbox ip link show v0 | grep -q xdpgeneric
}

@test "load --mode auto takes native mode where there is one" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --mode auto --json
	assert_status 0
	assert_json '.mode == "native" and .attempts == 1'
}

@test "load --mode auto takes skb mode on lo, and says so" {
	run --separate-stderr xdpctl load lo "$OBJ/pass.o" --mode auto
	assert_status 0
	[[ $output == *"in skb mode"* ]]
	assert_iface lo '.state == "chain" and .mode == "skb"'
}

@test "load takes no other mode than native unless it is asked for" {
	remember
	run --separate-stderr xdpctl load lo "$OBJ/pass.o"
	assert_status 6
	assert_stderr "no native XDP"
	assert_stderr "--mode skb"
	assert_unchanged
}

@test "load --mode hw is not supported for a dispatcher" {
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --mode hw
	assert_status 6
	assert_unchanged
}

@test "load in skb mode over a native chain is refused" {
	xdpctl load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --mode skb
	assert_status 3
	assert_stderr "native mode"
	assert_unchanged
}

@test "load in native mode over an skb chain is refused" {
	xdpctl load v0 "$OBJ/pass.o" --mode skb
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o"
	assert_status 3
	assert_stderr "skb mode"
	assert_unchanged
}

@test "load --mode auto keeps the mode of the chain that is there" {
	xdpctl load v0 "$OBJ/pass.o" --mode skb
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --mode auto
	assert_status 0
	assert_iface v0 '.mode == "skb" and names == "xdp_drop xdp_pass"'
}

# ---------------------------------------------------------------- frags

@test "load makes a dispatcher with frags when all components have them" {
	requires_frags
	run --separate-stderr xdpctl load v0 "$OBJ/frags.o" "$OBJ/several.o:gamma_frags"
	assert_status 0
	assert_iface v0 '.frags and ([.components[].frags] | all)'
}

@test "load of a component without frags takes them from the dispatcher, its unload brings them back" {
	requires_frags
	xdpctl load v0 "$OBJ/frags.o"
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 0
	assert_iface v0 '(.frags | not) and [.components[].frags] == [true, false]'
	xdpctl unload v0 xdp_pass
	assert_iface v0 .frags
}

@test "load takes frags components on an interface whose packets have several buffers" {
	requires_frags
	in_sandbox ip link set v1 mtu 9000
	run --separate-stderr xdpctl load v0 "$OBJ/frags.o"
	assert_status 0
	assert_iface v0 '.state == "chain" and .frags'
}

@test "load refuses a component without frags on such an interface, and the old chain stays" {
	requires_frags
	in_sandbox ip link set v1 mtu 9000
	xdpctl load v0 "$OBJ/frags.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 6
	assert_stderr MTU
	assert_stderr frags
	assert_unchanged
}

@test "load --frags on and off overrule the section" {
	requires_frags
	run --separate-stderr xdpctl load v0 "$OBJ/frags.o,frags=off" "$OBJ/pass.o,frags=on"
	assert_status 0
	assert_iface v0 '[.components[] | [.name, .frags]] == [["frags_pass", false], ["xdp_pass", true]]'
}

@test "load of a frags object on a kernel without frags works, with a note" {
	[ "$(kernel_feature frags)" = no ] || skip "this kernel has XDP frags"
	run --separate-stderr xdpctl load v0 "$OBJ/frags.o"
	assert_status 0
	assert_stderr "note: "
	assert_stderr frags_pass
	assert_iface v0 '.state == "chain" and (.frags | not)'
}

# ---------------------------------------------------------------- dispatcher versions

@test "load writes the dispatcher version that is asked for" {
	requires_freplace
	xdpctl load v0 "$OBJ/pass.o" --dispatcher-version 3
	run --separate-stderr xdpctl load v1 "$OBJ/pass.o" --dispatcher-version 2
	assert_status 0
	run --separate-stderr xdpctl status v0 v1 --json
	assert_json '[.interfaces[].dispatcher_version] | sort == [2, 3]'
}

@test "load writes the version of the installed libxdp by default" {
	requires_freplace
	local object=/usr/lib/x86_64-linux-gnu/bpf/xdp-dispatcher.o installed=2
	[ ! -f $object ] || installed=$(bpftool btf dump file $object | awk '
		/^\[/ { id = substr($1, 2) + 0 }
		/^\[.* ARRAY / { sub(/.*nr_elems=/, ""); elements[id] = $0 }
		/^\[.* PTR / { sub(/.*type_id=/, ""); target[id] = $0 }
		/^\[.* VAR .dispatcher_version/ { sub(/.*type_id=/, ""); print elements[target[$1 + 0]] }')
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 0
	assert_iface v0 ".dispatcher_version == $installed"
}

@test "load keeps the version that it finds, unless it is told otherwise" {
	requires_freplace
	local other=3 kept
	xdpctl load v0 "$OBJ/pass.o" --dispatcher-version $other
	xdpctl load v0 "$OBJ/drop.o"
	kept=$(status_of v0 .dispatcher_version)
	run --separate-stderr xdpctl load v0 "$OBJ/counter.o" --dispatcher-version 2
	assert_status 0
	assert_equal "$kept $(status_of v0 '.dispatcher_version')" "$other 2"
}

@test "load doesn't write version 1 on its own, and says what would" {
	requires_freplace
	requires_kernel 5.13 # the dispatcher was made by hand: its link must tell its target
	in_sandbox "$BUILD/tests/attach_xdp" -c "$OBJ/pass.o" v0 "$OBJ/dispatcher_v1.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o"
	assert_status 3
	assert_stderr "version 1"
	assert_stderr "--dispatcher-version"
	assert_unchanged
}

@test "load --dispatcher-version replaces a dispatcher of version 1 and keeps its component" {
	requires_freplace
	in_sandbox "$BUILD/tests/attach_xdp" -c "$OBJ/pass.o" v0 "$OBJ/dispatcher_v1.o"
	local id
	id=$(status_of v0 '.components[0].prog_id')
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --dispatcher-version 2
	assert_status 0
	assert_iface v0 '.state == "chain" and .dispatcher_version == 2 and names == "xdp_pass xdp_drop"'
	assert_iface v0 '.components[0] | .prog_id == '"$id"' and .priority == 42 and .actions == ["drop", "pass"]'
}

# ---------------------------------------------------------------- what is there already

@test "load of what is there already succeeds and changes nothing" {
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/prio_meta.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" "$OBJ/prio_meta.o" --json
	assert_status 0
	assert_json '.changed == false and .steps == []'
	assert_unchanged
}

# Whether the monitor sees another event, which is made for it.
makes_event() {
	in_sandbox ip link set lo mtu $((mtu++))
	[ -s "$events" ]
}

@test "load of what is there already is no event on the interface" {
	xdpctl load v0 "$OBJ/pass.o"
	local events=$BATS_TEST_TMPDIR/events
	in_sandbox timeout 60 ip monitor link >"$events" 3>&- &
	local mtu=65000
	wait_until makes_event
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 0
	in_sandbox ip link set lo mtu 60000
	wait_until grep -q 'mtu 60000' "$events"
	kill $!
	assert_equal "$(grep -c v0 "$events")" 0
}

@test "load adds only what is not there yet" {
	xdpctl load v0 "$OBJ/pass.o"
	local id
	id=$(status_of v0 '.components[0].prog_id')
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o"
	assert_status 0
	assert_iface v0 "names == \"xdp_drop xdp_pass\" and .components[1].prog_id == $id"
}

@test "load of other content under a name that is there is refused, with a hint" {
	xdpctl load v0 "$OBJ/pass.o,name=guard"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o,name=guard"
	assert_status 3
	assert_stderr '"guard"'
	assert_stderr replace
	assert_unchanged
}

@test "load with another variable, priority or action under a name that is there is refused" {
	xdpctl load v0 "$OBJ/counter.o,set=key=1,prio=5"
	remember
	local other
	for other in set=key=2,prio=5 set=key=1,prio=6 set=key=1,prio=5,actions=none; do
		run --separate-stderr xdpctl load v0 "$OBJ/counter.o,$other"
		assert_status 3
	done
	assert_unchanged
}

@test "load of the same program under another name makes a second component" {
	xdpctl load v0 "$OBJ/pass.o"
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --name other
	assert_status 0
	assert_iface v0 '(names | split(" ") | sort) == ["other", "xdp_pass"]'
}

@test "load refuses a foreign program, and says how it could go" {
	foreign_start
	remember
	local id
	id=$(status_of v0 .prog_id)
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o"
	assert_status 3
	assert_stderr "xdp_pass"
	assert_stderr "xdpctl unload v0 --id $id"
	assert_unchanged
}

@test "load refuses an attachment that a bpf_link holds" {
	in_sandbox "$BUILD/tests/xdp_link" v0 "$OBJ/pass.o" "$BPFFS/lock"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o"
	assert_status 3
	assert_stderr bpf_link
	assert_unchanged
}

# ---------------------------------------------------------------- expectations

@test "load --expect none takes an empty interface only" {
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --expect none
	assert_status 0
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --expect none
	assert_status 4
	assert_unchanged
}

@test "load --expect takes the dispatcher's id only" {
	xdpctl load v0 "$OBJ/pass.o"
	remember
	local id
	id=$(status_of v0 .prog_id)
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --expect $((id + 1))
	assert_status 4
	assert_stderr "expected to run program $((id + 1))"
	assert_unchanged
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --expect "$id"
	assert_status 0
}

@test "load --expect with an id refuses an empty interface" {
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" --expect 1
	assert_status 4
	assert_unchanged
}

# ---------------------------------------------------------------- without doing it

@test "load --dry-run prints the plan and the chain, and changes nothing" {
	xdpctl load v0 "$OBJ/pass.o"
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o,prio=1" --dry-run
	assert_status 0
	[[ $output == *"nothing changed"* ]]
	[[ $output == *${BUILDING// /*}*swap*"(commit point)"*unpin-old* ]]
	[[ $output == *"and then"*v0*xdp_drop*xdp_pass* ]]
	assert_unchanged
}

@test "load --dry-run --json is the plan with exactly one commit point" {
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" "$OBJ/pass.o,prio=1" --dry-run --json
	assert_status 0
	assert_json '.run == "dry-run" and .changed == false and ([.steps[] | select(.commits)] | length == 1) and
		(.chain | names == "xdp_pass xdp_drop")'
	assert_unchanged
}

@test "load prints the very steps that its dry run announced" {
	local plan
	plan=$(xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o" --dry-run --json | jq -c .steps)
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o" --json
	assert_status 0
	assert_json ".steps == $plan"
}

@test "load --check lets the verifier judge a good program, and leaves nothing" {
	xdpctl load v0 "$OBJ/pass.o"
	local objects
	objects=$(kernel_objects)
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/drop.o" "$OBJ/shared_map.o" --check --json
	assert_status 0
	assert_json '.run == "check" and .changed == false'
	assert_unchanged
	assert_no_new_objects "$objects"
}

@test "load --check refuses what the verifier refuses" {
	remember
	run --separate-stderr xdpctl load v0 "$OBJ/bad_verifier.o" --check
	assert_status 1
	assert_stderr "invalid access to packet"
	assert_unchanged
}

# ---------------------------------------------------------------- the command's surroundings

@test "load uses the bpffs of --bpffs, and of LIBXDP_BPFFS" {
	local other=$BATS_TEST_TMPDIR/bpffs
	mkdir "$other"
	in_sandbox mount -t bpf bpf "$other" -o mode=0700
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --bpffs "$other"
	assert_status 0
	run --separate-stderr in_sandbox env LIBXDP_BPFFS="$other" "$XDPCTL" status v0 --json
	assert_status 0
	assert_json ".bpffs == \"$other\" and .interfaces[0].state == \"chain\""
	assert_equal "$(in_sandbox find "$BPFFS" -mindepth 1 ! -name '*.debug')" ""
}

@test "load --mount-bpffs mounts one where there is none" {
	in_sandbox sh -c "while umount $BPFFS 2>/dev/null; do :; done"
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o" --mount-bpffs
	assert_status 0
	assert_iface v0 '.state == "chain"'
	assert_equal "$(in_sandbox stat -f -c %T "$BPFFS")" bpf_fs
}

@test "load finishes when nobody reads its output, and exits with 1" {
	run --separate-stderr bash -c "nsenter --target $SANDBOX --mount --net -- '$XDPCTL' load --engine $ENGINE v0 '$OBJ/pass.o' --verbose | true
		exit \${PIPESTATUS[0]}"
	assert_status 1
	assert_iface v0 '.state == "chain"'
}
