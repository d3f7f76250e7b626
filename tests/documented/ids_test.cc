// docs/json.md lists the ids that scripts rely on: those of findings, of ledger rows and of what diff compares, neither
// more nor fewer.
#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "analysis/accounting/accounts.h"
#include "analysis/difference/aspect.h"
#include "findings/catalog.h"

namespace leakscope {
namespace {

/// The ids at the start of the table rows below a heading of the page: "| `user.anon` | ...".
std::set<std::string> listed_below(const std::string& heading) {
  std::ifstream page(LEAKSCOPE_JSON_PAGE);
  EXPECT_TRUE(page) << LEAKSCOPE_JSON_PAGE;
  std::set<std::string> ids;
  bool here = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) here = line == "## " + heading;
    if (here && line.starts_with("| `")) ids.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return ids;
}

TEST(DocumentedIds, OfFindings) {
  std::set<std::string> ids;
  for (const findings::CatalogEntry& entry : findings::catalog()) ids.emplace(entry.id);
  EXPECT_EQ(listed_below("Findings"), ids);
}

TEST(DocumentedIds, OfLedgerRows) {
  using namespace analysis::accounting;
  std::set<std::string> ids{"kernel.holder.NAME"};
  for (std::size_t i = 0; i < kRowCount; ++i) ids.emplace(text_of(static_cast<RowId>(i)).id);
  EXPECT_EQ(listed_below("Rows of the ledger"), ids);
}

TEST(DocumentedIds, OfTablesOfDiff) {
  std::set<std::string> ids{"ledger_changes", "machine_bytes", "machine_counts"};
  for (const analysis::difference::Aspect& aspect : analysis::difference::aspects()) ids.emplace(aspect.id);
  EXPECT_EQ(listed_below("Tables of diff"), ids);
}

}  // namespace
}  // namespace leakscope
