#!/bin/sh
# Formats the C++ sources with .clang-format, or with --check only names what differs.
set -eu
cd "$(dirname "$0")/.."
case ${1-} in
  --check) mode='--dry-run --Werror' ;;
  --fix) mode=-i ;;
  *) echo "usage: $0 --check|--fix" >&2; exit 2 ;;
esac
folders=
for folder in include src tests bench; do [ ! -d $folder ] || folders="$folders $folder"; done
find $folders -name '*.[ch]pp' -print0 | xargs -0 -r clang-format-19 $mode
