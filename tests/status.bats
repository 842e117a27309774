#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# xdpctl status: every state an interface can be in, and what is pinned for whom.
#
# shellcheck disable=SC2154 # bats sets stderr

load helpers

setup() {
	sandbox_start
}

teardown() {
	sandbox_stop
}

# ---------------------------------------------------------------- states

@test "status of an interface without a program is empty" {
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	assert_json '.schema == 1 and .bpffs == "/sys/fs/bpf" and (.interfaces | length == 1) and
		(.interfaces[0] | del(.ifindex)) == {ifname: "v0", state: "empty", tracers: [], components: []}'
}

@test "status without a name shows all interfaces in the order of their indexes" {
	run --separate-stderr xdpctl status --json
	assert_status 0
	assert_json '([.interfaces[].ifname] | sort == ["lo", "v0", "v1"]) and ([.interfaces[].ifindex] | . == sort)'
}

@test "status shows the interfaces that are named, and no other" {
	run --separate-stderr xdpctl status v1 lo --json
	assert_status 0
	assert_json '[.interfaces[].ifname] == ["lo", "v1"]'
}

# shellcheck disable=SC2016 # jq expands
@test "status of a chain tells all there is to know" {
	xdpctl load v0 "$OBJ/counter.o,prio=7,actions=pass+tx" --owner guard
	# What each engine has for itself, of the chain and of a component.
	local chain_keys='["dispatcher_version"]' keys='["link_id", "link_pin"]' its='.link_pin == "\($dir)/prog0-link"'
	[ "$ENGINE" = freplace ] || chain_keys='["engine_why"]' keys='["called"]' its='.called == false'
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	assert_json '.interfaces[0] | keys - ["components", "device_bound", "engine", "frags",
		"function", "ifindex", "ifname", "mode", "pin_dir", "prog_id", "state", "tag", "tracers"] - '"$chain_keys"' == [] and
		.state == "chain" and .engine == "'"$ENGINE"'" and .function == "'"$MAIN"'" and .mode == "native" and
		.pin_dir == "'"$PIN_DIR"'-\(.ifindex)-\(.prog_id)" and
		.pin_dir as $dir | .components[0] | (keys - '"$keys"' == ["actions", "frags", "function", "health",
		"loaded_at", "map_ids", "name", "object", "owner", "priority", "prog_id", "prog_pin", "settings", "sha256",
		"slot", "tag", "uid"]) and ('"$keys"' - keys == []) and .health == "ok" and .slot == 0 and .priority == 7 and
		.actions == ["pass", "tx"] and '"$its"' and .prog_pin == "\($dir)/prog0-prog" and (.map_ids | length > 0) and
		.owner == "guard"'
}

@test "status shows the ids and the tag that the kernel knows" {
	xdpctl load v0 "$OBJ/pass.o"
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	local dispatcher prog link tag
	read -r dispatcher prog link tag <<<"$(jq -r '.interfaces[0] |
		"\(.prog_id) \(.components[0] | "\(.prog_id) \(.link_id) \(.tag)")"' <<<"$output")"
	[[ $(bpftool prog show id "$prog") == *" name xdp_pass  tag $tag "* ]]
	[ "$ENGINE" = fused ] || bpftool link show id "$link"
	[[ $(in_sandbox ip link show v0) == *"xdp"*"id $dispatcher "* ]]
}

@test "status of a foreign program names it" {
	foreign_start
	run --separate-stderr xdpctl status v0 --json --check
	assert_status 0
	assert_json '.interfaces[0] | .state == "foreign" and .function == "xdp_pass" and .mode == "native" and .prog_id > 0 and
		(.tag | length == 16) and .components == [] and (has("engine") | not)'
}

@test "status names the bpf_link that holds an attachment" {
	in_sandbox "$BUILD/tests/xdp_link" v0 "$OBJ/pass.o" "$BPFFS/lock"
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	assert_json '.interfaces[0] | .state == "foreign" and .link_id > 0'
}

@test "status reads a dispatcher of version 1" {
	requires_freplace # its stand-in makes such a chain
	in_sandbox "$BUILD/tests/attach_xdp" -c "$OBJ/pass.o" v0 "$OBJ/dispatcher_v1.o"
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	assert_json '.interfaces[0] | .state == "chain" and .dispatcher_version == 1 and names == "xdp_pass" and
		(.components[0] | .priority == 42 and .actions == ["drop", "pass"] and .health == "ok" and (has("owner") | not))'
}

@test "status of a dispatcher that is newer than we are says so" {
	in_sandbox "$BUILD/tests/attach_xdp" v0 "$BUILD/bpf/dispatcher_v3.bpf.o" 0=236 1=4 2=1
	run --separate-stderr xdpctl status v0 --json --check
	assert_status 7
	assert_json '.interfaces[0] | .state == "newer" and (.why | test("version 4"))'
}

@test "status of a chain without its pins is degraded, and says why" {
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o"
	in_sandbox sh -c "rm $PIN_DIR-*/prog1-prog"
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	local why="slot 1"
	[ "$ENGINE" = freplace ] || why="prog1-prog is missing"
	assert_json '.interfaces[0] | .state == "degraded" and (.why | test("'"$why"'")) and
		[.components[].health] == ["ok", "prog-unpinned"] and (.components[1] | has("prog_pin") | not)'
}

@test "status of a chain whose pins are under a bpffs that isn't here is degraded" {
	xdpctl load v0 "$OBJ/pass.o"
	run --separate-stderr nsenter --target "$SANDBOX" --net "$XDPCTL" status v0 --json
	assert_status 0
	assert_json '.interfaces[0] | .state == "degraded" and (.why | length > 0) and (has("pin_dir") | not)'
}

@test "status and load work where iproute2 has made bpffs/xdp a link" {
	in_sandbox sh -c "mkdir -m 0700 $BPFFS/tc && ln -s $BPFFS/tc $BPFFS/xdp"
	foreign_start
	run --separate-stderr xdpctl status v0 --json
	assert_status 0
	assert_json '.interfaces[0].state == "foreign"'
	run --separate-stderr xdpctl unload v0 --id "$(status_of v0 .prog_id)"
	assert_status 0
	run --separate-stderr xdpctl load v0 "$OBJ/pass.o"
	assert_status 0
	assert_iface v0 '.state == "chain"'
}

@test "status of a component without a record tells the same load time each time" {
	requires_freplace # its stand-in makes such a chain
	in_sandbox "$BUILD/tests/attach_xdp" -c "$OBJ/pass.o" v0 "$OBJ/dispatcher_v1.o"
	local times
	# shellcheck disable=SC2016 # sh expands
	times=$(in_sandbox sh -c 'for i in 1 2 3 4 5 6 7 8; do "$1" status v0 --json; sleep 0.1; done' sh "$XDPCTL" |
		jq -r '.interfaces[0].components[0].loaded_at')
	assert_equal "$(sort -u <<<"$times" | wc -l)" 1
}

# ---------------------------------------------------------------- exit status

@test "status --check is 0 when all is whole, and 7 when one is not" {
	xdpctl load v0 "$OBJ/pass.o"
	xdpctl load v1 "$OBJ/pass.o"
	run --separate-stderr xdpctl status --check
	assert_status 0
	in_sandbox sh -c "rm $PIN_DIR-$(status_of v1 .ifindex)-*/prog0-$PARTNER"
	run --separate-stderr xdpctl status --check
	assert_status 7
	run --separate-stderr xdpctl status v0 --check
	assert_status 0
}

@test "status of an unknown interface among known ones is not found" {
	run --separate-stderr xdpctl status lo nothere
	assert_status 5
	assert_equal "$output" ""
	assert_stderr '"nothere"'
}

# ---------------------------------------------------------------- who may read

@test "status without privileges shows what it can't read as a row that says why" {
	requires_command setpriv
	xdpctl load v0 "$OBJ/pass.o"
	run --separate-stderr in_sandbox setpriv --reuid 65534 --regid 65534 --clear-groups "$XDPCTL" status --json
	assert_status 0
	assert_json '[.interfaces[] | {key: .ifname, value: .}] | from_entries | .lo.state == "empty" and
		.v1.state == "empty" and .v0.state == "unreadable" and (.v0.why | length > 0) and .v0.prog_id > 0'
}

@test "status --check without privileges is not whole" {
	requires_command setpriv
	foreign_start
	run --separate-stderr in_sandbox setpriv --reuid 65534 --regid 65534 --clear-groups "$XDPCTL" status --check
	assert_status 7
}

# ---------------------------------------------------------------- for people

# The table $1 without what differs each time: ids and tags.
table() {
	sed -E -e 's/ +[0-9]+ [0-9a-f]{16}/ ID TAG/' -e 's/ +/ /g' -e 's/ $//' <<<"$1"
}

@test "status draws the chain as a tree of components in run order" {
	local info="freplace dispatcher version 2"
	[ "$ENGINE" = freplace ] || info=fused
	in_sandbox "$XDPCTL" load --engine "$ENGINE" v0 --owner guard --dispatcher-version 2 "$OBJ/several.o:beta,name=wall,prio=90,actions=none" "$OBJ/pass.o,prio=0"
	run --separate-stderr in_sandbox env LC_ALL=C "$XDPCTL" status v0
	assert_status 0
	assert_equal "$(table "$output")" "NAME STATE PRIO MODE ID TAG ACTIONS OWNER INFO
v0 chain native ID TAG $info
|-xdp_pass ok 0 native ID TAG pass guard
\`-wall ok 90 native ID TAG none guard function beta"
}

@test "status says empty and foreign in words" {
	foreign_start
	run --separate-stderr xdpctl status
	assert_status 0
	[[ $(table "$output") == *"v1 empty"* ]]
	[[ $(table "$output") == *"v0 foreign native ID TAG program xdp_pass"* ]]
}

@test "status --words lists what other commands can name" {
	xdpctl load v0 "$OBJ/pass.o"
	local ids
	ids=$(status_of v0 '"\(.prog_id) \(.components[0].prog_id)"')
	run --separate-stderr xdpctl status v0 --words
	assert_status 0
	assert_equal "$output" "attached ${ids% *}
id ${ids#* }
component xdp_pass"
}

# ---------------------------------------------------------------- pins

@test "status --pins of an empty bpffs is an empty list" {
	run --separate-stderr xdpctl status --pins --json
	assert_status 0
	# Some kernels have files of their own in it.
	assert_json '.schema == 1 and [.pins[] | select(.path | test("[.]debug$") | not)] == []'
}

@test "status --pins tells each pin's owner" {
	xdpctl load v0 "$OBJ/pass.o" "$OBJ/drop.o,prio=60"
	in_sandbox sh -c "mkdir $BPFFS/mine && bpftool map create $BPFFS/mine/theirs type array key 4 value 4 entries 1 name theirs"
	run --separate-stderr xdpctl status --pins --json
	assert_status 0
	assert_json '[.pins[].path] == ([.pins[].path] | sort) and
		([.pins[] | select(.belongs_to == "component") | [.type, .slot]] ==
			[["'"$PARTNER_TYPE"'", 0], ["prog", 0], ["'"$PARTNER_TYPE"'", 1], ["prog", 1]]) and
		([.pins[] | select(.belongs_to == "component").path | test("^'"$PIN_DIR"'-[0-9]+-[0-9]+/prog[01]-")] | all) and
		([.pins[] | select(.belongs_to == "chain") | [(.path | split("/")[-1]), .type, .slot]] ==
			['"${CHAIN_PIN:+[\"$CHAIN_PIN\", \"map\", null]}"']) and
		([.pins[] | select(.belongs_to == "record").path] | length > 0 and all(startswith("/sys/fs/bpf/xdpctl/"))) and
		([.pins[] | select(.belongs_to == "other" and (.path | test("[.]debug$") | not)) | [.path, .type, .name]] ==
			[["/sys/fs/bpf/mine/theirs", "map", "theirs"]])'
}

@test "status --pins names the interface and the dispatcher of a component's pin" {
	xdpctl load v0 "$OBJ/pass.o"
	local facts
	facts=$(status_of v0 '{ifindex, dispatcher: .prog_id, id: .components[0].prog_id}')
	run --separate-stderr xdpctl status --pins --json
	assert_status 0
	assert_json ".pins[] | select(.path | endswith(\"prog0-prog\")) | {ifindex, dispatcher, id} == $facts"
}

@test "status --pins calls the pins of a dispatcher that runs nowhere orphans" {
	xdpctl load v0 "$OBJ/pass.o"
	in_sandbox ip link set v0 xdp off
	run --separate-stderr xdpctl status --pins --json
	assert_status 0
	assert_json '[.pins[] | select(.path | startswith("'"$PIN_DIR"'-")).belongs_to] |
		length == '$((${CHAIN_PIN:+1} + 2))' and all(. == "orphan")'
}
