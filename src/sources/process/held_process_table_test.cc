#include "sources/process/held_process_table.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "sources/process/made_proc.h"

namespace leakscope::sources::process {
namespace {

const ProcessRecord* find(const std::vector<ProcessRecord>& records, std::int32_t pid) {
  const auto found = std::ranges::find_if(records, [&](const ProcessRecord& r) { return r.id.pid.value == pid; });
  return found == records.end() ? nullptr : &*found;
}

class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  ~Child() { reap(); }
  void kill() const { ::kill(pid_, SIGKILL); }
  void reap() {
    if (pid_ <= 0) return;
    kill();
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(HeldProcessTable, ReadsATree) {
  const MadeProc proc;
  proc.add({.pid = 1, .comm = "init", .start = 5, .anon_kib = 100, .file_kib = 40});
  proc.add({.pid = 2, .comm = "kthreadd", .start = 5, .kernel_thread = true});
  proc.add({.pid = 77, .comm = "a) R (b", .start = 900, .anon_kib = 4096, .file_kib = 8, .swap_kib = 12});
  auto table = open_held_processes(proc.root()).value();
  std::vector<ProcessRecord> records;
  ASSERT_TRUE(table->read(records));
  ASSERT_EQ(records.size(), 3U);
  const ProcessRecord* odd = find(records, 77);
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->comm.view(), "a) R (b");
  EXPECT_EQ(odd->id.start.ticks, 900U);
  EXPECT_EQ(odd->rss_anon, 4096 * 1024);
  EXPECT_EQ(odd->rss_file, 8 * 1024);
  EXPECT_EQ(odd->swap, 12 * 1024);
  const ProcessRecord* kernel = find(records, 2);
  ASSERT_TRUE(kernel);
  EXPECT_TRUE(kernel->kernel_thread);
  EXPECT_FALSE(kernel->rss_anon || kernel->vm_size);
}

TEST(HeldProcessTable, ReadsInFullWhatChangedAndTheRestInTurn) {
  const MadeProc proc;
  MadeProcess process{.pid = 30, .comm = "grows", .start = 5, .anon_kib = 100, .file_kib = 40};
  proc.add(process);
  auto table = open_held_processes(proc.root(), {.full_every = 50}).value();
  std::vector<ProcessRecord> records;
  int full = 0;
  for (int i = 0; i < 49; ++i) {
    ASSERT_TRUE(table->read(records));
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].rss_anon, 100 * 1024);
    if (records[0].page_tables) ++full;
  }
  EXPECT_EQ(full, 2);  // when it was new, and once in turn
  process.anon_kib = 104;
  proc.add(process);
  ASSERT_TRUE(table->read(records));
  EXPECT_EQ(records[0].rss_anon, 104 * 1024);
  EXPECT_TRUE(records[0].page_tables);
}

TEST(HeldProcessTable, ReadsTreesThatHaveStatusAlone) {
  const MadeProc proc;
  proc.add({.pid = 30, .comm = "x", .start = 5, .anon_kib = 100, .file_kib = 40});
  proc.remove("30/stat");
  proc.remove("30/statm");
  auto table = open_held_processes(proc.root()).value();
  std::vector<ProcessRecord> records;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(table->read(records));
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].rss_anon, 100 * 1024);
    EXPECT_EQ(records[0].comm.view(), "x");
  }
  EXPECT_EQ(table->coverage().front().state, model::Coverage::State::kPartial);
}

TEST(HeldProcessTable, WorksWithFewerDescriptorsThanProcesses) {
  const MadeProc proc;
  for (int pid = 10; pid < 30; ++pid) {
    proc.add({.pid = pid, .comm = "p", .start = 5, .anon_kib = std::int64_t{pid} * 4, .file_kib = 40});
  }
  auto table = open_held_processes(proc.root(), {.full_every = 3, .max_buffered = 5, .max_descriptors = 5}).value();
  std::vector<ProcessRecord> records;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(table->read(records));
    ASSERT_EQ(records.size(), 20U);
    for (const ProcessRecord& r : records) EXPECT_EQ(r.rss_anon, r.id.pid.value * 4 * 1024);
  }
}

TEST(HeldProcessTable, FindsRealProcessesInEachOfItsWays) {
  const Child child;
  for (const HeldOptions& options : {HeldOptions{.full_every = 3}, HeldOptions{.full_every = 3, .max_buffered = 1},
                                     HeldOptions{.full_every = 3, .max_descriptors = 0}}) {
    auto table = open_held_processes(RootedDir::open("/").value(), options).value();
    std::vector<ProcessRecord> records;
    for (int i = 0; i < 8; ++i) {
      ASSERT_TRUE(table->read(records));
      const ProcessRecord* process = find(records, child.pid());
      ASSERT_TRUE(process) << options.max_buffered << " " << options.max_descriptors;
      EXPECT_GT(*process->rss_anon, 0);
    }
    Child other;
    ASSERT_TRUE(table->read(records));
    EXPECT_TRUE(find(records, other.pid()));
    const pid_t gone = other.pid();
    other.reap();
    ASSERT_TRUE(table->read(records));
    EXPECT_FALSE(find(records, gone));
  }
}

TEST(HeldProcessTable, SurvivesFilesOfAnyContent) {
  const MadeProc proc;
  proc.add({.pid = 10, .comm = "good", .start = 5, .anon_kib = 4, .file_kib = 4});
  proc.add({.pid = 11, .comm = "bad", .start = 5, .anon_kib = 4, .file_kib = 4});
  auto table = open_held_processes(proc.root(), {.full_every = 1}).value();
  std::vector<ProcessRecord> records;
  for (const char* text : {"", "\xff\x00\xfe", "1 2", "99999999999999999999999 1 1 1\n", "-1 -1 -1 -1\n"}) {
    for (const char* file : {"11/statm", "11/status", "11/stat"}) proc.write(file, text);
    ASSERT_TRUE(table->read(records));
    EXPECT_TRUE(find(records, 10));
  }
}

TEST(HeldProcessTable, FollowsARealProcessFromStartToEnd) {
  auto table = open_held_processes(RootedDir::open("/").value()).value();
  std::vector<ProcessRecord> records;
  ASSERT_TRUE(table->read(records));
  const ProcessRecord* self = find(records, ::getpid());
  ASSERT_TRUE(self);
  EXPECT_GT(*self->rss_anon, 0);
  EXPECT_GT(*self->page_tables, 0);
  EXPECT_EQ(self->threads, 1);

  Child child;
  ASSERT_TRUE(table->read(records));
  ASSERT_TRUE(find(records, child.pid()));
  EXPECT_FALSE(find(records, child.pid())->zombie);
  const pid_t pid = child.pid();
  child.kill();
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  ASSERT_TRUE(table->read(records));
  ASSERT_TRUE(find(records, pid));
  EXPECT_TRUE(find(records, pid)->zombie);
  EXPECT_FALSE(find(records, pid)->rss_anon);
  child.reap();
  ASSERT_TRUE(table->read(records));
  EXPECT_FALSE(find(records, pid));
}

}  // namespace
}  // namespace leakscope::sources::process
