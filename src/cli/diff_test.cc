// `leakscope diff` of two documents, from their text to every output format.
#include "session/diff.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "render/csv/csv.h"
#include "render/json/json.h"
#include "render/text/text.h"

namespace leakscope::cli {
namespace {

/// Documents are named as a user in their folder would.
class DiffOfDocuments : public testing::Test {
 protected:
  void SetUp() override {
    here_ = std::filesystem::current_path();
    std::filesystem::current_path(LEAKSCOPE_TESTDATA "/diff");
  }
  void TearDown() override { std::filesystem::current_path(here_); }

  static std::string golden(std::string_view name) {
    return std::string(LEAKSCOPE_TESTDATA "/diff/") + std::string(name);
  }

 private:
  std::filesystem::path here_;
};

const report::Table* table(const report::Document& document, std::string_view id) {
  const auto found = std::ranges::find(document.tables, id, &report::Table::id);
  return found == document.tables.end() ? nullptr : &*found;
}

std::int64_t integer(const report::Table& table, const std::vector<report::Cell>& row, std::string_view column) {
  const auto found = std::ranges::find(table.columns, column, &report::Column::id);
  return std::get<std::int64_t>(row.at(static_cast<std::size_t>(found - table.columns.begin())));
}

TEST_F(DiffOfDocuments, Goldens) {
  const auto document = session::diff({"before.json", "after.json"}, {});
  ASSERT_TRUE(document) << to_string(document.error());
  EXPECT_EQ(document->comparison->grew, true);
  expect_golden(golden("diff.txt"), render::text::to_text(*document, {}));
  expect_golden(golden("diff-out.json"), render::json::to_json(*document));
  expect_golden(golden("diff.csv"), render::csv::to_csv(*document));
}

TEST_F(DiffOfDocuments, TheLedgerAddsUpHoweverItIsFolded) {
  for (const bool all : {false, true}) {
    const auto document = session::diff({"before.json", "after.json"}, {.at_least = {}, .all = all, .evidence = {}});
    ASSERT_TRUE(document);
    const report::Table* ledger = table(*document, "ledger_changes");
    ASSERT_NE(ledger, nullptr);
    std::int64_t sum = 0;
    for (const auto& row : ledger->rows) {
      if (&row != &ledger->rows.back()) sum += integer(*ledger, row, "change");
    }
    EXPECT_EQ(std::get<std::string>(ledger->rows.back().front()), "total");
    EXPECT_EQ(sum, integer(*ledger, ledger->rows.back(), "change"));
  }
}

TEST_F(DiffOfDocuments, WithItselfNothingGrew) {
  const auto document = session::diff({"before.json", "before.json"}, {});
  ASSERT_TRUE(document) << to_string(document.error());
  EXPECT_EQ(document->comparison->grew, false);
  EXPECT_EQ(document->comparison->elapsed, Nanoseconds{0});
  EXPECT_EQ(document->tables.size(), 1U) << "the ledger with its rest and total";
}

TEST_F(DiffOfDocuments, BackwardsHasNoRatesAndSaysSo) {
  const auto document = session::diff({"after.json", "before.json"}, {});
  ASSERT_TRUE(document);
  const report::Table* ledger = table(*document, "ledger_changes");
  EXPECT_EQ(ledger->rows.front().back(), report::Cell());
  EXPECT_TRUE(std::ranges::any_of(document->details, [](const std::string& s) { return s.contains("earlier"); }));
}

TEST_F(DiffOfDocuments, TheThresholdDecides) {
  const auto at_least = [](std::int64_t mib) {
    const auto document =
        session::diff({"before.json", "after.json"}, {.at_least = Bytes::from_mib(mib), .evidence = {}});
    return document && document->comparison->grew.value_or(false);
  };
  EXPECT_TRUE(at_least(1100));
  const auto calm = session::diff({"before.json", "before.json"}, {.at_least = Bytes(1), .evidence = {}});
  ASSERT_TRUE(calm);
  EXPECT_EQ(calm->comparison->grew, false);
}

TEST_F(DiffOfDocuments, WhatMakesNoSenseIsSaid) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"before.json"},
                                             {"before.json@10:00", "after.json"},
                                             {"before.json", "none.json"},
                                             {"before.json", "after.json@noon"},
                                             {"a", "b", "c"}}) {
    const auto document = session::diff(words, {});
    EXPECT_FALSE(document);
  }
}

}  // namespace
}  // namespace leakscope::cli
