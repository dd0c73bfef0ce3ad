# The one way to do things here: `make help` lists them. CMakePresets.json says how each build is made.
.NOTPARALLEL:
.DEFAULT_GOAL := help
SHELL := /bin/bash

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
HOURS ?= 1
FUZZ_SECONDS ?= 60
FRESH_TARGETS ?= demo test
export JOBS

install_packages = @scripts/install_packages.sh
build = cmake --build --preset $(1) -j $(JOBS)

.PHONY: help demo test check fix install bench counterparts bench-counterparts soak fuzz fresh clean
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 28

demo: build-release ## build nvsafe and show what it does
	@scripts/demo.sh

test: ## build with address and undefined-behaviour sanitizers, run the tests
	$(install_packages) build test
	@$(MAKE) -s build/asan/build.ninja
	@$(call build,asan)
	@scripts/oracle/images.sh scripts/run_tests.sh asan

check: check-format check-layers check-core-symbols check-release check-clang check-tsan check-memory check-instructions test check-docs check-oracle check-recorded check-shim check-library counterparts ## all that must pass before a change lands
	@echo "check: all passed"

fix: ## format the sources
	$(install_packages) check
	@scripts/check_format.sh --fix

install: build-release ## install nvsafe into PREFIX (/usr/local), below DESTDIR if set
	cmake --install build/release --prefix "$(PREFIX)"

bench: ## build and run the benchmarks
	$(install_packages) build bench
	@$(MAKE) -s build/release/build.ninja
	@cmake --preset release -DNVSAFE_BENCH=ON >/dev/null
	@$(call build,release) --target bench_nvsafe
	@scripts/run_benchmarks.sh

counterparts: build-release ## compare with the original tools from PyPI on random input (ARGS="--seed 2 --only csv/7")
	$(install_packages) counterparts
	@$(call build,release) --target efuse_operations
	@scripts/counterparts/main.py --self-test
	@scripts/counterparts/main.py $(ARGS)
	@scripts/counterparts/esp_nvs.sh

bench-counterparts: build-release ## how much faster than the original tools
	$(install_packages) counterparts
	@scripts/counterparts/bench.py $(ARGS)

soak: ## HOURS (1) of power cuts, faults, bit flips and model operations
	$(install_packages) build test
	@$(MAKE) -s build/soak/build.ninja
	@$(call build,soak) --target test_store
	@scripts/soak.sh $(HOURS)

fuzz: ## FUZZ_SECONDS (60) of arbitrary input to each fuzz target
	$(install_packages) build fuzz
	@$(MAKE) -s build/fuzz/build.ninja
	@$(call build,fuzz) --target fuzz_store fuzz_settings fuzz_table fuzz_dump fuzz_efuses fuzz_edit fuzz_opening fuzz_transform fuzz_boot fuzz_boot_log fuzz_sdkconfig fuzz_summary
	@scripts/fuzz.sh $(FUZZ_SECONDS)

fresh: ## demo and test (FRESH_TARGETS) in a new Debian 12 that has only git and make
	$(install_packages) fresh
	@scripts/fresh.sh $(FRESH_TARGETS)

clean: ## remove every build
	rm -rf build

# The parts of check, each by itself.
.PHONY: check-memory check-instructions build-release check-format check-layers check-core-symbols check-release check-clang check-tsan check-docs check-oracle check-recorded check-shim check-library
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
	@python3 scripts/check_layers.py --self-test
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
	@$(call build,tsan) --target test_crypto test_idf test_device
	@scripts/run_tests.sh tsan '^(crypto|idf|device)'

check-memory:
	$(install_packages) build memory
	@scripts/check_memory.sh

check-instructions:
	$(install_packages) build instructions
	@$(MAKE) -s build/release/build.ninja
	@$(call build,release) --target count_instructions
	@scripts/count_instructions.sh

check-docs: build-release
	$(install_packages) check
	@python3 scripts/check_docs.py --self-test
	@python3 scripts/check_docs.py

check-recorded: build-release
	$(install_packages) check
	@scripts/check_recorded.sh --self-test
	@scripts/check_recorded.sh

check-shim: build-release
	$(install_packages) build check
	@scripts/check_shim.sh

check-library: build-release
	$(install_packages) build check
	@scripts/check_library.sh

# It takes the images that make test has kept. When that ran other programs than these, or did not pass, the tests that
# make images run here; their own results are for make test to tell.
check-oracle: build-release ## compare an independent reader (docs/ORACLE.md) with nvsafe on all images of the tests
	$(install_packages) build test check
	@$(MAKE) -s build/asan/build.ninja
	@$(call build,asan)
	@python3 scripts/oracle/check_oracle.py --program build/release/nvsafe --self-test
	@scripts/oracle/images.sh
	@python3 scripts/oracle/check_oracle.py --program build/release/nvsafe --made 2000 build/oracle

# A changed preset must not meet the cache of the old one.
build/%/build.ninja: CMakePresets.json
	@cmake --fresh --preset $* >/dev/null
	@touch $@
