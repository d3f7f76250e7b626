// The matcher against a naive one: ordered maps of every page and every object, nothing clever.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/matching/matcher.h"

namespace leakscope::analysis::matching {
namespace {

using model::Allocator;
using model::KmemEvent;
using model::SiteTally;

constexpr std::uint64_t kPage = 4096;

struct NaiveSite {
  std::uint64_t allocs = 0, frees = 0, unseen = 0;
  std::int64_t bytes = 0, count = 0;
  std::vector<std::tuple<std::uint64_t, std::int64_t, std::int64_t>> history;  // time, bytes, count after it
};

using Key = std::tuple<std::uint64_t, model::NameId, Allocator>;

struct NaiveBlock {
  Key site;
  std::uint64_t time;
  Pid tid;
  std::int64_t bytes;       // left
  std::uint64_t pages = 0;  // left; 0 of what is no page
};

class Naive {
 public:
  void add(const KmemEvent& event) {
    now_ = event.time;
    if (event.allocator == Allocator::kPages) {
      page_event(event);
      return;
    }
    const auto at = std::pair(event.allocator, event.address);
    const auto found = objects.find(at);
    if (found != objects.end()) {
      take(found->second, found->second->bytes, 0, event.is_free);
      objects.erase(found);
    } else if (event.is_free) {
      ++frees_of_others;
    }
    if (!event.is_free) objects[at] = begin(event, 0);
  }

  std::map<Key, NaiveSite> sites;
  std::map<std::pair<Allocator, std::uint64_t>, std::shared_ptr<NaiveBlock>> objects;
  std::map<std::uint64_t, std::shared_ptr<NaiveBlock>> pages;
  std::uint64_t frees_of_others = 0;

 private:
  void page_event(const KmemEvent& event) {
    bool any = false;
    for (std::uint64_t page = 0; page < std::uint64_t{1} << event.order; ++page) {
      const auto found = pages.find(event.address / kPage + page);
      if (found == pages.end()) continue;
      any = true;
      take(found->second, static_cast<std::int64_t>(kPage), 1, event.is_free);
      pages.erase(found);
    }
    if (event.is_free && !any) ++frees_of_others;
    if (event.is_free || event.for_user_pages) return;
    const auto block = begin(event, std::uint64_t{1} << event.order);
    for (std::uint64_t page = 0; page < block->pages; ++page) pages[event.address / kPage + page] = block;
  }

  std::shared_ptr<NaiveBlock> begin(const KmemEvent& event, std::uint64_t page_count) {
    const Key key{event.call_site, event.cache, event.allocator};
    NaiveSite& site = sites[key];
    const auto bytes = static_cast<std::int64_t>(event.bytes_allocated);
    ++site.allocs;
    ++site.count;
    site.bytes += bytes;
    site.history.emplace_back(now_, site.bytes, site.count);
    return std::make_shared<NaiveBlock>(key, event.time, event.tid, bytes, page_count);
  }

  void take(const std::shared_ptr<NaiveBlock>& block, std::int64_t bytes, std::uint64_t page_count, bool seen) {
    NaiveSite& site = sites[block->site];
    block->bytes -= bytes;
    block->pages -= page_count;
    site.bytes -= bytes;
    if (block->pages == 0) {
      --site.count;
      ++(seen ? site.frees : site.unseen);
    }
    site.history.emplace_back(now_, site.bytes, site.count);
  }

  std::uint64_t now_ = 0;
};

std::vector<KmemEvent> random_events(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const std::uint64_t objects = 20 + below(3000);
  const std::uint64_t page_count = std::uint64_t{64} << below(8);
  const unsigned most_order = 1 + static_cast<unsigned>(below(6));
  std::vector<KmemEvent> events;
  std::uint64_t time = 5'000'000'000 + below(1000);
  for (std::size_t i = 0; i < count; ++i) {
    KmemEvent event;
    time += below(3) == 0 ? 0 : below(below(50) == 0 ? 50'000'000 : 2'000'000);
    event.time = time;
    event.tid.value = static_cast<std::int32_t>(below(6));
    event.comm = static_cast<model::NameId>(event.tid.value);
    event.cpu = static_cast<std::uint16_t>(below(4));
    event.call_site = 1 + below(12);
    event.is_free = below(100) < 48;
    event.allocator = static_cast<Allocator>(below(4));
    if (event.allocator == Allocator::kPages) {
      event.order = static_cast<std::uint8_t>(below(2) == 0 ? 0 : below(most_order + 1));
      event.address = below(page_count) * kPage & ~((kPage << event.order) - 1);
      if (event.address == 0) continue;
      event.bytes_allocated = kPage << event.order;
      event.for_user_pages = !event.is_free && below(4) == 0;
    } else {
      event.address = 0x2000'0000 + below(objects) * 64;
      event.bytes_allocated = event.is_free ? 0 : 8 * (1 + below(100));
      if (!event.is_free && below(3) == 0) event.cache = static_cast<model::NameId>(below(3));
    }
    events.push_back(event);
  }
  return events;
}

const SiteTally* find_site(const Matched& matched, const Key& key) {
  for (const SiteTally& site : matched.sites) {
    if (Key{site.call_site, site.cache, site.allocator} == key) return &site;
  }
  return nullptr;
}

void expect_same_history(const SiteTally& site, const NaiveSite& naive, std::uint64_t first_time) {
  auto next = naive.history.begin();
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  for (const model::SitePoint& point : site.history) {
    const auto time = first_time + static_cast<std::uint64_t>(point.seconds * 1e9 + 0.5);
    for (; next != naive.history.end() && std::get<0>(*next) <= time; ++next)
      std::tie(std::ignore, bytes, count) = *next;
    ASSERT_EQ(point.bytes, bytes) << "at " << point.seconds;
    ASSERT_EQ(point.count, count) << "at " << point.seconds;
  }
}

void expect_same_held(const SiteTally& site, const Key& key, const Naive& naive, std::uint64_t end_time) {
  std::set<const NaiveBlock*> held;
  for (const auto& [at, block] : naive.objects) {
    if (block->site == key) held.insert(block.get());
  }
  for (const auto& [at, block] : naive.pages) {
    if (block->site == key) held.insert(block.get());
  }
  ASSERT_EQ(static_cast<std::int64_t>(held.size()), site.count);
  ASSERT_EQ(site.ages.has_value(), !held.empty());
  std::map<Pid, std::pair<std::int64_t, std::int64_t>> tasks;
  std::int64_t young = 0;
  std::uint64_t oldest = end_time;
  for (const NaiveBlock* block : held) {
    tasks[block->tid].first += block->bytes;
    ++tasks[block->tid].second;
    if (end_time - block->time < 1'000'000'000) young += block->bytes;
    oldest = std::min(oldest, block->time);
  }
  EXPECT_EQ(site.young_bytes, young);
  if (!held.empty()) {
    EXPECT_DOUBLE_EQ(site.ages->max, static_cast<double>(end_time - oldest) * 1e-9);
  }
  ASSERT_EQ(site.tasks.size(), tasks.size());
  for (const SiteTally::Task& task : site.tasks) {
    EXPECT_EQ(task.bytes, tasks[task.tid].first);
    EXPECT_EQ(task.count, tasks[task.tid].second);
  }
}

TEST(MatcherProperty, AgreesWithTheNaiveOne) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<KmemEvent> events = random_events(seed, 200 + 100 * seed);
    Naive naive;
    for (const KmemEvent& event : events) naive.add(event);
    Options options;
    options.older = std::chrono::seconds(1);
    options.points = 5 + seed;
    Matcher matcher(options);
    const std::span<const KmemEvent> all(events);
    matcher.add(all.first(all.size() / 3));
    matcher.add(all.subspan(all.size() / 3));
    const std::uint64_t end_time = events.back().time + 12345;
    const Matched matched = matcher.finish(end_time);
    EXPECT_EQ(matched.frees_of_others, naive.frees_of_others);
    EXPECT_EQ(matched.doubled, 0U);
    ASSERT_EQ(matched.sites.size(), naive.sites.size());
    for (const auto& [key, expected] : naive.sites) {
      const SiteTally* site = find_site(matched, key);
      ASSERT_NE(site, nullptr);
      EXPECT_EQ(site->allocs, expected.allocs);
      EXPECT_EQ(site->frees, expected.frees);
      EXPECT_EQ(site->unseen_frees, expected.unseen);
      EXPECT_EQ(site->bytes, expected.bytes);
      EXPECT_EQ(site->count, expected.count);
      expect_same_history(*site, expected, matched.first_time);
      expect_same_held(*site, key, naive, end_time);
      if (HasFailure()) return;
    }
  }
}

TEST(MatcherProperty, ASampleAddsUpWhateverHappens) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<KmemEvent> events = random_events(seed, 20'000);
    Options options;
    options.most_live = 100;
    Matcher matcher(options);
    matcher.add(events);
    const Matched matched = matcher.finish();
    EXPECT_GT(matched.sampled_one_in, 1U);
    std::int64_t live = 0;
    for (const SiteTally& site : matched.sites) {
      EXPECT_GE(site.bytes, 0);
      EXPECT_EQ(site.count % matched.sampled_one_in, 0);
      live += site.count / matched.sampled_one_in;
      std::int64_t by_tasks = 0;
      for (const SiteTally::Task& task : site.tasks) by_tasks += task.bytes;
      EXPECT_EQ(by_tasks, site.bytes);
    }
    EXPECT_LE(live, 100);
  }
}

}  // namespace
}  // namespace leakscope::analysis::matching
