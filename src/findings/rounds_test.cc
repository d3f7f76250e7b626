// A made observation around 20 rounds: two looks in each, the first while it settles, the second when it has.
#include "findings/rounds.h"

#include <gtest/gtest.h>

#include "findings/headline.h"
#include "findings/observation_builder.h"

namespace leakscope::findings {
namespace {

using model::Metric;

constexpr int kRounds = 20;
constexpr int kSamples = 1 + 2 * kRounds;

/// A level that rises by `in_load` while the load runs and by `in_rest` after it, in rounds from `from` up to `until`.
Curve per_round(double level, double in_load, double in_rest = 0, int from = 0, int until = kRounds) {
  return [=](int i, int) {
    const int ended = std::clamp((i + 1) / 2, from, until) - from;
    const int rested = std::clamp(i / 2, from, until) - from;
    return level + in_load * ended + in_rest * rested;
  };
}

/// A cache that each look sees, as in real rounds.
void add_cache(ObservationBuilder& builder, double object_size, const Curve& objects) {
  const auto id = builder.subject(model::SubjectKind::kSlabCache, "kmalloc-4k");
  builder.series(id, Metric::kSlabObjectSize, flat(object_size)).series(id, Metric::kSlabReclaimable, flat(0));
  builder.series(id, Metric::kSlabActiveObjects, objects).series(id, Metric::kSlabTotalObjects, objects);
  builder.series(id, Metric::kSlabBytes, [=](int i, int n) { return objects(i, n) * object_size; });
}

Judged judged_in_rounds(const ObservationBuilder& builder, std::optional<ProcessId> only = {}, bool exact = false) {
  const model::Observation observation = builder.build();
  const Nanoseconds second = std::chrono::seconds(1);
  const BootTime start = observation.start()->boot;
  JudgeOptions options;
  options.rounds = Rounds{.done = {}, .only = only, .slabs_are_exact = exact};
  for (int i = 0; i < kRounds; ++i) {
    options.rounds->done.push_back(
        {start + 2 * i * second, start + (2 * i + 1) * second, start + (2 * i + 2) * second});
  }
  return judge(observation, options);
}

ObservationBuilder idle() {
  ObservationBuilder builder(kSamples);
  builder.idle_machine();
  return builder;
}

TEST(InRounds, SixtyFourBytesOfAHeapAreFound) {
  auto builder = idle();
  const auto server = builder.process(812, "server", flat(40 * kMiB));
  builder.series(server, Metric::kProcessHeapInUse, per_round(1e6, 80));
  builder.series(server, Metric::kProcessHeapBlocks, per_round(5000, 1));
  const auto id = *builder.registry().info(server).key.process;
  const Judged judged = judged_in_rounds(builder, id);
  EXPECT_EQ(judged.verdict, Verdict::kLeak);
  const Finding* heap = find(judged, "user.heap");
  ASSERT_NE(heap, nullptr);
  EXPECT_EQ(heap->state, State::kLeak);
  ASSERT_TRUE(heap->per_round);
  EXPECT_EQ(heap->per_round->lower, 80);
  EXPECT_EQ(heap->per_round->point, 80);
  EXPECT_EQ(heap->per_round->upper, 80);
  EXPECT_FALSE(heap->rate);
  EXPECT_FALSE(heap->eta);
  EXPECT_EQ(heap->confidence, Confidence::kHigh);
  EXPECT_TRUE(
      has_evidence(*heap, "1.00 blocks per round (1.00 to 1.00), 80 bytes each with header: requests of 57 to 72"));
  EXPECT_EQ(headline_of(judged, std::chrono::seconds(40)).sentence,
            "a program: process 812 (server) loses 80 B of its heap per round (80 to 80).");
}

TEST(InRounds, ADescriptorOfAServerIsFound) {
  auto builder = idle();
  const auto server = builder.process(812, "server", flat(40 * kMiB));
  builder.series(server, Metric::kProcessFds, per_round(30, 1));
  const Judged judged = judged_in_rounds(builder, builder.registry().info(server).key.process);
  const Finding* descriptors = find(judged, "user.descriptors");
  ASSERT_NE(descriptors, nullptr);
  EXPECT_EQ(descriptors->state, State::kLeak);
  EXPECT_EQ(descriptors->per_round->point, 1);
  EXPECT_EQ(alarms(judged).size(), 1U);
}

TEST(InRounds, AMessageIsFoundAndItsCacheIsItsEvidence) {
  auto builder = idle();
  builder.machine(Metric::kSysvMsgCount, per_round(3, 1));
  builder.machine(Metric::kSysvMsgBytes, per_round(6144, 2048));
  builder.cache("kmalloc-cg-4k", 4096, false, per_round(800, 1), per_round(800, 1));
  const Judged judged = judged_in_rounds(builder, {}, true);
  const Finding* messages = find(judged, "kernel.messages");
  ASSERT_NE(messages, nullptr);
  EXPECT_EQ(messages->per_round->point, 1);
  EXPECT_TRUE(has_evidence(*messages, "2,048 bytes per message"));
  EXPECT_TRUE(has_evidence(*messages, "kmalloc-cg-4k"));
  EXPECT_EQ(alarms(judged).size(), 1U);
}

TEST(InRounds, AnObjectOfASlabCacheIsFound) {
  auto builder = idle();
  add_cache(builder, 4096, per_round(800, 1));
  const Judged judged = judged_in_rounds(builder, {}, true);
  const Finding* cache = find(judged, "kernel.slab.growth", "kmalloc-4k");
  ASSERT_NE(cache, nullptr);
  EXPECT_EQ(cache->state, State::kLeak);
  EXPECT_EQ(cache->per_round->point, 4096);
  EXPECT_TRUE(has_evidence(*cache, "1.00 objects of 4,096 bytes per round (1.00 to "));
}

TEST(InRounds, NothingLostIsCleanAndSaysDownToWhat) {
  auto builder = idle();
  const auto server = builder.process(812, "server", flat(40 * kMiB));
  builder.series(server, Metric::kProcessHeapInUse, flat(1e6));
  builder.series(server, Metric::kProcessFds, flat(30));
  const Judged judged = judged_in_rounds(builder, builder.registry().info(server).key.process);
  EXPECT_EQ(judged.verdict, Verdict::kClean);
  ASSERT_GE(judged.detectable.size(), 3U);
  EXPECT_EQ(judged.detectable.front().of, "its heap");
  EXPECT_LT(judged.detectable.front().per_round, 16);
  const std::string sentence = headline_of(judged, std::chrono::seconds(40)).sentence;
  EXPECT_TRUE(sentence.starts_with("nothing is lost per round. It would have noticed 7 B of its heap, ")) << sentence;
}

TEST(InRounds, WarmUpOfFiveRoundsIsNoLeak) {
  auto builder = idle();
  const auto server = builder.process(812, "server", per_round(40 * kMiB, kMiB, 0, 0, 5));
  builder.series(server, Metric::kProcessHeapInUse, per_round(1e6, 8208, 0, 0, 5));
  builder.series(server, Metric::kProcessFds, per_round(30, 3, 0, 0, 5));
  const Judged judged = judged_in_rounds(builder, builder.registry().info(server).key.process);
  EXPECT_TRUE(alarms(judged).empty());
  EXPECT_EQ(judged.verdict, Verdict::kClean);
}

TEST(InRounds, AnUnrelatedLeakIsNotTheLoads) {
  auto builder = idle();
  const auto other = builder.process(99, "other", per_round(40 * kMiB, kMiB, kMiB));
  builder.series(other, Metric::kProcessFds, per_round(30, 5, 5));
  const Judged all = judged_in_rounds(builder);
  EXPECT_TRUE(alarms(all).empty());
  const Finding* descriptors = find(all, "user.descriptors");
  ASSERT_NE(descriptors, nullptr) << "it is told nonetheless";
  EXPECT_EQ(descriptors->state, State::kFollowsLoad);
  EXPECT_TRUE(has_evidence(*descriptors, "time: it rises as fast while the command does not run"));
  const auto server = builder.process(812, "server", flat(40 * kMiB));
  const Judged one = judged_in_rounds(builder, builder.registry().info(server).key.process);
  EXPECT_EQ(find(one, "user.descriptors"), nullptr) << "with one process asked about, no other is judged";
}

TEST(InRounds, DentriesAreACache) {
  auto builder = idle();
  builder.cache("dentry", 192, true, per_round(50000, 2000), per_round(50000, 2000));
  builder.machine(Metric::kDentryUnused, per_round(40000, 2000));
  builder.machine(Metric::kVmstatSlabReclaimable, per_round(100 * kMiB, 384000));
  EXPECT_TRUE(alarms(judged_in_rounds(builder)).empty());
}

TEST(InRounds, TooFewRoundsCannotTell) {
  auto builder = idle();
  const model::Observation observation = builder.build();
  JudgeOptions options;
  options.rounds = Rounds{};
  const Judged judged = judge(observation, options);
  EXPECT_EQ(judged.verdict, Verdict::kInsufficient);
  EXPECT_EQ(headline_of(judged, std::chrono::seconds(40)).sentence, "0 rounds are too few to judge: run 6 or more.");
}

}  // namespace
}  // namespace leakscope::findings
