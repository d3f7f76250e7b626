#include "sources/document/document.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "base/printable.h"

namespace leakscope::sources::document {
namespace {

std::string captured(std::string_view name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA "/document/") + std::string(name), std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const Table* table(const Document& document, std::string_view id) {
  const auto found = std::ranges::find(document.tables, id, &Table::id);
  return found == document.tables.end() ? nullptr : &*found;
}

Cell cell(const Table& table, std::size_t row, std::string_view column) {
  for (const auto& [id, cell] : table.rows.at(row)) {
    if (id == column) return cell;
  }
  return {};
}

TEST(StatusDocument, OfARealMachineIsReadBack) {
  const std::string text = captured("6.18-x86_64-status.json");
  EXPECT_TRUE(looks_like_document(std::string_view(text).substr(0, 512)));
  const auto document = parse_document(text, "status.json");
  ASSERT_TRUE(document) << to_string(document.error());
  EXPECT_EQ(document->command, "status");
  EXPECT_EQ(document->host.hostname, "vm");
  EXPECT_TRUE(document->end);
  ASSERT_TRUE(document->ledger && document->ledger->total);
  EXPECT_EQ(document->ledger->attributed() + *document->ledger->unattributed(), *document->ledger->total);
  EXPECT_GT(document->ledger->rows.size(), 15U);
  const Table* caches = table(*document, "slab_caches");
  ASSERT_NE(caches, nullptr);
  EXPECT_EQ(caches->rows.size(), 5U);
  EXPECT_GT(caches->rows_not_shown, 100U);
  EXPECT_EQ(cell(*caches, 0, "name"), Cell(std::string("ext4_inode_cache")));
  EXPECT_GT(std::get<std::int64_t>(cell(*caches, 0, "bytes")), 1 << 20);
}

TEST(StatusDocument, SkipsWhatItDoesNotKnowAndUndoesEscapes) {
  const auto document = parse_document(captured("made-hostile-names.json"), "made.json");
  ASSERT_TRUE(document) << to_string(document.error());
  EXPECT_EQ(document->host.hostname,
            "a\x1b"
            "b\\c");
  EXPECT_TRUE(document->host.kernel_release.empty());
  ASSERT_TRUE(document->ledger);
  EXPECT_EQ(document->ledger->rows.size(), 1U) << "a class of a later schema is left to the rest";
  EXPECT_EQ(document->ledger->unattributed(), Bytes(40));
  ASSERT_EQ(document->coverage.size(), 1U);
  EXPECT_EQ(document->coverage.front().state, model::Coverage::State::kDenied);
  const Table* processes = table(*document, "processes");
  ASSERT_NE(processes, nullptr);
  EXPECT_EQ(processes->rows_not_shown, 3U);
  EXPECT_EQ(cell(*processes, 0, "name"), Cell(std::string("\xff")));
  EXPECT_EQ(cell(*processes, 0, "share"), Cell(0.5));
  EXPECT_EQ(cell(*processes, 0, "swap"), Cell());
  EXPECT_EQ(cell(*processes, 0, "list"), Cell());
}

TEST(StatusDocument, ErrorsNameTheLineOrTheKey) {
  struct Case {
    std::string_view text;
    Error::Kind kind;
    std::string_view part;
  };
  for (const Case& wrong : std::initializer_list<Case>{
           {"", Error::Kind::kTruncated, "ends before"},
           {"{\"schema\": \"leakscope/1\",\n\"command\": ", Error::Kind::kTruncated, "x:2"},
           {"{\"schema\": \"leakscope/1\",\n\n?}", Error::Kind::kMalformed, "x:3"},
           {"[]", Error::Kind::kMalformed, "an object"},
           {"{}", Error::Kind::kMalformed, "no document"},
           {R"({"schema": 1})", Error::Kind::kMalformed, "no document"},
           {R"({"schema": "other/1"})", Error::Kind::kMalformed, "no document"},
           {R"({"schema": "leakscope/2"})", Error::Kind::kUnsupported, "leakscope/2"},
           {R"({"schema": "leakscope/10"})", Error::Kind::kUnsupported, "leakscope/10"},
           {R"({"schema": "leakscope/1", "ledger": 5})", Error::Kind::kMalformed, "'ledger'"},
           {R"({"schema": "leakscope/1", "ledger": {"total_bytes": "x"}})", Error::Kind::kMalformed, "total_bytes"},
           {R"({"schema": "leakscope/1", "ledger": {"total_bytes": 1e99}})", Error::Kind::kMalformed, "total_bytes"},
           {R"({"schema": "leakscope/1", "ledger": {"total_bytes": 9223372036854775807}})", Error::Kind::kMalformed,
            "64 PiB"},
           {R"({"schema": "leakscope/1", "tables": {"a": [1]}})", Error::Kind::kMalformed, "tables.ID[]"},
           {R"({"schema": "leakscope/1", "window": {"end": "noon"}})", Error::Kind::kMalformed, "window.end"}}) {
    const auto document = parse_document(wrong.text, "x");
    ASSERT_FALSE(document) << wrong.text;
    EXPECT_EQ(document.error().kind, wrong.kind) << wrong.text;
    EXPECT_NE(to_string(document.error()).find(wrong.part), std::string::npos) << to_string(document.error());
  }
}

TEST(StatusDocument, CutAnywhereIsAnError) {
  const std::string text = captured("made-hostile-names.json");
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_FALSE(parse_document(text.substr(0, size), "x")) << size;
  }
}

TEST(StatusDocument, DeepNestingEndsInAnError) {
  EXPECT_FALSE(parse_document("{\"schema\": \"leakscope/1\", \"x\": " + std::string(200'000, '['), "x"));
}

TEST(StatusDocument, OtherTextIsNotTakenForOne) {
  EXPECT_FALSE(looks_like_document("MemTotal: 5 kB"));
  EXPECT_FALSE(looks_like_document("{\"sysstat\": {}}"));
  EXPECT_TRUE(looks_like_document(" {\n \"schema\" : \"leakscope/7\""));
}

TEST(Unescaped, UndoesPrintable) {
  for (const std::string name :
       {"", "plain", "a\\b", "\\", "\\x41", "\x1b[31m", "\xff\xfe", "caf\xc3\xa9", "a\\\\x00"}) {
    EXPECT_EQ(unescaped(printable(name)), name);
  }
}

TEST(ReadDocument, FilesThatAreNotThere) {
  const auto gone = read_document(LEAKSCOPE_TESTDATA "/none.json");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, Error::Kind::kNotFound);
  EXPECT_TRUE(read_document(LEAKSCOPE_TESTDATA "/document/6.18-x86_64-status.json"));
}

}  // namespace
}  // namespace leakscope::sources::document
