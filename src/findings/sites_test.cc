#include "findings/sites.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::findings {
namespace {

using model::SiteState;
using model::SiteTally;

constexpr double kSeconds = 60;

/// A site that holds held(t) objects of 1 KiB at t seconds, and freed as many others as it says.
template <class Held>
SiteTally site(Held held, std::uint64_t frees = 0, std::uint64_t unseen_frees = 0) {
  SiteTally tally;
  tally.call_site = 0xffffffff81000000;
  for (int i = 0; i <= 120; ++i) {
    const double seconds = kSeconds * i / 120;
    const auto count = static_cast<std::int64_t>(held(seconds));
    tally.history.push_back({seconds, count * 1024, count});
  }
  tally.count = tally.history.back().count;
  tally.bytes = tally.history.back().bytes;
  tally.frees = frees;
  tally.unseen_frees = unseen_frees;
  tally.allocs = static_cast<std::uint64_t>(tally.count) + frees + unseen_frees;
  tally.bytes_allocated = static_cast<std::int64_t>(tally.allocs) * 1024;
  return tally;
}

double leak(double seconds) { return 100 * seconds; }

JudgedSites judge(const std::vector<SiteTally>& tallies, SiteJudgeOptions options = {}) {
  options.seconds = kSeconds;
  return judge_sites(tallies, options);
}

TEST(Sites, ASteadyLeakGrowsAtItsRate) {
  const JudgedSites judged = judge({site(leak)});
  EXPECT_EQ(judged.verdict, Verdict::kSuspect);
  EXPECT_EQ(judged.sites[0].state, SiteState::kGrowing);
  ASSERT_TRUE(judged.sites[0].rate);
  EXPECT_NEAR(judged.sites[0].rate->point, 100 * 1024, 2048);
  EXPECT_FALSE(judged.sites[0].blindness) << "nothing could show it";
}

TEST(Sites, ALeakBesideManyFreesGrowsStill) {
  EXPECT_EQ(judge({site(leak, 1'000'000, 3)}).sites[0].state, SiteState::kGrowing);
}

TEST(Sites, WhatUnseenFreesCanExplainIsBlind) {
  // As mas_alloc_nodes of an exec load: nine of ten frees are unseen.
  const JudgedSites judged = judge({site(leak, 700, 11'000)});
  EXPECT_EQ(judged.sites[0].state, SiteState::kBlind);
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  ASSERT_TRUE(judged.sites[0].blindness);
  EXPECT_GT(judged.sites[0].blindness->lower, 0.9);
  EXPECT_FALSE(judged.sites[0].note.empty());
}

TEST(Sites, LookAlikesAreUnfreed) {
  const auto in_use = [](double seconds) { return 5000 * (1 - std::exp(-seconds / 4)); };
  const auto once = [](double seconds) { return seconds < 20 ? 0.0 : 8000.0; };
  const auto teeth = [](double seconds) { return 300 * std::fmod(seconds, 8); };
  for (const SiteTally& tally : {site(in_use, 90'000), site(once), site(teeth, 12'000)}) {
    const JudgedSites judged = judge({tally});
    EXPECT_EQ(judged.sites[0].state, SiteState::kUnfreed) << judged.sites[0].note;
    EXPECT_EQ(judged.verdict, Verdict::kClean);
  }
}

TEST(Sites, AFewObjectsAreNoSeries) {
  const JudgedSites judged = judge({site([](double seconds) { return seconds / 10; })});
  EXPECT_EQ(judged.sites[0].state, SiteState::kUnfreed);
  EXPECT_FALSE(judged.sites[0].p_value);
}

TEST(Sites, WhatTheKernelGivesBackIsNoLeak) {
  SiteJudgeOptions options;
  options.is_reclaimable = [](const SiteTally&) { return true; };
  const JudgedSites judged = judge({site(leak)}, options);
  EXPECT_EQ(judged.sites[0].state, SiteState::kUnfreed);
  EXPECT_NE(judged.sites[0].note.find("gives it back"), std::string::npos);
}

TEST(Sites, ACacheThatDoesNotGrowSpeaksAgainstASiteThatNeverFrees) {
  SiteJudgeOptions options;
  options.cache_growth = [](const SiteTally&) { return std::optional<std::int64_t>(100); };
  EXPECT_EQ(judge({site(leak)}, options).sites[0].state, SiteState::kBlind);
  options.cache_growth = [](const SiteTally&) { return std::optional<std::int64_t>(6050); };
  EXPECT_EQ(judge({site(leak)}, options).sites[0].state, SiteState::kGrowing);
  options.cache_growth = [](const SiteTally&) { return std::optional<std::int64_t>(); };
  EXPECT_EQ(judge({site(leak)}, options).sites[0].state, SiteState::kGrowing);
}

TEST(Sites, AStackThatIsFollowedLateIsJudgedFromThen) {
  SiteTally late = site([](double seconds) { return seconds < 15 ? 0.0 : 100 * (seconds - 15); });
  late.since = 15;
  const JudgedSites judged = judge({late});
  EXPECT_EQ(judged.sites[0].state, SiteState::kGrowing) << judged.sites[0].note;
  EXPECT_NEAR(judged.sites[0].rate->point, 100 * 1024, 4096);
}

TEST(Sites, SamplingWidensWhatIsHeld) {
  SiteJudgeOptions options;
  options.sampled_one_in = 16;
  const JudgedSites judged = judge({site(leak)}, options);
  ASSERT_TRUE(judged.sites[0].bytes_interval);
  EXPECT_LT(judged.sites[0].bytes_interval->lower, 6000 * 1024);
  EXPECT_GT(judged.sites[0].bytes_interval->lower, 5000 * 1024);
  EXPECT_GT(judged.sites[0].bytes_interval->upper, 6000 * 1024);
}

TEST(Sites, NothingHeldIsClean) { EXPECT_EQ(judge({}).verdict, Verdict::kClean); }

}  // namespace
}  // namespace leakscope::findings
