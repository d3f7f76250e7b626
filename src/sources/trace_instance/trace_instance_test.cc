#include "sources/trace_instance/trace_instance.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/trace_instance/instance.h"
#include "sources/trace_instance/task_names.h"
#include "sources/trace_instance/tracefs.h"

namespace leakscope::sources::trace_instance {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> instances_of(pid_t pid) {
  const auto tracefs = Tracefs::open();
  if (!tracefs) return {};
  auto names = list_names(tracefs->fd(), "instances", "tracefs");
  if (!names) return {};
  std::erase_if(*names, [&](const std::string& name) { return !name.starts_with(fmt::format("leakscope-{}-", pid)); });
  return *names;
}

template <class Condition>
bool within(milliseconds time, const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

TraceInstanceOptions short_look() {
  TraceInstanceOptions options;
  options.events = slab_events();
  options.length = milliseconds(400);
  return options;
}

class TraceInstance : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto instance = Instance::make();
    if (!instance) GTEST_SKIP() << "no trace instance here: " << to_string(instance.error());
  }
};

TEST_F(TraceInstance, SeesThisKernelAllocate) {
  TraceInstanceOptions options = short_look();
  options.stacks = true;
  options.events.insert(options.events.end(), {"kmem/no_such_event", "kmem/mm_page_alloc", "kmem/mm_page_free"});
  auto stream = open_trace_instance(std::move(options));
  ASSERT_TRUE(stream) << to_string(stream.error());
  EXPECT_EQ(instances_of(::getpid()).size(), 1U);
  std::uint64_t last = 0;
  std::size_t allocations = 0;
  std::size_t frees = 0;
  std::size_t stacks = 0;
  std::size_t named = 0;
  for (;;) {
    // Something to see: a pipe is a few allocations.
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ::close(ends[0]);
    ::close(ends[1]);
    const auto events = (*stream)->next();
    ASSERT_TRUE(events);
    if (events->empty()) break;
    for (const model::KmemEvent& event : *events) {
      EXPECT_GE(event.time, last);
      last = event.time;
      EXPECT_NE(event.address, 0U);
      ++(event.is_free ? frees : allocations);
      stacks += (*stream)->stacks().frames(event.stack).empty() ? 0 : 1;
      named += event.comm != model::kNoName ? 1 : 0;
    }
  }
  EXPECT_GT(allocations, 10U);
  EXPECT_GT(frees, 10U);
  EXPECT_GT(stacks, (allocations + frees) / 2);
  EXPECT_GT(named, (allocations + frees) / 2);
  EXPECT_EQ((*stream)->facts().kmem_events, allocations + frees);
  const auto coverage = (*stream)->coverage();
  EXPECT_TRUE(std::ranges::any_of(coverage, [](const auto& entry) {
    return entry.source == "trace.kmem/no_such_event" && entry.state == model::Coverage::State::kAbsent;
  }));
  stream->reset();
  EXPECT_TRUE(instances_of(::getpid()).empty());
  // The guardian was waited for.
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(TraceInstance, LeavesOtherTracersAlone) {
  const auto other = Instance::make();
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->write("events/kmem/kfree/enable", "1"));
  ASSERT_TRUE((*other)->write("buffer_size_kb", "64"));
  const auto size = (*other)->read("buffer_size_kb");
  {
    auto stream = open_trace_instance(short_look());
    ASSERT_TRUE(stream) << to_string(stream.error());
    ASSERT_TRUE((*stream)->next());
  }
  EXPECT_EQ((*other)->read("events/kmem/kfree/enable"), "1\n");
  EXPECT_EQ((*other)->read("buffer_size_kb"), size);
  EXPECT_NE((*other)->read("trace"), "");
}

TEST_F(TraceInstance, EndsWhenItIsToldTo) {
  std::atomic<bool> stop = false;
  TraceInstanceOptions options = short_look();
  options.length.reset();
  options.stop = &stop;
  options.exclude_pid = Pid{::getpid()};
  auto stream = open_trace_instance(std::move(options));
  ASSERT_TRUE(stream) << to_string(stream.error());
  const auto own = threads_of(Pid{::getpid()});
  EXPECT_FALSE(own.empty());
  stop = true;
  for (;;) {
    const auto events = (*stream)->next();
    ASSERT_TRUE(events);
    if (events->empty()) break;
    for (const model::KmemEvent& event : *events) {
      EXPECT_TRUE(event.is_free || !std::ranges::binary_search(own, event.tid.value));
    }
  }
}

TEST_F(TraceInstance, IsGoneASecondAfterItsProcessWasKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    TraceInstanceOptions options = short_look();
    options.length = std::chrono::minutes(1);
    auto stream = open_trace_instance(std::move(options));
    while (stream && (*stream)->next()) {
    }
    ::_exit(1);
  }
  ASSERT_GT(child, 0);
  ASSERT_TRUE(within(milliseconds(10000), [&] { return !instances_of(child).empty(); }));
  std::this_thread::sleep_for(milliseconds(100));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(within(milliseconds(1000), [&] { return instances_of(child).empty(); }));
}

TEST_F(TraceInstance, SurvivesASignalToItsGroup) {
  // Ctrl-C reaches all processes of a terminal's group: the guardian is in none of ours.
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    auto instance = Instance::make();
    if (!instance) ::_exit(1);
    ::kill(0, SIGINT);
    ::pause();
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(within(milliseconds(1000), [&] { return instances_of(child).empty(); }));
}

TEST(TraceInstanceOptionsTest, NothingToSeeIsAnError) {
  TraceInstanceOptions options;
  options.events = {"kmem/no_such_event"};
  const auto stream = open_trace_instance(std::move(options));
  EXPECT_FALSE(stream);
  EXPECT_TRUE(instances_of(::getpid()).empty());
}

}  // namespace
}  // namespace leakscope::sources::trace_instance
