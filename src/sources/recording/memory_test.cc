#include <gtest/gtest.h>

#include "sources/recording/made_samples.h"
#include "sources/recording/summary.h"

namespace leakscope::sources::recording {
namespace {

// Of the 32 MiB that a recorder may have; the rest is the program, its sources and what waits. A block of 4 MiB, what
// it takes to pack it, and the tables of zstd.
constexpr std::uint64_t kMostBytes = std::uint64_t{12} << 20U;

// Hours in which every value changes and a fifth of the processes is replaced with each sample: each hour takes more
// than a block may, so what bounds the memory is at work.
TEST(Memory, StaysWithinItsBudgetForHoursOfRestlessProcesses) {
  constexpr int kSamplesPerHour = 120;
  ScratchDir scratch;
  MadeMachine machine(1);
  std::vector<Glimpse> written;
  std::vector<std::uint64_t> most(4);  // by hour
  {
    auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
    ASSERT_TRUE(writer);
    for (std::uint64_t& most_of_hour : most) {
      for (int i = 0; i < kSamplesPerHour; ++i) {
        written.push_back(glimpse(machine.next_restless(300, 60)));
        ASSERT_TRUE(writer->add(machine.sample, machine.registry));
        most_of_hour = std::max(most_of_hour, writer->stats().memory);
      }
      EXPECT_LE(most_of_hour, kMostBytes);
    }
    ASSERT_TRUE(writer->finish(machine.registry));
    EXPECT_EQ(writer->stats().not_written, 0U);
  }
  // The first hour makes the tables grow to what they need; none after it adds to that.
  EXPECT_LE(most[3], most[1] + most[1] / 50) << most[0] << ", " << most[1] << ", " << most[2] << ", " << most[3];
  // More parts than hours, and nothing is missing at their borders.
  const auto summary = summarize(scratch.file("r"));
  ASSERT_TRUE(summary);
  EXPECT_GT(summary->sessions.at(0).blocks, most.size());
  const ReadBack back = glimpse_back(scratch.file("r"));
  EXPECT_EQ(back.glimpses, written);
  EXPECT_TRUE(back.losses.empty());
}

// Months of processes that come and go: what is held follows those of an hour, not all that there ever were.
TEST(Memory, DoesNotGrowWithProcessesThatEnded) {
  ScratchDir scratch;
  MadeMachine machine(2);
  auto writer = RecordingWriter::create(scratch.file("r"), machine.options());
  ASSERT_TRUE(writer);
  std::uint64_t after_hours = 0;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(writer->add(machine.next_restless(30, 30), machine.registry));
    if (i == 250) after_hours = writer->stats().memory;
  }
  EXPECT_GT(machine.registry.size(), 25'000U);
  EXPECT_LE(writer->stats().memory, after_hours + after_hours / 5);
  EXPECT_LE(after_hours, kMostBytes);
}

}  // namespace
}  // namespace leakscope::sources::recording
