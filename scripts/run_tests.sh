#!/bin/bash
# Runs the tests of one build and counts the cases inside each test program. Its last line is
#   <preset>: N tests passed, N failed
# A program that dies, or fails after its cases (a leak), counts as one failure, so nothing that ctest saw is lost.
#
#   scripts/run_tests.sh asan [REGEX of the test programs]
set -u
cd "$(dirname "$0")/.."
preset=$1
build=build/$preset
jobs=${JOBS:-2}

rm -rf "$build/test-results"
ctest --test-dir "$build" ${2:+-R "$2"} -j "$jobs" --output-on-failure --no-tests=error --output-junit "$PWD/$build/ctest.xml"
status=$?

attribute() { # name, text: the number in name="…"
  sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$2"
}

passed=0 failed=0 skipped=0
while read -r name state; do
  cases=0 case_failures=0 case_skips=0
  result=$build/test-results/$name.xml
  if [ -f "$result" ]; then
    head=$(grep -m1 '<testsuites ' "$result")
    cases=$(attribute tests "$head") case_failures=$(attribute failures "$head")
    case_skips=$(grep -c 'result="skipped"' "$result")
    cases=$((cases - $(attribute disabled "$head")))
  elif [ "$state" = run ]; then
    cases=1
  fi
  if [ "$state" != run ] && [ "$case_failures" -eq 0 ]; then case_failures=1 cases=$((cases + 1)); fi
  passed=$((passed + cases - case_failures - case_skips)) failed=$((failed + case_failures)) skipped=$((skipped + case_skips))
done < <(sed -n 's/.*<testcase name="\([^"]*\)".* status="\([^"]*\)".*/\1 \2/p' "$build/ctest.xml" 2>/dev/null)
if [ $status -ne 0 ] && [ $failed -eq 0 ]; then failed=1; fi
[ $skipped -eq 0 ] || echo "$preset: $skipped tests skipped"
echo "$preset: $passed tests passed, $failed failed"
exit $status
