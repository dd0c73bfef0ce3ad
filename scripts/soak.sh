#!/bin/bash
# Hours of the store's proofs in a release build, with seeds that have not been tried: of one seed after the other all power
# cuts, faults and bits, in parts of about the same length, and 10 million model operations in between. What failed is
# written to build/soak/failed.txt, and the next soak tries that first. The last line has the sums.
#
#   scripts/soak.sh HOURS     SOAK_SEED=<first seed; the clock if not given> SOAK_PARTS=<of a seed, 48>
#                             SOAK_MODEL_OPERATIONS=<10000000>
set -u
cd "$(dirname "$0")/.."
seconds=$(awk "BEGIN { print int($1 * 3600) }") seed=${SOAK_SEED:-$(date +%s)} parts=${SOAK_PARTS:-48}
program=build/soak/test_store.soak log=build/soak/soak.log failed_cases=build/soak/failed.txt
model_operations=${SOAK_MODEL_OPERATIONS:-10000000} model_part=250000
split='Store/Cuts.*:Store/StockReader.*:Store/BatchCuts.*:Store/BatchStockReader.*:Store/ReleaseMountOf.*:Store/Faults.*:Store/BitFlips.*:-*.of_memory_come_before*'
once='Store/BatchFaults.*:ReleaseMount.of_*:*.of_memory_come_before*:Enumeration.*'
cuts=0 second_cuts=0 faults=0 bits=0 operations=0 failed=0 bad_runs=0 first_seed=$seed model_seed=$((seed * 10000))
cp build/soak/tests/test_store $program # a build that follows does not change what runs
: >"$log"
touch "$failed_cases"

sum() { awk -v wanted="$1" '$1 == wanted { n += $2 } END { print n + 0 }' "$round.counts"; }

totals() {
  echo "seeds $first_seed to $seed, $SECONDS s: power cuts $cuts, second cuts $second_cuts, faults $faults, bits $bits," \
    "model operations $operations; failed $failed, runs that failed $bad_runs"
}

# How to see each failure again: the case if the test names one, otherwise the test.
failures_of() { # round, environment
  local round=$1
  shift
  sed -En 's/^ *replay: (.*) --gtest_filter=(.*)/\1 \2/p' "$round"
  sed -En 's/^\[  FAILED  \] ([^ ,]+),? .*\(.* ms\)$/\1/p' "$round" | while read -r test; do
    grep -qE -- "^ *replay: .*--gtest_filter=$test$" "$round" || echo "$* $test"
  done
}

run() { # filter, environment
  local filter=$1 round=build/soak/round.log
  shift
  # The time that is left, so that the hours asked for are the hours taken.
  env "$@" timeout --signal=INT $((seconds - SECONDS + 1)) "$program" --gtest_filter="$filter" >"$round" 2>&1
  local status=$?
  cat "$round" >>"$log"
  sed -En 's/^power cuts,.*: tried ([0-9]+), failed ([0-9]+).*/cuts \1\nfailed \2/p
           s/^ +second cuts in the recovery: tried ([0-9]+).*/second \1/p
           s/^faults,.*: tried ([0-9]+), failed ([0-9]+).*/faults \1\nfailed \2/p
           s/^bit flips,.*: tried ([0-9]+), failed ([0-9]+).*/bits \1\nfailed \2/p
           s/^model: ([0-9]+) operations.*/model \1/p' "$round" >"$round.counts"
  cuts=$((cuts + $(sum cuts))) second_cuts=$((second_cuts + $(sum second))) faults=$((faults + $(sum faults)))
  bits=$((bits + $(sum bits))) operations=$((operations + $(sum model))) failed=$((failed + $(sum failed)))
  [ $status -ne 124 ] || echo "soak: the time is over; the test that was running is not counted"
  # A run that is ended has no result of its own, but what it found before counts.
  if { [ $status -ne 0 ] && [ $status -ne 124 ]; } || grep -q ': Failure$' "$round"; then
    bad_runs=$((bad_runs + 1))
    grep -E 'replay|Which is|seed|bit [0-9]' "$round" | head -20
    failures_of "$round" "$@" >"$round.failed"
    [ -s "$round.failed" ] || echo "$* $filter" >"$round.failed" # it crashed
    sed 's/^/  again: /' "$round.failed"
    sort -u "$round.failed" "$failed_cases" -o "$failed_cases"
  fi
  echo "soak: $*: $(totals)"
}

end() {
  echo "soak: $(totals)"
  [ $bad_runs -eq 0 ] && [ $failed -eq 0 ]
  exit
}
trap end INT TERM

# What failed in an earlier soak. It stays in the list until it passes.
while read -r line; do
  [ $SECONDS -lt "$seconds" ] || break
  before=$bad_runs
  read -ra words <<<"$line"
  run "${words[-1]}" "${words[@]:0:${#words[@]}-1}"
  [ $bad_runs -eq "$before" ] || continue
  grep -vxF -- "$line" "$failed_cases" >"$failed_cases.new"
  mv "$failed_cases.new" "$failed_cases"
done < <(cat "$failed_cases")

while [ $SECONDS -lt "$seconds" ]; do
  for ((part = 0; part < parts && SECONDS < seconds; part++)); do
    run "$split" NVSAFE_CUT_ALL=1 NVSAFE_CUT_SEED=$seed NVSAFE_CUT_PART=$part/$parts
    if [ $operations -lt "$model_operations" ] && [ $SECONDS -lt "$seconds" ]; then
      run 'Model.does*:BatchModel.does*' NVSAFE_MODEL_OPERATIONS=$model_part NVSAFE_MODEL_SEED=$model_seed
      model_seed=$((model_seed + 100)) # a seed has 3000 operations
    fi
  done
  [ $SECONDS -ge "$seconds" ] || run "$once" NVSAFE_CUT_ALL=1 NVSAFE_CUT_SEED=$seed
  seed=$((seed + 1))
done
end
