#!/bin/bash
# Runs the recorded runs of Espressif's tools against the stand-ins: by the link name, with and without .py, and as
# `nvsafe as NAME`. Each must leave the same files with the same exit status, but for what testdata/standin/differences.txt
# lists. The collection lies beside the project; without it this says "skipped", and is an error when CI is set. The last
# line is
#   recorded: N tests passed, N failed
#
#   scripts/check_recorded.sh [NVSAFE]      NVSAFE: the program, build/release/nvsafe if left out
#   scripts/check_recorded.sh --self-test   proves that a stand-in that does nothing is found
set -u
cd "$(dirname "$0")/.."
tools='nvs_partition_gen gen_esp32part espsecure'
golden=../shared/golden
checker=../shared/tools/check_cases.py
differences=testdata/standin/differences.txt

if [ ! -f $golden/MANIFEST.json ] || [ ! -f $checker ]; then
  if [ -n "${CI-}" ]; then
    echo "error: the recorded runs are missing: $golden" >&2
    echo "recorded: 0 tests passed, 1 failed"
    exit 1
  fi
  echo "recorded: skipped: $golden is not here; the project's own choice of them runs in 'make test'"
  exit 0
fi

run() { # tool, command words
  python3 $checker $golden --cmd "$1=$2" --exit --differences $differences --only "$1/"
}

self_test() {
  local tool output
  for tool in $tools; do
    if output=$(run "$tool" true); then
      echo "recorded: self-test: a $tool that does nothing passes" >&2
      return 1
    fi
    grep -q '^[0-9]* passed, [1-9][0-9]* failed$' <<<"$output" ||
      { echo "recorded: self-test: no failures are counted for a $tool that does nothing" >&2; return 1; }
  done
  echo "recorded: self-test passed"
}

if [ "${1-}" = --self-test ]; then self_test; exit; fi

program=$(realpath "${1:-build/release/nvsafe}") || exit 1
links=$(mktemp -d)
trap 'rm -rf "$links"' EXIT
passed=0 failed=0
for tool in $tools; do
  ln -s "$program" "$links/$tool"
  ln -s "$program" "$links/$tool.py"
  for words in "$links/$tool" "$links/$tool.py" "$program as $tool"; do
    output=$(run "$tool" "$words")
    echo "${words##*/}: $(tail -n 1 <<<"$output")"
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$output")
    [ -n "$counts" ] || counts='0 1'  # the checker itself failed
    [ "${counts#* }" -eq 0 ] || sed '$d' <<<"$output"
    passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
  done
done
echo "recorded: $passed tests passed, $failed failed"
[ $failed -eq 0 ]
