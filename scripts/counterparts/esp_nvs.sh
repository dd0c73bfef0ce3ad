#!/bin/sh
# Holds nvsafe's store against esp-nvs (crates.io), taking turns on one image: esp_nvs/main.py says how.
#
#   scripts/counterparts/esp_nvs.sh                      proves that faults are seen, then compares
#   scripts/counterparts/esp_nvs.sh --seed 2 --only 17   one run of main.py with these arguments
#
# Wants a configured build (NVSAFE_BUILD, or build/release) and Rust's cargo; what cargo makes goes into
# build/counterparts/esp_nvs. Without cargo or a registry it says so and ends with 0, in CI with 1.
set -eu
cd "$(dirname "$0")/../.."
source=scripts/counterparts/esp_nvs
build=${NVSAFE_BUILD:-build/release}
target=build/counterparts/esp_nvs
cargo_minor_min=85 # esp-nvs is written in Rust 2024, which came with 1.85

skip() { # reason
  echo "esp-nvs: skipped: $1"
  [ -z "${CI:-}" ] || exit 1
  exit 0
}

PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
command -v cargo >/dev/null || skip "there is no cargo"
version=$(cargo --version | cut -d ' ' -f 2)
minor=${version#1.} minor=${minor%%.*}
[ "$minor" -ge $cargo_minor_min ] || skip "cargo $version is older than 1.$cargo_minor_min"

mkdir -p "$target"
log=$target/cargo.log
unreachable="Couldn't connect|Could not (connect|resolve)|failed to (connect|resolve)|[Tt]imed out|SSL connect error"
if ! cargo build --quiet --locked --release --manifest-path $source/Cargo.toml --target-dir "$target" >"$log" 2>&1; then
  # In contrast to a registry that lacks a version, or a crate that does not build.
  if grep -E -q "$unreachable" "$log"; then skip "no crate registry answers"; fi
  cat "$log" >&2
  exit 1
fi
if [ ! -e "$build/build.ninja" ]; then
  echo "error: $build is not configured" >&2
  echo "hint: make build-release" >&2
  exit 1
fi
cmake --build "$build" --target store_operations >"$target/store.log" || { cat "$target/store.log" >&2; exit 1; }

export PYTHONDONTWRITEBYTECODE=1
run() { python3 $source/main.py --store "$build/store_operations" --peer "$target/release/esp_nvs_operations" "$@"; }
[ $# -eq 0 ] || { run "$@"; exit; }
run --self-test
run
