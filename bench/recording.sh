#!/bin/sh
# Measures the recording on made days (see docs/recording.md) and, with "live SECONDS", on this machine.
set -eu
cd "$(dirname "$0")/.."
cmake --preset bench >/dev/null
cmake --build build/bench --target bench_recording -j2 >/dev/null
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ $# -gt 0 ]; then
  build/bench/bench/recording/bench_recording "$folder" "$@"
else
  build/bench/bench/recording/bench_recording "$folder" day
  build/bench/bench/recording/bench_recording "$folder" memory
fi
