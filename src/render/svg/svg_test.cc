#include "render/svg/svg.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "render/svg/layout.h"
#include "render/svg/script.h"
#include "render/svg/style.h"
#include "render/svg/testing/well_formed.h"
#include "render/svg/xml.h"
#include "report/testing/sample_documents.h"

namespace leakscope::render::svg {
namespace {

using report::Document;

void expect_well_formed(const std::string& svg) {
  const auto mistake = testing::XmlReader(svg).first_mistake();
  EXPECT_FALSE(mistake) << *mistake;
}

std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

model::Site site(std::vector<std::string> innermost_first, std::int64_t bytes) {
  model::Site site;
  for (std::string& name : innermost_first) site.stack.push_back({0, std::move(name), 0, "", "", 0});
  site.bytes = bytes;
  site.count = 1;
  return site;
}

TEST(Svg, Golden) {
  const std::string svg = to_svg(report::testing::kernel_trace()).value();
  expect_well_formed(svg);
  expect_golden(std::string(LEAKSCOPE_TESTDATA) + "/kernel-trace.svg", svg);
}

TEST(Svg, NeedsNothingElse) {
  const std::string svg = to_svg(report::testing::kernel_trace()).value();
  // The one address is the name of the language.
  EXPECT_EQ(occurrences(svg, "http"), 1U);
  EXPECT_EQ(occurrences(svg, "href"), 0U);
  EXPECT_EQ(occurrences(svg, "@import"), 0U);
  EXPECT_EQ(script().find("]]>"), std::string_view::npos);
  EXPECT_EQ(style().find("]]>"), std::string_view::npos);
}

TEST(Svg, StatesAreReadWithoutColor) {
  const std::string svg = to_svg(report::testing::kernel_trace()).value();
  EXPECT_NE(svg.find("kmalloc-4k: growing"), std::string::npos);
  EXPECT_NE(svg.find("filp: blind"), std::string::npos);
  EXPECT_NE(svg.find("seq_file: unfreed"), std::string::npos);
  EXPECT_EQ(occurrences(svg, "<rect class=\"over\""), 2U);
}

TEST(Svg, TheTitleSaysWhatItIsAbout) {
  Document doc = report::testing::kernel_trace();
  doc.profile->sampled_one_in = 16;
  const std::string svg = to_svg(doc).value();
  EXPECT_NE(svg.find("kernel memory taken in 60 s and not given back</text>"), std::string::npos);
  EXPECT_NE(svg.find("bytes as allocated"), std::string::npos);
  EXPECT_NE(svg.find("sampled: 1 address in 16, scaled up"), std::string::npos);
}

TEST(Svg, NoProfileIsAnErrorAndNoSitesIsAnEmptyGraph) {
  const auto none = to_svg(report::testing::clean());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Error::Kind::kUsage);
  Document empty;
  empty.profile.emplace();
  const std::string svg = to_svg(empty).value();
  expect_well_formed(svg);
  EXPECT_NE(svg.find("nothing is held"), std::string::npos);
}

TEST(Svg, WhatIsTooNarrowIsLeftOutAndSaid) {
  Document doc;
  model::Profile& profile = doc.profile.emplace();
  profile.sites = {site({"large", "main"}, 1'000'000)};
  for (int i = 0; i < 40; ++i) profile.sites.push_back(site({"small" + std::to_string(i), "main"}, 10));
  const std::string svg = to_svg(doc).value();
  EXPECT_EQ(svg.find("small"), std::string::npos);
  EXPECT_NE(svg.find("40 bars too narrow to be seen are left out, with all on top: 400 B (&lt;0.1 %)"),
            std::string::npos);
}

TEST(Svg, HostileNamesStayText) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const std::string svg = to_svg(report::testing::with_every_field(name)).value();
    expect_well_formed(svg);
    EXPECT_EQ(occurrences(svg, "<script>"), 1U);
    EXPECT_LT(svg.size(), 100'000U);
  }
}

TEST(Layout, BarsLieOnWhatCalledThemAndFillNoMoreThanIt) {
  for (const Document& doc : {report::testing::kernel_trace(), report::testing::with_every_field("x")}) {
    const report::CallTree tree = report::call_tree(*doc.profile);
    const Layout all = layout(tree, *doc.profile, 0, 1000);
    EXPECT_EQ(all.left_out, 0U);
    for (const Bar& bar : all.bars) {
      EXPECT_GE(bar.x, 0);
      EXPECT_LE(bar.x + bar.width, 1 + 1e-9);
      double above = 0;
      for (const Bar& other : all.bars) {
        if (other.row == bar.row + 1 && other.x >= bar.x - 1e-9 && other.x + other.width <= bar.x + bar.width + 1e-9) {
          above += other.width;
        }
      }
      if (!bar.site) {
        EXPECT_NEAR(above, bar.width, 1e-9);
      }
    }
  }
}

TEST(Layout, RowsBeyondTheLimitAreLeftOut) {
  model::Profile profile;
  profile.sites = {site(std::vector<std::string>(5000, "again"), 8)};
  const Layout cut = layout(report::call_tree(profile), profile, 0.001, 256);
  EXPECT_EQ(cut.rows, 256U);
  EXPECT_EQ(cut.left_out, 1U);
  EXPECT_EQ(cut.bytes_left_out, 8);
}

TEST(Xml, CutsCodePointsAndEscapes) {
  EXPECT_EQ(readable("abc", 3), "abc");
  EXPECT_EQ(readable("abcd", 3), "a..");
  EXPECT_EQ(readable("caf\xc3\xa9s", 4), "ca..");
  EXPECT_EQ(readable("\x1b", 10), "\\x1b");
  EXPECT_EQ(readable(std::string(100'000, 'x'), 5), "xxx..");
  EXPECT_EQ(shortened("abcdef", 1), ".");
  EXPECT_EQ(escaped("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

TEST(Style, AModuleHasOneColorAlways) {
  EXPECT_EQ(module_class(""), "u");
  EXPECT_EQ(module_class("[kernel]"), "k");
  EXPECT_EQ(module_class("nf_tables"), module_class("nf_tables"));
  EXPECT_EQ(module_class("nf_tables").front(), 'h');
}

TEST(XmlReader, FindsMistakes) {
  for (const std::string bad : {"<a>", "<a></b>", "<a b=c></a>", "<a b=\"<\"/>", "<a>&x;</a>", "<a>\x1b</a>",
                                "<a>&</a>", "</a>", "<a b=\"c/>"}) {
    EXPECT_TRUE(testing::XmlReader(bad).first_mistake()) << bad;
  }
  EXPECT_FALSE(testing::XmlReader("<?xml version=\"1.0\"?>\n<a b=\"&lt;\"><c/>x<![CDATA[<&]]></a>\n").first_mistake());
}

}  // namespace
}  // namespace leakscope::render::svg
