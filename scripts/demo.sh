#!/bin/sh
# What `make demo` shows, with the nvsafe of the release build: a table, keys, an encrypted image, a whole dump, and every
# row read back from it. Works in a temporary folder; stops at the first step that does not do what it should.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/build/release:$PATH
folder=$(mktemp -d "${TMPDIR:-/tmp}/nvsafe-demo.XXXXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
find examples -maxdepth 1 -type f -exec cp -t "$folder" {} +
cd "$folder"

say() { printf '\n# %s\n' "$1"; }

# Shows a command and runs it. $2: the exit status that is right, 0 if left out.
step() { # command [exit status]
  printf '$ %s\n' "$1"
  status=0
  sh -c "$1" 2>&1 || status=$?
  [ "$status" -eq "${2:-0}" ] && return
  cat openssl.log >&2 || true
  echo "error: exit status $status instead of ${2:-0}" >&2
  exit 1
}

nvsafe --version

say "PEM files that settings.csv names, made on the spot"
step "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example-ca \\
    -keyout ca.key -out ca.pem 2>openssl.log"
step "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example-device \\
    -keyout client.key -out client.pem 2>openssl.log"

say "The partition table: every address, also of the rows that name none"
step "nvsafe table partitions.csv"

say "New keys, as the contents of an nvs_keys partition"
step "nvsafe keys new -o keys.bin"

say "Settings become an encrypted NVS image"
step "nvsafe build settings.csv --table partitions.csv --to-keys keys.bin -o nvs.bin"

say "Neither without a key nor with another one is anything printed as if it were data (exit status 4)"
step "nvsafe ls nvs.bin" 4
step "nvsafe keys new -o other.bin"
step "nvsafe ls nvs.bin --keys other.bin" 4

say "All in one line: table, settings and key page become a dump of the whole flash"
step "nvsafe pack partitions.csv nvs=settings.csv --to-keys keys.bin -o flash.bin"

say "The dump opens with its own key page"
step "nvsafe ls flash.bin"

say "Every row of settings.csv is read back from the dump and compared"
step "nvsafe verify flash.bin settings.csv"
