#!/bin/bash
# Counts the instructions of get, miss and a changed set of a u32 among 10 000 keys, plain, under callgrind, and fails when
# there are more than there were. A count is the same on every run; it is another one with another compiler. The aims are
# those that a rewrite of the hot paths should reach.
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/release/bench/count_instructions operations=2000 failed=0
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

count() { # operation, limit, aim
  valgrind --tool=callgrind --callgrind-out-file="$log/out" --collect-atstart=no --toggle-collect="measured_$1" \
    "$program" "$1" $operations >"$log/text" 2>&1 || { cat "$log/text" >&2; exit 1; }
  local counted
  counted=$(($(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$log/text") / operations))
  [ "$counted" -gt 0 ] || { echo "error: callgrind counted nothing" >&2; exit 1; }
  printf '%6d instructions  <= %5d  aim %5d  %s\n' "$counted" "$2" "$3" "$1"
  [ "$counted" -le "$2" ] || failed=1
}

count get 505 450
count miss 200 200
count set 1960 1500
[ $failed -eq 0 ] || { echo "instructions: over a limit" >&2; exit 1; }
echo "instructions: ok"
