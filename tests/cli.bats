#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the command line itself does: no root, no kernel feature, nothing is attached anywhere.
#
# shellcheck disable=SC2016,SC2154 # bash -c expands; run sets stderr_lines

bats_require_minimum_version 1.8.0 # tags
load helpers

# bats file_tags=host

export XDPCTL LC_ALL=C
unset LIBXDP_BPFFS
# The lab's guests have no other locale.
[ "$(LC_ALL=C.UTF-8 bash -c 's=é; echo ${#s}' 2>/dev/null)" != 1 ] || LC_ALL=C.UTF-8

requires_utf8() {
	[ "$LC_ALL" = C.UTF-8 ] || skip "needs the locale C.UTF-8"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >plain.o
	[[ $XDPCTL == /* ]] || XDPCTL=$OLDPWD/$XDPCTL
}

# fails STATUS TEXT ARG...: exits so, says TEXT on stderr in the first line, and nothing on stdout.
fails() {
	local status_wanted=$1 text=$2
	shift 2
	run --separate-stderr "$XDPCTL" "$@"
	assert_status "$status_wanted"
	[ -z "$output" ]
	[[ ${stderr_lines[0]} == "xdpctl: "*"$text"* ]] || {
		printf 'wanted: %s\ngot: %s\n' "$text" "$stderr" >&2
		return 1
	}
}

# words KIND [COMMAND]: what help --words has of that kind, arguments left out.
words() {
	"$XDPCTL" help --words "${@:2}" | awk -v kind="$1" '$1 == kind { print $2 }'
}

# man_page: as one line of text.
man_page() {
	mandoc -T ascii "$TOP/man/xdpctl.8" 2>/dev/null | col -bx | tr -s '[:space:]' ' '
}

# candidates LINE: what completes it, one per line.
candidates() {
	# shellcheck disable=SC1091
	source "$TOP/bash-completion/xdpctl"
	local COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	_xdpctl
	printf '%s\n' "${COMPREPLY[@]}"
}

# ---------------------------------------------------------------- help and version

@test "without arguments, usage goes to stderr and the status is 2" {
	run --separate-stderr "$XDPCTL"
	assert_status 2
	[ -z "$output" ]
	[[ ${stderr_lines[0]} == "Usage: xdpctl "* ]]
}

@test "help prints every command on stdout" {
	run --separate-stderr "$XDPCTL" help
	assert_status 0
	[ -z "$stderr" ]
	for command in $(words command); do
		[[ $output == *"  $command "* ]]
	done
}

@test "--help and -h are help" {
	[ "$("$XDPCTL" --help)" = "$("$XDPCTL" help)" ]
	[ "$("$XDPCTL" -h)" = "$("$XDPCTL" help)" ]
}

@test "help COMMAND and COMMAND --help are the same" {
	for command in $(words command); do
		[ "$("$XDPCTL" help "$command")" = "$("$XDPCTL" "$command" --help)" ]
	done
}

@test "help COMMAND names every option of the command" {
	for command in $(words command); do
		run "$XDPCTL" help "$command"
		for option in $(words option "$command"); do
			[[ $output == *" $option"[\ ,$'\n']* ]]
		done
	done
}

@test "help fits into 80 columns" {
	for command in help $(words command); do
		run "$XDPCTL" "$command" --help
		assert_status 0
		for line in "${lines[@]}"; do
			((${#line} <= 80))
		done
	done
}

@test "help for an unknown command is a usage error" {
	fails 2 'unknown command "bogus"' help bogus
}

@test "version, --version and -V are the same line" {
	run --separate-stderr "$XDPCTL" version
	assert_status 0
	[[ $output =~ ^xdpctl\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$("$XDPCTL" --version)" = "$output" ]
	[ "$("$XDPCTL" -V)" = "$output" ]
	[ "$("$XDPCTL" load --version)" = "$output" ]
}

# ---------------------------------------------------------------- commands and options

@test "an unknown command is named, with a hint" {
	fails 2 'unknown command "frobnicate"' frobnicate
	[[ ${stderr_lines[1]} == *"try 'xdpctl help'" ]]
}

@test "an empty command is unknown" {
	fails 2 'unknown command ""' ''
}

@test "an unambiguous beginning of a command will do" {
	[ "$("$XDPCTL" ver)" = "$("$XDPCTL" version)" ]
	fails 2 "load: IFACE is missing" l
	fails 2 "unload: IFACE is missing" u
}

@test "an unknown option is named, with a hint at the command's help" {
	fails 2 'unknown option "--bogus"' load --bogus
	[[ ${stderr_lines[1]} == *"try 'xdpctl help load'" ]]
}

@test "an unknown letter is named" {
	fails 2 'unknown option "-q"' load -q
}

@test "an unambiguous beginning of an option will do, an ambiguous one is refused" {
	fails 2 '--mode: "x" is none of' load --mod x
	fails 2 'ambiguous option "--pr"' load --pr x
}

@test "an option before the command is a usage error" {
	fails 2 'unknown option "--json-lines" before the command' --json-lines status
}

@test "an option without its argument is a usage error" {
	fails 2 'option "--prio" needs an argument' load --prio
	fails 2 'option "--mode" needs an argument' load -m
}

@test "a flag with an argument is a usage error" {
	fails 2 'option "--verbose" takes no argument' load --verbose=yes
}

@test "options may follow operands" {
	fails 2 '--prio: "x" is not a number' load lo plain.o --prio x
}

@test "after -- everything is an operand" {
	fails 2 'clean: nothing is expected at "--dry-run"' clean -- --dry-run
}

@test "missing operands are named" {
	fails 2 "load: IFACE is missing" load
	fails 2 "load: OBJECT is missing" load lo
	fails 2 "unload: IFACE is missing" unload
	fails 2 "NAME, --id or --all is missing" unload lo
	fails 2 "repair: IFACE is missing" repair
	fails 2 "convert: IFACE is missing" convert
	fails 2 "features: IFACE is missing" features
}

@test "operands that are too many are named" {
	fails 2 'clean: nothing is expected at "lo"' clean lo
	fails 2 'repair: nothing is expected at "b"' repair a b
	fails 2 'version: nothing is expected at "x"' version x
}

# ---------------------------------------------------------------- values

@test "numbers are digits and nothing else" {
	for bad in 10abc '' -1 +1 ' 1' '1 ' 0x10 1.5 4294967296 99999999999999999999999; do
		fails 2 "--prio: \"$bad\" is not a number from 0 to 4294967295" load --prio "$bad" lo plain.o
	done
}

@test "a program id is a number, not 0" {
	for bad in 10abc '' -1 0 4294967296; do
		fails 2 "--id: \"$bad\" is not a number from 1 to 4294967295" unload --id "$bad" lo
	done
}

@test "--expect takes none or an id" {
	for bad in 10abc '' 0 nothing; do
		fails 2 "--expect: \"$bad\" is neither" load --expect "$bad" lo plain.o
	done
}

@test "--lock-timeout takes seconds with up to three decimals" {
	for bad in '' x 1. .5 1.2345 -1 86400.001 1e3 99999999999999999999; do
		fails 2 "--lock-timeout: \"$bad\" is not a number of seconds" clean --lock-timeout "$bad"
	done
	for good in 0 10 0.25 86400; do
		fails 2 "nothing is expected" clean --lock-timeout "$good" x
	done
}

@test "an unknown mode is named, and the known ones" {
	fails 2 '--mode: "turbo" is none of native, skb, hw, auto' load --mode turbo lo plain.o
	fails 2 '--mode: "none" is none of' load --mode none lo plain.o
}

@test "an unknown engine is named, and the known ones" {
	fails 2 '--engine: "turbo" is none of auto, freplace, fused' load --engine turbo lo plain.o
	fails 2 '--engine: "" is none of' load -e '' lo plain.o
	fails 2 '--engine: "turbo" is none of' convert -e turbo lo
}

@test "convert wants to know the engine, and auto is none" {
	fails 2 'to which engine? --engine freplace, or fused' convert lo
	fails 2 '"auto" is none of freplace, fused' convert --engine auto lo
	[[ ${stderr_lines[1]} == *"try 'xdpctl help convert'" ]]
}

@test "an unknown chain action is named" {
	fails 2 'fly' load --actions pass+fly lo plain.o
	fails 2 '--actions: ' load --actions '' lo plain.o
	fails 2 '--actions: ' load --actions pass+ lo plain.o
}

@test "--frags and --dispatcher-version take their words only" {
	fails 2 '--frags: "yes" is none of auto, on, off' load --frags yes lo plain.o
	fails 2 '--dispatcher-version: "1" is none of auto, 2, 3' load --dispatcher-version 1 lo plain.o
}

@test "--set wants VAR=VALUE" {
	fails 2 '--set: "x" is not VAR=VALUE' load --set x lo plain.o
	fails 2 '--set: "=1" is not VAR=VALUE' load --set =1 lo plain.o
}

@test "names are neither empty nor longer than 63 bytes" {
	fails 2 '--name: must not be empty' load --name '' lo plain.o
	fails 2 '--name: must not be longer than 63 bytes' load --name "$(printf '%064d' 0)" lo plain.o
	fails 2 '--owner: must not be empty' load --owner '' lo plain.o
}

@test "--dry-run and --check exclude each other" {
	fails 2 "--dry-run and --check exclude each other" load --dry-run --check lo plain.o
	fails 2 "--dry-run and --check exclude each other" unload --dry-run --check lo x
	fails 2 "--dry-run and --check exclude each other" repair --dry-run --check lo
	fails 2 "--dry-run and --check exclude each other" convert --dry-run --check -e fused lo
}

@test "--all goes with neither names nor ids" {
	fails 2 "--all leaves nothing to name" unload --all lo x
	fails 2 "--all leaves nothing to name" unload --all --id 1 lo
}

@test "--prog and --section exclude each other" {
	fails 2 "--prog and --section exclude each other" load -n a -s b lo plain.o
}

@test "status --pins takes no interface and no --check" {
	fails 2 "--pins lists all of bpffs" status --pins lo
	fails 2 "--pins lists all of bpffs" status --pins --check
}

# ---------------------------------------------------------------- objects

@test "an object's program must have a name" {
	fails 2 '"a.o:": no program'"'"'s name' load lo a.o:
}

@test "an object must have a file" {
	fails 2 '": no object file'"'"'s name' load lo :prog
	fails 2 '": no object file'"'"'s name' load lo ,prio=1
	fails 2 '": no object file'"'"'s name' load lo ''
}

@test "an object's key must be known and have a value" {
	fails 2 'unknown key "speed"' load lo plain.o,speed=1
	fails 2 'unknown key "mode"' load lo plain.o,mode=skb
	fails 2 '"prio" is not KEY=VALUE' load lo plain.o,prio
	fails 2 '"" is not KEY=VALUE' load lo plain.o,
}

@test "an object's values are as strict as an option's" {
	fails 2 '"plain.o,prio=10abc": prio: "10abc" is not a number' load lo plain.o,prio=10abc
	fails 2 'prio: "" is not a number' load lo plain.o,prio=
	fails 2 'actions: ' load lo plain.o,actions=fly
	fails 2 'name: must not be empty' load lo plain.o,name=
}

@test "an object's actions are joined by a plus" {
	fails 2 '"drop" is not KEY=VALUE (actions are joined by' load lo plain.o,actions=pass,drop
}

@test "an object chooses by program or by section" {
	fails 2 "a program and a section" load lo plain.o:prog,section=xdp
}

@test "a name twice in one call is a usage error" {
	fails 2 'two programs are called "x"' load lo a.o,name=x b.o,name=x
	fails 2 'two programs are called "x"' load lo a.o:x b.o,name=x
	fails 2 'two programs are called "x"' load --prog x lo a.o b.o
	fails 2 '--name is for one object' load --name x lo a.o b.o
}

@test "a file with a colon in its name is a file if it exists" {
	: >with:colon
	fails 2 '"with:colon,name=": name: must not be empty' load lo with:colon,name=
	# Were "colon" the program of both, its name would be there twice.
	: >other:colon
	run --separate-stderr "$XDPCTL" load no-such-iface with:colon other:colon
	assert_status 5
}

@test "a backslash takes the meaning from a comma and a colon" {
	run --separate-stderr "$XDPCTL" load no-such-iface 'a\,b.o' 'c\:d.o' 'e\:d.o'
	assert_status 5
}

@test "every option that describes a program is a key of an object" {
	for key in $(words key load); do
		[[ $(words option load) == *"--$key"* ]]
		run "$XDPCTL" load lo "plain.o,$key"
		assert_status 2
		run "$XDPCTL" load lo "plain.o,$key="
		[[ $output != *"unknown key"* ]]
	done
}

# ---------------------------------------------------------------- exit statuses and JSON

@test "an unknown interface exits with 5" {
	fails 5 no-such-iface load no-such-iface plain.o
	fails 5 no-such-iface unload no-such-iface --all
	fails 5 no-such-iface status no-such-iface
	fails 5 no-such-iface repair no-such-iface
	fails 5 no-such-iface convert -e fused no-such-iface
	fails 5 no-such-iface features no-such-iface
}

@test "with --json a usage error is one valid document on stdout" {
	run --separate-stderr "$XDPCTL" load --bogus --json
	assert_status 2
	[ -z "$stderr" ]
	[ "$(jq -r '.schema, .error.class, .error.status' <<<"$output" | xargs)" = "1 usage 2" ]
	[ "$(jq -r .error.message <<<"$output")" = 'unknown option "--bogus"' ]
	[ "$(jq -r .error.hint <<<"$output")" = "try 'xdpctl help load'" ]
}

@test "with --json an unknown command is one valid document" {
	run --separate-stderr "$XDPCTL" frobnicate -j
	assert_status 2
	[ "$(jq -r .error.class <<<"$output")" = usage ]
}

@test "with --json an unknown interface is one valid document" {
	run --separate-stderr "$XDPCTL" status --json no-such-iface
	assert_status 5
	[ -z "$stderr" ]
	[ "$(jq -r '.error.class, .error.status' <<<"$output" | xargs)" = "not-found 5" ]
}

@test "what follows -- does not ask for JSON" {
	fails 2 'nothing is expected at "--json"' clean -- --json
}

@test "a missing value is absent from JSON" {
	run --separate-stderr "$XDPCTL" load --bogus --json
	[ "$(jq -c '[.error | has("log", "extack", "errno")]' <<<"$output")" = "[false,false,false]" ]
}

# ---------------------------------------------------------------- hostile text

@test "control characters in arguments are escaped" {
	fails 2 'unknown command "\x1b[31mred\x07"' $'\e[31mred\a'
}

@test "C1 and direction-changing characters are escaped" {
	requires_utf8
	fails 2 'unknown command "a\u{9b}b\u{202e}c"' $'a\xc2\x9bb\xe2\x80\xaec'
}

@test "bytes that are not UTF-8 are escaped, other characters are not" {
	requires_utf8
	fails 2 'unknown command "\xff\xc3+é"' $'\xff\xc3+é'
}

@test "a backslash is doubled, so that escapes can be told from text" {
	fails 2 'unknown command "\\x1b"' '\x1b'
}

@test "in a locale without UTF-8 every byte beyond ASCII is escaped" {
	LC_ALL=C fails 2 'unknown command "\xc3\xa9"' é
}

@test "JSON is UTF-8 whatever the arguments are" {
	requires_utf8
	run --separate-stderr "$XDPCTL" $'\xffa\e\xc2\x9b' --json
	assert_status 2
	[ "$(grep -cavx '.*' <<<"$output")" -eq 0 ] # '.' matches valid characters only
	[[ $output == *$'\ufffd''a\u001b\u009b'* ]]
	jq -e . <<<"$output" >/dev/null
}

@test "a long argument loses its middle, not the reason" {
	fails 2 'is not a number from 0 to 4294967295' load --prio "$(printf '%02000dx' 0)" lo plain.o
}

# ---------------------------------------------------------------- output that does not arrive

@test "closed standard files are no error" {
	"$XDPCTL" version >&-
	"$XDPCTL" version <&- >/dev/null
	"$XDPCTL" version 2>&- >/dev/null
	"$XDPCTL" version <&- >&- 2>&-
}

@test "a closed stderr leaves the exit status" {
	run bash -c '"$XDPCTL" load --bogus 2>&-'
	assert_status 2
}

@test "a full disk is said, and exits with 1" {
	[ -c /dev/full ] || skip "no /dev/full"
	run bash -c '"$XDPCTL" help >/dev/full'
	assert_status 1
	[ "$output" = "xdpctl: write to standard output: No space left on device" ]
}

@test "a full disk does not hide another failure" {
	[ -c /dev/full ] || skip "no /dev/full"
	run bash -c '"$XDPCTL" load --bogus --json >/dev/full'
	assert_status 2
}

@test "a closed pipe is quiet, and exits with 1" {
	run --separate-stderr bash -c '{ sleep 0.2; "$XDPCTL" help; echo "$?" >&2; } | true'
	[ "$stderr" = 1 ]
}

# ---------------------------------------------------------------- documents that can't drift

@test "the man page has every command and option" {
	command -v mandoc >/dev/null || skip "mandoc is missing"
	man=$(man_page)
	for command in $(words command); do
		[[ $man == *" xdpctl $command "* ]]
		for option in $(words option "$command"); do
			[[ $man =~ \ "$option"[\ ,.] ]] || {
				echo "not in the man page: $command $option" >&2
				return 1
			}
		done
	done
}

@test "the man page has the choices of every option" {
	command -v mandoc >/dev/null || skip "mandoc is missing"
	man=$(man_page)
	for command in $(words command); do
		for choice in $("$XDPCTL" help --words "$command" | awk '$3 ~ /[|]/ { print tolower($3) }'); do
			[[ $man == *"${choice//|/ | }"* ]]
		done
	done
}

@test "the man page has every JSON key of an error" {
	command -v mandoc >/dev/null || skip "mandoc is missing"
	man=$(man_page)
	for key in $("$XDPCTL" load --bogus --json | jq -r '.. | objects | keys[]'); do
		[[ $man =~ \ "$key"[\ ,.] ]]
	done
}

@test "the man page is clean" {
	command -v mandoc >/dev/null || skip "mandoc is missing"
	run mandoc -T lint -W warning "$TOP/man/xdpctl.8"
	assert_status 0
}

@test "completion offers every command" {
	run candidates "$XDPCTL "
	for command in $(words command); do
		[[ " ${lines[*]} " == *" $command "* ]]
	done
}

@test "completion offers every option of every command" {
	for command in $(words command); do
		run candidates "$XDPCTL $command -"
		for option in $(words option "$command"); do
			[[ " ${lines[*]} " == *" $option "* ]]
		done
	done
}

@test "completion offers the modes, behind a space and behind an equals sign" {
	[ "$(candidates "$XDPCTL load --mode " | xargs)" = "native skb hw auto" ]
	[ "$(candidates "$XDPCTL load -m s" | xargs)" = "skb" ]
	[ "$(candidates "$XDPCTL load --mode=n" | xargs)" = "native" ]
}

@test "completion offers the command convert and the engines" {
	[ "$(candidates "$XDPCTL conv")" = convert ]
	[ "$(candidates "$XDPCTL load --engine " | xargs)" = "auto freplace fused" ]
	[ "$(candidates "$XDPCTL load --engine=f" | xargs)" = "freplace fused" ]
	[ "$(candidates "$XDPCTL convert lo -e " | xargs)" = "freplace fused" ]
	[[ $(candidates "$XDPCTL convert l") == *lo* ]]
}

@test "completion offers actions, also after a plus and in an object" {
	[ "$(candidates "$XDPCTL load -A " | xargs)" = "aborted drop pass tx redirect none" ]
	[ "$(candidates "$XDPCTL load -A pass+d" | xargs)" = "pass+drop" ]
	[ "$(candidates "$XDPCTL load lo plain.o,actions=pass+r" | xargs)" = "pass+redirect" ]
}

@test "completion offers interfaces, objects and an object's keys" {
	[[ $(candidates "$XDPCTL status l") == *lo* ]]
	[ "$(candidates "$XDPCTL load lo pl")" = "plain.o" ]
	[ "$(candidates "$XDPCTL load lo plain.o,pr" | sort | xargs)" = "plain.o,prio= plain.o,prog=" ]
}

@test "completion does not execute what it finds" {
	cat >xdpctl <<-'END'
		#!/bin/sh
		[ "$1" != status ] || { printf 'component %s\n' '$(touch executed)' 'a b'; exit; }
		exec "$XDPCTL" "$@"
	END
	chmod +x xdpctl
	run candidates "./xdpctl unload lo "
	[ "${lines[0]}" = '\$\(touch\ executed\)' ]
	[ "${lines[1]}" = 'a\ b' ]
	[ ! -e executed ]
}

@test "completion offers nothing where nothing is expected" {
	[ -z "$(candidates "$XDPCTL repair lo ")" ]
	[ -z "$(candidates "$XDPCTL convert lo ")" ]
	[ -z "$(candidates "$XDPCTL clean ")" ]
}
