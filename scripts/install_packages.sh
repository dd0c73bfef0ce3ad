#!/bin/sh
# Installs what is missing of the named groups of packages.txt; says nothing and changes nothing when all of it is there.
#
#   scripts/install_packages.sh build test
set -eu
list=$(dirname "$0")/packages.txt

is_installed() { # package
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for group in "$@"; do
  packages=$(awk -v group="$group" '$1 == group { print $2 ":" $3 }' "$list")
  [ -n "$packages" ] || { echo "error: $list has no group $group" >&2; exit 2; }
  for entry in $packages; do
    package=${entry%%:*} command=${entry#*:}
    if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
    is_installed "$package" || missing="$missing $package"
  done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "error: these packages are missing:$missing" >&2
  echo "hint: as root, on Debian 12: apt-get install --no-install-recommends$missing" >&2
  exit 1
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# An update that fails is no reason to stop: the lists that are there may do.
if { apt-get update || true; apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then exit 0; fi
cat "$log" >&2
echo "error: could not install:$missing" >&2
exit 1
