#include "render/csv/csv.h"

#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "report/testing/sample_documents.h"

namespace leakscope::render::csv {
namespace {

using report::Document;

std::string golden(const std::string& name) { return std::string(LEAKSCOPE_TESTDATA) + "/" + name + ".csv"; }

/// Reads RFC 4180 strictly: records end in CRLF, quotes are doubled, and nothing stands behind a closing quote.
Result<std::vector<std::vector<std::string>>> parse(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && record.back().empty()) {
      for (++i; i < text.size(); ++i) {
        if (text[i] == '"' && (i + 1 == text.size() || text[i + 1] != '"')) break;
        if (text[i] == '"') ++i;
        record.back() += text[i];
      }
      if (i + 1 >= text.size() || (text[i + 1] != ',' && text[i + 1] != '\r')) {
        return fail(Error::Kind::kMalformed, "csv", "text behind a quoted field");
      }
    } else if (text[i] == ',') {
      record.emplace_back();
    } else if (text[i] == '\r') {
      if (text.substr(i, 2) != "\r\n") return fail(Error::Kind::kMalformed, "csv", "CR without LF");
      ++i;
      records.push_back(std::move(record));
      record.assign(1, "");
    } else if (text[i] == '\n' || text[i] == '"') {
      return fail(Error::Kind::kMalformed, "csv", "bare newline or quote");
    } else {
      record.back() += text[i];
    }
  }
  if (record != std::vector<std::string>{""})
    return fail(Error::Kind::kTruncated, "csv", "the last record does not end");
  return records;
}

TEST(Csv, Goldens) {
  expect_golden(golden("kernel-leak"), to_csv(report::testing::kernel_leak()));
  expect_golden(golden("status-processes"), to_csv(report::testing::status(), "processes").value());
  expect_golden(golden("kernel-trace-sites"), to_csv(report::testing::kernel_trace(), "sites").value());
}

TEST(Csv, KnowsItsTables) {
  EXPECT_EQ(table_ids(report::testing::kernel_leak()),
            (std::vector<std::string>{"findings", "ledger", "events", "coverage", "loss"}));
  EXPECT_EQ(table_ids(report::testing::status()), (std::vector<std::string>{"ledger", "processes", "slab_caches"}));
  EXPECT_EQ(table_ids(Document{}), std::vector<std::string>{});
  EXPECT_EQ(table_ids(report::testing::kernel_trace()),
            (std::vector<std::string>{"findings", "coverage", "loss", "sites"}));
}

TEST(Csv, AJudgedAnswerHasFindingsEvenIfThereAreNone) {
  const auto records = parse(to_csv(report::testing::clean(), "findings").value());
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), 1U);
}

TEST(Csv, AnUnknownTableIsAnErrorThatNamesTheOthers) {
  const auto csv = to_csv(report::testing::status(), "proceses");
  ASSERT_FALSE(csv);
  EXPECT_EQ(csv.error().kind, Error::Kind::kUsage);
  EXPECT_NE(csv.error().hint.find("processes, slab_caches"), std::string::npos);
}

TEST(Csv, TheRestOfTheLedgerIsARow) {
  const std::string csv = to_csv(report::testing::overlapping_ledger(), "ledger").value();
  EXPECT_NE(csv.find("\r\nunattributed,,-29364224,"), std::string::npos) << csv;
}

TEST(Csv, AProfileWithoutSitesIsATableWithoutRows) {
  Document doc;
  doc.profile.emplace();
  const auto records = parse(to_csv(doc, "sites").value());
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), 1U);
}

TEST(Csv, ASemicolonInANameIsNoBorderBetweenFrames) {
  Document doc = report::testing::kernel_trace();
  doc.profile->sites.resize(1);
  doc.profile->sites.front().stack = {model::Frame{0, "a;b", 0, "", "", 0}, model::Frame{0, "c", 0, "m", "", 0}};
  const std::string csv = to_csv(doc, "sites").value();
  EXPECT_NE(csv.find(",a:b;c [m],"), std::string::npos) << csv;
}

TEST(Csv, FormulasBecomeText) {
  for (const std::string formula : {"=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"}) {
    const auto records = parse(to_csv(report::testing::with_every_field(formula), "processes").value());
    ASSERT_TRUE(records);
    EXPECT_EQ(records->at(1).at(0), "'" + formula);
  }
  // Numbers are numbers, negative ones too.
  EXPECT_NE(to_csv(report::testing::overlapping_ledger()).find(",-29364224,"), std::string::npos);
}

TEST(Csv, HostileNamesKeepTheTableInShape) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const Document doc = report::testing::with_every_field(name);
    for (const std::string& id : table_ids(doc)) {
      const auto records = parse(to_csv(doc, id).value());
      ASSERT_TRUE(records) << to_string(records.error());
      for (const auto& record : *records) EXPECT_EQ(record.size(), records->front().size()) << id;
    }
    const auto all = parse(to_csv(doc));
    ASSERT_TRUE(all) << to_string(all.error());
    for (const auto& record : *all) {
      for (const std::string& field : record) {
        EXPECT_FALSE(field.starts_with('=') || field.starts_with('@')) << field;
        EXPECT_EQ(field.find_first_of("\x1b\n\r\t"), std::string::npos) << field;
      }
    }
  }
}

}  // namespace
}  // namespace leakscope::render::csv
