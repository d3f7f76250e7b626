#include "sources/process/process_details.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include <gtest/gtest.h>

#include "sources/process/detail_queue.h"
#include "sources/process/fd_scan.h"
#include "sources/process/made_proc.h"
#include "sources/process/process_source.h"
#include "sources/process/read_budget.h"
#include "sources/process/read_watch.h"

namespace leakscope::sources::process {
namespace {

using model::Metric;

TEST(ReadBudget, EarnsItsShareOfTimeAndSavesUpToItsMost) {
  using std::chrono::milliseconds;
  ReadBudget budget(0.002, milliseconds(20));
  EXPECT_TRUE(budget.allows(milliseconds(20)));
  EXPECT_FALSE(budget.ever_allows(milliseconds(21)));
  budget.spend(milliseconds(25));
  EXPECT_FALSE(budget.allows(milliseconds(0) + Nanoseconds(1)));
  budget.earn(std::chrono::seconds(5));
  EXPECT_EQ(budget.left(), milliseconds(5));
  budget.earn(std::chrono::hours(1));
  EXPECT_EQ(budget.left(), milliseconds(20));
  budget.earn(std::chrono::seconds(-5));
  EXPECT_EQ(budget.left(), milliseconds(20));
}

TEST(WalkCost, PredictsByTheMemoryInBasePagesAndLearns) {
  using std::chrono::milliseconds;
  constexpr std::int64_t kGib = 1 << 30;
  WalkCost cost(milliseconds(20));
  EXPECT_GE(cost.predict(kGib), milliseconds(20));
  EXPECT_LT(cost.predict(0), milliseconds(1));
  EXPECT_LT(cost.predict(-kGib), milliseconds(1));
  for (int i = 0; i < 40; ++i) cost.learn(kGib / 2, milliseconds(5));
  EXPECT_NEAR(static_cast<double>(cost.predict(kGib).count()), 1e7, 2e5);
  const Nanoseconds before = cost.per_gib();
  cost.learn(4096, milliseconds(5));  // tells nothing about the cost of a page
  EXPECT_EQ(cost.per_gib(), before);
}

TEST(DetailQueue, ServesTheLargestChangeAndTheLongestWaitingInTurn) {
  std::vector<DetailCandidate> candidates = {
      {.size = 100, .size_when_read = 100, .read_at = BootTime{std::chrono::seconds(1)}},
      {.size = 500, .size_when_read = 100, .read_at = BootTime{std::chrono::seconds(9)}},
      {.size = 120, .size_when_read = 100, .read_at = BootTime{std::chrono::seconds(5)}},
  };
  DetailQueue queue;
  EXPECT_EQ(queue.next(candidates), 1U);
  candidates[1].eligible = false;
  EXPECT_EQ(queue.next(candidates), 0U);
  candidates[0].eligible = false;
  EXPECT_EQ(queue.next(candidates), 2U);
  candidates[2].eligible = false;
  EXPECT_FALSE(queue.next(candidates));
}

TEST(FdScan, CountsOurOwnDescriptorsByKind) {
  const RootedDir proc = RootedDir::open("/proc").value();
  const Pid self{::getpid()};
  const FdScan before = scan_fds(proc, self).value();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int memory = ::memfd_create("test", 0);
  const int watcher = ::inotify_init1(IN_CLOEXEC);
  ASSERT_GE(::inotify_add_watch(watcher, "/", IN_MODIFY), 0);
  const FdScan after = scan_fds(proc, self).value();
  const auto more = [&](FdKind kind) {
    return after.kinds[static_cast<std::size_t>(kind)] - before.kinds[static_cast<std::size_t>(kind)];
  };
  EXPECT_EQ(after.count - before.count, 4);
  EXPECT_EQ(more(FdKind::kPipe), 2);
  EXPECT_EQ(more(FdKind::kMemfd), 1);
  EXPECT_EQ(more(FdKind::kEvent), 1);
  EXPECT_EQ(after.inotify_watches - before.inotify_watches, 1);
  const std::int64_t by_size = count_fds(proc, self, true).value();
  const std::int64_t by_listing = count_fds(proc, self, false).value();
  EXPECT_NEAR(static_cast<double>(by_size), static_cast<double>(by_listing), 1);  // the listing has one open
  for (const int fd : {ends[0], ends[1], memory, watcher}) ::close(fd);
  EXPECT_FALSE(scan_fds(proc, Pid{0x7fffffff}));
}

TEST(ReadWatch, TellsOfAReadThatHangs) {
  ReadWatch watch;
  EXPECT_FALSE(watch.overdue(Nanoseconds{0}));
  watch.begin(Pid{812}, "smaps_rollup");
  EXPECT_FALSE(watch.overdue(std::chrono::hours(1)));
  const auto overdue = watch.overdue(Nanoseconds{-1});
  ASSERT_TRUE(overdue);
  EXPECT_TRUE(overdue->starts_with("/proc/812/smaps_rollup has not answered for")) << *overdue;
  EXPECT_GE(watch.end(), Nanoseconds{0});
  EXPECT_FALSE(watch.overdue(Nanoseconds{-1}));
}

class ProcessDetailsTest : public ::testing::Test {
 protected:
  void open(const RootedDir& root, DetailOptions options = {}) {
    fast = open_processes(root, nullptr).value();
    details = open_process_details(root, options).value();
  }
  void tick() {
    sample.clear();
    sample.time.boot.since_boot += std::chrono::seconds(5);
    model::SampleSink sink(registry, sample);
    ASSERT_TRUE(fast->sample(sink));
    ASSERT_TRUE(details->sample(sink));
  }
  [[nodiscard]] std::optional<std::int64_t> value(Pid pid, Metric metric) const {
    for (const model::Reading& r : sample.readings) {
      const auto key = registry.info(r.subject).key;
      if (r.metric == metric && key.process && key.process->pid == pid) return r.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::int64_t> value(const std::string& name, Metric metric) const {
    for (const model::Reading& r : sample.readings) {
      if (r.metric == metric && registry.info(r.subject).key.name == name) return r.value;
    }
    return std::nullopt;
  }

  MadeProc proc;
  model::Registry registry;
  model::Sample sample;
  std::unique_ptr<Source> fast;
  std::unique_ptr<Source> details;
};

void add_details(const MadeProc& proc, int pid, int fds, int pss_kib) {
  const std::string folder = std::to_string(pid);
  std::filesystem::create_directory(proc.folder() / "proc" / folder / "fd");
  for (int i = 0; i < fds; ++i) {
    std::filesystem::create_symlink("socket:[1]", proc.folder() / "proc" / folder / "fd" / std::to_string(i));
  }
  proc.write(folder + "/cmdline", std::string("made: worker\0--password=x\0", 26));
  proc.write(folder + "/limits", "Max open files            1024                 4096                 files     \n");
  proc.write(folder + "/smaps_rollup",
             fmt::format("Rss: 400 kB\nPss: {} kB\nPrivate_Clean: 4 kB\nPrivate_Dirty: 96 kB\n", pss_kib));
}

TEST_F(ProcessDetailsTest, ReadsDescriptorsTimesNamesAndPss) {
  for (const int pid : {10, 11}) {
    proc.add({.pid = pid, .anon_kib = 300, .file_kib = 100});
    add_details(proc, pid, 7, 200);
  }
  open(proc.root());
  tick();
  EXPECT_EQ(value(Pid{10}, Metric::kProcessFds), 7);
  EXPECT_EQ(value(Pid{10}, Metric::kProcessFdLimit), 1024);
  EXPECT_EQ(value(Pid{10}, Metric::kProcessFdSockets), 7);
  EXPECT_EQ(value(Pid{10}, Metric::kProcessCpuTime), 90'000'000);
  EXPECT_EQ(value(Pid{10}, Metric::kProcessPss), 200 * 1024);
  EXPECT_EQ(value(Pid{10}, Metric::kProcessUss), 100 * 1024);
  EXPECT_EQ(value("made in made.service", Metric::kGroupFds), 14);
  EXPECT_EQ(value("made in made.service", Metric::kGroupPss), 400 * 1024);
  EXPECT_EQ(value("made in made.service", Metric::kGroupCpuTime), 0);  // used before we looked
  const auto id = registry.find({model::SubjectKind::kProcess, "", ProcessId{Pid{10}, StartTime{1}}});
  ASSERT_TRUE(id);
  EXPECT_EQ(registry.info(*id).detail, "made: worker");
  EXPECT_EQ(registry.info(*id).executable, "/usr/bin/made");
}

TEST_F(ProcessDetailsTest, TellsNoGroupSumThatIsNotKnownOfAll) {
  for (const int pid : {10, 11}) {
    proc.add({.pid = pid, .anon_kib = 300, .file_kib = 100});
    add_details(proc, pid, 7, 200);
  }
  proc.remove("11/smaps_rollup");
  proc.write("11/smaps_rollup", "Rss: what\n");
  open(proc.root());
  tick();
  EXPECT_FALSE(value("made in made.service", Metric::kGroupPss));
  EXPECT_EQ(value("made in made.service", Metric::kGroupFds), 14);
}

TEST_F(ProcessDetailsTest, NeverReadsWhatWouldTakeTooLong) {
  proc.add({.pid = 10, .anon_kib = 8 << 20, .file_kib = 100});  // 8 GiB: 160 ms at the first guess
  add_details(proc, 10, 2, 200);
  open(proc.root());
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_FALSE(value(Pid{10}, Metric::kProcessPss));
  const auto coverage = details->coverage();
  ASSERT_EQ(coverage.size(), 1U);
  EXPECT_EQ(coverage[0].state, model::Coverage::State::kPartial);
  EXPECT_EQ(coverage[0].source, "process_details.pss");
}

TEST_F(ProcessDetailsTest, GroupTimeNeverFallsWhenAMemberEnds) {
  proc.add({.pid = 10, .anon_kib = 4, .file_kib = 4});
  open(proc.root());
  tick();
  proc.add({.pid = 11, .start = 900, .anon_kib = 4, .file_kib = 4});  // starts under our eyes, 90 ms used
  tick();
  EXPECT_EQ(value("made in made.service", Metric::kGroupCpuTime), 90'000'000);
  proc.remove("11");
  tick();
  EXPECT_EQ(value("made in made.service", Metric::kGroupCpuTime), 90'000'000);
  proc.remove("10");
  tick();
  EXPECT_EQ(value("made in made.service", Metric::kGroupFds), 0);
}

TEST_F(ProcessDetailsTest, GroupsTheMappingsOfARealProcessThatGrew) {
  int go[2];
  int ready[2];
  ASSERT_EQ(::pipe(go), 0);
  ASSERT_EQ(::pipe(ready), 0);
  constexpr std::size_t kGrowth = std::size_t{32} << 20U;
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    if (::read(go[0], &byte, 1) != 1) ::_exit(1);
    void* memory = ::mmap(nullptr, kGrowth, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(memory, 1, kGrowth);
    if (::write(ready[1], "1", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  // No budget in the way: whether it suffices depends on what else runs.
  open(RootedDir::open("/").value(), {.walk_share = 1, .longest_walk = std::chrono::hours(1), .suspects = 1000});
  tick();
  char byte = 0;
  ASSERT_EQ(::write(go[1], "1", 1), 1);
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  std::optional<std::int64_t> grown;
  std::optional<std::int64_t> pss;
  for (int i = 0; i < 4 && !(grown && pss); ++i) {
    tick();
    if (const auto seen = value(Pid{child}, Metric::kProcessAnonMapRss)) grown = seen;
    if (const auto seen = value(Pid{child}, Metric::kProcessPssAnon)) pss = seen;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (const int fd : {go[0], go[1], ready[0], ready[1]}) ::close(fd);
  ASSERT_TRUE(grown);
  EXPECT_GE(*grown, static_cast<std::int64_t>(kGrowth));
  ASSERT_TRUE(pss);
  EXPECT_GE(*pss, static_cast<std::int64_t>(kGrowth));
}

}  // namespace
}  // namespace leakscope::sources::process
