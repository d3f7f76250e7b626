#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/ledger.h"
#include "model/sample.h"
#include "model/series.h"
#include "session/oom_log.h"

namespace leakscope::session {

/// All tasks of one name in the tasks table: what they held together. Pages that several of them share (file and shmem
/// pages) are counted once for each.
struct TaskGroup {
  std::string comm;
  std::int64_t processes = 0;
  std::int64_t resident = 0;  ///< bytes, as all of these
  std::optional<std::int64_t> anonymous;
  std::optional<std::int64_t> swap;
  std::optional<std::int64_t> page_tables;
  [[nodiscard]] std::int64_t held() const { return resident + page_tables.value_or(0); }
};

/// Largest first.
[[nodiscard]] std::vector<TaskGroup> task_groups(const sources::oom_report::OomReport& report);

/// The report's figures as readings: the machine's counters by the names that /proc has for them, caches of the slab
/// dump, groups of tasks by name, the cgroup whose limit it was. Counters that a report lacks give no reading.
/// - Anonymous pages are what the LRU lists hold beyond the page cache: the report has no count of them.
/// - The total is what the zones manage; where not all zones are listed (a cpuset, a mempolicy), pages RAM minus
///   pages reserved.
void put_readings(const sources::oom_report::OomReport& report, model::SampleSink& sink);

/// The machine's ledger, or that of the cgroup whose limit was reached. Rows are disjoint, the rest is left as
/// unattributed(); nothing when the report has no counters.
[[nodiscard]] std::optional<model::Ledger> ledger_of(const sources::oom_report::OomReport& report);

/// Pages of the machine as the report has them; 4 KiB when its free lists do not tell.
[[nodiscard]] PageSize page_size_of(const sources::oom_report::OomReport& report);

}  // namespace leakscope::session
