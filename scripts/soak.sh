#!/bin/bash
# Hours of the store's proofs in a release build, with seeds that have not been tried: all power cuts, faults and bits of
# one seed after the other, and 10 million model operations in between. The last line has the sums.
#
#   scripts/soak.sh HOURS     SOAK_SEED=<first seed; the clock if not given>
set -u
cd "$(dirname "$0")/.."
seconds=$(awk "BEGIN { print int($1 * 3600) }") seed=${SOAK_SEED:-$(date +%s)}
program=build/soak/tests/test_store log=build/soak/soak.log
model_operations=${SOAK_MODEL_OPERATIONS:-10000000}
cuts=0 cut_failures=0 operations=0 bad_runs=0 first_seed=$seed
: >"$log"

run() { # filter, environment
  local filter=$1 round=build/soak/round.log
  shift
  # The time that is left, so that the hours asked for are the hours taken.
  env "$@" timeout --signal=INT $((seconds - SECONDS + 1)) "$program" --gtest_filter="$filter" >"$round" 2>&1
  local status=$?
  cat "$round" >>"$log"
  read -r tried failed < <(sed -En 's/^(power cuts|faults|bit flips),.*: tried ([0-9]+), failed ([0-9]+).*/\2 \3/p
                                    s/^ +second cuts in the recovery: tried ([0-9]+).*/\1 0/p' "$round" |
    awk '{ tried += $1; failed += $2 } END { print tried + 0, failed + 0 }')
  cuts=$((cuts + tried)) cut_failures=$((cut_failures + failed))
  operations=$((operations + $(sed -n 's/^model: \([0-9]*\) operations.*/\1/p' "$round" | awk '{ n += $1 } END { print n + 0 }')))
  [ $status -ne 124 ] || echo "soak: the time is over; the test that was running is not counted"
  # A run that is ended has no result of its own, but what it found before counts.
  if { [ $status -ne 0 ] && [ $status -ne 124 ]; } || grep -q ': Failure$' "$round"; then
    bad_runs=$((bad_runs + 1))
    grep -E 'replay|Which is|seed|bit [0-9]' "$round" | head -20
    echo "  again: $* $program --gtest_filter='$filter'"
  fi
  echo "soak: $SECONDS s, $*: tried $tried, failed $failed; model operations so far $operations"
}

while [ $SECONDS -lt "$seconds" ]; do
  # The model in parts, so that none of it is lost when the time is over.
  part=$((model_operations / 10 + 1))
  if [ $operations -lt "$model_operations" ]; then
    run 'Model.does*' NVSAFE_MODEL_OPERATIONS=$part NVSAFE_MODEL_SEED=$((seed * 1000))
  fi
  for shard in 0 1 2 3 4 5 6 7 8 9 10 11; do
    [ $SECONDS -lt "$seconds" ] || break
    run '*Cuts.lose_nothing*:*ReleaseMount*:*Faults.*:*BitFlips.*' NVSAFE_CUT_ALL=1 NVSAFE_CUT_SEED=$seed GTEST_TOTAL_SHARDS=12 \
      GTEST_SHARD_INDEX=$shard
  done
  seed=$((seed + 1))
done
echo "soak: seeds $first_seed to $((seed - 1)), $SECONDS s: tried $cuts, failed $cut_failures; model operations $operations; runs that failed $bad_runs"
[ $bad_runs -eq 0 ] && [ $cut_failures -eq 0 ]
