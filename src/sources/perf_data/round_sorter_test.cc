#include "sources/perf_data/round_sorter.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace leakscope::sources::perf_data {
namespace {

model::KmemEvent at(std::uint64_t time, std::uint64_t address = 1) {
  model::KmemEvent event;
  event.time = time;
  event.address = address;
  return event;
}

std::vector<std::uint64_t> taken(RoundSorter& sorter) {
  std::vector<std::uint64_t> times;
  while (sorter.has_ready()) times.push_back(sorter.take().time);
  return times;
}

TEST(RoundSorter, ManyRunsBecomeOne) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{1000}}) {
    RoundSorter sorter;
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<std::uint64_t> want;
    for (std::size_t index = 0; index < count; ++index) {
      want.push_back(random() % 500);
      sorter.push(at(want.back()));
    }
    sorter.release();
    std::ranges::sort(want);
    EXPECT_EQ(taken(sorter), want);
    EXPECT_EQ(sorter.late(), 0U);
  }
}

TEST(RoundSorter, EqualTimesStayInTheirOrder) {
  RoundSorter sorter;
  for (std::uint64_t number = 1; number <= 20; ++number) sorter.push(at(number % 2, number));
  sorter.release();
  std::vector<std::uint64_t> numbers;
  while (sorter.has_ready()) numbers.push_back(sorter.take().event->address);
  EXPECT_TRUE(std::ranges::is_sorted(numbers.begin(), numbers.begin() + 10));
  EXPECT_TRUE(std::ranges::is_sorted(numbers.begin() + 10, numbers.end()));
}

TEST(RoundSorter, WithoutMarksTheOlderHalfGoesOut) {
  RoundSorter sorter(4);
  for (const std::uint64_t time : {40U, 10U, 30U, 20U}) sorter.push(at(time));
  EXPECT_EQ(taken(sorter), (std::vector<std::uint64_t>{10, 20}));
  sorter.push(at(5));
  sorter.push(at(35));
  EXPECT_EQ(taken(sorter), (std::vector<std::uint64_t>{20, 30}));
  EXPECT_EQ(sorter.late(), 1U);
  sorter.release();
  EXPECT_EQ(taken(sorter), (std::vector<std::uint64_t>{35, 40}));
}

TEST(RoundSorter, ChangesOfTasksKeepTheirPlace) {
  RoundSorter sorter;
  sorter.push(at(10));
  sorter.push(TaskChange{.time = 5, .tid = Pid{3}});
  sorter.push(TaskChange{.time = 15, .tid = Pid{4}});
  sorter.release();
  ASSERT_TRUE(sorter.has_ready());
  EXPECT_EQ(sorter.take().task->tid.value, 3);
  EXPECT_EQ(sorter.take().event->time, 10U);
  EXPECT_EQ(sorter.take().task->tid.value, 4);
  EXPECT_FALSE(sorter.has_ready());
}

}  // namespace
}  // namespace leakscope::sources::perf_data
