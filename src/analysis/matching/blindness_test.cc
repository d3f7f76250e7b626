#include "analysis/matching/blindness.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/matching/incomplete_beta.h"
#include "analysis/stats/distributions.h"

namespace leakscope::analysis::matching {
namespace {

TEST(IncompleteBeta, IsTheTailOfTheBinomial) {
  for (const int n : {1, 5, 40, 300}) {
    for (const double p : {0.001, 0.03, 0.5, 0.9, 0.999}) {
      for (const int k : {1, 2, n / 3, n / 2, n}) {
        if (k < 1 || k > n) continue;
        EXPECT_NEAR(incomplete_beta(p, k, n - k + 1), stats::binomial_upper_tail(k, n, p), 1e-11) << n << " " << p;
      }
    }
  }
  EXPECT_EQ(incomplete_beta(0, 2, 3), 0);
  EXPECT_EQ(incomplete_beta(1, 2, 3), 1);
}

TEST(IncompleteBeta, HoldsForMillions) {
  // Close to normal: the quantile at 0.995 of 10^6 of 10^9 is 2.576 standard deviations above.
  const double upper = incomplete_beta_quantile(0.995, 1e6 + 1, 1e9 - 1e6);
  EXPECT_NEAR(upper, 1e-3 + 2.5758 * std::sqrt(1e-3 / 1e9), 1e-8);
}

TEST(Blindness, OfNothingIsNotKnown) { EXPECT_FALSE(blindness(0, 0)); }

TEST(Blindness, IsTheIntervalOfClopperAndPearson) {
  for (const int n : {1, 7, 50, 400}) {
    for (const int unseen : {0, 1, n / 2, n - 1, n}) {
      const auto interval = blindness(static_cast<std::uint64_t>(n - unseen), static_cast<std::uint64_t>(unseen));
      const auto reference = stats::proportion_interval(unseen, n, 0.99);
      ASSERT_TRUE(interval);
      EXPECT_DOUBLE_EQ(interval->point, static_cast<double>(unseen) / n);
      EXPECT_NEAR(interval->lower, reference.lower, 1e-9) << unseen << " of " << n;
      EXPECT_NEAR(interval->upper, reference.upper, 1e-9) << unseen << " of " << n;
    }
  }
}

TEST(Blindness, OfTheEdgesInClosedForm) {
  EXPECT_EQ(blindness(1000, 0)->lower, 0);
  EXPECT_NEAR(blindness(1000, 0)->upper, 1 - std::pow(0.005, 1.0 / 1000), 1e-12);
  EXPECT_EQ(blindness(0, 20)->upper, 1);
  EXPECT_NEAR(blindness(0, 20)->lower, std::pow(0.005, 1.0 / 20), 1e-12);
  // maple nodes of an exec load: 11,156 of 11,906 allocations fell on live addresses.
  const auto maple = blindness(750, 11'156);
  EXPECT_NEAR(maple->point, 0.937, 0.001);
  EXPECT_GT(maple->lower, 0.93);
  EXPECT_LT(maple->upper, 0.943);
}

model::SiteTally tally(std::uint64_t frees, std::uint64_t unseen, std::int64_t held) {
  model::SiteTally site;
  site.frees = frees;
  site.unseen_frees = unseen;
  site.count = held;
  site.allocs = frees + unseen + static_cast<std::uint64_t>(held);
  return site;
}

TEST(ExplainedByBlindness, NothingWhereNoFreeIsKnown) { EXPECT_EQ(explained_by_blindness(tally(0, 0, 5000)), 0); }

TEST(ExplainedByBlindness, AllWhereEveryKnownFreeWasUnseen) {
  EXPECT_EQ(explained_by_blindness(tally(0, 1, 5000)), 5000);
  EXPECT_EQ(explained_by_blindness(tally(0, 11'156, 300)), 300);
  EXPECT_EQ(explained_by_blindness(tally(0, 9, 0)), 0);
}

TEST(ExplainedByBlindness, NearlyNothingWhereEachOfManyWasSeen) {
  // ln(200) = 5.3 in the number of frees seen could be unseen by chance.
  EXPECT_EQ(explained_by_blindness(tally(100'000, 0, 1000)), 6);
  EXPECT_EQ(explained_by_blindness(tally(100'000, 0, 3)), 3);
  EXPECT_LT(explained_by_blindness(tally(100, 0, 1000)), 60);
  EXPECT_EQ(explained_by_blindness(tally(1, 0, 1000)), 996) << "one free says next to nothing";
}

TEST(ExplainedByBlindness, ItsShareInBetween) {
  // Half of the frees unseen: of what is held half at least may be gone, plus what chance adds.
  const std::int64_t half = explained_by_blindness(tally(10'000, 10'000, 2000));
  EXPECT_GE(half, 1000);
  EXPECT_LE(half, 1300);
  // A site of which 2 in 10,000 frees are missed leaks 3000: these are no misses.
  EXPECT_LT(explained_by_blindness(tally(10'000, 2, 3000)), 15);
}

TEST(ExplainedByBlindness, GrowsWithWhatIsUnseen) {
  std::int64_t before = 0;
  for (std::uint64_t unseen = 0; unseen <= 1000; unseen += 50) {
    const std::int64_t explained = explained_by_blindness(tally(1000 - unseen, unseen, 4000));
    EXPECT_GE(explained, before) << unseen;
    EXPECT_LE(explained, 4000);
    before = explained;
  }
  EXPECT_EQ(before, 4000);
}

TEST(ExplainedByBlindness, ASampleShowsLess) {
  EXPECT_GT(explained_by_blindness(tally(16'000, 0, 1000), 16), explained_by_blindness(tally(16'000, 0, 1000)));
  EXPECT_EQ(explained_by_blindness(tally(0, 16, 1000), 16), 1000);
}

}  // namespace
}  // namespace leakscope::analysis::matching
