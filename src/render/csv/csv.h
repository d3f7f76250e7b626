#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "report/document.h"

namespace leakscope::render::csv {

/// The ids that to_csv() knows for this document: "findings", "ledger", "events", "coverage" and "loss" where they have
/// rows ("findings" also without rows in a document with a verdict), "sites" where it has a profile, then the
/// document's own tables.
[[nodiscard]] std::vector<std::string> table_ids(const report::Document& document);

/// One table after RFC 4180 (records end in CRLF): a header of column ids, then its rows. What is not known is an empty
/// field, numbers are exact and without unit. Foreign text is escaped by printable(), and text that a spreadsheet would
/// take for a formula (it begins with = + - @) gets an apostrophe in front. An unknown id is kUsage and names the
/// others.
[[nodiscard]] Result<std::string> to_csv(const report::Document& document, std::string_view table_id);

/// All tables one after the other, each with its own header; the first field of every record is the table's id, so that
/// one can be picked out by line: a header's says "table".
[[nodiscard]] std::string to_csv(const report::Document& document);

}  // namespace leakscope::render::csv
