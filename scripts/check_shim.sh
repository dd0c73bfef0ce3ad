#!/bin/bash
# Proves the two ways in which nvsafe takes the place of the original tools without a change to what calls them: the Python
# package on PYTHONPATH, which a CMake project like ESP-IDF's reaches (tests/cmake_project), and the links first in PATH.
# Installs into a temporary folder. NVSAFE=FILE: this program instead of the one of the release build, to try the check itself.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
folder=$(mktemp -d "${TMPDIR:-/tmp}/nvsafe-shim.XXXXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
unset PYTHONPATH PYTHONHOME DESTDIR
export PYTHONDONTWRITEBYTECODE=1
passed=0

fail() { # what, output file
  echo "error: $1" >&2
  [ -z "${2-}" ] || cat "$2" >&2
  echo "shim: $passed tests passed, 1 failed"
  exit 1
}
pass() { passed=$((passed + 1)); }
same() { # what, wanted, got
  [ "$2" = "$3" ] || fail "$1: '$3' instead of '$2'" "$folder/said"
  pass
}
same_file() { # what, wanted file, got file
  cmp "$2" "$3" >"$folder/cmp" 2>&1 || fail "$1" "$folder/cmp"
  pass
}
status_of() { # command...: prints its exit status, its output is in $folder/said
  local status=0
  "$@" >"$folder/said" 2>&1 || status=$?
  echo $status
}

# DESTDIR is how packages are made: nothing of it may stay in what is installed.
DESTDIR="$folder/stage" cmake --install build/release --prefix /opt/nvsafe >"$folder/said" 2>&1 || fail "cmake --install" "$folder/said"
prefix=$folder/stage/opt/nvsafe
[ -z "${NVSAFE-}" ] || cp "$NVSAFE" "$prefix/bin/nvsafe"
if grep -rIl "$folder" "$prefix" >"$folder/said"; then fail "the temporary folder stands in an installed file" "$folder/said"; fi
pass
links=$prefix/lib/nvsafe/standins
shim=$prefix/share/nvsafe/python
for name in nvs_partition_gen nvs_partition_gen.py gen_esp32part gen_esp32part.py; do
  same "link $name" ../../../bin/nvsafe "$(readlink "$links/$name")"
done
same "programs in bin" nvsafe "$(ls "$prefix/bin")"

# What is expected, from nvsafe's own verb.
build() { "$prefix/bin/nvsafe" build "$root/tests/cmake_project/settings.csv" --plain "$@" >"$folder/said" 2>&1 || fail "nvsafe build" "$folder/said"; }
build --size 0x6000 -o "$folder/nvs.bin"
build --size 0x3000 --format-version 1 -o "$folder/nvs_old.bin"

# The CMake project, by the package's name and by the path of its file.
build_project() { # folder, cmake arguments...: prints the exit status of the build
  local project=$1
  shift
  PYTHONPATH=$shim cmake -S tests/cmake_project -B "$project" -G Ninja "$@" >"$folder/said" 2>&1 || fail "cmake" "$folder/said"
  PYTHONPATH=$shim status_of cmake --build "$project"
}
same "build with the package" 0 "$(build_project "$folder/package")"
same_file "nvs.bin of the project" "$folder/nvs.bin" "$folder/package/nvs.bin"
same_file "nvs_old.bin of the project" "$folder/nvs_old.bin" "$folder/package/nvs_old.bin"
same "nvsafe verify" "0" "$(status_of "$prefix/bin/nvsafe" verify "$folder/package/nvs.bin" tests/cmake_project/settings.csv)"
same "what verify says" "4 of 4 keys read back" "$(cat "$folder/said")"
same "what nvsafe ls says" "calibration/curve calibration/gain wifi/channel wifi/ssid" \
  "$("$prefix/bin/nvsafe" ls "$folder/package/nvs.bin" | awk '$1 ~ "^[a-z]+/[a-z]+$" { print $1 }' | xargs)"
same "build with the file" 0 "$(build_project "$folder/file" "-DGENERATOR=$shim/esp_idf_nvs_partition_gen/nvs_partition_gen.py")"
same_file "nvs.bin by the file" "$folder/nvs.bin" "$folder/file/nvs.bin"

# A bad row stops the build, and the build shows the row.
same "build with a bad row" 1 "$(build_project "$folder/bad" "-DSETTINGS=$root/tests/cmake_project/bad.csv")"
grep -q 'bad.csv:3' "$folder/said" || fail "the build does not name the row" "$folder/said"
pass
[ ! -e "$folder/bad/nvs.bin" ] || fail "a refused CSV left an image"
pass

# A script that was written for the originals, with the links first in PATH.
cat >"$folder/factory.sh" <<'SCRIPT'
set -e
nvs_partition_gen.py generate-key --keyfile keys.bin
nvs_partition_gen.py encrypt settings.csv nvs.bin 0x6000 --inputkey keys/keys.bin
nvs_partition_gen decrypt nvs.bin keys/keys.bin plain.bin
gen_esp32part.py --quiet partitions.csv partitions.bin
gen_esp32part --quiet partitions.bin partitions-again.csv
SCRIPT
mkdir "$folder/factory"
cp tests/cmake_project/settings.csv examples/partitions.csv "$folder/factory"
run_factory() { (cd "$folder/factory" && PATH=$links:$PATH status_of bash "$folder/factory.sh"); }
[ "$(run_factory)" = 0 ] || fail "the script for the originals" "$folder/said"
pass
same_file "decrypted image of the script" "$folder/nvs.bin" "$folder/factory/plain.bin"
"$prefix/bin/nvsafe" table examples/partitions.csv -o "$folder/partitions.bin" >/dev/null
same_file "table of the script" <(head -c 3072 "$folder/partitions.bin") "$folder/factory/partitions.bin"

# What lies between the shim and nvsafe changes nothing: exit status, output, signals, and where nvsafe is found.
run_shim() { PYTHONPATH=$shim python3 -m esp_idf_nvs_partition_gen "$@"; }
cd "$folder"
same "no arguments" "$(status_of "$links/nvs_partition_gen")" "$(status_of run_shim)"
same "usage error" 2 "$(status_of run_shim generate)"
same "help on stdout" "$("$links/nvs_partition_gen" generate --help)" "$(run_shim generate --help 2>/dev/null)"
same "a key that is too long" 254 "$(status_of run_shim generate <(printf 'key,type,encoding,value\nn,namespace,,\na-key-of-16-char,data,u8,1\n') o.bin 0x3000)"

# The same with a program that only tells how it was called, and ends as it is told.
mkdir -p moved/share/nvsafe moved/bin
cp -r "$shim" moved/share/nvsafe/
cat >moved/bin/nvsafe <<'PROGRAM'
#!/bin/bash
printf '<%s>' "$@"
cat
[ "$3" = status ] && exit "$4"
[ "$3" = signal ] && kill -s "$4" $$
# SIGPIPE is number 13, SIGXFSZ 25: the bits that Python would leave set.
printf ' ignored: %x' $((0x$(awk '/^SigIgn/ { print $2 }' /proc/$$/status) & 0x1001000))
PROGRAM
chmod +x moved/bin/nvsafe
export PYTHONPATH=$folder/moved/share/nvsafe/python
same "arguments and stdin" "<as><nvs_partition_gen><a b><>input ignored: 0" "$(printf input | python3 -m esp_idf_nvs_partition_gen 'a b' '')"
same "exit status 254" 254 "$(status_of python3 -m esp_idf_nvs_partition_gen status 254 </dev/null)"
same "SIGTERM" 143 "$(status_of python3 -m esp_idf_nvs_partition_gen signal TERM </dev/null)"
same "SIGPIPE" 141 "$(status_of python3 -m esp_idf_nvs_partition_gen signal PIPE </dev/null)"
rm moved/bin/nvsafe
same "nvsafe from PATH" 2 "$(PATH=$prefix/bin:$PATH status_of python3 -m esp_idf_nvs_partition_gen generate)"
same "no nvsafe" 1 "$(PATH=/usr/bin:/bin status_of "$(command -v python3)" -m esp_idf_nvs_partition_gen generate)"
grep -q '^error: nvsafe is neither' said || fail "no nvsafe, and no word about it" said
pass
same "a script that imports" 1 "$(status_of python3 -c 'import esp_idf_nvs_partition_gen.nvs_partition_gen as m; m.generate(None)')"
grep -q 'off PYTHONPATH' said || fail "an import that does not say what to do" said
pass
echo "shim: $passed tests passed, 0 failed"
