#!/bin/bash
# Runs each fuzz target from its corpus in testdata/fuzz and prints how many inputs it executed. What it learns on top
# goes to build/fuzz/corpus; an input that fails is kept in build/fuzz with the command that runs it again.
#
#   scripts/fuzz.sh SECONDS [TARGET ...]     FUZZ_SEED=1
set -u
cd "$(dirname "$0")/.."
seconds=$1 seed=${FUZZ_SEED:-1} failed=0 passed=0
shift
[ $# -gt 0 ] || set -- store settings table dump efuses edit opening transform boot boot_log sdkconfig summary
for target in "$@"; do
  program=build/fuzz/fuzz/fuzz_$target
  found=build/fuzz/corpus/$target
  log=build/fuzz/$target.log
  rm -f "build/fuzz/$target-"*
  mkdir -p "$found"
  "$program" -seed="$seed" -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$target-" "$found" "testdata/fuzz/$target" >"$log" 2>&1
  status=$?
  executed=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
  echo "fuzz $target: ${executed:-0} executions in $seconds s, seed $seed"
  if [ $status -eq 0 ] && [ "${executed:-0}" -gt 0 ]; then
    passed=$((passed + 1))
    continue
  fi
  failed=$((failed + 1))
  grep -E '^required|ERROR|runtime error|SUMMARY' "$log"
  for input in "build/fuzz/$target-"*; do [ -f "$input" ] && echo "  again: $program $input"; done
done
echo "fuzz: $passed tests passed, $failed failed"
[ $failed -eq 0 ]
