#!/bin/sh
# What `make demo` shows, with the nvsafe of the release build.
set -eu
cd "$(dirname "$0")/.."
build/release/nvsafe --version
