#include "render/json/json.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/testing/golden.h"
#include "report/testing/sample_documents.h"

namespace leakscope::render::json {
namespace {

using nlohmann::json;
using report::Document;

std::string golden(const std::string& name) { return std::string(LEAKSCOPE_TESTDATA) + "/" + name + ".json"; }

json parsed(const Document& document) { return json::parse(to_json(document)); }

/// "findings[].subject.kind": every key on the way, arrays marked; what stands below "tables" has names of its own.
void collect_paths(const json& value, const std::string& prefix, std::set<std::string>& paths) {
  if (value.is_array()) {
    for (const json& element : value) {
      // Elements that are objects are known by their keys.
      if (!element.is_object()) paths.insert(prefix + "[]");
      collect_paths(element, prefix + "[]", paths);
    }
  } else if (value.is_object()) {
    for (const auto& [key, element] : value.items()) {
      const bool named_by_table = prefix == "tables" || prefix == "rows_not_shown";
      const bool named_by_column = prefix == "tables.ID[]";
      const std::string path = (prefix.empty() ? "" : prefix + ".") + (named_by_table    ? "ID"
                                                                       : named_by_column ? "COLUMN"
                                                                                         : key);
      paths.insert(path);
      collect_paths(element, path, paths);
    }
  }
}

/// The keys that the page lists: each in backticks at the start of a table row, "| `findings[].state` | ...".
std::set<std::string> documented_paths() {
  std::ifstream page(LEAKSCOPE_JSON_PAGE);
  EXPECT_TRUE(page) << LEAKSCOPE_JSON_PAGE;
  std::set<std::string> paths;
  bool in_keys = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) in_keys = line == "## Keys";
    if (in_keys && line.starts_with("| `")) paths.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return paths;
}

TEST(Json, Goldens) {
  expect_golden(golden("kernel-leak"), to_json(report::testing::kernel_leak()));
  expect_golden(golden("status"), to_json(report::testing::status()));
  expect_golden(golden("kernel-trace"), to_json(report::testing::kernel_trace()));
  expect_golden(golden("empty"), to_json(Document{}));
}

TEST(Json, EveryKeyIsDocumentedAndEveryDocumentedKeyExists) {
  std::set<std::string> paths;
  collect_paths(parsed(report::testing::with_every_field("x")), "", paths);
  EXPECT_EQ(paths, documented_paths());
}

TEST(Json, TopLevelKeysAreAlwaysThere) {
  const json full = parsed(report::testing::with_every_field("x"));
  const json empty = parsed(Document{});
  for (const auto& [key, value] : full.items()) EXPECT_TRUE(empty.contains(key)) << key;
  for (const std::string key : {"window", "verdict", "ledger", "decline", "comparison", "headline", "profile"}) {
    EXPECT_TRUE(empty[key].is_null()) << key;
  }
  for (const std::string key : {"findings", "sites", "events", "coverage", "loss"}) {
    EXPECT_EQ(empty[key], json::array()) << key;
  }
  EXPECT_EQ(empty["tables"], json::object());
}

TEST(Json, NotKnownIsNullAndNeverZero) {
  Document doc = report::testing::kernel_leak();
  doc.findings.resize(1);
  findings::Finding& f = doc.findings.front();
  f.amount.reset();
  f.rate.reset();
  f.eta = findings::Finding::Eta{Nanoseconds{1'500'000'000}, std::nullopt};
  doc.losses = {{"procfs", "late samples", 2, 0}};
  doc.ledger->total.reset();
  const json j = parsed(doc);
  const json& finding = j["findings"][0];
  EXPECT_TRUE(finding["amount"].is_null());
  EXPECT_TRUE(finding["rate"].is_null());
  EXPECT_TRUE(finding["subject"]["pid"].is_null());
  EXPECT_EQ(finding["eta_seconds"], json({{"lower", 1.5}, {"upper", nullptr}}));
  EXPECT_TRUE(j["loss"][0]["of"].is_null());
  EXPECT_TRUE(j["ledger"]["total_bytes"].is_null());
  EXPECT_TRUE(j["ledger"]["unattributed_bytes"].is_null());
  EXPECT_TRUE(parsed(report::testing::with_every_field("x"))["findings"][0]["per_round"]["upper"].is_null());
}

TEST(Json, AmountsAreExactAndTheLedgerAddsUp) {
  Document doc = report::testing::status();
  doc.ledger->rows.front().bytes = Bytes((std::int64_t{1} << 53) + 1);
  const json ledger = parsed(doc)["ledger"];
  EXPECT_EQ(ledger["rows"][0]["bytes"].get<std::int64_t>(), (std::int64_t{1} << 53) + 1);
  std::int64_t sum = ledger["unattributed_bytes"].get<std::int64_t>();
  for (const json& row : ledger["rows"]) sum += row["bytes"].get<std::int64_t>();
  EXPECT_EQ(sum, ledger["total_bytes"].get<std::int64_t>());
}

TEST(Json, TimesAreRfc3339AndProcessesHaveTheirStart) {
  const json j = parsed(report::testing::kernel_leak());
  EXPECT_EQ(j["window"]["start"], "2026-11-20T09:20:00.000Z");
  EXPECT_EQ(j["findings"][1]["holders"][0]["start_time"], 800.0);
  EXPECT_EQ(j["findings"][1]["holders"][0]["pid"], 4211);
  EXPECT_EQ(j["events"][1]["subject"], "module nf_tables");
  EXPECT_TRUE(parsed(report::testing::descriptor_leak())["events"].empty());
}

TEST(Json, EverySiteHasAllKeysAndNullForWhatIsNotKnown) {
  const json j = parsed(report::testing::with_every_field("x"));
  const json& full = j["sites"].front();
  const json& bare = j["sites"].back();
  EXPECT_EQ(full.size(), bare.size());
  for (const auto& [key, value] : full.items()) EXPECT_TRUE(bare.contains(key)) << key;
  for (const std::string key :
       {"bytes_interval", "age_seconds", "blindness", "rate", "p_value", "q_value", "cache", "pid", "type", "note"}) {
    EXPECT_FALSE(full[key].is_null()) << key;
    EXPECT_TRUE(bare[key].is_null()) << key;
  }
  EXPECT_EQ(bare["stack"], json::array());
  EXPECT_EQ(bare["bytes"], 0);
}

TEST(Json, APlaceInTheKernelIsNamedByItsFunctionAndByItsAddressOnlyWhereThatIsAllThatIsKnown) {
  const json sites = parsed(report::testing::kernel_trace())["sites"];
  const json& module = sites[0]["stack"][0];
  EXPECT_EQ(module, json({{"symbol", "acct_add_rule"},
                          {"offset", 0x4f},
                          {"address", nullptr},
                          {"module", "nf_acct_ng"},
                          {"file", nullptr},
                          {"line", nullptr}}));
  EXPECT_EQ(sites[0]["stack"][2]["module"], "[kernel]");
  const json& unnamed = sites[3]["stack"];
  EXPECT_EQ(unnamed[0]["address"], "0xffffffffc0712345");
  EXPECT_TRUE(unnamed[0]["offset"].is_null());
  EXPECT_TRUE(unnamed[1]["module"].is_null());
}

TEST(Json, ASiteHasAPidWhenThereIsJustOne) {
  const json sites = parsed(report::testing::kernel_trace())["sites"];
  EXPECT_TRUE(sites[0]["pid"].is_null());
  EXPECT_EQ(sites[2]["pid"], 301);
}

TEST(Json, ShortRowsOfATableHaveNulls) {
  Document doc = report::testing::status();
  doc.tables.front().rows = {{std::int64_t{7}}};
  EXPECT_EQ(parsed(doc)["tables"]["processes"][0]["pid"], 7);
  EXPECT_TRUE(parsed(doc)["tables"]["processes"][0]["fds"].is_null());
  EXPECT_EQ(parsed(doc)["rows_not_shown"], json({{"processes", 214}}));
}

TEST(Json, HostileNamesAlwaysParseAndHoldNoControlCharacters) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const std::string text = to_json(report::testing::with_every_field(name));
    const json j = json::parse(text, nullptr, false);
    ASSERT_FALSE(j.is_discarded()) << testing::PrintToString(name.substr(0, 40));
    EXPECT_TRUE(j["findings"][0]["subject"]["name"].is_string());
    // printable() left no control character that JSON would have to escape.
    EXPECT_EQ(text.find("\\u00"), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace leakscope::render::json
