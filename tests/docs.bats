#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Documents, and rules of the house, that must not drift from the code. What a document says of the command line is
# compared with the command in cli.bats.
#
# shellcheck disable=SC2046,SC2013 # lists of words are wanted
# shellcheck disable=SC2016 # the backquotes are Markdown's

bats_require_minimum_version 1.8.0 # tags
load helpers

teardown() {
	sandbox_stop
}

# absent COMMAND...: this command finds nothing; what it finds is shown.
absent() {
	local found
	found=$("$@") || true
	[ -z "$found" ] && return
	printf 'this should not be:\n%s\n' "$found"
	return 1
}

# ---------------------------------------------------------------- README's session, in guests too

# The lines of README's console blocks: what is typed, after "# ", and what is printed.
session() {
	awk '/^```console$/ { on = 1; next } /^```$/ { on = 0 } on' "$TOP/README.md"
}

play_session() {
	local words
	while IFS= read -r line; do
		printf '%s\n' "$line"
		read -ra words <<<"${line#\# }"
		[ "${words[0]}" = xdpctl ]
		in_sandbox env -C "$DEMO" "$XDPCTL" "${words[@]:1}" 2>&1 </dev/null || true
	done < <(session | grep '^# ')
}

# Ids, tags and with them the width of columns depend on the kernel; trees on the locale; the version of a new
# dispatcher on the libxdp that is installed.
normalise() {
	sed -E -e 's/├─|└─|\|-|`-/+/g' -e 's/\<[0-9a-f]{16}\>/TAG/g' -e 's/(id|program) [0-9]+/\1 ID/g' \
		-e 's/dispatch-[0-9]+-[0-9]+/dispatch-I-ID/g' -e 's/dispatch-[0-9]+-/dispatch-I-/g' \
		-e 's/version [23]/version V/g' -e 's/  +/ /g' -e 's/native [0-9]+/native ID/g' -e 's/ $//'
}

@test "README's session does what README shows" {
	choose_engine
	requires_freplace
	sandbox_start
	in_sandbox ip link add eth0 type veth peer name eth1
	in_sandbox ip link set eth0 up
	diff <(session | normalise) <(play_session | normalise)
}

# bats file_tags=host

# ---------------------------------------------------------------- words

# table_words FILE TABLE: the strings in an initialiser of a table.
table_words() {
	awk -v table="$2" '
		index($0, " " table "[") && /= \{/ { on = 1 }
		on { print }
		on && /};/ { exit }' "$TOP/$1" | grep -o '"[^"]*"' | tr -d '"'
}

# documented WORD...: each is a word of a man page.
documented() {
	local word
	(($# > 0)) || {
		echo "no words: has the table another name now?"
		return 1
	}
	for word; do
		grep -Eq -- "(^|[^a-z_-])$word([^a-z_-]|$)" "$TOP"/man/*.[78] || {
			printf 'not in a man page: %s\n' "$word"
			return 1
		}
	done
}

@test "the man pages have every step of a plan" {
	documented $(table_words lib/model/plan.c facts)
}

@test "the man pages have every state, health, mode, engine, action and owner of a pin" {
	for table in states healths modes engines pin_owners; do
		documented $(table_words lib/model/words.c "$table")
	done
	documented $(table_words lib/model/actions.c actions)
}

@test "the man pages have every class of failure and every kind of run" {
	documented $(table_words cmd/error.c fault_names)
	documented $(table_words cmd/render_report.c run_names)
}

@test "the man pages have every feature" {
	documented $(grep -Eho 'put(_errno)?\(out, "[a-z-]+"' "$TOP/lib/kernel/probe.c" | cut -d '"' -f 2)
	documented $(grep -Eho '[{] NETDEV_[A-Z_]+, +1u << [0-9]+, "[a-z-]+"' "$TOP/lib/kernel/netdev.c" | cut -d '"' -f 2)
}

@test "the man pages have every JSON key" {
	documented $(grep -Eho 'json_(put_[a-z]+|pin|actions)\([a-z]+, "[a-z_0-9]+"' "$TOP"/cmd/*.c | cut -d '"' -f 2 | sort -u)
}

@test "README and the man page have every exit status" {
	statuses=$(sed -n 's/^\tXDPCTL_FAULT_[A-Z_]* = \([0-9]*\),.*/\1/p' "$TOP/lib/xdpctl.h")
	statuses+=" $(sed -n 's/^#define STATUS_DEGRADED \([0-9]*\).*/\1/p' "$TOP/cmd/status.c")"
	[ "$(wc -w <<<"$statuses")" -eq 8 ]
	for status in $statuses; do
		grep -q "^| $status | " "$TOP/README.md"
		sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' "$TOP/man/xdpctl.8" | grep -qx ".It $status"
	done
}

@test "README has every state" {
	for state in $(table_words lib/model/words.c states); do
		grep -q "^| \`$state\` | " "$TOP/README.md"
	done
}

@test "the man pages are clean" {
	command -v mandoc >/dev/null || skip "mandoc is missing"
	mandoc -T lint -W warning "$TOP"/man/*.[78]
}

# ---------------------------------------------------------------- numbers of the protocol

PAGE=man/xdpctl-protocol.7

# rows SECTION: "OFFSET TYPE NAME" of the layouts in that part of the page, one per line.
rows() {
	awk -F ' Ta ' -v part="$1" '
		/^\.S[hs] / { on = substr($0, 5) == part }
		on && /^\.It [0-9]+ Ta / { sub(/^\.It /, "", $1); print $1, $2, $3 }' "$TOP/$PAGE"
}

# The size of a type as the page writes it: "u32[10]" is 40. A slot is what the page says of slots.
size_of() {
	case $1 in
	slot\[*) echo $(($(tr -dc 0-9 <<<"${1#*[}") * SLOT_SIZE)) ;;
	u32\[10]) echo 40 ;;
	u8 | u32 | u64) echo $((${1#u} / 8)) ;;
	u8\[* | char\[*) tr -dc '0-9\n' <<<"${1#*[}" ;;
	esac
}

# same_layout STRUCT DECLARATIONS ROW...: a C compiler says so.
same_layout() {
	local struct=$1 declarations=$2 row offset type name
	shift 2
	command -v cc >/dev/null || skip "no C compiler"
	(($# > 0))
	{
		printf '%s\n' '#include <linux/types.h>' '#include <stddef.h>' '#include <stdint.h>' "$declarations"
		for row; do
			read -r offset type name <<<"$row"
			[ "$name" != padding ] || name=pad
			printf '_Static_assert(offsetof(struct %s, %s) == %s, "%s: %s");\n' \
				"$struct" "$name" "$offset" "$name" "$row"
			printf '_Static_assert(sizeof(((struct %s *)0)->%s) == %s, "%s: %s");\n' \
				"$struct" "$name" "$(size_of "$type")" "$name" "$row"
		done
	} >"$BATS_TEST_TMPDIR/layout.c"
	cc -I"$TOP/lib" -fsyntax-only "$BATS_TEST_TMPDIR/layout.c"
}

# wire NAME: a number of lib/model/wire.h.
wire() {
	sed -n "s/^#define $1 \([0-9]*\)u.*/\1/p" "$TOP/lib/model/wire.h"
}

# says TEXT: the protocol page does, wherever its lines break.
says() {
	tr -s '\n' ' ' <"$TOP/$PAGE" | grep -qF -- "$1" && return
	printf 'not in the page: %s\n' "$1"
	return 1
}

@test "the protocol page has the dispatcher's layouts" {
	mapfile -t all < <(rows "The configuration")
	[ "${#all[@]}" -eq 13 ]
	header=$(cat "$TOP/bpf/dispatcher.h")
	same_layout dispatcher_config "#define DISPATCHER_VERSION 3
		$header
		_Static_assert(sizeof(struct dispatcher_config) == $(wire WIRE_SIZE_V3), \"version 3\");" "${all[@]:0:9}"
	same_layout dispatcher_config "#define DISPATCHER_VERSION 2
		$header
		_Static_assert(sizeof(struct dispatcher_config) == $(wire WIRE_SIZE_V2), \"version 2\");" "${all[@]:0:7}"
	same_layout v1 "struct v1 { __u8 count; __u8 pad[3]; __u32 actions[10]; __u32 prios[10]; };
		_Static_assert(sizeof(struct v1) == $(wire WIRE_SIZE_V1), \"version 1\");" "${all[@]:9}"
}

@test "the protocol page has the dispatcher's numbers" {
	magic=$(sed -n 's/^#define DISPATCHER_MAGIC //p' "$TOP/bpf/dispatcher.h")
	retval=$(sed -n 's/^#define DISPATCHER_RETVAL \([0-9]*\).*/\1/p' "$TOP/bpf/dispatcher.h")
	slots=$(sed -n 's/^#define DISPATCHER_SLOTS //p' "$TOP/bpf/dispatcher.h")
	says ".It 0 Ta u8 Ta magic Ta $magic"
	says "byte 0 is $magic"
	says "linked over returns $retval"
	says "Bit $retval is always set"
	says "There are $slots slots"
	says "A value is $(wire WIRE_SIZE_V2) bytes in version 2 and $(wire WIRE_SIZE_V3) in version 3, exactly"
	says "That is $(wire WIRE_SIZE_V1) bytes"
	says "the versions of the dispatcher: 1, 2 and 3"
	[ "$(sed -n 's/^#define WIRE_FLAG_FRAGS \(0x[0-9a-f]*\)u.*/\1/p' "$TOP/lib/model/wire.h")" = 0x20 ]
	says "0x20: frags"
	[ "$(sed -n 's/^#define WIRE_FLAG_DEVBOUND \(0x[0-9a-f]*\)u.*/\1/p' "$TOP/lib/model/wire.h")" = 0x40 ]
	says "0x40: bound to a device"
}

# struct_of FILE NAME: its declaration.
struct_of() {
	sed -n "/^struct $2 {/,/^};/p" "$TOP/$1"
}

# documented_record STRUCT PART PIN: that part of the page has all of the struct, and its size.
documented_record() {
	local struct size
	struct=$(struct_of lib/kernel/records.c "$1")
	mapfile -t all < <(rows "$2")
	[ "${#all[@]}" -eq "$(grep -c '^	.*;' <<<"$struct")" ]
	size=$(tr -s '\n' ' ' <"$TOP/$PAGE" | sed -n "s/.*xdpctl\/$3 has a value of \([0-9]*\) bytes.*/\1/p")
	same_layout "$1" "#include \"xdpctl.h\"
		$struct
		_Static_assert(sizeof(struct $1) == $size, \"all of it\");" "${all[@]}"
}

@test "the protocol page has the layouts of records" {
	documented_record record_value Components components
	documented_record map_pin_value Maps map_pins
	for schema in $(sed -n 's/^#define [A-Z_]*_SCHEMA \([0-9]*\)u/\1/p' "$TOP/lib/kernel/records.c"); do
		says "Ta schema Ta $schema"
		says "the number of its schema, $schema."
		says "the schema of .Sx RECORDS : $schema."
	done
	says "at most $(sed -n 's/^#define ENTRIES_MAX //p' "$TOP/lib/kernel/table.c") entries"
	for pin in $(sed -n 's/^\t\.pin = "\(.*\)",/\1/p' "$TOP/lib/kernel/records.c"); do
		says "BPFFS/$pin"
	done
}

# define FILE NAME: what it stands for, without quotes and a suffix.
define() {
	awk -v name="$2" '$1 == "#define" && $2 == name { print $3 }' "$TOP/$1" | sed -E 's/"//g; s/^([0-9].*)u$/\1/'
}

# documented_struct FILE STRUCT PART SIZE [PREAMBLE]: as documented_record, of a structure of lib/model.
documented_struct() {
	local struct
	struct=$(struct_of "$1" "$2")
	mapfile -t all < <(rows "$3")
	[ "${#all[@]}" -eq "$(grep -c '^	.*;' <<<"$struct")" ]
	same_layout "$2" "${5-}
		$struct
		_Static_assert(sizeof(struct $2) == $4, \"all of it\");" "${all[@]}"
}

# says_number BEFORE AFTER: the number that the page has between these.
says_number() {
	tr -s '\n' ' ' <"$TOP/$PAGE" | sed -n "s/.*$1\([0-9][0-9]*\)$2.*/\1/p"
}

@test "the protocol page has the layouts of fused chains" {
	local conf=lib/model/fusedconf.c code=lib/model/code.c SLOT_SIZE
	SLOT_SIZE=$(says_number "Ta slots Ta " " bytes for each component")
	documented_struct $conf slot "A slot of the map chain" "$SLOT_SIZE" \
		"#include \"model/fusedconf.h\""
	documented_struct $conf image "The map chain" "$(says_number "Its value is " " bytes, always")" \
		"#include \"model/fusedconf.h\"
		$(struct_of $conf slot)"
	documented_struct $code header "The maps of code" "$(says_number "A header of " " bytes:")"
}

@test "the protocol page has the parts of a fused component's code, in their order" {
	local code=lib/model/code.c parts
	parts=$(sed -n '/^\.Ss The maps of code/,/^\.Ss What/s/^\.It \(struct [a-z_]*\|u[0-9]*\) Ta \([0-9]*\) bytes\{0,1\} .*/\1,\2/p' \
		"$TOP/$PAGE" | sed -e 's/^u8,1$/btf_size/' -e 's/^u32,4$/uint32_t/' -e 's/,.*//')
	diff <(echo "$parts") <(sed -n '/sizes\[\] = {/,/};/p' "$TOP/$code" |
		grep -Eo 'struct bpf_[a-z_]+|uint32_t|btf_size')
	command -v cc >/dev/null || skip "no C compiler"
	for part in bpf_insn bpf_func_info bpf_line_info; do
		printf '_Static_assert(sizeof(struct %s) == %d, "");\n' "$part" "$(says_number "struct $part Ta " " bytes")"
	done | cc -include linux/bpf.h -fsyntax-only -x c -
}

@test "the protocol page has the numbers and names of fused chains" {
	for file in fusedconf code; do
		says "Ta magic Ta $(define lib/model/$file.c MAGIC) .It"
		says "Ta schema Ta $(define lib/model/$file.c SCHEMA)"
	done
	says "FUSED CHAINS : $(define lib/model/fusedconf.c SCHEMA) and $(define lib/model/code.c SCHEMA);"
	says "0x$(define lib/model/fusedconf.c FRAGS): knows frags; 0x$(define lib/model/fusedconf.c CALLED): is called"
	max=$(define lib/model/fuse.h FUSE_COMPONENTS_MAX)
	[ "$max" -eq "$(define lib/xdpctl.h XDPCTL_COMPONENTS_MAX)" ]
	says "at most $max components, numbered"
	says "components, 1 to $max"
	says "prog$((max - 1))-code, prog$((max - 1))-prog"
	says "or $max in a fused chain"
	main=$(define lib/model/fuse.h FUSE_MAIN)
	says "The program is called .Ql $main ."
	says ".Ql $main for a fused one"
	says ".Ql $(define lib/kernel/kept.h KEPT_NAME) :"
	says ".Ql $(sed -n 's/.*frozen_make("\([a-z_]*\)".*/\1/p' "$TOP/lib/kernel/frozen.c") and"
}

@test "the man page has the limits of the engines" {
	page=$(tr -s '\n' ' ' <"$TOP/man/xdpctl.8")
	[[ $page == *"at most $(define lib/xdpctl.h XDPCTL_SLOTS_MAX) components."* ]]
	[[ $page == *"at most $(define lib/xdpctl.h XDPCTL_COMPONENTS_MAX) components,"* ]]
	[[ $page == *"$(define lib/xdpctl.h XDPCTL_MAPS_MAX) maps in all"* ]]
}

@test "the protocol page has a version of its own, and is of this release" {
	release=$(sed -n 's/^VERSION = //p' "$TOP/Makefile")
	says "This is version "
	says "of this page, for .Nm xdpctl ${release%.*}."
	grep -q "^## .*\b$release" "$TOP/CHANGELOG.md"
}

# ---------------------------------------------------------------- README

@test "every make target that README names exists" {
	targets=$(grep -Eo '\bmake +[a-z][a-z-]*' "$TOP/README.md" | awk '{ print $2 }' | sort -u)
	[ -n "$targets" ]
	for target in $targets; do
		grep -Eq "^([a-z-]+ )*$target( [a-z-]+)*:( |$)" "$TOP/Makefile" || {
			printf 'no target: %s\n' "$target"
			return 1
		}
	done
}

@test "every path that README and CHANGELOG name exists" {
	paths=$(sed -E -e '/^```console$/,/^```$/d' -e 's/`[A-Z]+\/[^`]*`//g' "$TOP/README.md" "$TOP/CHANGELOG.md" |
		grep -Eo '(\b(bpf|cmd|doc|lib|man|tests|bash-completion)/[A-Za-z0-9_.*/-]*|\b[A-Z]+\.md\b|\bCOPYING\b|\bMakefile\b)' |
		sed 's/NAME/*/' | grep -Ev '^tests/lab/cache|^lib/bpf' | sort -u)
	[ "$(wc -l <<<"$paths")" -gt 20 ]
	for path in $paths; do
		compgen -G "$TOP/$path" >/dev/null || {
			printf 'no such path: %s\n' "$path"
			return 1
		}
	done
}

@test "README has every path of the installation, and its default" {
	variables=$(sed -n 's/^#?   \([A-Z]*DIR\|PREFIX\) .*/\1/p' "$TOP/Makefile")
	[ "$(wc -w <<<"$variables")" -eq 9 ]
	for variable in $variables; do
		row=$(grep "^| \`$variable\` | " "$TOP/README.md")
		default=$(cut -d '|' -f 3 <<<"$row" | tr -d '\` ')
		others=(PREFIX=PREFIX LIBDIR=LIBDIR)
		value=$(env -i PATH="$PATH" make -sC "$TOP" --no-print-directory --eval "show: ; @echo \$($variable)" show \
			"${others[@]/$variable=*/V=0}")
		assert_equal "${default/empty/}" "$value"
	done
}

@test "README has every library that is linked" {
	for library in $(sed -n 's/^\(LIB\|CMD\)_PKGS = //p' "$TOP/Makefile"); do
		grep -q "\b\(lib\)\?$library\b" "$TOP/README.md"
	done
}

# ---------------------------------------------------------------- licences

# All files that are somebody's work, relative to the tree.
sources() {
	cd "$TOP" && find . -type f -not -path './.git/*' -not -path './build*/*' -not -path './tests/lab/cache/*' \
		-not -path './.cache/*' -not -path './LICENSES/*' -not -name compile_commands.json -not -name '*.md' \
		-not -name '.*.sw?' -not -name COPYING | sed 's|^\./||'
}

@test "every source file names its licence" {
	cd "$TOP"
	absent grep -L -m 1 -E 'SPDX-License-Identifier: (GPL-2.0|LGPL-2.1)-or-later' $(sources)
}

@test "the library is LGPL, the rest is GPL" {
	cd "$TOP"
	absent grep -L 'SPDX-License-Identifier: LGPL-2.1-or-later' $(sources | grep '^lib/')
	absent grep -l 'SPDX-License-Identifier: LGPL' $(sources | grep -v -e '^lib/' -e '^tests/docs.bats$')
}

@test "the texts of the licences are there, whole" {
	for licence in GPL-2.0-or-later LGPL-2.1-or-later; do
		grep -q "$licence" "$TOP/COPYING"
		grep -q 'END OF TERMS AND CONDITIONS' "$TOP/LICENSES/$licence.txt"
	done
	grep -q 'Version 2, June 1991' "$TOP/LICENSES/GPL-2.0-or-later.txt"
	grep -q 'Version 2.1, February 1999' "$TOP/LICENSES/LGPL-2.1-or-later.txt"
}

# ---------------------------------------------------------------- who may include what

@test "the command includes nothing of the library but its public header" {
	cd "$TOP/cmd"
	for file in $(grep -ho '^#include "[^"]*"' ./*.[ch] | cut -d '"' -f 2 | sort -u); do
		[ -f "$file" ]
	done
	absent grep -nE '^#include [<"](model|kernel|compose|\.\.)/' ./*.[ch]
}

@test "the model is pure: it includes neither the kernel, nor the composition, nor their libraries" {
	cd "$TOP/lib/model"
	absent grep -nE '^#include "(kernel|compose)/' ./*.[ch]
	# linux/bpf.h and linux/btf.h describe bytes; what calls the kernel is elsewhere.
	absent grep -nE '^#include <(bpf|libmnl|sys|net)/|^#include <linux/(net|rt|if)' ./*.[ch]
	absent grep -nE '^#include <(unistd|fcntl|gelf|libelf|sha2|time)\.h>' ./*.[ch]
}

@test "the kernel layer doesn't include the composition, and the composition no library of the kernel's" {
	cd "$TOP/lib"
	absent grep -nE '^#include "compose/' kernel/*.[ch] model/*.[ch]
	absent grep -nE '^#include <(bpf|libmnl)/' compose/*.[ch]
}

@test "the public header stands alone, in C and in C++" {
	command -v cc >/dev/null || skip "no C compiler"
	cc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c "$TOP/lib/xdpctl.h"
	command -v clang++ >/dev/null || skip "no C++ compiler"
	clang++ -std=c++11 -Wall -Wextra -Wno-pragma-once-outside-header -Werror -fsyntax-only -x c++-header "$TOP/lib/xdpctl.h"
}

# ---------------------------------------------------------------- what was built

# Symbols that the library takes from elsewhere.
taken() {
	nm -u "$BUILD/libxdpctl.a" | awk '$1 == "U" { print $2 }' | sort -u
}

@test "the library neither prints nor exits nor reads the environment" {
	command -v nm >/dev/null || skip "nm is missing"
	[ "$(taken | wc -l)" -gt 50 ]
	absent grep -xE '(__)?v?[df]?printf(_chk)?|(f|_IO_)?put(s|c|char)(_unlocked)?|fwrite(_unlocked)?|perror|psignal' <(taken)
	absent grep -xE 'std(out|err)|v?(err|warn)x?|error|v?syslog|(_|quick_)?exit|_Exit|abort|__assert_fail' <(taken)
	absent grep -xE '(secure_)?getenv|(un)?setenv|putenv|clearenv|environ|setlocale|signal|sigaction|atexit' <(taken)
}

@test "the library exports what its header declares, and nothing else" {
	command -v nm >/dev/null || skip "nm is missing"
	declared=$(cc -E -P "$TOP/lib/xdpctl.h" | grep -o '\bxdpctl_[a-z_]*(' | tr -d '(' | sort -u)
	exported=$(nm -D --defined-only "$BUILD/libxdpctl.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u)
	diff <(echo "$declared") <(echo "$exported")
	readelf -d "$BUILD/libxdpctl.so" | grep -q 'SONAME.*\[libxdpctl\.so\.[0-9]*\]'
}

@test "the command is hardened" {
	command -v readelf >/dev/null || skip "readelf is missing"
	readelf -h "$XDPCTL" | grep -q 'Type:.*DYN'
	readelf -d "$XDPCTL" | grep 'FLAGS_1' | grep -q PIE
	for file in "$XDPCTL" "$BUILD/libxdpctl.so"; do
		readelf -d "$file" | grep 'FLAGS' | grep -q NOW
		readelf -lW "$file" | grep -q GNU_RELRO
		readelf -lW "$file" | grep GNU_STACK | grep -q ' RW '
		absent grep -E 'TEXTREL|RPATH|RUNPATH' <(readelf -d "$file")
	done
}

# install_into DIR TARGET [VARIABLE=VALUE]...: without building anything.
install_into() {
	env -i PATH="$PATH" make -sC "$TOP" -o all "$2" BUILD="$(realpath "$BUILD")" DESTDIR="$1" "${@:3}"
}

installed() {
	(cd "$1" && find . -not -type d | sed 's|^\./||' | LC_ALL=C sort)
}

@test "make install puts every file in its place, and uninstall takes it away" {
	release=$(sed -n 's/^VERSION = //p' "$TOP/Makefile")
	install_into "$BATS_TEST_TMPDIR/root" install
	cat >"$BATS_TEST_TMPDIR/expected" <<-END
		usr/local/include/xdpctl.h
		usr/local/lib/bpf/xdpctl/count_packets.o
		usr/local/lib/bpf/xdpctl/drop_udp_port.o
		usr/local/lib/bpf/xdpctl/ttl_guard.o
		usr/local/lib/libxdpctl.a
		usr/local/lib/libxdpctl.so
		usr/local/lib/libxdpctl.so.${release%%.*}
		usr/local/lib/libxdpctl.so.$release
		usr/local/lib/pkgconfig/libxdpctl.pc
		usr/local/sbin/xdpctl
		usr/local/share/bash-completion/completions/xdpctl
		usr/local/share/man/man7/xdpctl-protocol.7
		usr/local/share/man/man8/xdpctl.8
	END
	diff "$BATS_TEST_TMPDIR/expected" <(installed "$BATS_TEST_TMPDIR/root")
	"$BATS_TEST_TMPDIR/root/usr/local/sbin/xdpctl" version
	install_into "$BATS_TEST_TMPDIR/root" uninstall
	absent installed "$BATS_TEST_TMPDIR/root"
	[ ! -e "$BATS_TEST_TMPDIR/root/usr/local/lib/bpf/xdpctl" ]
}

@test "make install follows every variable" {
	variables=(BINDIR=/b LIBDIR=/l INCLUDEDIR=/i PKGCONFIGDIR=/p MANDIR=/m BASHCOMPDIR=/c BPFDIR=/d)
	install_into "$BATS_TEST_TMPDIR/root" install "${variables[@]}"
	[ "$(cd "$BATS_TEST_TMPDIR/root" && echo *)" = "b c d i l m p" ]
	install_into "$BATS_TEST_TMPDIR/root" uninstall "${variables[@]}"
	absent installed "$BATS_TEST_TMPDIR/root"
}

@test "the pkg-config file is valid, and a program that uses the library builds with it" {
	command -v pkg-config >/dev/null || skip "pkg-config is missing"
	! taken | grep -q '^__asan_init' || skip "the sanitizers' library needs their runtime"
	install_into "$BATS_TEST_TMPDIR/root" install
	export PKG_CONFIG_PATH=$BATS_TEST_TMPDIR/root/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$BATS_TEST_TMPDIR/root
	pkg-config --validate libxdpctl
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' '#include <stdio.h>' '#include <xdpctl.h>' 'int main(void) { return puts(xdpctl_version()) < 0; }' >a.c
	# shellcheck disable=SC2046 # words are wanted
	cc -o a a.c $(pkg-config --cflags --libs libxdpctl)
	[ "$(LD_LIBRARY_PATH=$BATS_TEST_TMPDIR/root/usr/local/lib ./a)" = "$(pkg-config --modversion libxdpctl)" ]
}
