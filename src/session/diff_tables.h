#pragma once

#include <vector>

#include "analysis/difference/compare.h"
#include "report/document.h"
#include "session/diff.h"

namespace leakscope::session {

/// The tables of a comparison: `ledger_changes`, whose rows add up to its row `total`; one per aspect; `machine_bytes`
/// and `machine_counts`. What changed too little to be told, and what the limit of rows cut, is a last row of each
/// that says how many and how much together.
[[nodiscard]] std::vector<report::Table> tables_of(const analysis::difference::Difference& difference,
                                                   std::int64_t at_least, const DiffOptions& options);

}  // namespace leakscope::session
