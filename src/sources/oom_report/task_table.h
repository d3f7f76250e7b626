#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sources/oom_report/oom_report.h"

namespace leakscope::sources::oom_report {

/// What a column of the tasks table holds; columns that nobody needs (cpu, oom_adj of 2.6) are kOther.
enum class TaskColumn : std::uint8_t {
  kPid,
  kUid,
  kTgid,
  kTotalVm,
  kRss,
  kRssAnon,
  kRssFile,
  kRssShmem,
  kTablePages,  ///< nr_ptes, nr_pmds, nr_puds
  kTableBytes,  ///< pgtables_bytes
  kSwap,
  kOomScoreAdj,
  kOther,
};

/// The head of the table tells its columns; the name is the last. Nothing: another line.
///   "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name"               up to 4.15
///   "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"               4.16 to 6.7
///   "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents ..."  since 6.8
[[nodiscard]] std::optional<std::vector<TaskColumn>> parse_task_header(std::string_view line);

/// "[   6576] 12345  6576  8478546  5157063   15483  1527848             0 mysqld". Nothing when a column is missing or
/// is no number: the row was cut or torn.
[[nodiscard]] std::optional<Task> parse_task(std::string_view line, const std::vector<TaskColumn>& columns);

}  // namespace leakscope::sources::oom_report
