#pragma once

#include <optional>
#include <vector>

#include "model/ledger.h"
#include "report/document.h"
#include "session/oom_ledger.h"
#include "session/oom_log.h"

namespace leakscope::session {

/// All reports, one row each, the last first.
[[nodiscard]] report::Table reports_table(const std::vector<LoggedReport>& reports);

/// What one report holds: where memory was, tasks by name, caches, call sites, zones. Tables without rows are left out.
[[nodiscard]] std::vector<report::Table> report_tables(const sources::oom_report::OomReport& report,
                                                       const std::optional<model::Ledger>& ledger,
                                                       const std::vector<TaskGroup>& groups);

}  // namespace leakscope::session
