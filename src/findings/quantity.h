#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/metric.h"

namespace leakscope::findings {

/// Every kind of series that is put to the test, parents before their children. One kind is one family of the
/// hierarchy (families.h).
enum class Quantity : std::uint8_t {
  // The machine's bytes: what became unavailable, its categories, and the categories' subjects.
  kAvailableLost,
  kAnonymous,
  kShmem,
  kSlabUnreclaimable,
  kSlabReclaimable,
  kLargeKmalloc,
  kVmalloc,
  kPercpu,
  kStacks,
  kPageTables,
  kSockets,
  kBpfBytes,
  kResidual,
  kProcessAnon,
  kGroupAnon,
  kProcessPageTables,
  kTmpfs,
  kShmSegment,
  kShmUnattached,
  kProcessShmem,
  kSlabActive,
  kSlabPages,
  kVmallocCaller,
  kBpfMap,
  kHolder,
  // Each limited cgroup.
  kCgroupMemory,
  // What only rounds of a load are precise enough for.
  kProcessHeap,
  kProcessHeapBlocks,
  kMessages,
  // Countable resources.
  kProcessFds,
  kGroupFds,
  kProcessThreads,
  kGroupThreads,
  kFiles,
  kTasks,
  kCgroupPids,
  kConntrack,
  kInotify,
  kMsgQueues,
  kShmSegments,
  kSemSets,
  kDyingCgroups,
  kBpfMaps,
  kBpfPrograms,
};
inline constexpr std::size_t kQuantityCount = static_cast<std::size_t>(Quantity::kBpfPrograms) + 1;

struct QuantityInfo {
  Quantity quantity{};
  std::optional<Quantity> parent{};  ///< nothing: a root
  model::Metric metric{};            ///< what it is mainly made of: names the file and the unit
  model::Unit unit{};                ///< of the tested series
  std::int64_t floor = 0;            ///< a range below this is noise of the counter: not tested
  std::int64_t notable = 0;          ///< a rise from here on is told even when it is no leak
  std::string_view meaning;          ///< "objects in use of the cache, in bytes"
};
[[nodiscard]] const QuantityInfo& info(Quantity quantity);
[[nodiscard]] std::span<const QuantityInfo> all_quantities();

}  // namespace leakscope::findings
