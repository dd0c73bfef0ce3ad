#!/bin/bash
# Builds the examples against an installed tree, as other projects do: with find_package and with pkg-config. Runs the unit tests
# of examples/host_test plain, encrypted and over a dump, and lets examples/library change an image and give it another key.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
folder=$(mktemp -d "${TMPDIR:-/tmp}/nvsafe-library.XXXXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
unset DESTDIR NVSAFE_FLASH NVSAFE_TABLE NVSAFE_NVS_ENCRYPTION NVSAFE_HMAC_KEY NVSAFE_RELEASE NVSAFE_CHIP
passed=0

fail() { # what
  echo "error: $1" >&2
  cat "$folder/said" >&2
  echo "library: $passed tests passed, 1 failed"
  exit 1
}
pass() { passed=$((passed + 1)); }
run() { # what, command...
  local what=$1
  shift
  "$@" >"$folder/said" 2>&1 || fail "$what"
}

# The tree is moved after the install: nothing in it may know where it was.
run "cmake --install" env DESTDIR="$folder/stage" cmake --install build/release --prefix /opt/nvsafe
prefix=$folder/moved
mv "$folder/stage/opt/nvsafe" "$prefix"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

# --- find_package
for example in host_test library; do
  run "cmake $example" cmake -S "examples/$example" -B "$folder/$example" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  run "build $example" cmake --build "$folder/$example"
  pass
done
run "tests of host_test" ctest --test-dir "$folder/host_test" --output-on-failure --no-tests=error
grep -q '100% tests passed, 0 tests failed out of 3' "$folder/said" || fail "tests of host_test"
pass

# --- pkg-config
flags=$(pkg-config --cflags --libs nvsafe-idf)
# shellcheck disable=SC2086 # several words
run "cc with pkg-config" cc -std=c11 -Wall -Wextra -Werror -o "$folder/test_settings" -Iexamples/host_test/main \
  examples/host_test/main/settings.c examples/host_test/test/test_settings.c $flags
run "test_settings" "$folder/test_settings"
pass
# shellcheck disable=SC2046
run "c++ with pkg-config" c++ -std=c++20 -Wall -Wextra -Werror -o "$folder/set_channel" examples/library/set_channel.cpp \
  $(pkg-config --cflags --libs nvsafe)
# shellcheck disable=SC2046
run "c++ with pkg-config" c++ -std=c++20 -Wall -Wextra -Werror -o "$folder/rekey" examples/library/rekey.cpp \
  $(pkg-config --cflags --libs nvsafe)
# What a program does not use does not come with it: fmt is for nvsafe/image.hpp alone.
nm -C "$folder/set_channel" "$folder/test_settings" >"$folder/said"
if grep -q 'fmt::\|nvsafe::image::' "$folder/said"; then fail "programs without nvsafe/image.hpp hold what belongs to it"; fi
ldd "$folder/rekey" >"$folder/said"
if grep -q 'libfmt' "$folder/said"; then fail "a program with nvsafe/image.hpp needs libfmt"; fi
pass

# --- Every header compiles alone, those of firmware in C too.
for header in "$prefix"/include/nvsafe/*.hpp "$prefix"/include/nvsafe/idf/*.h*; do
  echo "#include \"$header\"" >"$folder/header.c"
  run "$header in C++" c++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" -x c++ "$folder/header.c"
  [[ $header == *.hpp ]] || run "$header in C" cc -std=c11 -Wall -Wextra -Werror -fsyntax-only "$folder/header.c"
done
pass

# --- The library changes an image that the program made, and only with its keys.
nvsafe=$prefix/bin/nvsafe
cd "$folder"
run "nvsafe build" "$nvsafe" build "$root/examples/wifi.csv" --size 0x6000 --new-keys keys.bin -o nvs.bin
run "set_channel" "$folder/set_channel" nvs.bin keys.bin 6
run "nvsafe get" "$nvsafe" get nvs.bin wifi/channel --keys keys.bin
[ "$(cat "$folder/said")" = 6 ] || fail "nvsafe get: not 6"
run "nvsafe keys new" "$nvsafe" keys new -o other.bin
before=$(sha256sum nvs.bin)
if "$folder/set_channel" nvs.bin other.bin 7 >"$folder/said" 2>&1; then fail "set_channel took other keys"; fi
[ "$(sha256sum nvs.bin)" = "$before" ] || fail "set_channel with other keys changed the image"
pass

# --- The same as nvsafe rekey, in another program; keys that do not open the image change nothing.
(umask 022; exec "$folder/rekey" nvs.bin keys.bin new_keys.bin rekeyed.bin) >"$folder/said" 2>&1 || fail "rekey"
grep -q '^rekeyed.bin: 3 values under new_keys.bin$' "$folder/said" || fail "rekey: says something else"
[ "$(stat -c '%s %a' new_keys.bin rekeyed.bin | tr '\n' ' ')" = "4096 600 24576 600 " ] || fail "rekey: sizes or modes"
run "nvsafe rekey" "$nvsafe" rekey nvs.bin --keys keys.bin --to-keys new_keys.bin -o by_program.bin
cmp -s rekeyed.bin by_program.bin || fail "rekey: not the bytes of nvsafe rekey"
if "$folder/library/rekey" nvs.bin other.bin no_keys.bin no.bin >"$folder/said" 2>&1; then fail "rekey took other keys"; fi
grep -q '^other.bin does not open nvs.bin' "$folder/said" || fail "rekey with other keys: another error"
[ ! -e no_keys.bin ] && [ ! -e no.bin ] || fail "rekey with other keys wrote something"
pass

# --- The program in docs/LIBRARY.md prints what stands there.
awk '/^```/ { inside = ($0 == "```cpp"); next } inside' "$root/docs/LIBRARY.md" >documented.cpp
awk '/^```/ { inside = ($0 == "```text"); next } inside' "$root/docs/LIBRARY.md" >expected
# shellcheck disable=SC2046
run "the program of docs/LIBRARY.md" c++ -std=c++20 -Wall -Wextra -Werror -o documented documented.cpp $(pkg-config --cflags --libs nvsafe)
[ -s expected ] || fail "docs/LIBRARY.md has no output"
run "that program" ./documented
diff expected "$folder/said" >difference || { cp difference "$folder/said"; fail "docs/LIBRARY.md prints something else"; }
pass

# --- Firmware on a dump: what it writes is what the program reads.
run "nvsafe pack" "$nvsafe" pack "$root/examples/partitions.csv" nvs="$root/examples/wifi.csv" --new-keys dump_keys.bin -o flash.bin
cp flash.bin new.bin
cat >firmware.c <<'END'
#include "nvs.h"
#include "nvs_flash.h"
int main(void) {
  nvs_handle_t handle;
  uint8_t channel = 0;
  ESP_ERROR_CHECK(nvs_flash_init());
  ESP_ERROR_CHECK(nvs_open("wifi", NVS_READWRITE, &handle));
  ESP_ERROR_CHECK(nvs_get_u8(handle, "channel", &channel));
  ESP_ERROR_CHECK(nvs_set_u8(handle, "channel", channel + 1));
  return channel == 11 ? 0 : 1;
}
END
# shellcheck disable=SC2086
run "firmware.c" cc -o firmware firmware.c $flags
run "firmware on the dump" env NVSAFE_FLASH=flash.bin NVSAFE_NVS_ENCRYPTION=flash_enc ./firmware
run "nvsafe get of the dump" "$nvsafe" get flash.bin wifi/channel
[ "$(cat "$folder/said")" = 12 ] || fail "nvsafe get of the dump: not 12"
before=$(sha256sum flash.bin)
if (NVSAFE_FLASH=flash.bin ./firmware; exit $?) >"$folder/said" 2>&1; then fail "plain firmware started on encrypted NVS"; fi
grep -q ESP_ERR_NVS_XTS_DECR_FAILED "$folder/said" || fail "plain firmware on encrypted NVS: another error"
[ "$(sha256sum flash.bin)" = "$before" ] || fail "plain firmware changed encrypted NVS"
pass

# --- The same firmware on a virtual chip: its first boot encrypts the flash, and the values are there.
run "nvsafe chip new" "$nvsafe" chip new chip --flash new.bin --chip esp32c3 --flash-encryption development
run "firmware on a chip" env NVSAFE_CHIP=chip ./firmware
run "nvsafe boot" "$nvsafe" boot chip -q -c 'get wifi/channel'
[ "$(cat "$folder/said")" = 12 ] || fail "nvsafe boot: not 12"
if cmp -s -i 32768 -n 4096 chip/flash.bin new.bin; then fail "the flash of the chip is not encrypted"; fi
if (NVSAFE_CHIP=gone ./firmware; exit $?) >"$folder/said" 2>&1; then fail "firmware started on no chip"; fi
grep -q 'NVSAFE_CHIP=gone: gone is no virtual chip' "$folder/said" || fail "firmware on no chip: another error"
pass

# --- What else the environment says: a table, a file for the HMAC key, a release that loses what this engine keeps.
refuses() { # error that it names, variables...
  local error=$1
  shift
  if (env "$@" ./firmware; exit $?) >"$folder/said" 2>&1; then fail "firmware with $*"; fi
  grep -q "$error" "$folder/said" || fail "firmware with $*: not '$error'"
}
refuses 'NVSAFE_FLASH=none.bin: No such file' NVSAFE_FLASH=none.bin
refuses 'NVSAFE_RELEASE=9.9: ' NVSAFE_RELEASE=9.9
refuses 'NVSAFE_NVS_ENCRYPTION=hmac:6: ' NVSAFE_NVS_ENCRYPTION=hmac:6
head -c 2097152 /dev/zero | tr '\0' '\377' >blank.bin
refuses 'NVSAFE_FLASH=blank.bin: no partition table' NVSAFE_FLASH=blank.bin
refuses ESP_ERR_NVS_NOT_FOUND NVSAFE_FLASH=blank.bin NVSAFE_TABLE="$root/examples/partitions.csv"
run "nvsafe ls of the new values" "$nvsafe" ls blank.bin:0x9000+0x6000
run "host tests with an HMAC key file" env NVSAFE_NVS_ENCRYPTION=hmac:1 NVSAFE_HMAC_KEY=hmac.bin "$folder/test_settings"
[ "$(stat -c '%s %a' hmac.bin)" = "32 600" ] || fail "the HMAC key that was burnt is not in its file"
run "host tests with that file again" env NVSAFE_NVS_ENCRYPTION=hmac:1 NVSAFE_HMAC_KEY=hmac.bin "$folder/test_settings"
cp flash.bin lost.bin
refuses ESP_ERR_NVS_NOT_FOUND NVSAFE_FLASH=lost.bin NVSAFE_RELEASE=5.5
if cmp -s flash.bin lost.bin; then fail "release 5.5 lost nothing"; fi
pass

echo "library: $passed tests passed, 0 failed"
