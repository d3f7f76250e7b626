#!/usr/bin/env bash
# How fast a log of /proc/meminfo is judged: SIZE MiB of it (1024), made here, beside what grep and wc need to look at
# every byte of it. Prints seconds, peak resident memory and the ratio. The log is in the page cache for all of them.
# Usage: bench/logs.sh [SIZE]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
size=${1:-1024}
cmake -S "$root" --preset bench >/dev/null
cmake --build "$root/build/bench" --target leakscope >/dev/null
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/meminfo.log

# One block as the kernel prints it, its figures moved on from block to block, and a time before each.
python3 - "$log" "$size" <<'PYTHON'
import datetime, re, sys
path, size = sys.argv[1], int(sys.argv[2]) << 20
block = open("/proc/meminfo").read()
start, written, number = datetime.datetime(2026, 1, 1), 0, 0
with open(path, "w", buffering=1 << 22) as out:
    while written < size:
        grown = re.sub(r"(AnonPages: +)(\d+)", lambda m: m[1] + str(int(m[2]) + number % 977), block)
        text = (start + datetime.timedelta(seconds=5 * number)).strftime("%a %b %e %H:%M:%S UTC %Y\n") + grown
        written += out.write(text)
        number += 1
print(f"{number} blocks, {written >> 20} MiB")
PYTHON

# seconds NAME COMMAND...: the best of three; peak memory of the last.
seconds() {
  local name=$1 best=
  shift
  for _ in 1 2 3; do
    local line
    line=$(python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{time.monotonic() - begin:.3f} {usage.ru_maxrss // 1024} {code}")
PYTHON
)
    if [[ -z $best ]] || awk "BEGIN { exit !(${line%% *} < ${best%% *}) }"; then best=$line; fi
  done
  read -r took peak code <<<"$best"
  printf '%-12s %8.3f s %6d MiB   exit %d\n' "$name" "$took" "$peak" "$code"
  last=$took
}
seconds "wc -l" wc -l "$log"
seconds "grep -c" grep -c MemFree "$log"
peer=$last
seconds leakscope "$root/build/bench/src/leakscope" diagnose --from "$log"
awk "BEGIN { printf \"%.1f times grep -c; aim: at most 5 s and 200 MiB for 1024 MiB\n\", $last / $peer }"
