#include "session/sample_queue.h"

#include <set>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using model::SubjectId;

constexpr std::size_t kRoomy = 1 << 20;
constexpr std::size_t kReadings = 100;

Moment at(int second) { return {BootTime{std::chrono::seconds(second)}, {}, std::chrono::seconds(second)}; }

void fill(model::Sample& sample, int second) {
  sample.time = at(second);
  for (std::size_t i = 0; i < kReadings; ++i) {
    sample.readings.push_back({SubjectId{1}, model::Metric::kProcessRssAnon, second});
  }
}

TEST(SampleQueue, GivesSamplesInTheirOrder) {
  SampleQueue queue(kRoomy);
  model::Sample sample;
  for (int i = 1; i <= 3; ++i) {
    fill(sample, i);
    EXPECT_TRUE(queue.push(sample, 2));
    EXPECT_TRUE(sample.readings.empty());
  }
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(queue.pop(sample));
    EXPECT_EQ(sample.time.boot, at(i).boot);
    ASSERT_EQ(sample.readings.size(), kReadings);
    EXPECT_EQ(sample.readings[0].value, i);
  }
  EXPECT_FALSE(queue.pop(sample));
}

TEST(SampleQueue, UsesTheSameBuffersAgainAndAgain) {
  SampleQueue queue(kRoomy);
  model::Sample filled;
  model::Sample taken;
  std::set<const model::Reading*> buffers;
  for (int i = 0; i < 1000; ++i) {
    fill(filled, i);
    if (i > 10) {
      buffers.insert(filled.readings.data());
    }
    ASSERT_TRUE(queue.push(filled, 2));
    ASSERT_TRUE(queue.pop(taken));
  }
  EXPECT_LE(buffers.size(), 3U);
}

TEST(SampleQueue, WhatWaitsStaysWithinItsBytes) {
  SampleQueue queue(kRoomy);
  model::Sample sample;
  for (int i = 0; i < 10'000; ++i) {
    fill(sample, i);
    queue.push(sample, 2);
  }
  EXPECT_LE(queue.size() * kReadings * sizeof(model::Reading), kRoomy);
  EXPECT_GE(queue.size() * kReadings * sizeof(model::Reading), kRoomy / 3);
  EXPECT_EQ(queue.size() + queue.dropped(), 10'000U);
  EXPECT_EQ(queue.pushed(), 10'000U);
}

TEST(SampleQueue, TakesTwoHoweverLarge) {
  SampleQueue queue(1);
  model::Sample sample;
  for (int i = 0; i < 5; ++i) {
    fill(sample, i);
    EXPECT_EQ(queue.push(sample, 2), i < 2);
  }
  EXPECT_EQ(queue.dropped(), 3U);
}

TEST(SampleQueue, WhatMayNotBeLostGoesWithTheNextSample) {
  SampleQueue queue(1);
  model::Sample sample;
  for (int i = 0; i < 2; ++i) {
    fill(sample, i);
    ASSERT_TRUE(queue.push(sample, 10));
  }
  fill(sample, 3);
  sample.retired = {SubjectId{7}, SubjectId{12}};  // the second began in this sample
  sample.events.push_back({at(3), model::EventKind::kOomKill, SubjectId{7}, "killed"});
  sample.events.push_back({at(3), model::EventKind::kProcessExit, SubjectId{12}, "sh"});
  ASSERT_FALSE(queue.push(sample, 13));
  EXPECT_EQ(queue.take_unheard_of(), std::vector{SubjectId{12}});
  EXPECT_TRUE(queue.take_unheard_of().empty());
  EXPECT_EQ(queue.dropped_events(), 1U);
  ASSERT_TRUE(queue.pop(sample));
  sample.clear();
  fill(sample, 4);
  sample.retired = {SubjectId{8}};
  ASSERT_TRUE(queue.push(sample, 13));
  ASSERT_TRUE(queue.pop(sample));
  ASSERT_TRUE(queue.pop(sample));
  EXPECT_EQ(sample.time.boot, at(4).boot);
  EXPECT_EQ(sample.retired, (std::vector{SubjectId{7}, SubjectId{8}}));
  ASSERT_EQ(sample.events.size(), 2U);
  EXPECT_EQ(sample.events[0].kind, model::EventKind::kOomKill);
  EXPECT_EQ(sample.events[0].time.boot, at(3).boot);
  EXPECT_EQ(sample.events[1].kind, model::EventKind::kRecordingGap);
  EXPECT_TRUE(sample.events[1].text.starts_with("1 samples were dropped")) << sample.events[1].text;
  // Told once.
  sample.clear();
  fill(sample, 5);
  ASSERT_TRUE(queue.push(sample, 13));
  ASSERT_TRUE(queue.pop(sample));
  EXPECT_TRUE(sample.events.empty());
}

// Whoever reads the event learns of the subject, and must learn of its end.
TEST(SampleQueue, WhoeverAHeldEventNamesIsToldToHaveEnded) {
  SampleQueue queue(1);
  model::Sample sample;
  for (int i = 0; i < 2; ++i) {
    fill(sample, i);
    ASSERT_TRUE(queue.push(sample, 10));
  }
  fill(sample, 3);  // 11 and 12 begin; 11 is killed and has ended at once
  sample.retired = {SubjectId{11}};
  sample.events.push_back({at(3), model::EventKind::kOomKill, SubjectId{11}, "killed"});
  sample.events.push_back({at(3), model::EventKind::kKernelMessage, SubjectId{12}, "low on memory"});
  ASSERT_FALSE(queue.push(sample, 14));
  fill(sample, 4);
  sample.retired = {SubjectId{12}, SubjectId{13}};
  ASSERT_FALSE(queue.push(sample, 14));
  EXPECT_EQ(queue.take_unheard_of(), std::vector{SubjectId{13}});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(queue.pop(sample));
  fill(sample, 5);
  ASSERT_TRUE(queue.push(sample, 14));
  ASSERT_TRUE(queue.pop(sample));
  EXPECT_EQ(sample.retired, (std::vector{SubjectId{11}, SubjectId{12}}));
}

TEST(SampleQueue, HoldsABoundedNumberOfEvents) {
  SampleQueue queue(1);
  model::Sample sample;
  for (int i = 0; i < 1000; ++i) {
    fill(sample, i);
    sample.events.push_back({at(i), model::EventKind::kKernelMessage, std::nullopt, "low on memory"});
    queue.push(sample, 2);
  }
  EXPECT_EQ(queue.dropped_events(), 1000 - 2 - SampleQueue::kMostHeldEvents);
}

}  // namespace
}  // namespace leakscope::session
