#!/usr/bin/env bash
# What tracing kernel memory costs a load that does little else than allocate and free it: an open/close loop, bare and
# under `trace kernel`, exact and sampled, under libbpf-tools' memleak and under perf record where they are installed.
# Then a load of fork, exec and find: how many sites are told that grow (none does), and how blind matching was.
# The rounds alternate, so that all of them see the same machine; of each the smallest figure counts.
# Usage: bench/trace-kernel.sh [ROUNDS [COUNT]]      (7 rounds of 200000 pairs)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-7} count=${2:-200000}
build=$root/build/bench
leakscope=$build/src/leakscope
loop=$build/bench/trace_kernel/bench_open_close
if [[ ! -x $leakscope || ! -x $loop ]]; then
  cmake -S "$root" --preset bench >/dev/null
  cmake --build "$build" --target leakscope bench_open_close >/dev/null
fi
((EUID == 0)) || { echo "tracing the kernel needs root" >&2; exit 2; }

scratch=$(mktemp -d)
tracer=
end_tracer() {
  [[ -n $tracer ]] || return 0
  kill -INT "$tracer" 2>/dev/null || true
  wait "$tracer" 2>/dev/null || true
  tracer=
}
finish() {
  end_tracer
  rm -rf "$scratch"
}
trap finish EXIT

memleak=$(command -v memleak-bpfcc memleak 2>/dev/null | head -n 1 || true)
perf=$(command -v perf || true)
declare -A least=()
# measure NAME [TRACER...]: the loop's figure while the tracer runs
measure() {
  local name=$1 figure
  shift
  if (($# > 0)); then
    "$@" >"$scratch/out" 2>"$scratch/err" &
    tracer=$!
    sleep 2
    kill -0 "$tracer" 2>/dev/null || { echo "$name ended: $(tail -n 1 "$scratch/err")" >&2; tracer=; return 0; }
  fi
  figure=$("$loop" "$count")
  end_tracer
  [[ -n ${least[$name]:-} ]] && ((least[$name] <= figure)) || least[$name]=$figure
}
for _ in $(seq "$rounds"); do
  measure bare
  measure exact "$leakscope" trace kernel --for 10m -q --json --max-overhead 100%
  measure sampled "$leakscope" trace kernel --for 10m -q --json --sample 1/16 --max-overhead 100%
  [[ -z $memleak ]] || measure memleak "$memleak" 600
  [[ -z $perf ]] || measure perf "$perf" record -q -a -g -e 'kmem:kmalloc,kmem:kfree,kmem:kmem_cache_alloc,kmem:kmem_cache_free' -o "$scratch/perf.data"
done

# report TITLE NAME [AIM]
report() {
  [[ -n ${least[$2]:-} ]] || { printf '%-34s skipped: not installed, or it could not run\n' "$1"; return 0; }
  awk -v title="$1" -v ns="${least[$2]}" -v bare="${least[bare]}" -v aim="${3:-}" \
    'BEGIN { printf "%-34s %8.2f us  %5.2f times bare%s\n", title, ns / 1000, ns / bare, (aim == "" ? "" : "   (aim: <= " aim ")") }'
}
echo "open and close of /proc/self/stat, $count pairs on one CPU, least of $rounds rounds; kernel $(uname -r), $(nproc) CPUs"
report "bare" bare
report "trace kernel" exact 1.9
report "trace kernel --sample 1/16" sampled 1.35
report "memleak (bcc or libbpf-tools)" memleak
report "perf record -g" perf

echo
echo "fork, exec and find for 30 s under trace kernel: nothing leaks"
"$leakscope" trace kernel --for 30s -q --json >"$scratch/load.json" 2>"$scratch/err" &
tracer=$!
sleep 1
until ! kill -0 "$tracer" 2>/dev/null; do
  for _ in $(seq 100); do /bin/true; done
  find /usr/share -type f -newer /etc/hostname >/dev/null 2>&1 || true
done
wait "$tracer" || true
tracer=
python3 - "$scratch/load.json" <<'PY'
import json, sys
document = json.load(open(sys.argv[1]))
sites = document["sites"]
growing = [site for site in sites if site["state"] == "growing"]
blind = [site for site in sites if site["state"] == "blind"]
allocs = sum(site["allocs"] for site in sites)
unseen = sum(site["unseen_frees"] for site in sites)
print(f"sites told as growing: {len(growing)} (aim: 0)")
for site in growing:
    print("  ", " < ".join(frame["symbol"] or "?" for frame in site["stack"][:4]), site["cache"], site["bytes"])
print(f"sites that hold something: {len(sites)}; allocations by them {allocs}; frees proven to be unseen {unseen}")
print("blind, most unseen frees first:")
for site in sorted(blind, key=lambda one: -one["unseen_frees"])[:10]:
    share = site["blindness"]
    name = next((frame["symbol"] for frame in site["stack"] if frame["symbol"]), "?")
    print(f"  {name:32} {site['cache'] or '':22} {site['unseen_frees']:8} unseen, "
          + (f"{100 * share['lower']:.0f} to {100 * share['upper']:.0f} % of its frees" if share else "share not known"))
PY
