#include "render/text/text.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "render/text/layout.h"
#include "render/text/tree.h"
#include "report/testing/sample_documents.h"

namespace leakscope::render::text {
namespace {

using report::Document;

void expect_page(const std::string& name, const Document& document, const Options& options = {}) {
  expect_golden(std::string(LEAKSCOPE_TESTDATA) + "/" + name + ".txt", to_text(document, options));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

/// True for bytes that a terminal obeys, newline aside.
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; }

std::vector<Options> every_option() {
  std::vector<Options> all;
  for (const int width : {0, 80, 1000}) {
    for (int bits = 0; bits < 8; ++bits) {
      all.push_back({.color = false,
                     .width = width,
                     .verbose = (bits & 1) != 0,
                     .unicode = (bits & 2) != 0,
                     .full_coverage = (bits & 4) != 0});
    }
  }
  return all;
}

TEST(Text, KernelLeak) { expect_page("kernel-leak", report::testing::kernel_leak()); }
TEST(Text, KernelLeakVerbose) { expect_page("kernel-leak-verbose", report::testing::kernel_leak(), {.verbose = true}); }
TEST(Text, KernelLeakNarrow) { expect_page("kernel-leak-60-columns", report::testing::kernel_leak(), {.width = 60}); }
TEST(Text, KernelLeakInAscii) { expect_page("kernel-leak-ascii", report::testing::kernel_leak(), {.unicode = false}); }
TEST(Text, KernelLeakInColor) { expect_page("kernel-leak-color", report::testing::kernel_leak(), {.color = true}); }
TEST(Text, DescriptorLeak) { expect_page("descriptor-leak", report::testing::descriptor_leak()); }
TEST(Text, Clean) { expect_page("clean", report::testing::clean()); }
TEST(Text, Insufficient) { expect_page("insufficient", report::testing::insufficient()); }
TEST(Text, Status) { expect_page("status", report::testing::status()); }
TEST(Text, StatusNarrow) { expect_page("status-60-columns", report::testing::status(), {.width = 60}); }
TEST(Text, StatusOnANarrowTerminal) {
  expect_page("status-60-columns-fitted", report::testing::status(), {.width = 60, .fit_tables = true});
}
TEST(Text, StatusInAscii) { expect_page("status-ascii", report::testing::status(), {.unicode = false}); }
TEST(Text, OverlappingLedger) { expect_page("overlapping-ledger", report::testing::overlapping_ledger()); }
TEST(Text, KernelTrace) { expect_page("kernel-trace", report::testing::kernel_trace()); }
TEST(Text, KernelTraceNarrow) {
  expect_page("kernel-trace-60-columns", report::testing::kernel_trace(), {.width = 60});
}
TEST(Text, KernelTraceVerbose) {
  expect_page("kernel-trace-verbose", report::testing::kernel_trace(), {.verbose = true});
}
TEST(Text, DoctorListsWhatIsOkToo) {
  Document doc;
  doc.command = "doctor";
  doc.coverage = report::testing::kernel_leak().coverage;
  expect_page("doctor", doc, {.full_coverage = true});
}

TEST(Text, AnEmptyDocumentIsEmpty) { EXPECT_EQ(to_text({}, {}), ""); }

TEST(Text, TwoEndsThatReadTheSameAreOneFigure) {
  Document doc = report::testing::kernel_leak();
  doc.findings.front().eta = findings::Finding::Eta{std::chrono::seconds(11220), std::chrono::seconds(11230)};
  const std::string text = to_text(doc, {.width = 120});
  EXPECT_NE(text.find("there is room for about 3 h 7 min"), std::string::npos) << text;
  EXPECT_EQ(text.find("3 h 7 min to"), std::string::npos) << text;
}

TEST(Text, ALedgerWithoutTotalSaysSo) {
  Document doc = report::testing::status();
  doc.ledger->total.reset();
  const std::string text = to_text(doc, {});
  EXPECT_NE(text.find("total of managed memory is not known"), std::string::npos);
  EXPECT_EQ(text.find("rest"), std::string::npos);
}

TEST(Text, ManyEntriesAreCutWithACountAndNoneWhenVerbose) {
  Document doc = report::testing::kernel_leak();
  for (int i = 0; i < 30; ++i) {
    doc.coverage.push_back(
        {"source" + std::to_string(i), model::Coverage::State::kPartial, "reason" + std::to_string(i), ""});
    doc.events.push_back(
        {doc.events.back().time, model::EventKind::kSysctlChange, std::nullopt, "change" + std::to_string(i)});
    doc.findings.push_back(doc.findings.back());
    doc.findings.back().subject.key.name = "clean" + std::to_string(i);
  }
  const std::string text = to_text(doc, {});
  EXPECT_NE(text.find("more sources; -v lists them"), std::string::npos);
  EXPECT_NE(text.find("(24 earlier ones; -v lists them)"), std::string::npos);
  EXPECT_NE(text.find("25 more"), std::string::npos);
  EXPECT_EQ(text.find("change0"), std::string::npos);
  const std::string verbose = to_text(doc, {.verbose = true});
  for (const std::string word : {"reason29", "change0", "clean29"}) {
    EXPECT_NE(verbose.find(word), std::string::npos) << word;
  }
}

TEST(Text, HostileNamesNeverReachTheTerminalRaw) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const Document doc = report::testing::with_every_field(name);
    for (const Options& options : every_option()) {
      const std::string text = to_text(doc, options);
      EXPECT_TRUE(std::ranges::none_of(text, is_control)) << testing::PrintToString(name.substr(0, 40));
      // C1 controls and direction marks are two and three bytes in UTF-8.
      EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
      EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
      if (!options.unicode) {
        EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
      }
    }
  }
}

TEST(Text, ColorsAreTheOnlyEscapesAndEndOnTheirLine) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const Document doc = report::testing::with_every_field(name);
    const std::string plain = to_text(doc, {.color = false});
    std::string stripped;
    for (const std::string& line : lines_of(to_text(doc, {.color = true}))) {
      EXPECT_EQ(line.rfind("\x1b[") == std::string::npos, line.find("\x1b[") == std::string::npos);
      bool open = false;
      for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\x1b') {
          stripped += line[i];
          continue;
        }
        const std::size_t end = line.find('m', i);
        ASSERT_NE(end, std::string::npos);
        open = line.substr(i, end - i + 1) != "\x1b[0m";
        i = end;
      }
      EXPECT_FALSE(open) << line;
      stripped += '\n';
    }
    stripped.pop_back();
    EXPECT_EQ(stripped, plain);
  }
}

TEST(Text, LinesKeepToTheWidth) {
  for (const Document& doc :
       {report::testing::kernel_leak(), report::testing::descriptor_leak(), report::testing::overlapping_ledger(),
        report::testing::with_every_field("a long word"), report::testing::with_every_field(std::string(5000, 'x'))}) {
    for (const int width : {72, 80, 100, 132}) {
      for (const std::string& line : lines_of(to_text(doc, {.width = width}))) {
        // Commands stay in one line, to be copied.
        if (line.find("next: ") != std::string::npos) continue;
        EXPECT_LE(columns(line), static_cast<std::size_t>(width)) << line;
      }
    }
  }
}

TEST(Text, TablesFitATerminal) {
  Document doc;
  doc.tables = report::testing::status().tables;
  for (const int width : {40, 60, 80, 100}) {
    const std::string text = to_text(doc, {.width = width, .fit_tables = true});
    for (const std::string& line : lines_of(text)) EXPECT_LE(columns(line), static_cast<std::size_t>(width)) << line;
    // The figure that a table is sorted by is among those that stay.
    EXPECT_NE(text.find("4.00 GiB"), std::string::npos) << text;
  }
  EXPECT_NE(to_text(doc, {.width = 60, .fit_tables = true}).find("no room for: "), std::string::npos);
  EXPECT_EQ(to_text(doc, {.width = 60}).find("no room for: "), std::string::npos);
}

TEST(Text, ColumnsForScriptsAreLeftOut) {
  report::Document document;
  document.command = "diagnose";
  report::Table table{.id = "kills", .title = "kills"};
  table.columns = {{"victim", "killed", report::ColumnKind::kText},
                   {"kind", "kind", report::ColumnKind::kText, false},
                   {"pid", "PID", report::ColumnKind::kIdentifier}};
  table.rows = {{std::string("tail"), std::string("memcg"), std::int64_t{141}}};
  document.tables = {table};
  const std::string text = to_text(document, {});
  EXPECT_NE(text.find("tail"), std::string::npos) << text;
  EXPECT_NE(text.find("141"), std::string::npos) << text;
  EXPECT_EQ(text.find("memcg"), std::string::npos) << text;
}

/// Many sites of which each holds a little less than the one before.
Document many_sites(std::size_t count, model::SiteState state) {
  Document doc = report::testing::kernel_trace();
  const model::Site first = doc.profile->sites.front();
  doc.profile->sites.clear();
  for (std::size_t i = 0; i < count; ++i) {
    model::Site& site = doc.profile->sites.emplace_back(first);
    site.stack.front().symbol = "caller_" + std::to_string(i);
    site.state = state;
    site.bytes = static_cast<std::int64_t>((count - i) * 1024);
  }
  return doc;
}

TEST(Sites, ThoseThatAreNotShownAreCounted) {
  const std::string text = to_text(many_sites(42, model::SiteState::kBlind), {});
  EXPECT_NE(text.find("caller_4 "), std::string::npos) << text;
  EXPECT_EQ(text.find("caller_5 "), std::string::npos) << text;
  EXPECT_NE(text.find("and 37 more, which hold 703 KiB; -v lists them"), std::string::npos) << text;
  EXPECT_NE(to_text(many_sites(42, model::SiteState::kBlind), {.verbose = true}).find("caller_41 "), std::string::npos);
}

TEST(Sites, ABlindOneSaysHowBlindAndNeverThatItGrows) {
  const std::string text = to_text(report::testing::kernel_trace(), {});
  const std::size_t heading = text.find("Cannot tell, since too many of their frees are unseen:");
  ASSERT_NE(heading, std::string::npos) << text;
  EXPECT_NE(text.find("blind: 92 to 95 % of its frees are unseen", heading), std::string::npos) << text;
  EXPECT_EQ(text.find("/min", heading), std::string::npos) << text;
}

TEST(Sites, AProfileWithoutSitesSaysSo) {
  Document doc;
  doc.profile.emplace().title = "kernel memory";
  EXPECT_EQ(to_text(doc, {.unicode = false}),
            "no site holds any: kernel memory taken and not given back, bytes as allocated\n");
}

TEST(Tree, Golden) {
  const auto file = [](const std::string& name) { return std::string(LEAKSCOPE_TESTDATA) + "/" + name + ".txt"; };
  expect_golden(file("kernel-trace-tree"), to_tree(report::testing::kernel_trace(), {}).value());
  expect_golden(file("kernel-trace-tree-verbose-ascii"),
                to_tree(report::testing::kernel_trace(), {.verbose = true, .unicode = false}).value());
}

TEST(Tree, WhatIsBelowOnePercentIsSummedUp) {
  Document doc = many_sites(300, model::SiteState::kUnfreed);
  for (model::Site& site : doc.profile->sites) site.bytes = 1024;
  EXPECT_NE(to_tree(doc, {}).value().find("(300 others, each below 1 %)"), std::string::npos);
  EXPECT_NE(to_tree(doc, {.verbose = true}).value().find("caller_299"), std::string::npos);
}

TEST(Tree, NoProfileIsAnErrorAndNoSitesIsAHeading) {
  ASSERT_FALSE(to_tree(report::testing::clean(), {}));
  Document doc;
  doc.profile.emplace();
  EXPECT_EQ(to_tree(doc, {.unicode = false}).value(),
            "no site holds any: memory taken and not given back, bytes as allocated\n");
}

TEST(Tree, HostileNamesNeverReachTheTerminalRawAndLinesKeepToTheWidth) {
  for (const std::string& name : report::testing::hostile_texts()) {
    for (const Options& options : {Options{}, Options{.verbose = true, .unicode = false}}) {
      const std::string text = to_tree(report::testing::with_every_field(name), options).value();
      EXPECT_TRUE(std::ranges::none_of(text, is_control)) << testing::PrintToString(name.substr(0, 40));
      for (const std::string& line : lines_of(text)) EXPECT_LE(columns(line), 100U) << line;
    }
  }
}

TEST(Layout, CountsCodePointsAndCutsTheMiddle) {
  EXPECT_EQ(columns("caf\xc3\xa9"), 4U);
  EXPECT_EQ(cut_middle("abcdefghij", 10, "\u2026"), "abcdefghij");
  EXPECT_EQ(cut_middle("abcdefghijk", 10, "\u2026"), "abcde\u2026hijk");
  EXPECT_EQ(cut_middle("\u00e9\u00e9\u00e9\u00e9\u00e9", 3, "\u2026"), "\u00e9\u2026\u00e9");
  EXPECT_EQ(cut_middle("abcdefghijk", 8, "..."), "abc...jk");
  EXPECT_EQ(cut_middle("abcdef", 2, "..."), "ab");
  EXPECT_EQ(cut_middle("abcdef", 0, "..."), "");
  EXPECT_EQ(pad_left("\u00e9", 3), "  \u00e9");
  EXPECT_EQ(pad_right("\u00e9", 3), "\u00e9  ");
}

TEST(Layout, WrapsAtBlanksAndBreaksWhatIsTooLong) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrap("", 10), Lines{""});
  EXPECT_EQ(wrap("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap("  one   two ", 20), Lines{"one two"});
  EXPECT_EQ(wrap("ab abcdefgh cd", 3), (Lines{"ab", "abc", "def", "gh", "cd"}));
  EXPECT_EQ(wrap("abc", 0), (Lines{"a", "b", "c"}));
  EXPECT_EQ(wrap("\u00e9\u00e9\u00e9\u00e9", 2), (Lines{"\u00e9\u00e9", "\u00e9\u00e9"}));
}

}  // namespace
}  // namespace leakscope::render::text
