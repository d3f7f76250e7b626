#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ledger.h"
#include "model/series.h"

namespace leakscope::analysis::accounting {

/// Every row that the machine's ledger can have, in the order in which it is shown; ids and labels: text_of().
enum class RowId : std::uint8_t {
  kUserAnonymous,
  kUserShared,
  kUserUnmapped,
  kUserHugetlb,
  kCacheFiles,
  kCacheBuffers,
  kCacheSwap,
  kCacheSlab,
  kKernelSlab,
  kKernelLargeKmalloc,
  kKernelVmalloc,
  kKernelVmap,
  kKernelStacks,
  kKernelPageTables,
  kKernelSecPageTables,
  kKernelPercpu,
  kKernelZspages,
  kKernelZswapPool,
  kKernelBounce,
  kKernelWritebackTmp,
  kKernelBalloon,
  kKernelMiscReclaimable,
  kKernelGpu,
  kKernelSockets,  ///< of cgroups alone: the machine has no counter of them
  kKernelOther,    ///< of cgroups alone: kernel memory that none of the other rows is
  kKernelMemmap,
  kKernelBootTables,
  kFreeBuddy,
  kFreePcp,
  kHardwareCorrupted,
};
inline constexpr std::size_t kRowCount = static_cast<std::size_t>(RowId::kHardwareCorrupted) + 1;

struct RowText {
  std::string_view id;
  model::LedgerClass klass;
  std::string_view label;
};
[[nodiscard]] const RowText& text_of(RowId row);

/// One row's amount and the file and field it was read from.
struct Entry {
  RowId row{};
  std::int64_t bytes = 0;
  std::string_view source;
};

/// The machine's books at one moment as plain numbers: what machine_ledger() puts into words. Rows are disjoint and
/// never negative; a row whose counter is missing is missing.
struct Accounts {
  struct Holder {
    model::SubjectId subject;
    std::int64_t bytes = 0;
  };

  std::optional<std::int64_t> total;
  bool total_is_managed = false;  ///< zoneinfo's pages; else MemTotal
  std::vector<Entry> entries;
  std::vector<Holder> holders;  ///< of pages that no entry counts
  std::vector<Entry> outside;   ///< kKernelBalloon, kKernelPercpu (its first chunk), kKernelMemmap: outside the total
  bool first_chunk_unknown = false;  ///< Percpu is counted whole, its first chunk included
  bool stacks_inferred = false;      ///< kernel stacks were taken to lie in vmalloc without having seen it

  [[nodiscard]] std::int64_t attributed() const;
  [[nodiscard]] std::optional<std::int64_t> unattributed() const;
};

/// What a row counts of a figure that a file may lie about: 0 to 64 PiB, so that sums stay inside 64 bits.
[[nodiscard]] std::int64_t sane(std::int64_t bytes);

/// At the end of the observation, or at `time`.
[[nodiscard]] Accounts machine_accounts(const model::Observation& observation, std::optional<BootTime> time = {});

/// Pages that no row explains, over time: one point for each reading of the free pages. Empty where the total or the
/// core counters are missing.
[[nodiscard]] model::Series residual_series(const model::Observation& observation);

/// Slab minus all caches, at the times when slabinfo was read: kmalloc above two pages, which goes straight to the
/// page allocator (mm/slub.c, ___kmalloc_large_node; counted as NR_SLAB_UNRECLAIMABLE_B since 5.4).
[[nodiscard]] model::Series large_kmalloc_series(const model::Observation& observation);

}  // namespace leakscope::analysis::accounting
