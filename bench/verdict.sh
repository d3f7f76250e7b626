#!/bin/sh
# Builds and runs the verdict bench: false alarms and recall beside plain Mann-Kendall, Hamed-Rao and predict_linear.
# Usage: bench/verdict.sh [FOLDER OF HOST SERIES]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
hosts=${1:-$root/../shared/data/memory-series}
cmake -S "$root" --preset bench >/dev/null
cmake --build "$root/build/bench" --target bench_verdict >/dev/null
exec "$root/build/bench/bench/verdict/bench_verdict" "$hosts"
