#include "sources/oom_report/counters.h"

#include <algorithm>

namespace leakscope::sources::oom_report {
namespace {

constexpr std::array<std::string_view, kCounterCount> kNames{
    "active_anon",
    "inactive_anon",
    "isolated_anon",
    "active_file",
    "inactive_file",
    "isolated_file",
    "unevictable",
    "dirty",
    "writeback",
    "unstable",
    "slab_reclaimable",
    "slab_unreclaimable",
    "mapped",
    "shmem",
    "pagetables",
    "sec_pagetables",
    "bounce",
    "kernel_misc_reclaimable",
    "free",
    "free_pcp",
    "free_cma",
    "local_pcp",
    "min",
    "low",
    "high",
    "boost",
    "reserved_highatomic",
    "free_highatomic",
    "present",
    "managed",
    "mlocked",
    "kernel_stack",
    "shadow_call_stack",
    "writeback_tmp",
    "shmem_thp",
    "shmem_pmdmapped",
    "anon_thp",
    "Balloon",
    "gpu_active",
    "gpu_reclaim",
    "vmalloc",
    "zspages",
};

}  // namespace

std::string_view to_string(Counter counter) { return kNames[static_cast<std::size_t>(counter)]; }

std::optional<Counter> counter_from_string(std::string_view name) {
  if (name == "isolated(anon)") return Counter::kIsolatedAnon;
  if (name == "isolated(file)") return Counter::kIsolatedFile;
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Counter>(found - kNames.begin());
}

}  // namespace leakscope::sources::oom_report
