#!/bin/bash
# Fails when the core needs anything from outside that core_symbols.txt does not allow. Builds nvsafe_core in the release build.
#
#   scripts/check_core_symbols.sh              the archive of this tree
#   scripts/check_core_symbols.sh --self-test  proves that a forbidden symbol is found
set -euo pipefail
cd "$(dirname "$0")/.."

# Reads demangled names, prints those that no pattern allows.
print_forbidden() {
  local name pattern
  while read -r name; do
    while read -r pattern; do
      # The right side is a pattern on purpose.
      [[ $name != $pattern ]] || continue 2
    done < <(grep -v -e '^#' -e '^$' scripts/core_symbols.txt)
    echo "$name"
  done
}

# Undefined names of an archive that none of its own members defines.
print_needed() { # archive
  comm -23 <(nm -u --format=posix "$1" | awk 'NF >= 2 { print $1 }' | sort -u) \
           <(nm --defined-only --extern-only --format=posix "$1" | awk 'NF >= 2 { print $1 }' | sort -u) | c++filt
}

self_test() {
  local listing=$'memcpy\nnvsafe::provider::crc32(unsigned int)\nnvsafe::assert_failed(char const*, char const*, int)'
  [ -z "$(print_forbidden <<<"$listing")" ] || { echo "core symbols: self-test: refused what is allowed" >&2; return 1; }
  local name
  for name in 'operator new(unsigned long)' memchr 'std::__throw_length_error(char const*)' __cxa_throw; do
    [ "$(print_forbidden <<<"$listing"$'\n'"$name")" = "$name" ] ||
      { echo "core symbols: self-test: let $name pass" >&2; return 1; }
  done
  # The same with a real archive: one object that calls operator new.
  local folder
  folder=$(mktemp -d)
  echo 'namespace nvsafe { void* take() { return new int; } void* twice() { return take(); } }' >"$folder/a.cpp"
  g++ -O0 -c "$folder/a.cpp" -o "$folder/a.o" && ar rcs "$folder/a.a" "$folder/a.o"
  local found
  found=$(print_needed "$folder/a.a" | print_forbidden)
  rm -rf "$folder"
  [ "$found" = 'operator new(unsigned long)' ] ||
    { echo "core symbols: self-test: an archive that needs operator new gave '$found'" >&2; return 1; }
  echo "core symbols: self-test passed"
}

if [ "${1-}" = --self-test ]; then self_test; exit; fi

cmake --build --preset release --target nvsafe_core -j "${JOBS:-2}"
archive=build/release/libnvsafe_core.a
found=$(print_needed "$archive" | print_forbidden)
if [ -n "$found" ]; then
  echo "core symbols: $archive needs what scripts/core_symbols.txt does not allow:"
  while read -r name; do
    echo "  $name"
    nm -u -C -A "$archive" | awk -v name=" $name" 'substr($0, length($0) - length(name) + 1) == name { split($0, part, ":"); print "    in " part[2] }'
  done <<<"$found"
  exit 1
fi
echo "core symbols: ok"
