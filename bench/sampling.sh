#!/usr/bin/env bash
# What one sample of all processes costs in CPU time: ours by tier, beside atop, smem and process-exporter where they
# are installed; then what each source costs.
# Starts COUNT processes of MIB MiB each (base pages) first, and ends only these.
# Usage: bench/sampling.sh [COUNT [MIB [ROUNDS]]]      (1000 processes of 10 MiB, 40 rounds)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
count=${1:-1000} mib=${2:-10} rounds=${3:-40}
build=$root/build/bench
if [[ ! -x $build/bench/sampling/bench_sampling || ! -x $build/bench/sampling/bench_sources ]]; then
  cmake -S "$root" --preset bench >/dev/null
  cmake --build "$build" --target bench_sampling bench_sources bench_idle_processes >/dev/null
fi

available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
if ((count * mib > available * 8 / 10)); then
  smaller=$((available * 8 / 10 / count))
  ((smaller >= 1)) || { echo "not enough memory for $count processes: $available MiB are available" >&2; exit 2; }
  echo "note: $available MiB are available, so each process gets $smaller MiB instead of $mib"
  mib=$smaller
fi

scratch=$(mktemp -d)
children=()
finish() {
  exec {hold}>&- || true
  for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
mkfifo "$scratch/hold"
# They end when the other end of this pipe does, however this script ends.
"$build/bench/sampling/bench_idle_processes" "$count" "$mib" <"$scratch/hold" >"$scratch/ready" &
exec {hold}>"$scratch/hold"
trap finish EXIT
for _ in $(seq 600); do
  grep -q ready "$scratch/ready" && break
  sleep 0.1
done
grep -q ready "$scratch/ready" || { echo "the $count processes did not start" >&2; exit 1; }

echo "$count processes of $mib MiB beside what runs anyway; kernel $(uname -r), $(nproc) CPUs"
"$build/bench/sampling/bench_sampling" "$rounds" | tee "$scratch/ours"
ours=$(awk '/^fast tier by BPF/ { print $(NF - 3) }' "$scratch/ours")
[[ -n $ours ]] || ours=$(awk '/^fast tier by held/ { print $(NF - 3) }' "$scratch/ours")

# report NAME MICROSECONDS
report() {
  awk -v name="$1" -v us="$2" -v ours="$ours" \
    'BEGIN { printf "%-44s %10.0f us  %6.0f times our fast tier\n", name, us, (ours > 0 ? us / ours : 0) }'
}
skip() { printf '%-44s skipped: %s is not installed\n' "$1" "$2"; }
# CPU time of a command and its children, user and system, in microseconds
cpu_of() {
  local TIMEFORMAT='%U %S'
  { time "$@" >/dev/null 2>&1; } 2>&1 | awk 'END { printf "%.0f\n", ($1 + $2) * 1e6 }'
}
# CPU time that a running process has used, in microseconds
used_by() { awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10000 }' "/proc/$1/stat"; }

# Each starts up for long: the difference of a long and a short run is what samples cost.
measure_atop() {
  local few many
  few=$(cpu_of atop -P PRM "$@" 1 2)
  many=$(cpu_of atop -P PRM "$@" 1 12)
  echo $(((many - few) / 10))
}
if command -v atop >/dev/null; then
  report "atop" "$(measure_atop)"
  report "atop -R (with PSS)" "$(measure_atop -R)"
else
  skip atop atop
fi

if command -v smem >/dev/null; then
  report "smem (one run)" "$(cpu_of smem -c 'pid rss pss uss')"
else
  skip smem smem
fi

exporter=$(command -v prometheus-process-exporter || command -v process-exporter || true)
measure_exporter() {
  local port=19256 pid before after
  printf 'process_names:\n  - name: "{{.Comm}}"\n    cmdline: [".+"]\n' >"$scratch/exporter.yml"
  "$exporter" -config.path "$scratch/exporter.yml" -web.listen-address "127.0.0.1:$port" "$@" \
    >/dev/null 2>&1 &
  pid=$!
  children+=("$pid")
  for _ in $(seq 100); do
    curl -sf "http://127.0.0.1:$port/metrics" >/dev/null && break
    sleep 0.1
  done
  before=$(used_by "$pid")
  for _ in $(seq 10); do curl -sf "http://127.0.0.1:$port/metrics" >/dev/null; done
  after=$(used_by "$pid")
  kill "$pid"
  wait "$pid" 2>/dev/null || true
  measured=$(((after - before) / 10))
}
if [[ -z $exporter ]]; then
  skip process-exporter process-exporter
elif ! command -v curl >/dev/null; then
  skip process-exporter "curl, which asks it,"
else
  measure_exporter -gather-smaps=false
  report "process-exporter -gather-smaps=false" "$measured"
  measure_exporter
  report "process-exporter (with PSS, its default)" "$measured"
fi

echo
"$build/bench/sampling/bench_sources" "$((rounds / 2))"
