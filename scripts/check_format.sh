#!/bin/sh
# Formats the C++ sources with .clang-format, or with --check only names what differs.
set -eu
cd "$(dirname "$0")/.."
folders=
for folder in include src tests bench examples; do [ ! -d $folder ] || folders="$folders $folder"; done
files=$(find $folders -name '*.[ch]pp' -o -name '*.[ch]' | sort)
case ${1-} in
  --fix) clang-format-19 -i $files ;;
  --check)
    differing=$(clang-format-19 --dry-run $files 2>&1 | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: .*clang-format.*/  \1/p' | uniq)
    [ -z "$differing" ] || { echo "format: make fix would change:"; echo "$differing"; exit 1; }
    ;;
  *) echo "usage: $0 --check|--fix" >&2; exit 2 ;;
esac
