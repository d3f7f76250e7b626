#!/bin/sh
# Builds and runs the verdict bench: false alarms and recall beside plain Mann-Kendall, Hamed-Rao and predict_linear.
# Usage: bench/verdict.sh [FOLDER]     FOLDER holds one NAME.csv per host: "seconds,percent of memory" per line
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cmake -S "$root" --preset bench >/dev/null
cmake --build "$root/build/bench" --target bench_verdict >/dev/null
exec "$root/build/bench/bench/verdict/bench_verdict" "$@"
