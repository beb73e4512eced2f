# shian.  `make run` and `make test` need nothing but Debian; see README.md.

.DEFAULT_GOAL := all
SHELL  := /bin/bash
ROOT   := $(CURDIR)
B      ?= $(ROOT)/build
B      := $(abspath $(B))
NGX    ?= /usr/share/nginx/src
PORT   ?= 8080
DIR    ?= $(B)/demo
VENUES ?= 3800
DESTDIR ?=

# ---- packages ---------------------------------------------------------------

BUILD_PACKAGES := gcc make nginx nginx-dev liblmdb-dev libsodium-dev \
    libqrencode-dev libpcre2-dev libprotobuf-c-dev protobuf-c-compiler \
    libjansson-dev libutf8proc-dev libpng-dev zlib1g-dev libjs-leaflet \
    libcurl4-openssl-dev ca-certificates
TEST_PACKAGES  := libcmocka-dev zbar-tools libimage-exiftool-perl webp \
    librsvg2-bin lmdb-utils chromium fonts-noto-cjk clang python3 curl \
    openssl poppler-utils strace
BENCH_PACKAGES := wrk
ASAN_PACKAGES  := libclang-rt-14-dev valgrind

# One apt run for what is missing, none when nothing is.
define need
@missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null \
    | grep -q 'install ok installed' || echo $$p; done); \
if [ -n "$$missing" ]; then \
    sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
    echo "installing:" $$missing; \
    $$sudo apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq \
        --no-install-recommends $$missing >/dev/null || \
    { echo "apt could not install:" $$missing >&2; exit 1; }; \
fi
endef

# `make deps` before anything that compiles; the stamp makes it cheap.
$(B)/.deps: Makefile
	@mkdir -p $(B)
	$(call need,$(BUILD_PACKAGES))
	@touch $@

$(B)/.deps-test: $(B)/.deps
	$(call need,$(TEST_PACKAGES))
	@command -v npm >/dev/null || { $(MAKE) -s -C $(ROOT) .npm; }
	@touch $@

.PHONY: .npm
.npm:
	$(call need,npm)

# ---- sources ----------------------------------------------------------------

SOURCES := $(shell cat src/sources)
LIB_C   := $(filter-out src/http/% src/ctl/%,$(SOURCES))
CTL_C   := $(filter src/ctl/%,$(SOURCES))
HTTP_C  := $(filter src/http/%,$(SOURCES))
UNIT_C  := $(wildcard t/unit/test_*.c)
FUZZ_C  := $(wildcard t/fuzz/fuzz_*.c)

LIB_O   := $(LIB_C:%.c=$(B)/%.o) $(B)/gen/shian.pb-c.o
CTL_O   := $(CTL_C:%.c=$(B)/%.o)

LIBS    := -llmdb -lsodium -lqrencode -lpcre2-8 -lprotobuf-c -ljansson \
    -lutf8proc -lpng -lz -lm
CTL_LIBS := -lcurl
SAN     ?=
OPT     ?= -O2 -g
CFLAGS  := -std=c11 -D_GNU_SOURCE $(OPT) -fPIC -fstack-protector-strong \
    -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow -Wvla \
    -Isrc -I$(B)/gen $(SAN)

.PHONY: all test check unit run bench asan fuzz install uninstall clean layers html model
all: $(B)/libshian.a $(B)/shianctl $(B)/ngx_http_shian_module.so html

$(B)/gen/shian.pb-c.c $(B)/gen/shian.pb-c.h &: src/shian.proto | $(B)/.deps
	@mkdir -p $(B)/gen
	protoc-c -I src --c_out=$(B)/gen src/shian.proto

$(B)/gen/shian.pb-c.o: $(B)/gen/shian.pb-c.c
	$(CC) $(filter-out -Wshadow,$(CFLAGS)) -c $< -o $@

$(B)/%.o: %.c $(B)/gen/shian.pb-c.h
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# The checklist in force until a city sets its own, as a C string.
$(B)/gen/checklist.json.h: conf/checklist.json
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

$(B)/src/domain/checklist.o: $(B)/gen/checklist.json.h

# What complaints are about, and the calendars: built in the same way.
$(B)/gen/categories.json.h: conf/categories.json
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

# Sentences that officers begin with.
$(B)/gen/texts.json.h: conf/texts.json
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

HOLIDAYS := $(sort $(wildcard conf/holidays/*.csv))

$(B)/gen/holidays.h: $(HOLIDAYS)
	@mkdir -p $(@D)
	@for f in $(HOLIDAYS); do \
	    y=$${f##*/}; echo "{ $${y%.csv},"; \
	    sed 's/.*/"&\\n"/' $$f; echo "},"; \
	done >$@

$(B)/src/domain/complaint_category.o: $(B)/gen/categories.json.h
$(B)/src/domain/step_text.o: $(B)/gen/texts.json.h
$(B)/src/core/workday.o: $(B)/gen/holidays.h

$(B)/libshian.a: $(LIB_O)
	@rm -f $@
	@echo "AR $(@F)"
	@ar rcs $@ $^

$(B)/shianctl: $(CTL_O) $(B)/libshian.a
	@echo "LD $(@F)"
	@$(CC) $(CFLAGS) $(CTL_O) $(B)/libshian.a $(LIBS) $(CTL_LIBS) -o $@

# ---- the module, out of tree with nginx-dev's configure ----------------------

# NGX= names another tree of nginx, unpacked or checked out, and B= a build
# folder for it: its nginx is built too, and the tests run on that one.
NGX_OTHER := $(if $(wildcard $(NGX)/conf_flags),,binary)
NGX_SETUP := $(if $(NGX_OTHER),NGX_CONF_FLAGS=(--with-compat --with-threads \
    --with-http_ssl_module --with-http_v2_module --with-http_realip_module \
    --with-http_auth_request_module --with-http_stub_status_module),. \
    $(NGX)/conf_flags)
NGX_CONFIGURE := $(if $(wildcard $(NGX)/configure),./configure,auto/configure)

$(B)/nginx/Makefile: config config.make src/sources | $(B)/.deps
	@mkdir -p $(B)/nginx
	$(NGX_SETUP) && cd $(NGX) && SHIAN_BUILD=$(B) $(NGX_CONFIGURE) \
	    "$${NGX_CONF_FLAGS[@]}" --builddir=$(B)/nginx --with-cc=$(CC) \
	    --with-cc-opt='$(OPT) -fPIC -Wextra -Wno-unused-parameter $(SAN)' \
	    --with-ld-opt='$(SAN)' \
	    --add-dynamic-module=$(ROOT) >$(B)/nginx/configure.log \
	    || { tail -20 $(B)/nginx/configure.log; exit 1; }

# install makes a new file: new bytes in one that nginx has mapped kill it.
$(B)/ngx_http_shian_module.so: $(B)/nginx/Makefile $(B)/libshian.a $(HTTP_C) \
    $(wildcard src/http/*.h)
	$(MAKE) -f $(B)/nginx/Makefile -C $(NGX) $(NGX_OTHER) modules >$(B)/nginx/make.log \
	    || { cat $(B)/nginx/make.log; exit 1; }
	install -m 755 $(B)/nginx/ngx_http_shian_module.so $@

# ---- pages: ours, and Debian's Leaflet beside them ---------------------------

html: $(B)/html/.stamp
$(B)/html/.stamp: $(shell find html -type f 2>/dev/null) | $(B)/.deps
	@rm -rf $(B)/html
	@mkdir -p $(B)/html/static
	cp -R html/. $(B)/html/
	cp -RL /usr/share/javascript/leaflet $(B)/html/static/leaflet
	@touch $@

# ---- tests ------------------------------------------------------------------

# Nothing includes upward, and only src/http knows nginx.
layers: $(LIB_C) $(CTL_C)
	@t/lib/layers

UNIT := $(UNIT_C:t/unit/%.c=$(B)/unit/%)

$(B)/unit/%: t/unit/%.c $(B)/libshian.a
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(CFLAGS) -MMD -MP $< $(B)/libshian.a $(LIBS) -lcmocka -o $@

unit: $(B)/.deps-test $(UNIT)
	@prove $(UNIT)

# What drives the browser; none of its install scripts is run.  Where npm does
# not get it, the tests in a browser say that they are left out.
NODE_STAMP := t/browser/node_modules/.package-lock.json
$(NODE_STAMP): t/browser/package-lock.json | $(B)/.deps-test
	@(cd t/browser && npm ci --ignore-scripts --loglevel=error \
	    --fetch-retries=1 --fetch-timeout=30000) && touch $@ || \
	    { rm -rf t/browser/node_modules; \
	      echo "npm's registry is not reached: no test in a browser" >&2; }

TESTS ?= $(wildcard t/http/*.t t/ctl/*.t t/browser/*.t t/crash/*.t \
    t/model/*.t)

test: $(B)/.deps-test $(NODE_STAMP)
	@$(MAKE) -s all $(UNIT) $(B)/replay layers
	@B=$(B) prove --timer $(UNIT) $(TESTS)

# Long lives of random cities, beside a model of the rules.
MODEL_SEEDS ?= 1 2 3
model: $(B)/.deps-test
	@$(MAKE) -s all
	@status=0; for s in $(MODEL_SEEDS); do \
	    B=$(B) python3 -B t/model/city.py --seed $$s --days 400 \
	        --busy 10 || status=1; \
	done; exit $$status

# ---- a log as a file ----------------------------------------------------------

$(B)/replay: t/replay/replay.c $(B)/libshian.a
	@echo "CC $<"
	@$(CC) $(CFLAGS) $< $(B)/libshian.a $(LIBS) -o $@

# The log that is kept for number 1 of the rules, and what it shows, made anew.
.PHONY: replay-log
replay-log: $(B)/.deps-test
	@$(MAKE) -s all $(B)/replay
	@B=$(B) REPLAY_LOG=1 prove t/ctl/replay.t

# ---- benchmarks -------------------------------------------------------------

$(B)/.deps-bench: $(B)/.deps
	$(call need,$(BENCH_PACKAGES))
	@touch $@

$(B)/bench/post $(B)/bench/follow $(B)/bench/fill: $(B)/bench/%: \
    t/bench/%.c t/bench/diner.h $(B)/libshian.a
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(CFLAGS) $< $(B)/libshian.a $(LIBS) -o $@

$(B)/bench/slow_sync.so: t/bench/slow_sync.c
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(filter-out -Isrc,$(CFLAGS)) -shared $< -o $@

# BENCH= reads, writes, mixed, imports, streams, grading: only these.
bench: $(B)/.deps-bench
	@$(MAKE) -s all $(B)/bench/post $(B)/bench/follow \
	    $(B)/bench/fill $(B)/bench/slow_sync.so
	@B=$(B) t/bench/run $(BENCH)

# Library, command line, tests and module are instrumented; nginx is not, so
# the runtime comes first by SHIAN_PRELOAD, and nginx's own leaks are ignored.
ASAN    := -fsanitize=address,undefined -fno-sanitize-recover=undefined
ASAN_T  ?= $(wildcard t/http/*.t t/crash/*.t)

asan:
	$(call need,$(ASAN_PACKAGES))
	@ASAN_OPTIONS=detect_leaks=0 $(MAKE) -s all B=$(ROOT)/build/asan \
	    OPT='-O1 -g -fno-omit-frame-pointer' SAN='$(ASAN)'
	@SHIAN_PRELOAD=$$($(CC) -print-file-name=libasan.so) $(MAKE) -s test \
	    B=$(ROOT)/build/asan TESTS='$(ASAN_T)' \
	    OPT='-O1 -g -fno-omit-frame-pointer' SAN='$(ASAN)'

# Pool threads, commits, grading, sweeps and streams under ThreadSanitizer;
# what nginx hands over itself is told by t/lib/handover.c.
TSAN_T  ?= t/http/review.t t/http/life.t t/http/midnight.t t/http/events.t \
    t/http/slices.t t/http/policy.t
TSAN    := -fsanitize=thread -Wno-maybe-uninitialized
TSAN_B  := $(ROOT)/build/tsan

$(TSAN_B)/handover.so: t/lib/handover.c
	@mkdir -p $(@D)
	$(CC) -shared -fPIC -O1 $< -o $@

tsan: $(B)/.deps-test $(TSAN_B)/handover.so
	@$(MAKE) -s all B=$(TSAN_B) OPT='-O1 -g -fno-omit-frame-pointer' \
	    SAN='$(TSAN)'
	@SHIAN_PRELOAD="$$($(CC) -print-file-name=libtsan.so) \
	    $(TSAN_B)/handover.so" \
	    TSAN_OPTIONS='history_size=4 suppressions=$(ROOT)/t/lib/tsan.supp' \
	    B=$(TSAN_B) prove --timer $(TSAN_T)

.PHONY: tsan
valgrind: $(B)/.deps-test $(UNIT)
	$(call need,$(ASAN_PACKAGES))
	@prove --exec 'valgrind -q --error-exitcode=9 --leak-check=full' $(UNIT)

# Each target for FUZZ_SECONDS over a copy of its corpus; what it finds stays
# in build/fuzz/NAME.
FUZZ_SECONDS ?= 20
FUZZ         := $(FUZZ_C:t/fuzz/%.c=$(B)/%)
FUZZ_SAN     := -fsanitize=fuzzer-no-link,address,undefined \
    -fno-sanitize-recover=undefined

fuzz:
	$(call need,$(TEST_PACKAGES) $(ASAN_PACKAGES))
	@$(MAKE) -s fuzzers B=$(ROOT)/build/fuzz CC=clang OPT='-O1 -g' \
	    SAN='$(FUZZ_SAN)'

.PHONY: fuzzers valgrind
fuzzers: $(FUZZ)
	@for f in $(FUZZ); do \
	    n=$${f##*/fuzz_}; mkdir -p $(B)/$$n; \
	    cp -n t/fuzz/corpus/$$n/* $(B)/$$n/; \
	    echo "FUZZ $$n"; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=$(B)/$$n- \
	        $(B)/$$n >$(B)/$$n.log 2>&1 || { cat $(B)/$$n.log; exit 1; }; \
	    grep number_of_executed_units $(B)/$$n.log; \
	done

$(B)/fuzz_%: t/fuzz/fuzz_%.c $(B)/libshian.a
	@echo "CC $<"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -MMD -MP $< $(B)/libshian.a $(LIBS) \
	    -o $@

# ---- trying it ---------------------------------------------------------------

run: $(B)/.deps
	@$(MAKE) -s all
	@exec conf/run $(B) $(DIR) $(PORT) $(VENUES)

# ---- installing --------------------------------------------------------------

PREFIX  ?= /usr
MODULES ?= $(PREFIX)/lib/nginx/modules
UNITS   ?= /lib/systemd/system

install: all
	@conf/install install $(B) '$(DESTDIR)' $(PREFIX) $(MODULES) $(UNITS)

# What a city has in /etc/shian and its stores stay.
uninstall:
	@conf/install uninstall $(B) '$(DESTDIR)' $(PREFIX) $(MODULES) $(UNITS)

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
