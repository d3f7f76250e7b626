#pragma once

#include <vector>

#include "report/document.h"

namespace leakscope::render::csv {

/// Everything in the document that is a list of like things, as tables: findings, ledger (with its rest as a row),
/// events, coverage and loss where they have rows, the sites of a profile, then the document's own tables.
[[nodiscard]] std::vector<report::Table> as_tables(const report::Document& document);

}  // namespace leakscope::render::csv
