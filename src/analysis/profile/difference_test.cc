#include "analysis/profile/difference.h"

#include <limits>

#include <gtest/gtest.h>

#include "analysis/profile/made_sites.h"

namespace leakscope::analysis::profile {
namespace {

TEST(Difference, FindsSitesByTheirNames) {
  model::Site before = site({frame("kmalloc"), frame("f", "m")}, 100, 1);
  before.stack[1].address = 0x1000;
  before.stack[1].offset = 16;
  model::Site after = site({frame("kmalloc"), frame("f.isra.0", "m")}, 400, 4);
  after.stack[1].address = 0x2000;
  const auto result = difference(profile_of({before, site({frame("gone")}, 50)}),
                                 profile_of({after, site({frame("fresh")}, 10), site({frame("fresh")}, 10)}));
  ASSERT_TRUE(result);
  ASSERT_EQ(result->sites.size(), 3U);
  EXPECT_EQ(result->bytes_change, 270);
  EXPECT_EQ(result->sites[0].bytes_before, 100);
  EXPECT_EQ(result->sites[0].bytes_after, 400);
  EXPECT_EQ(result->sites[0].count_change(), 3);
  EXPECT_EQ(result->sites[0].site, after);
  EXPECT_EQ(result->sites[1].site.stack[0].symbol, "fresh");
  EXPECT_EQ(result->sites[1].bytes_change(), 20);
  EXPECT_FALSE(result->sites[1].in_before);
  EXPECT_EQ(result->sites[2].bytes_change(), -50);
  EXPECT_FALSE(result->sites[2].in_after);
  EXPECT_TRUE(result->cautions.empty());
}

TEST(Difference, CachesAndAllocatorsAreKeptApart) {
  model::Site slab = site({frame("f")}, 100);
  slab.cache = "kmalloc-64";
  model::Site other = slab;
  other.cache = "kmalloc-128";
  model::Site pages = site({frame("f")}, 100);
  pages.allocator = model::Allocator::kPages;
  const auto result = difference(profile_of({slab}), profile_of({slab, other, pages}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->sites.size(), 3U);
  EXPECT_EQ(result->sites.back().bytes_change(), 0);
}

TEST(Difference, OfDifferentPopulationsOrUnitsIsRefused) {
  model::Profile live;
  live.population = model::Population::kLive;
  const auto populations = difference(model::Profile{}, live);
  ASSERT_FALSE(populations);
  EXPECT_EQ(populations.error().kind, Error::Kind::kUsage);
  EXPECT_EQ(populations.error().what,
            "one profile has what was taken in its window and not given back (outstanding), the other all that is "
            "allocated (live): these cannot be compared");
  model::Profile pages;
  pages.unit = model::ProfileUnit::kPages;
  const auto units = difference(model::Profile{}, pages);
  ASSERT_FALSE(units);
  EXPECT_EQ(units.error().kind, Error::Kind::kUsage);
}

TEST(Difference, SaysWhatMakesItWeak) {
  model::Profile before;
  model::Profile after;
  before.length = std::chrono::seconds(60);
  after.length = std::chrono::seconds(61);
  EXPECT_TRUE(difference(before, after)->cautions.empty());
  after.length = std::chrono::seconds(600);
  before.sites_not_kept = 2;
  after.sites_not_kept = 3;
  EXPECT_EQ(difference(before, after)->cautions.size(), 3U);
  // All that is allocated does not depend on a window.
  before.population = after.population = model::Population::kLive;
  EXPECT_EQ(difference(before, after)->cautions.size(), 2U);
}

TEST(Difference, NoFigureIsTooLarge) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  const auto result =
      difference(profile_of({site({frame("f")}, kLeast, kLeast), site({frame("g")}, kLeast)}),
                 profile_of({site({frame("f")}, kMost, kMost), site({frame("f")}, kMost), site({frame("g")}, kMost)}));
  ASSERT_TRUE(result);
  EXPECT_GT(result->bytes_change, 0);
}

}  // namespace
}  // namespace leakscope::analysis::profile
