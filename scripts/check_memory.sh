#!/bin/bash
# Builds the core for a 32-bit processor, with no cryptography, and compares the memory of a mounted store with its limits.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/memory
g++ -m32 -msse2 -std=c++20 -O2 -Wall -Wextra -Werror -fno-exceptions -fno-rtti -Iinclude -Isrc -Ibench \
  src/crypto/*.cpp src/format/*.cpp src/store/*.cpp tests/memory/memory_report.cpp -o build/memory/memory_report
build/memory/memory_report
