#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::process {

/// /proc/PID/smaps_rollup (fs/proc/task_mmu.c show_smaps_rollup; 4.14 to 6.18), and the same lines below each mapping
/// of /proc/PID/smaps. Bytes. The kernel walks every page table entry for it and holds the target's mmap lock: 10 to
/// 26 ms per resident GiB of 4 KiB pages, 0.1 ms per GiB of huge ones.
///   Pss:                 309 kB
struct SmapsSums {
  std::optional<std::int64_t> size;  ///< smaps alone
  std::optional<std::int64_t> rss;
  std::optional<std::int64_t> pss;
  std::optional<std::int64_t> pss_anon;   ///< rollup alone, 5.3 and newer
  std::optional<std::int64_t> pss_file;   ///< rollup alone
  std::optional<std::int64_t> pss_shmem;  ///< rollup alone
  std::optional<std::int64_t> shared_clean;
  std::optional<std::int64_t> shared_dirty;
  std::optional<std::int64_t> private_clean;
  std::optional<std::int64_t> private_dirty;
  std::optional<std::int64_t> anonymous;
  std::optional<std::int64_t> anon_huge;
  std::optional<std::int64_t> shared_hugetlb;
  std::optional<std::int64_t> private_hugetlb;
  std::optional<std::int64_t> swap;
  std::optional<std::int64_t> swap_pss;
  std::optional<std::int64_t> locked;

  /// Gone when the process ends: private clean and dirty pages and private hugetlb ones.
  [[nodiscard]] std::optional<std::int64_t> uss() const;
};

/// Takes one "Name:   123 kB" line. False when the name is known and the rest is not "<number> kB".
[[nodiscard]] bool read_smaps_line(std::string_view line, SmapsSums& sums);

[[nodiscard]] Result<SmapsSums> parse_smaps_rollup(std::string_view text);

}  // namespace leakscope::sources::process
