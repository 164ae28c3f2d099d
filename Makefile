# Two targets do everything on Debian 12: `make demo` and `make test`. `make` alone builds for the Lua it finds.

RUNTIMES := lua5.4 lua5.3 lua5.2 lua5.1 luajit

# Distributions name the same package lua5.4, lua-5.4 or lua54.
package_of = $(shell for name in $(1) $(subst lua,lua-,$(1)) $(subst .,,$(1)); do \
	pkg-config --exists $$name 2>/dev/null && echo $$name && break; done)

RUNTIME ?= $(firstword $(foreach runtime,$(RUNTIMES),$(if $(call package_of,$(runtime)),$(runtime))))
LUA_CFLAGS ?= $(shell pkg-config --cflags $(call package_of,$(RUNTIME)))
CURL_CFLAGS ?= $(shell pkg-config --cflags libcurl)
CURL_LIBS ?= $(shell pkg-config --libs libcurl)

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Werror
COMPILE = $(CC) -std=c11 $(WARNINGS) $(CFLAGS) $(CPPFLAGS) -fPIC -pthread $(LUA_CFLAGS) $(CURL_CFLAGS)

# V=1 shows the commands.
QUIET := $(if $(V),,@)
show = @echo '$(1)  $(2)'

ifeq ($(shell uname -s),Darwin)
SHARED := -bundle -undefined dynamic_lookup
else
SHARED := -shared
endif

BUILD ?= build/$(RUNTIME)
OBJECTS := $(patsubst csrc/%.c,$(BUILD)/objects/%.o,$(wildcard csrc/*.c))
MODULE := $(BUILD)/supermetrics/core.so

.PHONY: all module static embed runtimes man install uninstall rockspec rockcheck demo sandbox test memcheck libcurlcheck threadcheck idlecheck fuzz sanitize gccheck torture soak bench benchcheck docs lint format setup-demo setup-docs setup-test setup-bench clean

all: module

module: $(MODULE)

$(MODULE): $(OBJECTS)
	@mkdir -p $(@D)
	$(call show,LINK,$@)
	$(QUIET)$(CC) $(SHARED) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $(OBJECTS) $(CURL_LIBS)

$(BUILD)/objects/%.o: csrc/%.c Makefile
ifeq ($(RUNTIME),)
	$(error no Lua headers found: install those of Lua 5.1 to 5.4 or LuaJIT, or set RUNTIME and LUA_CFLAGS)
endif
	@mkdir -p $(@D)
	$(call show,CC,$@)
	$(QUIET)$(COMPILE) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# The core for hosts that link it statically. Its objects are made one, whose hidden functions become local, so that no
# name but luaopen_supermetrics_core can meet one of the host's.
STATIC := $(BUILD)/libsupermetrics_lua.a

static: $(STATIC)

$(STATIC): $(OBJECTS)
	$(call show,AR,$@)
	$(QUIET)$(LD) -r -o $(BUILD)/supermetrics_core.o $(OBJECTS)
	$(QUIET)objcopy --localize-hidden $(BUILD)/supermetrics_core.o
	$(QUIET)rm -f $@ && $(AR) rcs $@ $(BUILD)/supermetrics_core.o

# The two hosts in C of examples/embed. They use luaL_requiref, which Lua has since 5.2.
LUA_LIBS ?= $(shell pkg-config --libs $(call package_of,$(RUNTIME)))
EMBED := $(patsubst examples/embed/%.c,$(BUILD)/embed/%,$(wildcard examples/embed/*.c))

embed: $(EMBED)

$(BUILD)/embed/%: examples/embed/%.c $(STATIC)
	@mkdir -p $(@D)
	$(call show,CC,$@)
	$(QUIET)$(COMPILE) -o $@ $< $(STATIC) $(LDFLAGS) $(LUA_LIBS) $(CURL_LIBS) -pthread

# For those without luarocks: make RUNTIME=lua5.4 install PREFIX=/usr/local, with DESTDIR= in front for packages.
PREFIX ?= /usr/local
LUA_VERSION = $(if $(filter luajit,$(RUNTIME)),5.1,$(patsubst lua%,%,$(RUNTIME)))
INSTALLED_LUA = $(DESTDIR)$(PREFIX)/share/lua/$(LUA_VERSION)
INSTALLED_CORE = $(DESTDIR)$(PREFIX)/lib/lua/$(LUA_VERSION)

INSTALLED_COMMAND = $(DESTDIR)$(PREFIX)/bin/supermetrics-backfill
INSTALLED_MAN_PAGE = $(DESTDIR)$(PREFIX)/share/man/man1/supermetrics-backfill.1

# The command as a script that finds the modules under PREFIX, wherever that is.
define COMMAND_HEAD
#!/usr/bin/env $(RUNTIME)
package.path = "$(PREFIX)/share/lua/$(LUA_VERSION)/?.lua;$(PREFIX)/share/lua/$(LUA_VERSION)/?/init.lua;" .. package.path
package.cpath = "$(PREFIX)/lib/lua/$(LUA_VERSION)/?.so;" .. package.cpath

endef
export COMMAND_HEAD

install: module man
	@mkdir -p "$(INSTALLED_LUA)" "$(INSTALLED_CORE)/supermetrics"
	@cp -R lua/supermetrics "$(INSTALLED_LUA)/"
	@install -m 755 $(MODULE) "$(INSTALLED_CORE)/supermetrics/core.so"
	@mkdir -p "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	@{ printf '%s\n' "$$COMMAND_HEAD"; cat lua/supermetrics/command/main.lua; } >"$(INSTALLED_COMMAND)"
	@chmod 755 "$(INSTALLED_COMMAND)"
	@install -m 644 $(MAN_PAGE) "$(INSTALLED_MAN_PAGE)"
	@echo "installed for Lua $(LUA_VERSION): $(INSTALLED_LUA)/supermetrics, $(INSTALLED_CORE)/supermetrics"
	@echo "installed: $(INSTALLED_COMMAND), $(INSTALLED_MAN_PAGE)"

uninstall:
	@rm -rf "$(INSTALLED_LUA)/supermetrics" "$(INSTALLED_CORE)/supermetrics"
	@rm -f "$(INSTALLED_COMMAND)" "$(INSTALLED_MAN_PAGE)"
	@echo "removed: $(INSTALLED_LUA)/supermetrics, $(INSTALLED_CORE)/supermetrics"
	@echo "removed: $(INSTALLED_COMMAND), $(INSTALLED_MAN_PAGE)"

# The man page of the command, made of the same table as its --help.
MAN_PAGE := build/man/supermetrics-backfill.1

man: $(MAN_PAGE)

$(MAN_PAGE): $(MODULE) $(wildcard lua/supermetrics/command/*.lua)
	@mkdir -p $(@D)
	$(QUIET)LUA_PATH="./lua/?.lua;./lua/?/init.lua;;" LUA_CPATH="$(BUILD)/?.so;;" $(RUNTIME) -e \
		'io.write(require("supermetrics.command.manual").page(require("supermetrics.core")._VERSION))' >$@

# The rock, made, packed and installed into empty trees, for each version that luarocks drives.
rockcheck: setup-test
	@spec/rockcheck

# The rockspec of the release, from the scm one: make rockspec SOURCE_URL=git+https://…
rockspec:
	@mkdir -p build
	@.ci/rockspec build "$(SOURCE_URL)"

# One folder for each runtime.
runtimes:
	@set -e; for runtime in $(RUNTIMES); do $(MAKE) --no-print-directory RUNTIME=$$runtime module; done

# Once the packages are there, a second make sees the headers that the first one did not.
demo: setup-demo
	@$(MAKE) --no-print-directory module
	@examples/demo

sandbox: setup-demo
	@exec env LUA_PATH="./lua/?.lua;./lua/?/init.lua;;" luajit lua/supermetrics/sandbox/command.lua $(SANDBOX_OPTIONS)

test: setup-test
	@$(MAKE) --no-print-directory runtimes
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 embed
	@spec/run $(RUNTIMES)

# Every spec on Lua 5.4 under valgrind.
memcheck: setup-test
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 module embed
	@$(MAKE) --no-print-directory RUNTIME=luajit module
	@spec/memcheck

# Every spec on Lua 5.4 with a libcurl other than the one built with: that of Debian's backports, or the one in the
# folder LIBCURL.
libcurlcheck: setup-test
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 module embed
	@$(MAKE) --no-print-directory RUNTIME=luajit module
	@folder="$(LIBCURL)" && folder="$${folder:-$$(.ci/newer_libcurl build/newer_libcurl)}" && spec/libcurlcheck "$$folder"

# Every allocation of a call made to fail, one after another, for Lua, libcurl and the core: see spec/torture.
TORTURED := $(patsubst csrc/%.c,build/torture/%.o,$(wildcard csrc/*.c))

torture: setup-test
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 build/torture/torture
	@build/torture/torture

build/torture/torture: spec/torture/torture.c spec/torture/server.c $(TORTURED)
	$(call show,CC,$@)
	$(QUIET)$(COMPILE) -D_GNU_SOURCE -o $@ $^ $(LUA_LIBS) $(CURL_LIBS) -pthread

build/torture/%.o: csrc/%.c spec/torture/allocations.h $(wildcard csrc/*.h)
	@mkdir -p $(@D)
	$(call show,CC,$@)
	$(QUIET)$(COMPILE) -D_GNU_SOURCE -include spec/torture/allocations.h -c -o $@ $<

# Every spec on Lua 5.4 and LuaJIT, with the core under AddressSanitizer and UndefinedBehaviorSanitizer. All that specs
# would build is built before: two of them run at a time.
SANITIZED := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined

sanitize: setup-test
	@set -e; for runtime in lua5.4 luajit; do $(MAKE) --no-print-directory RUNTIME=$$runtime \
		BUILD=build/asan-$$runtime CFLAGS="$(SANITIZED)" module; done
	@$(MAKE) --no-print-directory runtimes
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 embed man
	@spec/sanitize

# The threads of examples/embed under ThreadSanitizer and helgrind.
threadcheck: setup-test
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 embed
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 BUILD=build/tsan CFLAGS="-O1 -g -fsanitize=thread" embed
	@spec/threadcheck

# Every spec on Lua 5.4 and LuaJIT with a collector that collects at every allocation; as for sanitize, all is built
# before.
gccheck: setup-test
	@$(MAKE) --no-print-directory runtimes
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 embed man build/eager/host.so
	@spec/gccheck

build/eager/host.so: spec/support/eager/host.c
	@mkdir -p $(@D)
	$(call show,LINK,$@)
	$(QUIET)$(COMPILE) -D_GNU_SOURCE -shared -o $@ $<

# A long run of mixed calls with one fault in a hundred: make soak SOAK_CALLS=20000 SOAK_SEED=1.
SOAK_CALLS ?= 1000000

soak: setup-test
	@$(MAKE) --no-print-directory module
	@LUA_PATH="./lua/?.lua;./lua/?/init.lua;./?.lua;;" LUA_CPATH="./build/$(RUNTIME)/?.so;;" \
		$(RUNTIME) spec/soak/soak.lua $(SOAK_CALLS) $(SOAK_SEED)

# What an idle wait costs the processor in each host.
idlecheck: setup-test
	@$(MAKE) --no-print-directory runtimes
	@spec/idlecheck

# The library beside what one would write by hand, or only some rows of it: make bench ROWS="instructions cold".
BENCH := build/bench/floor build/bench/spend

bench: setup-bench
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 module $(BENCH)
	@$(MAKE) --no-print-directory RUNTIME=luajit module
	@spec/bench/run bench $(ROWS)

# Its short form: whether a warm call takes more instructions than committed.
benchcheck: setup-test
	@$(MAKE) --no-print-directory RUNTIME=lua5.4 module build/bench/floor
	@spec/bench/run check

build/bench/floor: spec/bench/peers/floor.c
	@mkdir -p $(@D)
	$(call show,CC,$@)
	$(QUIET)$(COMPILE) -o $@ $< $(CURL_LIBS)

build/bench/spend: spec/bench/spend.c
	@mkdir -p $(@D)
	$(call show,CC,$@)
	$(QUIET)$(COMPILE) -o $@ $<

# Fuzzing, for so many seconds a target: make fuzz SECONDS=600. An environment's own SECONDS does not count.
ifneq ($(origin SECONDS),command line)
SECONDS := 60
endif
FUZZERS := $(addprefix build/fuzz/,answer arguments headers)

fuzz: setup-test
	@$(MAKE) --no-print-directory $(FUZZERS)
	@spec/fuzz/run $(SECONDS)

build/fuzz/%: spec/fuzz/%.c spec/fuzz/state.c spec/fuzz/state.h $(wildcard csrc/*.[ch]) Makefile
	@mkdir -p $(@D)
	$(call show,CC,$@)
	$(QUIET)clang -std=c11 $(WARNINGS) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		$(shell pkg-config --cflags lua5.4 libcurl) -o $@ $< spec/fuzz/state.c csrc/*.c \
		$(shell pkg-config --libs lua5.4 libcurl) -pthread

# The reference, made of the annotations, and the guides docs/*.md as HTML.
docs: setup-docs
	@$(if $(RUNTIME),$(RUNTIME),lua5.4) docs/reference/generate.lua build/docs

lint: setup-test
	@.ci/lint

format:
	clang-format -i csrc/*.[ch] spec/*/*.[ch] spec/*/*/*.[ch] examples/*/*.c

setup-demo:
	@.ci/setup demo

setup-docs:
	@.ci/setup docs

setup-test:
	@.ci/setup demo docs test

setup-bench:
	@.ci/setup demo bench

clean:
	rm -rf build
