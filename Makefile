# The one way to do things here: `make help` lists them. CMakePresets.json says how each build is made.
.NOTPARALLEL:
.DEFAULT_GOAL := help
SHELL := /bin/bash

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
HOURS ?= 1
FUZZ_SECONDS ?= 60
export JOBS

install_packages = @scripts/install_packages.sh
build = cmake --build --preset $(1) -j $(JOBS)

.PHONY: help demo test check fix install bench soak fuzz fresh clean
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

demo: build-release ## build nvsafe and show what it does
	@scripts/demo.sh

test: ## build with address and undefined-behaviour sanitizers, run the tests
	$(install_packages) build test
	@$(MAKE) -s build/asan/build.ninja
	@$(call build,asan)
	@scripts/run_tests.sh asan

check: check-format check-layers check-core-symbols check-release check-clang check-tsan test check-docs ## all that must pass before a change lands
	@echo "check: all passed"

fix: ## format the sources
	$(install_packages) check
	@scripts/check_format.sh --fix

install: build-release ## install nvsafe into PREFIX (/usr/local), below DESTDIR if set
	cmake --install build/release --prefix "$(PREFIX)"

bench: ## build and run the benchmarks
	$(install_packages) build bench
	@$(MAKE) -s build/bench/build.ninja
	@$(call build,bench)
	@scripts/run_benchmarks.sh

soak: ## HOURS (1) of power cuts, faults, bit flips and model operations
	$(install_packages) build test
	@$(MAKE) -s build/soak/build.ninja
	@$(call build,soak) --target test_store
	@scripts/soak.sh $(HOURS)

fuzz: ## FUZZ_SECONDS (60) of arbitrary input to each fuzz target
	$(install_packages) build fuzz
	@$(MAKE) -s build/fuzz/build.ninja
	@$(call build,fuzz) --target fuzz_store fuzz_settings fuzz_table
	@scripts/fuzz.sh $(FUZZ_SECONDS)

fresh: ## demo and test in a new Debian 12 that has only git and make
	$(install_packages) fresh
	@scripts/fresh.sh

clean: ## remove every build
	rm -rf build

# The parts of check, each by itself.
.PHONY: build-release check-format check-layers check-core-symbols check-release check-clang check-tsan check-docs
build-release:
	$(install_packages) build
	@$(MAKE) -s build/release/build.ninja
	@$(call build,release)

check-format:
	$(install_packages) check
	@scripts/check_format.sh --check
	@echo "format: ok"

check-layers:
	$(install_packages) check
	@python3 scripts/check_layers.py
	@echo "layers: ok"

check-core-symbols:
	$(install_packages) build check
	@scripts/check_core_symbols.sh --self-test
	@$(MAKE) -s build/release/build.ninja
	@scripts/check_core_symbols.sh

check-release: build-release
	@echo "release build with g++: ok"

check-clang:
	$(install_packages) build test check
	@$(MAKE) -s build/clang/build.ninja
	@$(call build,clang)
	@scripts/run_tests.sh clang

# Only the layers that promise something about threads.
check-tsan:
	$(install_packages) build test
	@$(MAKE) -s build/tsan/build.ninja
	@$(call build,tsan) --target test_crypto test_store
	@scripts/run_tests.sh tsan '^(crypto|store)'

check-docs: build-release
	$(install_packages) check
	@python3 scripts/check_docs.py --self-test
	@python3 scripts/check_docs.py

# A changed preset must not meet the cache of the old one.
build/%/build.ninja: CMakePresets.json
	@cmake --fresh --preset $* >/dev/null
	@touch $@
