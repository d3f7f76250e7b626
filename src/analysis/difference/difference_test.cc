#include <algorithm>

#include <gtest/gtest.h>

#include "analysis/difference/compare.h"

namespace leakscope::analysis::difference {
namespace {

using model::LedgerClass;
using model::Metric;
using model::Observation;
using model::Registry;
using model::Sample;
using model::SubjectId;
using model::SubjectInfo;
using model::SubjectKind;
using std::chrono::seconds;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

BootTime at(int second) { return BootTime{seconds(second)}; }

SubjectInfo process(int pid, std::uint64_t start, std::string name) {
  return {.key = {SubjectKind::kProcess, std::move(name), ProcessId{Pid{pid}, StartTime{start}}}};
}

/// Observations are made second by second.
struct Tape {
  std::shared_ptr<Registry> registry = std::make_shared<Registry>();
  Observation observation{registry};
  Sample sample;

  SubjectId subject(SubjectInfo info) const { return registry->intern(std::move(info)); }
  void put(SubjectId subject, Metric metric, std::int64_t value) {
    sample.readings.push_back({subject, metric, value});
  }
  void put(Metric metric, std::int64_t value) { put(Registry::machine_id(), metric, value); }
  void tick(int second) {
    sample.time = {at(second), WallTime{seconds(1'000'000 + second)}, seconds(second)};
    observation.add(sample);
    sample.clear();
  }
};

const Change* find(const Difference& difference, std::string_view aspect, std::string_view name) {
  const auto changes = std::ranges::find_if(difference.aspects, [&](const auto& a) { return a.aspect->id == aspect; });
  if (changes == difference.aspects.end()) return nullptr;
  const auto found =
      std::ranges::find_if(changes->changes, [&](const Change& c) { return c.subject.key.name == name; });
  return found == changes->changes.end() ? nullptr : &*found;
}

Standing standing(SubjectKind kind, std::string name, Metric metric, std::int64_t value) {
  Standing made;
  made.subject.key = {kind, std::move(name)};
  made.values[metric] = value;
  return made;
}

Picture with_cache(std::string name, std::int64_t bytes, Listing listing = Listing::kAll) {
  Picture picture;
  picture.of(SubjectKind::kSlabCache).listing = listing;
  picture.of(SubjectKind::kSlabCache)
      .standings.push_back(standing(SubjectKind::kSlabCache, std::move(name), Metric::kSlabBytes, bytes));
  return picture;
}

TEST(Picture, HoldsTheLastValueAtOrBeforeTheTime) {
  Tape tape;
  const SubjectId cache = tape.subject({.key = {SubjectKind::kSlabCache, "kmalloc-4k"}});
  for (int i = 0; i <= 10; ++i) {
    if (i % 5 == 0) tape.put(cache, Metric::kSlabBytes, i * kMiB);
    tape.put(Metric::kFileAllocated, i);
    tape.tick(i);
  }
  const Picture picture = picture_of(tape.observation, at(9));
  ASSERT_EQ(picture.of(SubjectKind::kSlabCache).standings.size(), 1U);
  EXPECT_EQ(picture.of(SubjectKind::kSlabCache).standings.front().value(Metric::kSlabBytes), 5 * kMiB);
  EXPECT_EQ(picture.machine.at(Metric::kFileAllocated), 9);
  EXPECT_EQ(picture.of(SubjectKind::kCgroup).listing, Listing::kUnknown);
}

TEST(Picture, WhoEndedBeforeIsAbsentAndNotStale) {
  Tape tape;
  const SubjectId stays = tape.subject(process(1, 10, "stays"));
  const SubjectId ends = tape.subject(process(2, 20, "ends"));
  for (int i = 0; i <= 10; ++i) {
    tape.put(stays, Metric::kProcessRssAnon, kMiB);
    if (i < 5) tape.put(ends, Metric::kProcessRssAnon, kMiB);
    if (i % 5 == 0) tape.put(stays, Metric::kProcessFds, 7);
    if (i == 0) tape.put(ends, Metric::kProcessFds, 7);
    if (i == 5) tape.registry->retire(ends);
    tape.tick(i);
  }
  // At 4 s it lives, though its descriptors were read 4 s before and never again.
  EXPECT_EQ(picture_of(tape.observation, at(4)).of(SubjectKind::kProcess).standings.size(), 2U);
  const Picture later = picture_of(tape.observation, at(6));
  ASSERT_EQ(later.of(SubjectKind::kProcess).standings.size(), 1U);
  EXPECT_EQ(later.of(SubjectKind::kProcess).standings.front().subject.key.name, "stays");
}

TEST(Picture, WhatItsSourceNoLongerNamesIsDroppedInTime) {
  Tape tape;
  const SubjectId stays = tape.subject({.key = {SubjectKind::kVmallocCaller, "stays"}});
  const SubjectId gone = tape.subject({.key = {SubjectKind::kVmallocCaller, "gone"}});
  for (int i = 0; i <= 600; i += 10) {
    tape.put(stays, Metric::kVmallocBytes, kMiB);
    if (i <= 100) tape.put(gone, Metric::kVmallocBytes, kMiB);
    tape.tick(i);
  }
  EXPECT_EQ(picture_of(tape.observation, at(150)).of(SubjectKind::kVmallocCaller).standings.size(), 2U);
  EXPECT_EQ(picture_of(tape.observation, at(300)).of(SubjectKind::kVmallocCaller).standings.size(), 1U);
}

TEST(Picture, OfTheStartWaitsForSourcesThatAnswerLater) {
  Tape tape;
  const SubjectId cache = tape.subject({.key = {SubjectKind::kSlabCache, "a"}});
  for (int i = 0; i <= 60; ++i) {
    tape.put(Metric::kMeminfoMemTotal, 1);
    if (i >= 3) tape.put(cache, Metric::kSlabBytes, 1);
    if (i >= 40) tape.put(Metric::kConntrackCount, 1);
    tape.tick(i);
  }
  EXPECT_EQ(first_whole_moment(tape.observation, at(0), seconds(15)), at(3));
  EXPECT_EQ(first_whole_moment(tape.observation, at(0), seconds(2)), at(0));
  EXPECT_EQ(first_whole_moment(tape.observation, at(10), seconds(15)), at(10));
}

TEST(Compare, MatchesProcessesByPidAndStartTime) {
  Tape tape;
  const SubjectId old = tape.subject(process(5, 100, "worker"));
  tape.put(old, Metric::kProcessRssAnon, 10 * kMiB);
  tape.tick(1);
  tape.registry->retire(old);
  const SubjectId renamed = tape.subject(process(5, 900, "other"));
  tape.put(renamed, Metric::kProcessRssAnon, 30 * kMiB);
  tape.tick(10);
  const Difference difference = compare(picture_of(tape.observation, at(1)), picture_of(tape.observation, at(10)));
  const Change* gone = find(difference, "processes", "worker");
  const Change* fresh = find(difference, "processes", "other");
  ASSERT_TRUE(gone != nullptr && fresh != nullptr);
  EXPECT_EQ(gone->presence, Presence::kGone);
  EXPECT_EQ(gone->rise(), -10 * kMiB);
  EXPECT_EQ(fresh->presence, Presence::kNew);
  EXPECT_EQ(fresh->rise(), 30 * kMiB);
}

TEST(Compare, OfTwoBootsLeavesProcessesOut) {
  Picture before;
  before.of(SubjectKind::kProcess).listing = Listing::kAll;
  Standing made = standing(SubjectKind::kProcess, "a", Metric::kProcessRssAnon, kMiB);
  made.subject.key.process = ProcessId{Pid{1}, StartTime{2}};
  before.of(SubjectKind::kProcess).standings.push_back(made);
  before.of(SubjectKind::kGroup).listing = Listing::kAll;
  before.of(SubjectKind::kGroup).standings.push_back(standing(SubjectKind::kGroup, "g", Metric::kGroupRssAnon, kMiB));
  Picture after = before;
  before.host.boot_id = "one";
  after.host.boot_id = "one";
  EXPECT_NE(find(compare(before, after), "processes", "a"), nullptr);
  after.host.boot_id = "two";
  const Difference difference = compare(before, after);
  EXPECT_EQ(difference.boots, Boots::kDifferent);
  EXPECT_EQ(find(difference, "processes", "a"), nullptr);
  EXPECT_NE(find(difference, "groups", "g"), nullptr);
}

TEST(Compare, LedgerRowsAddUpToTheTotal) {
  Picture before;
  before.ledger = model::Ledger{Bytes(1000),
                                {{"user.anonymous", LedgerClass::kUser, Bytes(300), "", ""},
                                 {"free.buddy", LedgerClass::kFree, Bytes(600), "", ""}},
                                {},
                                {}};
  Picture after;
  after.ledger = model::Ledger{Bytes(1100),
                               {{"user.anonymous", LedgerClass::kUser, Bytes(500), "", ""},
                                {"free.buddy", LedgerClass::kFree, Bytes(450), "", ""},
                                {"kernel.holder.x", LedgerClass::kKernel, Bytes(70), "", ""}},
                               {},
                               {}};
  const Difference difference = compare(before, after);
  std::int64_t sum = 0;
  for (const LedgerChange& row : difference.ledger) sum += row.rise();
  ASSERT_TRUE(difference.total);
  EXPECT_EQ(sum, difference.total->rise());
  EXPECT_EQ(difference.total->rise(), 100);
  EXPECT_EQ(difference.lost(), 200 + 70 - 20);
  const auto holder = std::ranges::find(difference.ledger, "kernel.holder.x", &LedgerChange::id);
  ASSERT_NE(holder, difference.ledger.end());
  EXPECT_EQ(holder->before, std::nullopt);
  EXPECT_EQ(holder->rise(), 70);
}

TEST(Compare, TheRestSaysWhatItIs) {
  const auto rest_of = [](bool before_tells, bool after_tells) {
    const auto picture = [](bool tells) {
      Picture made;
      made.ledger = model::Ledger{Bytes(1000), {{"free.buddy", LedgerClass::kFree, Bytes(600), "", ""}}, {}, {}};
      if (tells) made.ledger->rows.push_back({"user.anonymous", LedgerClass::kUser, Bytes(300), "", ""});
      return made;
    };
    const Difference difference = compare(picture(before_tells), picture(after_tells));
    EXPECT_EQ(difference.tells_anonymous(), before_tells && after_tells);
    return std::ranges::find(difference.ledger, "unattributed", &LedgerChange::id)->label;
  };
  EXPECT_EQ(rest_of(true, true), "pages that no counter shows");
  EXPECT_EQ(rest_of(false, false), "memory that this evidence does not tell apart") << "programs are in it";
  EXPECT_EQ(rest_of(false, true), "memory that this evidence does not tell apart");
}

TEST(Compare, ListsOfTheLargestDoNotTellWhoIsNew) {
  const Difference largest =
      compare(with_cache("a", kMiB, Listing::kLargest), with_cache("b", 9 * kMiB, Listing::kLargest));
  EXPECT_EQ(find(largest, "slab_caches", "b"), nullptr);
  const Difference all = compare(with_cache("a", kMiB), with_cache("b", 9 * kMiB));
  ASSERT_NE(find(all, "slab_caches", "b"), nullptr);
  EXPECT_EQ(find(all, "slab_caches", "b")->presence, Presence::kNew);
  const Difference holding =
      compare(with_cache("a", kMiB, Listing::kNonZero), with_cache("b", kMiB, Listing::kNonZero));
  ASSERT_NE(find(holding, "slab_caches", "b"), nullptr);
  EXPECT_EQ(find(holding, "slab_caches", "b")->presence, Presence::kBoth);
}

TEST(Compare, SaysWhatOneSideAloneCouldSee) {
  const Difference difference = compare(with_cache("a", kMiB), Picture{});
  EXPECT_TRUE(difference.empty());
  EXPECT_EQ(difference.only_before, std::vector<SubjectKind>{SubjectKind::kSlabCache});
}

TEST(Compare, FiguresThatLieDoNotOverflow) {
  const Difference difference = compare(with_cache("a", std::numeric_limits<std::int64_t>::min()),
                                        with_cache("a", std::numeric_limits<std::int64_t>::max()));
  ASSERT_NE(find(difference, "slab_caches", "a"), nullptr);
  EXPECT_EQ(find(difference, "slab_caches", "a")->rise(), std::int64_t{1} << 56);
}

TEST(Grew, CountsWhatHoldersKeep) {
  const auto verdict = [](std::optional<bool> reclaimable, std::int64_t rise) {
    Picture before = with_cache("a", kMiB);
    Picture after = with_cache("a", kMiB + rise);
    if (reclaimable) {
      after.of(SubjectKind::kSlabCache).standings.front().values[Metric::kSlabReclaimable] = *reclaimable ? 1 : 0;
    }
    return anything_grew(compare(before, after), 10 * kMiB);
  };
  EXPECT_TRUE(verdict(false, 10 * kMiB));
  EXPECT_FALSE(verdict(false, 10 * kMiB - 1));
  EXPECT_FALSE(verdict(true, 100 * kMiB)) << "it is given back when memory is needed";
  EXPECT_FALSE(verdict(std::nullopt, 100 * kMiB)) << "not known not to be";
}

TEST(Grew, DescriptorsByMoreThanATenth) {
  EXPECT_EQ(count_floor(0), 16);
  EXPECT_EQ(count_floor(1000), 100);
}

}  // namespace
}  // namespace leakscope::analysis::difference
