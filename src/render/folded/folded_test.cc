#include "render/folded/folded.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/testing/golden.h"
#include "report/testing/sample_documents.h"

namespace leakscope::render::folded {
namespace {

using report::Document;

Document with_site(std::vector<model::Frame> stack, std::int64_t bytes) {
  Document doc;
  model::Site& site = doc.profile.emplace().sites.emplace_back();
  site.stack = std::move(stack);
  site.bytes = bytes;
  return doc;
}

TEST(Folded, Golden) {
  expect_golden(std::string(LEAKSCOPE_TESTDATA) + "/kernel-trace.folded",
                to_folded(report::testing::kernel_trace()).value());
}

TEST(Folded, NoProfileIsAnErrorAndNoSitesIsNothing) {
  const auto none = to_folded(report::testing::clean());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, Error::Kind::kUsage);
  Document empty;
  empty.profile.emplace();
  EXPECT_EQ(to_folded(empty).value(), "");
}

TEST(Folded, WhatHoldsNothingIsLeftOut) {
  EXPECT_EQ(to_folded(with_site({}, 0)).value(), "");
  EXPECT_EQ(to_folded(with_site({}, -8)).value(), "");
}

TEST(Folded, FramesThatAreNotKnownHaveAName) {
  EXPECT_EQ(to_folded(with_site({}, 8)).value(), "[unknown] 8\n");
  EXPECT_EQ(to_folded(with_site({{0x10, "", 0, "", "", 0}, {0x20, "", 0, "m", "", 0}}, 8)).value(),
            "0x20_[m];0x10 8\n");
}

TEST(Folded, SeparatorsInNamesAreReplaced) {
  EXPECT_EQ(to_folded(with_site({{0, "operator new(unsigned long); x", 0, "a;b c", "", 0}}, 8)).value(),
            "operator_new(unsigned_long):_x_[a:b_c] 8\n");
}

TEST(Folded, HostileNamesNeverMakeALineOrAFrame) {
  for (const std::string& name : report::testing::hostile_texts()) {
    const Document doc = report::testing::with_every_field(name);
    const std::string text = to_folded(doc).value();
    const auto holding = std::ranges::count_if(doc.profile->sites, [](const auto& site) { return site.bytes > 0; });
    EXPECT_EQ(std::ranges::count(text, '\n'), holding);
    EXPECT_EQ(std::ranges::count(text, ' '), holding);
    EXPECT_EQ(std::ranges::count(text, ';'), holding * 2);
    EXPECT_TRUE(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }));
  }
}

}  // namespace
}  // namespace leakscope::render::folded
