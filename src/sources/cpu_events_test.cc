#include "sources/cpu_events.h"

#include <string>

#include <gtest/gtest.h>

#include "sources/event_merge.h"
#include "sources/made_page.h"

namespace leakscope::sources {
namespace {

constexpr std::uint32_t kFreeId = 10;
constexpr std::uint32_t kStackId = 4;
constexpr std::uint32_t kOtherId = 99;

class CpuEventsTest : public ::testing::Test {
 protected:
  CpuEventsTest() {
    add("kmem",
        "name: kfree\nID: 10\n\tfield:unsigned long call_site;\toffset:8;\tsize:8;\n"
        "\tfield:void * ptr;\toffset:16;\tsize:8;\n\tfield:int common_pid;\toffset:4;\tsize:4;\n");
    add("ftrace",
        "name: kernel_stack\nID: 4\n\tfield:int size;\toffset:8;\tsize:4;\n"
        "\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\n");
  }
  void add(std::string_view system, std::string_view text) {
    const auto format = parse_event_format(text, system, "f");
    ASSERT_TRUE(format);
    ASSERT_TRUE(records.add(*format));
    owners.assign(records.event_names().size(), RingTables::kNobody);
  }

  /// flags_and_count: of the context; 0 is a task, others are interrupts.
  static std::vector<std::uint32_t> free_of(std::uint32_t pid, std::uint32_t context, std::uint32_t address) {
    return {kFreeId | (context << 16U), pid, 1, 0, address, 0};
  }
  static std::vector<std::uint32_t> stack(std::uint32_t pid, std::uint32_t context, std::uint32_t address) {
    return {kStackId | (context << 16U), pid, 1, 0, address, 0};
  }
  /// The first frame of each event's stack, 0 without one.
  std::vector<std::uint64_t> first_frames() {
    std::vector<std::uint64_t> frames;
    for (const model::KmemEvent& event : events.ready()) {
      const auto stack_frames = stacks.frames(event.stack);
      frames.push_back(stack_frames.empty() ? 0 : stack_frames.front());
    }
    return frames;
  }

  RingRecords records{TraceMachine{}};
  model::StackTable stacks;
  model::NameTable names;
  model::KernelSymbols symbols;
  TracingFrames tracing{symbols};
  std::vector<std::uint32_t> owners;
  RingTables tables{records, stacks, names, tracing, owners};
  CpuEvents events{3, 0};
};

TEST_F(CpuEventsTest, GivesEachStackToItsEvent) {
  events.add_page(MadePage(100)
                      .event(1, free_of(5, 0, 0x10))
                      .event(1, stack(5, 0, 0xA))
                      .event(1, free_of(5, 0, 0x20))
                      .event(1, stack(5, 0, 0xB))
                      .bytes(),
                  {}, tables);
  EXPECT_EQ(first_frames(), (std::vector<std::uint64_t>{0xA, 0xB}));
  EXPECT_EQ(events.ready()[0].time, 101U);
  EXPECT_EQ(events.ready()[0].cpu, 3);
  EXPECT_EQ(events.ready()[0].tid, Pid{5});
  EXPECT_EQ(events.counts().records, 4U);
}

TEST_F(CpuEventsTest, FindsTheEventBeforeAnInterrupt) {
  events.add_page(MadePage(0)
                      .event(1, free_of(5, 0, 0x10))
                      .event(1, free_of(5, 7, 0x20))
                      .event(1, stack(5, 7, 0xB))
                      .event(1, free_of(5, 7, 0x30))
                      .event(1, stack(5, 7, 0xC))
                      .event(1, stack(5, 0, 0xA))
                      .bytes(),
                  {}, tables);
  EXPECT_EQ(first_frames(), (std::vector<std::uint64_t>{0xA, 0xB, 0xC}));
}

TEST_F(CpuEventsTest, WaitsForAStackOnTheNextPage) {
  events.add_page(
      MadePage(0).event(1, free_of(5, 0, 0x10)).event(1, stack(5, 0, 0xA)).event(1, free_of(5, 0, 0x20)).bytes(), {},
      tables);
  EXPECT_EQ(events.ready().size(), 1U);
  events.drop(1);
  events.add_page(MadePage(9).event(1, stack(5, 0, 0xB)).event(1, free_of(5, 0, 0x30)).bytes(), {}, tables);
  EXPECT_EQ(first_frames(), (std::vector<std::uint64_t>{0xB}));
  events.drop(1);
  EXPECT_TRUE(events.ready().empty());
  events.finish();
  EXPECT_EQ(first_frames(), (std::vector<std::uint64_t>{0}));
}

TEST_F(CpuEventsTest, GivesNoStackOfOtherEvents) {
  events.add_page(MadePage(0)
                      .event(1, free_of(5, 0, 0x10))
                      .event(1, {kOtherId, 5})
                      .event(1, stack(5, 0, 0xA))
                      .event(1, free_of(5, 0, 0x20))
                      .event(1, free_of(6, 0, 0x30))
                      .event(1, stack(5, 0, 0xB))
                      .bytes(),
                  {}, tables);
  events.finish();
  EXPECT_EQ(first_frames(), (std::vector<std::uint64_t>{0, 0, 0}));
}

TEST_F(CpuEventsTest, DoesNotWaitForEver) {
  // An event of a task whose stack was lost, then only interrupts.
  MadePage first(0);
  first.event(1, free_of(5, 0, 0x10));
  events.add_page(first.bytes(), {}, tables);
  for (int page = 0; page < 4; ++page) {
    MadePage made(0);
    for (int i = 0; i < 100; ++i) made.event(1, free_of(5, 7, 0x20));
    events.add_page(made.bytes(), {}, tables);
  }
  EXPECT_GT(events.ready().size(), 300U);
}

TEST_F(CpuEventsTest, CountsLossAndBrokenPages) {
  events.add_page(MadePage(0).event(1, free_of(5, 0, 0x10)).bytes((1U << 31U) | (1U << 30U)), {}, tables);
  events.add_page(MadePage(0).event(1, free_of(5, 0, 0x10)).bytes(1U << 31U), {}, tables);
  events.add_page(MadePage(0).bytes(9999), {}, tables);
  EXPECT_EQ(events.counts().lost, 77U);
  EXPECT_EQ(events.counts().lost_often, 1U);
  EXPECT_EQ(events.counts().broken_pages, 1U);
}

TEST_F(CpuEventsTest, CountsAnEventOfTwoBuffersOnce) {
  CpuEvents other(3, 1);
  const auto page = MadePage(0).event(1, free_of(5, 0, 0x10)).bytes();
  events.add_page(page, {}, tables);
  other.add_page(page, {}, tables);
  events.finish();
  other.finish();
  EXPECT_EQ(events.ready().size(), 1U);
  EXPECT_EQ(other.ready().size(), 0U);
  EXPECT_EQ(other.counts().doubled, 1U);
}

TEST(TracingFrames, AreTakenOff) {
  model::KernelSymbols symbols;
  symbols.add(0x1000, "trace_event_raw_event_kmalloc", "");
  symbols.add(0x2000, "__kmalloc", "");
  symbols.add(0x3000, "ftrace_open", "");
  symbols.finish();
  TracingFrames tracing(symbols);
  const std::vector<std::uint64_t> frames{0x1010, 0x2010, 0x3010};
  EXPECT_EQ(tracing.without(frames).front(), 0x2010U);
  EXPECT_EQ(tracing.without(frames).size(), 2U);
  const std::vector<std::uint64_t> nothing_else{0x1010};
  EXPECT_EQ(tracing.without(nothing_else).size(), 1U);
  const model::KernelSymbols none;
  EXPECT_EQ(TracingFrames(none).without(frames).size(), 3U);
}

/// Events at these times, some at a time.
class MadeLane {
 public:
  MadeLane(std::vector<std::uint64_t> times, std::size_t at_once) : times_(std::move(times)), at_once_(at_once) {}
  [[nodiscard]] std::span<const model::KmemEvent> ready() const { return std::span(events_).subspan(taken_); }
  void drop(std::size_t count) { taken_ += count; }
  bool refill() {
    events_.clear();
    taken_ = 0;
    for (std::size_t i = 0; i < at_once_ && next_ < times_.size(); ++i) {
      events_.emplace_back().time = times_[next_++];
    }
    return !events_.empty();
  }

 private:
  std::vector<std::uint64_t> times_;
  std::size_t at_once_;
  std::size_t next_ = 0;
  std::vector<model::KmemEvent> events_;
  std::size_t taken_ = 0;
};

std::vector<std::uint64_t> merged(std::vector<MadeLane> lanes, std::size_t enough, std::uint64_t until = ~0ULL) {
  EventMerge<MadeLane> merge;
  merge.start(lanes);
  std::vector<std::uint64_t> times;
  for (;;) {
    std::vector<model::KmemEvent> batch;
    merge.take(batch, enough, until);
    if (batch.empty()) return times;
    for (const model::KmemEvent& event : batch) times.push_back(event.time);
  }
}

TEST(EventMerge, PutsCpusInOrder) {
  const std::vector<std::uint64_t> all{1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const std::size_t at_once : {1U, 2U, 100U}) {
    for (const std::size_t enough : {1U, 2U, 3U, 100U}) {
      EXPECT_EQ(merged({{{1, 4, 7}, at_once}, {{}, at_once}, {{2, 5, 8, 9}, at_once}, {{3, 6}, at_once}}, enough), all);
    }
  }
}

TEST(EventMerge, StopsAtATimeAndNeverGoesBack) {
  EXPECT_EQ(merged({{{1, 5}, 10}, {{2, 6}, 10}}, 10, 5), (std::vector<std::uint64_t>{1, 2, 5}));
  EXPECT_EQ(merged({{{4, 3, 9}, 10}, {{5, 6}, 10}}, 10), (std::vector<std::uint64_t>{4, 4, 5, 6, 9}));
}

}  // namespace
}  // namespace leakscope::sources
