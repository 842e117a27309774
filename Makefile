# SPDX-License-Identifier: GPL-2.0-or-later
# Lines that begin with #? are what `make help` prints. Sources are found by wildcard: a new file needs no line here.

VERSION = 0.1.0
SOVERSION = $(firstword $(subst ., ,$(VERSION)))

#? Variables (make NAME=VALUE TARGET, or from the environment):
#?   V=1               show the commands
#?   DEV=1             every warning, and each is an error
#?   SAN=1             AddressSanitizer and UndefinedBehaviorSanitizer, in build-san/
V ?= 0
DEV ?= 0
SAN ?= 0
#?   BUILD (or O)      where everything is built (build; build-san with SAN=1)
O ?= $(if $(filter 1,$(SAN)),build-san,build)
BUILD ?= $(O)
#?   CC, CFLAGS        C compiler (cc; gcc and clang both do) and its flags (-O2 -g)
CFLAGS ?= -O2 -g
#?   LDFLAGS           flags for the linker
LDFLAGS ?=
#?   CLANG, BPF_CFLAGS compiler for BPF objects (clang) and its flags (-O2 -g)
CLANG ?= clang
BPF_CFLAGS ?= -O2 -g
#?   BPF_SYSINC        system headers for BPF objects (the multiarch directory, for asm/types.h)
BPF_SYSINC ?= $(call once,BPF_SYSINC,-I/usr/include/$(shell $(CC) -dumpmachine | sed 's/-pc-/-/; s/-unknown-/-/'))
#?   LLVM_STRIP, AR, PKG_CONFIG
LLVM_STRIP ?= llvm-strip
PKG_CONFIG ?= pkg-config
#?   HARDEN            hardening flags for the compiler; empty for none
HARDEN ?= -fstack-protector-strong $(if $(filter 1,$(SAN)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
#?   SUITES            what `make check` runs: unit host 5.10 6.1 6.12 7.2 5.10+fused (all)
SUITES ?=
#?   BENCH_GUEST       the kernel that `make bench` counts instructions with (7.2; empty for none)
BENCH_GUEST ?= $(or $(GUEST),7.2)
#?   FUZZ              what `make fuzz-fused` runs: seed (0: a random one), chains, packets for each (0 5000 1000)
FUZZ ?= 0 5000 1000
#?   DESTDIR           put before every path on installation, for packaging
DESTDIR ?=
#?   PREFIX            root of the installation (/usr/local)
PREFIX ?= /usr/local
#?   BINDIR            the command (PREFIX/sbin)
BINDIR ?= $(PREFIX)/sbin
#?   LIBDIR            the libraries (PREFIX/lib)
LIBDIR ?= $(PREFIX)/lib
#?   INCLUDEDIR        xdpctl.h (PREFIX/include)
INCLUDEDIR ?= $(PREFIX)/include
#?   PKGCONFIGDIR      libxdpctl.pc (LIBDIR/pkgconfig)
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
#?   MANDIR            man pages (PREFIX/share/man)
MANDIR ?= $(PREFIX)/share/man
#?   BASHCOMPDIR       bash completion (PREFIX/share/bash-completion/completions)
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
#?   BPFDIR            the demo programs (PREFIX/lib/bpf/xdpctl)
BPFDIR ?= $(PREFIX)/lib/bpf/xdpctl

# Expands to $2 and remembers it as $1: what costs a process is run at most once, and only when something is compiled
# (before that, tests/deps may still have to install the compiler and pkg-config).
once = $(eval $1 := $2)$($1)

# ---- flags ----

is_gcc = $(call once,is_gcc,$(if $(findstring Free Software Foundation,$(shell $(CC) --version)),1))
WARNINGS = -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wswitch-enum -Wundef
DEV_WARNINGS = -Werror -Wold-style-definition -Wredundant-decls -Wnested-externs -Wimplicit-fallthrough \
	-Wmissing-declarations -Wcast-align -Winit-self -Wdate-time \
	$(if $(is_gcc),-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wtrampolines)
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

LIB_PKGS = libbpf libelf libmnl libmd libcap
CMD_PKGS = json-c smartcols libcap
lib_pkg_cflags = $(call once,lib_pkg_cflags,$(shell $(PKG_CONFIG) --cflags $(LIB_PKGS)))
cmd_pkg_cflags = $(call once,cmd_pkg_cflags,$(shell $(PKG_CONFIG) --cflags $(CMD_PKGS)))
lib_pkg_libs = $(call once,lib_pkg_libs,$(shell $(PKG_CONFIG) --libs $(LIB_PKGS)))
cmd_pkg_libs = $(call once,cmd_pkg_libs,$(shell $(PKG_CONFIG) --libs $(CMD_PKGS)))

base_cflags = -std=gnu11 -D_GNU_SOURCE -DXDPCTL_VERSION='"$(VERSION)"' $(WARNINGS) $(HARDEN) \
	$(if $(filter 1,$(DEV)),$(DEV_WARNINGS)) $(if $(filter 1,$(SAN)),$(SANITIZE)) $(CFLAGS)
base_ldflags = -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(if $(filter 1,$(SAN)),$(SANITIZE)) $(LDFLAGS)

# One set of flags per directory. The command sees the public header and nothing else of lib/.
lib_cflags = -fPIC -Ilib -Ibpf $(base_cflags) $(lib_pkg_cflags)
cmd_cflags = -fPIE -I$(BUILD)/include $(base_cflags) $(cmd_pkg_cflags)
tests_cflags = -fPIE -Ilib -Ibpf -Itests $(base_cflags) $(lib_pkg_cflags)
bpf_cflags = -target bpf -mcpu=v2 -Wall -Werror -Ibpf $(BPF_SYSINC) $(BPF_CFLAGS)

# ---- files ----

LIB_SRC = $(wildcard lib/*.c lib/*/*.c lib/*/*.S)
CMD_SRC = $(wildcard cmd/*.c)
UNIT_SRC = $(wildcard tests/unit/*.c)
FAKE_SRC = $(wildcard tests/fake/*.c)
HELPER_SRC = $(wildcard tests/helpers/*.c)
BENCH_SRC = $(wildcard tests/bench/*.c)
DEMO_SRC = $(wildcard bpf/demo/*.bpf.c)
TESTBPF_SRC = $(wildcard tests/bpf/*.bpf.c)
MAN_SRC = $(wildcard man/*.[78])
C_SRC = $(filter %.c,$(LIB_SRC)) $(CMD_SRC) $(UNIT_SRC) $(FAKE_SRC) $(HELPER_SRC) $(BENCH_SRC)
BPF_SRC = $(wildcard bpf/*.bpf.c) $(DEMO_SRC) $(TESTBPF_SRC)

object = $(patsubst %,$(BUILD)/%.o,$(basename $1))
LIB_OBJ = $(call object,$(LIB_SRC))
CMD_OBJ = $(call object,$(CMD_SRC))
TESTS_OBJ = $(call object,$(UNIT_SRC) $(FAKE_SRC) $(HELPER_SRC) $(BENCH_SRC))
EMBEDDED = $(addprefix $(BUILD)/bpf/,dispatcher_v2.bpf.o dispatcher_v3.bpf.o refs.bpf.o)
DEMO_BPF = $(DEMO_SRC:%.bpf.c=$(BUILD)/%.o)
TESTBPF = $(TESTBPF_SRC:%.bpf.c=$(BUILD)/%.o)
UNIT = $(UNIT_SRC:%.c=$(BUILD)/%)
HELPERS = $(HELPER_SRC:tests/helpers/%.c=$(BUILD)/tests/%)
BENCH = $(BUILD)/tests/bench/bench

TOOL = $(BUILD)/xdpctl
LIB_A = $(BUILD)/libxdpctl.a
SO_FULL = libxdpctl.so.$(VERSION)
SONAME = libxdpctl.so.$(SOVERSION)
LIB_SO = $(BUILD)/$(SO_FULL)
HEADER = $(BUILD)/include/xdpctl.h

# ---- how things are made ----

.DELETE_ON_ERROR:
.PHONY: all objects tests install uninstall clean help FORCE demo unit check check-host check-guests check-san \
	fuzz-fused bench plot lint lint-c lint-shell lint-man lint-text analyze
Q = $(if $(filter 1,$(V)),,@)
say = @$(if $(filter 1,$(V)),:,printf '  %-7s %s\n' $1 $(patsubst $(CURDIR)/%,%,$2))
mkdir = @mkdir -p $(@D)

#? Targets:
#?   all               the command, the libraries and the demo programs (the default)
all: $(TOOL) $(LIB_A) $(LIB_SO) $(DEMO_BPF) $(BUILD)/libxdpctl.pc

#?   tests             the programs that the tests need, without running any
tests: $(UNIT) $(HELPERS) $(BENCH) $(TESTBPF)
	@:

# Files that change when the flags or the list of sources do, so that what depends on them is made anew then.
flags = $(CC) $(CLANG) $(lib_cflags) $(cmd_cflags) $(base_ldflags) $(bpf_cflags)
sources = $(LIB_SRC) $(CMD_SRC) $(FAKE_SRC) $(BENCH_SRC)
$(BUILD)/flags $(BUILD)/sources: FORCE
	$(mkdir)
	@echo '$(subst ','\'',$($(@F)))' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(HEADER): lib/xdpctl.h
	$(mkdir)
	$(Q)ln -srf $< $@

define compile
	$(mkdir)
	$(call say,CC,$<)
	$(Q)$(CC) $1 -MMD -MP -c -o $@ $<
endef
$(BUILD)/lib/%.o: lib/%.c $(BUILD)/flags
	$(call compile,$(lib_cflags))
$(BUILD)/lib/%.o: lib/%.S $(BUILD)/flags
	$(call compile,$(lib_cflags) -Wa$(comma)-I$(comma)$(BUILD)/bpf)
$(BUILD)/lib/kernel/embed.o: $(EMBEDDED)
$(BUILD)/cmd/%.o: cmd/%.c $(BUILD)/flags $(HEADER)
	$(call compile,$(cmd_cflags))
$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	$(call compile,$(tests_cflags))
comma = ,

$(LIB_A): $(LIB_OBJ) $(BUILD)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(LIB_OBJ)

$(LIB_SO): $(LIB_OBJ) lib/libxdpctl.map $(BUILD)/sources
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/libxdpctl.map -Wl,-Bsymbolic-functions \
		$(base_ldflags) -o $@ $(LIB_OBJ) $(lib_pkg_libs)
	$(Q)ln -sf $(SO_FULL) $(BUILD)/$(SONAME) && ln -sf $(SONAME) $(BUILD)/libxdpctl.so

define link
	$(mkdir)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(base_ldflags) -o $@ $(filter %.o %.a,$^) $1
endef
# With the static library, so that this one file can be copied elsewhere (into a guest) and works.
$(TOOL): $(CMD_OBJ) $(LIB_A) $(BUILD)/sources
	$(call link,$(cmd_pkg_libs) $(lib_pkg_libs))
$(UNIT): %: %.o $(call object,$(FAKE_SRC)) $(LIB_A) $(BUILD)/sources
	$(call link,$(lib_pkg_libs))
$(HELPERS): $(BUILD)/tests/%: $(BUILD)/tests/helpers/%.o
	$(call link,$(lib_pkg_libs))
$(BENCH): $(call object,$(BENCH_SRC)) $(LIB_A) $(BUILD)/sources
	$(call link,$(cmd_pkg_libs) $(lib_pkg_libs))

# llvm-strip -g takes the DWARF and leaves the BTF. v2 instructions, because Linux 5.10 must load them.
define compile_bpf
	$(mkdir)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(bpf_cflags) $1 -MMD -MP -MT $@ -MF $@.d -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@
endef
$(BUILD)/bpf/dispatcher_v%.bpf.o: bpf/dispatcher.bpf.c $(BUILD)/flags
	$(call compile_bpf,-DDISPATCHER_VERSION=$*)
$(BUILD)/bpf/refs.bpf.o: bpf/refs.bpf.c $(BUILD)/flags
	$(call compile_bpf)
$(DEMO_BPF) $(TESTBPF): $(BUILD)/%.o: %.bpf.c $(BUILD)/flags
	$(call compile_bpf)

$(BUILD)/libxdpctl.pc: lib/libxdpctl.pc.in Makefile FORCE
	$(mkdir)
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|' \
		$< >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(CMD_OBJ) $(TESTS_OBJ)) $(addsuffix .d,$(EMBEDDED) $(DEMO_BPF) $(TESTBPF))

#?   install, uninstall
install: all
	install -D -m 755 $(TOOL) '$(DESTDIR)$(BINDIR)/xdpctl'
	install -D -m 755 $(LIB_SO) '$(DESTDIR)$(LIBDIR)/$(SO_FULL)'
	ln -sf $(SO_FULL) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libxdpctl.so'
	install -D -m 644 $(LIB_A) '$(DESTDIR)$(LIBDIR)/libxdpctl.a'
	install -D -m 644 lib/xdpctl.h '$(DESTDIR)$(INCLUDEDIR)/xdpctl.h'
	install -D -m 644 $(BUILD)/libxdpctl.pc '$(DESTDIR)$(PKGCONFIGDIR)/libxdpctl.pc'
	install -D -m 644 bash-completion/xdpctl '$(DESTDIR)$(BASHCOMPDIR)/xdpctl'
	for page in $(MAN_SRC); do install -D -m 644 -t "$(DESTDIR)$(MANDIR)/man$${page##*.}" $$page || exit 1; done
	install -D -m 644 -t '$(DESTDIR)$(BPFDIR)' $(DEMO_BPF)

INSTALLED = $(BINDIR)/xdpctl $(addprefix $(LIBDIR)/,libxdpctl.a $(SO_FULL) $(SONAME) libxdpctl.so) \
	$(INCLUDEDIR)/xdpctl.h $(PKGCONFIGDIR)/libxdpctl.pc $(BASHCOMPDIR)/xdpctl \
	$(foreach page,$(MAN_SRC),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	$(addprefix $(BPFDIR)/,$(notdir $(DEMO_BPF)))
uninstall:
	rm -f $(addprefix '$(DESTDIR)',$(INSTALLED))
	-rmdir '$(DESTDIR)$(BPFDIR)'

#?   clean             remove what was built; downloads of the test lab stay
clean:
	rm -rf build build-* $(BUILD) compile_commands.json

#?   compile_commands.json   for clangd and other tools
json_words = $(foreach word,$(subst ',,$1),"$(subst ",\",$(word))",)
entry = {"directory": "$(CURDIR)", "file": "$1", "arguments": [$(call json_words,$2) "-c", "$1"]}
# $(call entries,SOURCES,COMMAND): one line each
entries = $(foreach file,$1,'$(call entry,$(file),$2)')
compile_commands.json: Makefile FORCE $(HEADER)
	@printf '%s\n' $(call entries,$(filter lib/%.c,$(C_SRC)),$(CC) $(lib_cflags)) \
		$(call entries,$(CMD_SRC),$(CC) $(cmd_cflags)) \
		$(call entries,$(filter tests/%,$(C_SRC)),$(CC) $(tests_cflags)) \
		$(call entries,$(BPF_SRC),$(CLANG) $(bpf_cflags) -DDISPATCHER_VERSION=3) | \
		sed '1s/^/[\n/; $$!s/$$/,/; $$s/$$/\n]/' >$@

# ---- tests ----
# tests/deps comes before anything is compiled, so the building is done by a make of its own.
parallel = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
submake = +$(Q)$(MAKE) --no-print-directory $(parallel)

#?   demo              install what is missing, build, and show the tool at work (as root)
demo:
	$(Q)tests/deps demo
	$(submake) all
	$(Q)BUILD=$(abspath $(BUILD)) ./tests/demo

#?   check             all tests: unit, host, guests (as root); installs what is missing
check:
	$(Q)tests/deps check
	$(submake) all tests
	$(Q)tests/run --build $(BUILD) $(SUITES)
#?   unit              only the unit tests (no root needed)
unit: all tests
	$(Q)tests/run --build $(BUILD) unit
#?   check-host        only the tests on this kernel
check-host:
	$(submake) check SUITES=host
#?   check-guests      only the tests on other kernels
check-guests:
	$(submake) check SUITES='5.10 6.1 6.12 7.2 5.10+fused'
#?   check-san         the tests under the sanitizers: unit, host and one guest
check-san:
	$(submake) SAN=1 check SUITES='$(or $(SUITES),unit host 6.12)'
#?   fuzz-fused        millions of packets through fused chains by chance, a minute or two (as root)
fuzz-fused:
	$(submake) all tests
	$(Q)$(BUILD)/tests/unit/fuse_differential $(FUZZ)

#?   bench             what a packet costs, for all kinds of chains, here and in a guest (as root): BUILD/bench.json
bench:
	$(Q)tests/deps bench
	$(submake) all tests
	$(Q)tests/bench/run --build $(BUILD) --guest '$(BENCH_GUEST)'
#?   plot              draw what `make bench` measured into doc/, measuring it first if it wasn't
plot: $(BUILD)/bench.json
	$(Q)tests/deps bench
	$(Q)tests/bench/plot $< doc
$(BUILD)/bench.json:
	+$(Q)$(MAKE) --no-print-directory bench

# Shell scripts are known by their first line, for most have no suffix.
shell_files = $(shell grep -rlIE --exclude-dir=cache '^.(!.*[/ ](ba|da|)sh|!.*bats| shellcheck shell=)' \
	tests .ci bash-completion)
c_files = $(shell find lib cmd bpf tests -name cache -prune -o -name '*.[ch]' -print)
CODESPELL_IGNORE ?= ative,passs,nd,xdpf
#?   lint              clang-format, shellcheck, mandoc, codespell (with -k: all of them even if one complains)
lint: lint-c lint-shell lint-man lint-text
lint-c:
	$(Q)clang-format --dry-run -Werror $(c_files)
lint-shell:
	$(Q)shellcheck -x -P SCRIPTDIR $(shell_files)
lint-man:
	$(if $(MAN_SRC),$(Q)mandoc -T lint -W warning $(MAN_SRC),@:)
lint-text:
	$(Q)codespell -L '$(CODESPELL_IGNORE)' --skip 'cache,*.o' \
		$(wildcard *.md COPYING Makefile lib cmd bpf man tests bash-completion .ci)

#?   analyze           static analysis: gcc -fanalyzer (in build-analyze/) and cppcheck
analyze:
	$(submake) BUILD=build-analyze CC=gcc CFLAGS='-O2 -g -fanalyzer' objects
	$(Q)cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem -D__x86_64__ -DXDPCTL_VERSION='"$(VERSION)"' \
		-D'LIBBPF_OPTS(type, name, ...)=struct type name' -Ilib -Ibpf lib cmd
objects: $(LIB_OBJ) $(CMD_OBJ)

#?   help              this text
help:
	@sed -n 's/^#? \{0,1\}//p' Makefile
