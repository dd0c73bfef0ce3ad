#!/bin/bash
# Makes the tests of build/asan keep their images in build/oracle, for check_oracle.py.
#
#   scripts/oracle/images.sh COMMAND...   runs it with them kept: make test, whose tests run only once so
#   scripts/oracle/images.sh              runs the tests that make images, unless the last COMMAND passed with the programs
#                                         that are there now
set -euo pipefail
cd "$(dirname "$0")/../.."
images=build/oracle
export NVSAFE_KEEP_IMAGES=$PWD/$images

print_programs() { find build/asan/nvsafe build/asan/tests -maxdepth 1 -type f -perm -u+x -printf '%p %s %T@\n' | sort; }

if [ $# -eq 0 ]; then
  if [ -f $images/programs ] && [ "$(cat $images/programs)" = "$(print_programs)" ]; then exit 0; fi
  echo "oracle: the tests have kept no images of this build; they run again"
  set -- ctest --test-dir build/asan -R '^(cli|image|sim|store)' -j "${JOBS:-2}" --no-tests=error --output-on-failure
  log=$PWD/$images/tests.log
fi
rm -rf $images
mkdir -p $images
if [ -n "${log-}" ]; then
  "$@" >"$log" || { cat "$log"; exit 1; }
else
  "$@"
fi
print_programs >$images/programs
