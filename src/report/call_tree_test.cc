#include "report/call_tree.h"

#include <limits>

#include <gtest/gtest.h>

#include "report/testing/sample_documents.h"

namespace leakscope::report {
namespace {

model::Site site(std::vector<std::string> innermost_first, std::int64_t bytes) {
  model::Site site;
  for (std::string& name : innermost_first) site.stack.push_back({0, std::move(name), 0, "", "", 0});
  site.bytes = bytes;
  site.count = 1;
  return site;
}

TEST(CallTree, StacksThatBeginAlikeShareTheirOuterFunctions) {
  model::Profile profile;
  profile.sites = {site({"a", "main"}, 3), site({"b", "main"}, 5), site({"a", "main"}, 4), site({"main"}, 1)};
  const CallTree tree = call_tree(profile);
  ASSERT_EQ(tree.nodes.size(), 4U);
  EXPECT_EQ(tree.nodes[0].bytes, 13);
  EXPECT_EQ(tree.nodes[0].count, 4);
  EXPECT_EQ(tree.deepest, 2U);
  ASSERT_EQ(tree.nodes[0].children.size(), 1U);
  const CallNode& main = tree.nodes[tree.nodes[0].children[0]];
  EXPECT_EQ(main.function, "main");
  EXPECT_EQ(main.module, "[kernel]");
  EXPECT_EQ(main.sites, std::vector<std::size_t>{3});
  ASSERT_EQ(main.children.size(), 2U);
  EXPECT_EQ(tree.nodes[main.children[0]].function, "a");
  EXPECT_EQ(tree.nodes[main.children[0]].bytes, 7);
  EXPECT_EQ(tree.nodes[main.children[0]].sites, (std::vector<std::size_t>{2, 0}));
}

TEST(CallTree, EveryNodeIsTheSumOfWhatIsBelow) {
  for (const auto& document : {testing::kernel_trace(), testing::with_every_field("x")}) {
    const CallTree tree = call_tree(*document.profile);
    for (const CallNode& node : tree.nodes) {
      std::int64_t sum = 0;
      for (const std::size_t child : node.children) sum += tree.nodes[child].bytes;
      for (const std::size_t index : node.sites) sum += document.profile->sites[index].bytes;
      EXPECT_EQ(sum, node.bytes);
    }
  }
}

TEST(CallTree, WhatHoldsNothingIsNoPartOfItAndSumsStayInRange) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  model::Profile profile;
  profile.sites = {site({"a"}, kMost), site({"b"}, kMost), site({"c"}, 0), site({"d"}, -5)};
  const CallTree tree = call_tree(profile);
  EXPECT_EQ(tree.nodes.size(), 3U);
  EXPECT_EQ(tree.nodes[0].bytes, kMost);
  EXPECT_EQ(call_tree({}).nodes.size(), 1U);
}

TEST(CallTree, ASiteWithoutStackHasAFunctionAllTheSame) {
  model::Profile profile;
  profile.sites = {site({}, 8)};
  const CallTree tree = call_tree(profile);
  ASSERT_EQ(tree.nodes.size(), 2U);
  EXPECT_EQ(tree.nodes[1].function, "[unknown]");
  EXPECT_EQ(tree.nodes[1].module, "");
  EXPECT_EQ(tree.deepest, 1U);
}

}  // namespace
}  // namespace leakscope::report
