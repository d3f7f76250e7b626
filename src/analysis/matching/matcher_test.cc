#include "analysis/matching/matcher.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/matching/site_table.h"

namespace leakscope::analysis::matching {
namespace {

using model::Allocator;
using model::KmemEvent;
using model::SiteTally;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kDirectMap = 0xFFFF'8880'0000'0000 + (std::uint64_t{7} << 30U);

/// Writes a trace event by event: `site` is the call site, `at` the time in nanoseconds.
class Trace {
 public:
  Trace& at(std::uint64_t time) {
    now_.time = time;
    return *this;
  }
  Trace& by(model::NameId comm, std::int32_t tid, std::uint16_t cpu = 0) {
    now_.comm = comm;
    now_.tid.value = tid;
    now_.cpu = cpu;
    return *this;
  }
  Trace& alloc(std::uint64_t address, std::uint64_t bytes, std::uint64_t site, Allocator allocator = Allocator::kSlab) {
    KmemEvent event = now_;
    event.address = address;
    event.bytes_requested = bytes;
    event.bytes_allocated = bytes;
    event.call_site = site;
    event.allocator = allocator;
    events.push_back(event);
    return *this;
  }
  Trace& free(std::uint64_t address, Allocator allocator = Allocator::kSlab) {
    KmemEvent event = now_;
    event.address = address;
    event.allocator = allocator;
    event.is_free = true;
    events.push_back(event);
    return *this;
  }
  Trace& pages(std::uint64_t number, unsigned order, std::uint64_t site, bool for_user = false) {
    alloc(number * kPage, kPage << order, site, Allocator::kPages);
    events.back().order = static_cast<std::uint8_t>(order);
    events.back().for_user_pages = for_user;
    return *this;
  }
  Trace& free_pages(std::uint64_t number, unsigned order) {
    free(number * kPage, Allocator::kPages);
    events.back().order = static_cast<std::uint8_t>(order);
    return *this;
  }

  [[nodiscard]] Matched matched(Options options = {}, std::uint64_t end_time = 0) const {
    Matcher matcher(options);
    matcher.add(events);
    return matcher.finish(end_time);
  }

  std::vector<KmemEvent> events;

 private:
  KmemEvent now_{.time = 1};
};

const SiteTally* find_site(const Matched& matched, std::uint64_t call_site) {
  const auto found = std::ranges::find(matched.sites, call_site, &SiteTally::call_site);
  return found == matched.sites.end() ? nullptr : &*found;
}

struct Expected {
  std::uint64_t allocs, frees, unseen;
  std::int64_t bytes, count;
};
void expect_site(const Matched& matched, std::uint64_t call_site, const Expected& expected) {
  const SiteTally* site = find_site(matched, call_site);
  ASSERT_NE(site, nullptr) << "site " << call_site;
  EXPECT_EQ(site->allocs, expected.allocs) << "allocs of site " << call_site;
  EXPECT_EQ(site->frees, expected.frees) << "frees of site " << call_site;
  EXPECT_EQ(site->unseen_frees, expected.unseen) << "unseen frees of site " << call_site;
  EXPECT_EQ(site->bytes, expected.bytes) << "bytes of site " << call_site;
  EXPECT_EQ(site->count, expected.count) << "count of site " << call_site;
}

TEST(Matcher, NothingGivesNothing) {
  const Matched matched = Trace().matched();
  EXPECT_TRUE(matched.sites.empty());
  EXPECT_EQ(matched.allocs, 0U);
  EXPECT_EQ(matched.sampled_one_in, 1U);
}

TEST(Matcher, WhatIsFreedIsNotHeld) {
  const Matched matched = Trace().alloc(0x100, 64, 1).alloc(0x200, 32, 1).free(0x100).matched();
  expect_site(matched, 1, {2, 1, 0, 32, 1});
  EXPECT_EQ(matched.sites[0].bytes_allocated, 96);
  EXPECT_EQ(matched.allocs, 2U);
  EXPECT_EQ(matched.frees, 1U);
  EXPECT_EQ(matched.frees_of_others, 0U);
}

TEST(Matcher, FreesOfWhatWasThereBeforeAreOfOthers) {
  const Matched matched = Trace().free(0x100).alloc(0x100, 8, 1).free(0x100).free(0x100).matched();
  expect_site(matched, 1, {1, 1, 0, 0, 0});
  EXPECT_EQ(matched.frees, 3U);
  EXPECT_EQ(matched.frees_of_others, 2U);
}

TEST(Matcher, AnAllocationOverALiveAddressProvesAnUnseenFreeOfTheOlderSite) {
  const Matched matched = Trace().alloc(0x100, 64, 1).alloc(0x100, 48, 2).matched();
  expect_site(matched, 1, {1, 0, 1, 0, 0});
  expect_site(matched, 2, {1, 0, 0, 48, 1});
  EXPECT_EQ(matched.unseen_frees, 1U);
}

TEST(Matcher, StacksAreSitesWhereThereAreSome) {
  Trace trace;
  trace.alloc(0x100, 8, 1).alloc(0x200, 8, 1).alloc(0x300, 8, 1);
  trace.events[0].stack = 5;
  trace.events[1].stack = 6;
  const Matched matched = trace.matched();
  ASSERT_EQ(matched.sites.size(), 3U);
  EXPECT_EQ(matched.sites[0].stack, 5U);
  EXPECT_EQ(matched.sites[1].stack, 6U);
  EXPECT_EQ(matched.sites[2].stack, model::kNoStack);
  EXPECT_EQ(matched.sites[0].call_site, 1U);
}

TEST(Matcher, CachesAndAllocatorsTellSitesApart) {
  Trace trace;
  trace.alloc(0x100, 8, 1).alloc(0x200, 8, 1).alloc(0x100, 8, 1, Allocator::kPercpu);
  trace.events[0].cache = 3;
  const Matched matched = trace.matched();
  EXPECT_EQ(matched.sites.size(), 3U);
  EXPECT_EQ(matched.unseen_frees, 0U) << "addresses of different allocators have nothing to do with each other";
}

TEST(Matcher, FreesNameTheCacheWhereAllocationsDoNot) {
  Trace trace;
  trace.alloc(0x100, 8, 1).free(0x100).alloc(0x200, 8, 2).free(0x200).alloc(0x300, 8, 2).free(0x300);
  trace.events[1].cache = 7;
  trace.events[3].cache = 7;
  trace.events[5].cache = 8;
  const Matched matched = trace.matched();
  EXPECT_EQ(find_site(matched, 1)->cache, 7U);
  EXPECT_EQ(find_site(matched, 2)->cache, model::kNoName) << "several: none can be told";
}

TEST(Matcher, AllocatorsThatAreNotWantedArePassedOver) {
  Trace trace;
  trace.alloc(0x100, 8, 1)
      .pages(5, 0, 2)
      .alloc(0x100, 8, 3, Allocator::kPercpu)
      .alloc(0x1000, 8, 4, Allocator::kVmalloc);
  Options options;
  options.pages = options.percpu = options.vmalloc = false;
  const Matched matched = trace.matched(options);
  ASSERT_EQ(matched.sites.size(), 1U);
  EXPECT_EQ(matched.sites[0].call_site, 1U);
  EXPECT_EQ(matched.allocs, 1U);
}

TEST(Matcher, SitesThatHoldMostComeFirst) {
  const Matched matched = Trace().alloc(0x100, 8, 1).alloc(0x200, 800, 2).alloc(0x300, 80, 3).matched();
  ASSERT_EQ(matched.sites.size(), 3U);
  EXPECT_EQ(matched.sites[0].call_site, 2U);
  EXPECT_EQ(matched.sites[1].call_site, 3U);
  EXPECT_EQ(matched.sites[2].call_site, 1U);
}

// Pages.

TEST(MatcherPages, ABlockFreedInPiecesGoesWithTheLast) {
  Trace trace;
  trace.pages(16, 2, 1).free_pages(17, 0).free_pages(16, 0);
  expect_site(trace.matched(), 1, {1, 0, 0, 2 * kPage, 1});
  trace.free_pages(18, 1);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {1, 1, 0, 0, 0});
  EXPECT_EQ(matched.frees_of_others, 0U);
}

TEST(MatcherPages, APieceThatWasFreedMayBeAnothersWhileTheRestLives) {
  Trace trace;
  trace.pages(16, 3, 1).free_pages(16, 0).pages(16, 0, 2);
  expect_site(trace.matched(), 1, {1, 0, 0, 7 * kPage, 1});
  expect_site(trace.matched(), 2, {1, 0, 0, kPage, 1});
  trace.free_pages(16, 0);
  expect_site(trace.matched(), 1, {1, 0, 0, 7 * kPage, 1});
  expect_site(trace.matched(), 2, {1, 1, 0, 0, 0});
  trace.free_pages(16, 0);
  EXPECT_EQ(trace.matched().frees_of_others, 1U) << "that page was freed before";
}

TEST(MatcherPages, AFreeOfAHigherOrderTakesAllThatLieInIt) {
  Trace trace;
  trace.pages(32, 0, 1).pages(33, 0, 1).pages(34, 1, 2).pages(40, 0, 3).free_pages(32, 3);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {2, 2, 0, 0, 0});
  expect_site(matched, 2, {1, 1, 0, 0, 0});
  expect_site(matched, 3, {1, 0, 0, kPage, 1});
  EXPECT_EQ(matched.frees, 1U);
}

TEST(MatcherPages, AnAllocationOverAPartProvesThatItWasFreed) {
  Trace trace;
  trace.pages(64, 2, 1).pages(66, 0, 2);
  expect_site(trace.matched(), 1, {1, 0, 0, 3 * kPage, 1});
  trace.pages(64, 2, 3);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {1, 0, 1, 0, 0});
  expect_site(matched, 2, {1, 0, 1, 0, 0});
  expect_site(matched, 3, {1, 0, 0, 4 * kPage, 1});
}

TEST(MatcherPages, LargeOrdersAreFoundFromTheirMiddle) {
  Trace trace;
  trace.pages(4096, 10, 1)
      .pages(2048, 9, 2)
      .free_pages(4096 + 777, 0)
      .free_pages(2048 + 511, 0)
      .free_pages(4096 + 512, 9);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {1, 0, 0, 512 * kPage, 1});
  expect_site(matched, 2, {1, 0, 0, 511 * kPage, 1});
  EXPECT_EQ(matched.frees_of_others, 0U);
}

TEST(MatcherPages, PagesOfUsersAreNoSitesButProveUnseenFrees) {
  Trace trace;
  trace.pages(16, 0, 1).pages(16, 0, 2, true).pages(17, 0, 2, true);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {1, 0, 1, 0, 0});
  EXPECT_EQ(matched.sites.size(), 1U);
  Options options;
  options.user_pages = true;
  expect_site(trace.matched(options), 2, {2, 0, 0, 2 * kPage, 2});
}

TEST(MatcherPages, ThePageSizeIsThatOfTheTrace) {
  Trace trace;
  trace.alloc(0x30000, 0x10000 << 1U, 1, Allocator::kPages);  // 64 KiB: order 1 is cut to what the address allows
  trace.events.back().order = 1;
  trace.alloc(0x20000, 0x10000 << 1U, 2, Allocator::kPages);
  trace.events.back().order = 1;
  trace.free(0x30000, Allocator::kPages);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {1, 0, 1, 0, 0});
  expect_site(matched, 2, {1, 0, 0, 0x10000, 1});
}

// What is told twice.

TEST(MatcherDoubles, ManyLargeKmallocsTeachTheDirectMap) {
  // The fourth pair is proof: what was kept for learning is given up then.
  Trace trace;
  for (std::uint64_t i = 0; i < 8; ++i) {
    trace.at(i * kSecond)
        .by(1, 7)
        .pages(0x1000 + i * 16, 3, 50)
        .alloc(kDirectMap + (0x1000 + i * 16) * kPage, 8 * kPage, 60);
  }
  Matcher matcher;
  matcher.add(trace.events);
  const Matched matched = matcher.finish();
  ASSERT_EQ(matched.sites.size(), 1U);
  EXPECT_EQ(matched.sites[0].call_site, 60U);
  EXPECT_EQ(matched.sites[0].count, 8);
  EXPECT_EQ(matched.doubled, 8U);
}

TEST(MatcherDoubles, ALargeKmallocIsCountedOnceWithItsPages) {
  Trace trace;
  trace.by(1, 10, 3).pages(64, 2, 7).alloc(kDirectMap + 64 * kPage, 4 * kPage, 8);
  const Matched held = trace.matched();
  EXPECT_EQ(find_site(held, 7), nullptr);
  expect_site(held, 8, {1, 0, 0, 4 * kPage, 1});
  EXPECT_EQ(held.doubled, 1U);
  EXPECT_EQ(held.allocs, 1U);
  trace.free(kDirectMap + 64 * kPage).free_pages(64, 2);
  const Matched freed = trace.matched();
  expect_site(freed, 8, {1, 1, 0, 0, 0});
  EXPECT_EQ(freed.doubled, 2U);
  EXPECT_EQ(freed.frees, 1U);
  EXPECT_EQ(freed.frees_of_others, 0U);
}

TEST(MatcherDoubles, AnotherTasksPagesAreItsOwn) {
  Trace trace;
  trace.by(1, 10, 3).pages(64, 2, 7).by(1, 11, 3).alloc(kDirectMap + 64 * kPage, 4 * kPage, 8);
  trace.by(1, 10, 4).alloc(kDirectMap + 128 * kPage, 4 * kPage, 8);
  const Matched matched = trace.matched();
  expect_site(matched, 7, {1, 0, 0, 4 * kPage, 1});
  EXPECT_EQ(matched.doubled, 0U);
}

TEST(MatcherDoubles, PagesInWhichObjectsTurnUpAreSlabs) {
  Trace trace;
  trace.by(1, 10, 0);
  // Pages whose first object comes from elsewhere: nothing tells yet what they are.
  trace.pages(8, 1, 7).by(1, 99, 1).alloc(kDirectMap + 9 * kPage + 64, 32, 8).by(1, 10, 0);
  // Refills that the same task made, with objects somewhere in them, until the offset is known.
  for (std::uint64_t i = 1; i <= 4; ++i) trace.pages(64 * i, 3, 7).alloc(kDirectMap + (64 * i + i) * kPage + 96, 32, 8);
  // A driver's pages beside it, and a later slab whose object turns up on another CPU.
  trace.pages(1024, 3, 9).pages(2048, 3, 7).by(2, 20, 5).alloc(kDirectMap + 2055 * kPage, 32, 8);
  const Matched matched = trace.matched();
  EXPECT_EQ(find_site(matched, 7), nullptr);
  expect_site(matched, 9, {1, 0, 0, 8 * kPage, 1});
  expect_site(matched, 8, {6, 0, 0, 6 * 32, 6});
  EXPECT_EQ(matched.doubled, 6U);
  // The slab goes, a driver gets its pages, the driver leaks them: these are its own.
  trace.free_pages(2048, 3).pages(2048, 3, 11).alloc(kDirectMap + 65 * kPage, 32, 8);
  const Matched later = trace.matched();
  expect_site(later, 11, {1, 0, 0, 8 * kPage, 1});
  EXPECT_EQ(later.doubled, 7U);
  // And when the driver frees them unseen and a slab gets them again, an object in them tells.
  trace.pages(2048, 3, 7).alloc(kDirectMap + 2050 * kPage, 32, 8);
  const Matched last = trace.matched();
  expect_site(last, 11, {1, 0, 1, 0, 0});
  EXPECT_EQ(find_site(last, 7), nullptr);
}

TEST(MatcherDoubles, WithoutPagesNobodyLooksForThem) {
  Trace trace;
  for (std::uint64_t i = 1; i <= 9; ++i) trace.pages(64 * i, 3, 7).alloc(kDirectMap + 64 * i * kPage, 32, 8);
  Options options;
  options.pages = false;
  EXPECT_EQ(trace.matched(options).doubled, 0U);
  options = {};
  options.slab = false;
  const Matched pages_alone = trace.matched(options);
  expect_site(pages_alone, 7, {9, 0, 0, 72 * kPage, 9});
  EXPECT_EQ(pages_alone.doubled, 0U);
}

TEST(MatcherDoubles, LostEventsBreakPairs) {
  Trace trace;
  trace.by(1, 10, 3).pages(64, 2, 7).alloc(kDirectMap + 256 * kPage, 4 * kPage, 8);
  Matcher matcher;
  matcher.add(std::span(trace.events).first(1));
  matcher.lost(1, 12);
  matcher.add(std::span(trace.events).subspan(1));
  const Matched matched = matcher.finish();
  expect_site(matched, 7, {1, 0, 0, 4 * kPage, 1});
  EXPECT_EQ(matched.lost, 12U);
}

// What is told of what is held.

TEST(MatcherHeld, AgesAndWhatIsYoung) {
  Trace trace;
  trace.at(10 * kSecond).alloc(0x100, 10, 1);
  trace.at(14 * kSecond).alloc(0x200, 20, 1);
  trace.at(17 * kSecond).alloc(0x300, 40, 1);
  const Matched matched = trace.matched({}, 20 * kSecond);
  const SiteTally& site = matched.sites[0];
  ASSERT_TRUE(site.ages);
  EXPECT_DOUBLE_EQ(site.ages->min, 3);
  EXPECT_DOUBLE_EQ(site.ages->median, 6);
  EXPECT_DOUBLE_EQ(site.ages->max, 10);
  EXPECT_EQ(site.young_bytes, 40);
  EXPECT_EQ(site.young_count, 1);
  EXPECT_EQ(matched.first_time, 10 * kSecond);
  EXPECT_EQ(matched.last_time, 20 * kSecond);
}

TEST(MatcherHeld, WithNothingHeldThereIsNoAge) {
  const Matched matched = Trace().alloc(0x100, 10, 1).free(0x100).matched();
  EXPECT_FALSE(matched.sites[0].ages);
  EXPECT_TRUE(matched.sites[0].tasks.empty());
}

TEST(MatcherHeld, TheDozenTasksThatHoldMost) {
  Trace trace;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    trace.by(static_cast<model::NameId>(i), static_cast<std::int32_t>(i));
    for (std::uint64_t k = 0; k < i; ++k) trace.alloc(i * 0x1000 + k * 8, 8, 1);
  }
  trace.by(3, 3).free(20 * 0x1000);  // whoever frees it
  const Matched matched = trace.matched();
  const auto& tasks = matched.sites[0].tasks;
  ASSERT_EQ(tasks.size(), 12U);
  EXPECT_EQ(tasks[0].comm, 19U) << "19 and 20 hold equally much";
  EXPECT_EQ(tasks[1].tid.value, 20);
  EXPECT_EQ(tasks[1].count, 19);
  EXPECT_EQ(tasks[1].bytes, 152);
  EXPECT_EQ(tasks[11].comm, 9U);
}

TEST(MatcherHeld, PiecesOfABlockAreOneObjectOfItsTask) {
  Trace trace;
  trace.by(1, 10).pages(64, 4, 1).by(2, 20).free_pages(70, 0);
  const Matched matched = trace.matched();
  expect_site(matched, 1, {1, 0, 0, 15 * kPage, 1});
  ASSERT_EQ(matched.sites[0].tasks.size(), 1U);
  EXPECT_EQ(matched.sites[0].tasks[0].tid.value, 10);
  EXPECT_EQ(matched.sites[0].tasks[0].count, 1);
  EXPECT_EQ(matched.sites[0].tasks[0].bytes, 15 * static_cast<std::int64_t>(kPage));
  EXPECT_EQ(matched.sites[0].young_count, 1);
}

TEST(MatcherHistory, IsOnOneGridFromTheFirstEventOn) {
  Trace trace;
  for (std::uint64_t i = 0; i < 1000; ++i) trace.at((5 + i) * kSecond).alloc(0x1000 + i * 8, 8, 1);
  trace.at(1004 * kSecond + kSecond / 2).alloc(0x100, 32, 2);
  Options options;
  options.points = 60;
  const Matched matched = trace.matched(options, 1200 * kSecond);
  const auto& first = find_site(matched, 1)->history;
  const auto& second = find_site(matched, 2)->history;
  ASSERT_GE(first.size(), 60U);
  ASSERT_LE(first.size(), 120U);
  ASSERT_EQ(first.size(), second.size());
  EXPECT_GT(first.back().seconds, 1160);
  EXPECT_LE(first.back().seconds, 1195);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_DOUBLE_EQ(first[i].seconds, second[i].seconds);
    const auto held = std::min<std::int64_t>(1000, static_cast<std::int64_t>(first[i].seconds) + 1);
    EXPECT_EQ(first[i].count, held) << "at " << first[i].seconds;
    EXPECT_EQ(first[i].bytes, held * 8);
    EXPECT_EQ(second[i].bytes, first[i].seconds < 999.5 ? 0 : 32);
  }
}

TEST(MatcherHistory, AnyLengthOfTheWindowGivesEnoughPoints) {
  for (const std::uint64_t length : {5'000'000ULL, 100'000'000ULL, 7'777'777'777ULL, 86'400'000'000'000ULL}) {
    for (const std::size_t points : {1U, 10U, 60U}) {
      Trace trace;
      trace.at(100).alloc(0x100, 8, 1).at(100 + length).alloc(0x200, 8, 1);
      Options options;
      options.points = points;
      const std::size_t given = trace.matched(options).sites[0].history.size();
      EXPECT_GE(given, points) << length;
      EXPECT_LE(given, 2 * points) << length;
    }
  }
}

// Sampling.

TEST(MatcherSampling, KeepsToItsLimitAndScalesWithoutBias) {
  double bytes = 0;
  double frees = 0;
  constexpr int kRuns = 40;
  for (int run = 0; run < kRuns; ++run) {
    Trace trace;
    const auto base = 0xFFFF'8880'0000'0000 + static_cast<std::uint64_t>(run) * (std::uint64_t{1} << 32U);
    for (std::uint64_t i = 0; i < 4000; ++i) trace.alloc(base + i * 64, 64, 1);
    for (std::uint64_t i = 0; i < 2000; ++i) trace.free(base + i * 128);
    Options options;
    options.most_live = 500;
    const Matched matched = trace.matched(options);
    EXPECT_GE(matched.sampled_one_in, 8U);
    EXPECT_LE(matched.sampled_one_in, 16U);
    EXPECT_EQ(matched.sites[0].count % matched.sampled_one_in, 0);
    EXPECT_EQ(matched.allocs, 4000U);
    EXPECT_EQ(matched.frees, 2000U);
    EXPECT_EQ(matched.sites[0].tasks[0].bytes, matched.sites[0].bytes);
    bytes += static_cast<double>(matched.sites[0].bytes) / kRuns;
    frees += static_cast<double>(matched.sites[0].frees) / kRuns;
  }
  // Of one run the standard deviation is about sqrt(2000 * 11) = 150 objects, of the mean of 40 it is 24.
  EXPECT_NEAR(bytes / 64, 2000, 100);
  EXPECT_NEAR(frees, 2000, 100);
}

TEST(MatcherSampling, PiecesAreSampledWithTheirBlocks) {
  Trace trace;
  for (std::uint64_t i = 0; i < 200; ++i) trace.pages(i << 13U, 3, 1);
  for (std::uint64_t i = 0; i < 200; ++i) {
    for (std::uint64_t page = 0; page < 8; ++page) trace.free_pages((i << 13U) + page, 0);
  }
  Options options;
  options.most_live = 50;
  const Matched matched = trace.matched(options);
  EXPECT_GT(matched.sampled_one_in, 1U);
  EXPECT_EQ(matched.sites[0].bytes, 0);
  EXPECT_EQ(matched.sites[0].count, 0);
  EXPECT_GT(matched.sites[0].frees, 0U);
}

// Hostile input.

TEST(MatcherHostile, NonsenseIsPassedOverOrBounded) {
  Trace trace;
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  trace.alloc(0, 8, 1).alloc(kAll, kAll, kAll).alloc(kAll - 1, kAll, kAll);
  trace.alloc(0x100, 8, 2, static_cast<Allocator>(200));
  trace.alloc(kAll, 8, 3, Allocator::kPages);
  trace.alloc(0x1234567, 8, 4, Allocator::kPages);
  trace.events.back().order = 255;
  trace.at(0).free(0x1234000, Allocator::kPages);  // the clock goes back
  trace.events.back().order = 255;
  const Matched matched = trace.matched();
  expect_site(matched, kAll, {2, 0, 0, 2 * ((std::int64_t{1} << 44U) - 1), 2});
  expect_site(matched, 4, {1, 1, 0, 0, 0});
  EXPECT_EQ(matched.sites.size(), 2U);
  EXPECT_EQ(Trace().at(kAll).alloc(8, 8, 1).at(0).alloc(16, 8, 1).matched({}, kAll).sites[0].count, 2);
}

TEST(MatcherHostile, SitesAreBounded) {
  Trace trace;
  for (std::uint64_t i = 0; i < SiteTable::kMostSites + 1000; ++i) trace.alloc(0x1000 + i * 8, 8, 1 + i);
  const Matched matched = trace.matched();
  EXPECT_EQ(matched.sites.size(), SiteTable::kMostSites + 1);
  EXPECT_EQ(matched.sites[0].call_site, 0U);
  EXPECT_EQ(matched.sites[0].count, 1000);
  EXPECT_TRUE(matched.sites.back().history.empty());
}

}  // namespace
}  // namespace leakscope::analysis::matching
