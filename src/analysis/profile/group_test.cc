#include "analysis/profile/group.h"

#include <limits>
#include <numeric>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analysis/profile/made_sites.h"

namespace leakscope::analysis::profile {
namespace {

using Names = std::vector<std::string>;
Names names_of(const std::vector<Group>& groups) {
  Names names;
  for (const Group& group : groups) names.push_back(group.name);
  return names;
}

TEST(Grouped, ByFunctionLooksBehindTheAllocators) {
  model::Site growing = site({frame("__kmalloc_noprof"), frame("leak_it", "leaky"), frame("ioctl")}, 100, 2);
  growing.state = model::SiteState::kGrowing;
  growing.rate = model::Site::Rate{1, 2, 3};
  const auto groups = grouped(
      profile_of({site({frame("dup_fd")}, 50), growing,
                  site({frame("vmalloc"), frame("leak_it.constprop.0", "leaky")}, 10, 5), site({frame("leak_it")}, 1)}),
      Grouping::kFunction);
  ASSERT_EQ(names_of(groups), (Names{"leak_it [leaky]", "dup_fd", "leak_it"}));
  EXPECT_EQ(groups[0].bytes, 110);
  EXPECT_EQ(groups[0].count, 7);
  EXPECT_EQ(groups[0].sites, 2U);
  EXPECT_EQ(groups[0].growing, 1U);
  EXPECT_DOUBLE_EQ(groups[0].rate, 2);
}

TEST(Grouped, ByFunctionWithoutNamesGoesByAddress) {
  model::Frame address;
  address.address = 0xffffffff81000000;
  EXPECT_EQ(
      names_of(grouped(profile_of({site({address}, 9), site({}, 2), site({model::Frame{}}, 1)}), Grouping::kFunction)),
      (Names{"0xffffffff81000000", "(not known)"}));
}

TEST(Grouped, ByModule) {
  EXPECT_EQ(names_of(grouped(profile_of({site({frame("kmalloc"), frame("f", "leaky"), frame("g")}, 3),
                                         site({frame("g"), frame("f", "leaky")}, 2), site({model::Frame{}}, 1)}),
                             Grouping::kModule)),
            (Names{"leaky", "kernel", "(not known)"}));
}

TEST(Grouped, ByCacheNamesWhatHasNone) {
  model::Profile profile = profile_of({site({frame("a")}, 5), site({frame("b")}, 4), site({frame("c")}, 3),
                                       site({frame("d")}, 2), site({frame("e")}, 1)});
  profile.sites[0].cache = "dentry";
  profile.sites[1].allocator = model::Allocator::kPages;
  profile.sites[2].allocator = model::Allocator::kPercpu;
  profile.sites[3].allocator = model::Allocator::kVmalloc;
  EXPECT_EQ(names_of(grouped(profile, Grouping::kCache)),
            (Names{"dentry", "(pages)", "(per-CPU memory)", "(vmalloc)", "(slab)"}));
}

TEST(Grouped, BySitePutsTogetherWhatHasOneId) {
  model::Profile profile = profile_of({site({frame("f")}, 5), site({frame("f")}, 4), site({frame("f")}, 3)});
  profile.sites[2].cache = "dentry";
  profile.sites[1].stack[0].offset = 99;
  const auto groups = grouped(profile, Grouping::kSite);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].bytes, 9);
  EXPECT_EQ(groups[0].name, "f");
}

TEST(Grouped, ByProcessDividesASite) {
  model::Site made = site({frame("f")}, 100, 10);
  made.allocs = 1001;
  made.frees = 7;
  made.rate = model::Site::Rate{0, 10, 20};
  made.processes = {{"sh", Pid{2}, 60, 6}, {"", Pid{3}, 20, 1}, {"kworker", Pid{0}, 10, 1}};
  const auto groups = grouped(profile_of({made, site({frame("g")}, 5)}), Grouping::kProcess);
  ASSERT_EQ(names_of(groups), (Names{"sh (pid 2)", "? (pid 3)", "(others)", "kworker", "(not known)"}));
  EXPECT_EQ(groups[0].bytes, 60);
  EXPECT_EQ(groups[2].bytes, 10);
  EXPECT_EQ(groups[2].count, 2);
  EXPECT_DOUBLE_EQ(groups[0].rate, 6);
  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;
  for (const Group& group : groups) {
    allocs += group.allocs;
    frees += group.frees;
    EXPECT_EQ(group.sites, 1U);
  }
  EXPECT_EQ(allocs, 1001U);
  EXPECT_EQ(frees, 7U);
}

TEST(Grouped, NoFigureIsTooLarge) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  model::Site large = site({frame("f")}, kMost, kMost);
  large.allocs = large.frees = std::numeric_limits<std::uint64_t>::max();
  large.processes = {{"a", Pid{1}, kMost, 1}, {"b", Pid{2}, kMost, kLeast}};
  model::Site small = site({frame("f")}, kLeast, kLeast);
  small.processes = {{"a", Pid{1}, kLeast, 1}, {"b", Pid{2}, 0, kLeast}};
  for (const Grouping grouping :
       {Grouping::kSite, Grouping::kFunction, Grouping::kModule, Grouping::kCache, Grouping::kProcess}) {
    const auto groups = grouped(profile_of({large, large, small, small, small}), grouping);
    EXPECT_FALSE(groups.empty());
  }
}

// Whatever a profile is grouped by, the rows add up to it.
TEST(Grouped, AddsUp) {
  std::mt19937 random(7);
  model::Profile profile;
  std::int64_t bytes = 0;
  std::uint64_t allocs = 0;
  for (int i = 0; i < 300; ++i) {
    model::Site made = site({frame(fmt::format("f{}", random() % 20), random() % 2 != 0 ? "m" : "")}, 0, 0);
    made.allocs = random() % 1000;
    made.allocator = static_cast<model::Allocator>(random() % 4);
    made.bytes = static_cast<std::int64_t>(random() % 100000);
    std::int64_t left = made.bytes;
    for (unsigned j = random() % 4; j > 0 && left > 0; --j) {
      const auto share = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(left));
      made.processes.push_back({"p", Pid{static_cast<std::int32_t>(random() % 5)}, share, 0});
      left -= share;
    }
    bytes += made.bytes;
    allocs += made.allocs;
    profile.sites.push_back(made);
  }
  for (const Grouping grouping :
       {Grouping::kSite, Grouping::kFunction, Grouping::kModule, Grouping::kCache, Grouping::kProcess}) {
    std::int64_t sum = 0;
    std::uint64_t sum_of_allocs = 0;
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    for (const Group& group : grouped(profile, grouping)) {
      EXPECT_LE(group.bytes, before);
      before = group.bytes;
      sum += group.bytes;
      sum_of_allocs += group.allocs;
    }
    EXPECT_EQ(sum, bytes) << to_string(grouping);
    EXPECT_EQ(sum_of_allocs, allocs) << to_string(grouping);
  }
}

TEST(Grouping, HasWords) {
  for (const Grouping grouping :
       {Grouping::kSite, Grouping::kFunction, Grouping::kModule, Grouping::kCache, Grouping::kProcess}) {
    EXPECT_EQ(grouping_from_string(to_string(grouping)), grouping);
  }
  EXPECT_FALSE(grouping_from_string("functions"));
  EXPECT_FALSE(grouping_from_string(""));
}

}  // namespace
}  // namespace leakscope::analysis::profile
