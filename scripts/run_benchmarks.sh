#!/bin/bash
# Runs every benchmark program of the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
count=0
for program in build/release/bench/bench_*; do
  [ -f "$program" ] && [ -x "$program" ] || continue
  count=$((count + 1))
  "$program"
done
echo "bench: $count programs"
