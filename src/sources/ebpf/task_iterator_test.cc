#include "sources/ebpf/task_iterator.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing/counted_allocations.h"

namespace leakscope::sources::ebpf {
namespace {

constexpr std::size_t kHeld = std::size_t{24} << 20U;

class TaskIteratorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_task_iterator();
    if (!opened) {
      const bool could = opened.error().kind != Error::Kind::kDenied && ::access("/sys/kernel/btf/vmlinux", R_OK) == 0;
      if (could) FAIL() << to_string(opened.error());
      GTEST_SKIP() << "the BPF task iterator cannot be loaded here: " << to_string(opened.error());
    }
    table = *std::move(opened);
  }
  const ProcessRecord* find(pid_t pid) {
    const auto done = table->read(records);
    EXPECT_TRUE(done);
    const auto found = std::ranges::find_if(records, [&](const ProcessRecord& r) { return r.id.pid.value == pid; });
    return found == records.end() ? nullptr : &*found;
  }

  std::unique_ptr<ProcessTable> table;
  std::vector<ProcessRecord> records;
};

void tell(int fd) {
  if (::write(fd, "1", 1) != 1) ::_exit(1);
}

// A child in a known state, ended and reaped with the test. `body` tells when it is ready.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      body(ends[1]);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char byte = 0;
    ready_ = ::read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
    // On its way to pause() it still touches pages of its libraries.
    for (int tries = 0; tries < 1000 && is_on_its_way(); ++tries) ::usleep(5000);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] std::int64_t status(const std::string& key) const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(key + ":")) return std::atoll(line.c_str() + key.size() + 1);
    }
    return -1;
  }
  [[nodiscard]] bool is_on_its_way() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
    std::string text;
    std::getline(in, text);
    const std::size_t name_end = text.rfind(')');
    return name_end != std::string::npos && (text[name_end + 2] == 'R' || text[name_end + 2] == 'D');
  }
  [[nodiscard]] std::uint64_t start() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
    std::string text;
    std::getline(in, text);
    std::size_t at = text.rfind(')');
    for (int field = 2; field < 22; ++field) at = text.find(' ', at + 1);
    return std::strtoull(text.c_str() + at, nullptr, 10);
  }

 private:
  pid_t pid_ = 0;
  bool ready_ = false;
};

void hold_memory(int ready) {
  void* memory = ::mmap(nullptr, kHeld, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kHeld);
  void* shared = ::mmap(nullptr, kHeld / 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::memset(shared, 1, kHeld / 4);
  tell(ready);
}

TEST_F(TaskIteratorTest, AgreesWithProcOnAProcessAtRest) {
  const Child child(hold_memory);
  ASSERT_TRUE(child.ready());
  const ProcessRecord* process = find(child.pid());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->id.start.ticks, child.start());
  EXPECT_EQ(process->rss_anon, child.status("RssAnon") * 1024);
  EXPECT_EQ(process->rss_file, child.status("RssFile") * 1024);
  EXPECT_EQ(process->rss_shmem, child.status("RssShmem") * 1024);
  EXPECT_EQ(process->swap, child.status("VmSwap") * 1024);
  EXPECT_EQ(process->vm_size, child.status("VmSize") * 1024);
  EXPECT_EQ(process->page_tables, child.status("VmPTE") * 1024);
  EXPECT_EQ(process->hwm, child.status("VmHWM") * 1024);
  EXPECT_EQ(process->threads, 1);
  EXPECT_GE(*process->rss_anon, static_cast<std::int64_t>(kHeld));
  EXPECT_FALSE(process->kernel_thread || process->zombie || process->shares_parent_memory);
}

TEST_F(TaskIteratorTest, WithoutThePerCpuPartsItIsOffByNoMoreThanTheBound) {
  auto rough = open_task_iterator({.exact = false}).value();
  const Child child(hold_memory);
  ASSERT_TRUE(child.ready());
  const ProcessRecord* process = find(child.pid());
  ASSERT_TRUE(process);
  const std::int64_t exact = *process->rss_anon;
  ASSERT_TRUE(rough->read(records));
  const auto found =
      std::ranges::find_if(records, [&](const ProcessRecord& r) { return r.id.pid.value == child.pid(); });
  ASSERT_NE(found, records.end());
  const std::int64_t cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  EXPECT_LE(std::abs(*found->rss_anon - exact), std::max<std::int64_t>(32, 2 * cpus) * cpus * 4096);
}

TEST_F(TaskIteratorTest, TellsKernelThreadsApart) {
  const ProcessRecord* kthreadd = find(2);
  if (kthreadd == nullptr || ::access("/proc/2/exe", F_OK) == 0) GTEST_SKIP() << "pid 2 is no kernel thread here";
  EXPECT_TRUE(kthreadd->kernel_thread);
  EXPECT_FALSE(kthreadd->rss_anon);
}

TEST_F(TaskIteratorTest, CountsThreadsAndListsEachProcessOnce) {
  const Child child([](int ready) {
    for (int i = 0; i < 5; ++i) std::thread([] { ::pause(); }).detach();
    tell(ready);
  });
  ASSERT_TRUE(child.ready());
  const ProcessRecord* process = find(child.pid());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->threads, 6);
  EXPECT_EQ(std::ranges::count_if(records, [&](const ProcessRecord& r) { return r.id.pid.value == child.pid(); }), 1);
}

TEST_F(TaskIteratorTest, SeesTheMemoryOfAProcessWhoseFirstThreadHasEnded) {
  const Child child([](int ready) {
    std::thread([ready, leader = ::pthread_self()] {
      ::pthread_join(leader, nullptr);
      hold_memory(ready);
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);
  });
  ASSERT_TRUE(child.ready());
  const ProcessRecord* process = find(child.pid());
  ASSERT_TRUE(process);
  ASSERT_TRUE(process->rss_anon);
  EXPECT_GE(*process->rss_anon, static_cast<std::int64_t>(kHeld));
  EXPECT_FALSE(process->zombie);
  EXPECT_EQ(child.status("RssAnon"), -1);  // what /proc says of it: nothing
}

TEST_F(TaskIteratorTest, ZombiesHaveNoMemoryAndEndedProcessesAreGone) {
  pid_t pid = 0;
  {
    const Child child(tell);
    pid = child.pid();
    ::kill(pid, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
    const ProcessRecord* process = find(pid);
    ASSERT_TRUE(process);
    EXPECT_TRUE(process->zombie);
    EXPECT_FALSE(process->rss_anon);
  }
  EXPECT_FALSE(find(pid));
}

TEST_F(TaskIteratorTest, AChildOfVforkSharesItsParentsMemory) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  // The parent stands still until the child has read, so another thread lets it go.
  pid_t seen_child = 0;
  bool shares = false;
  std::thread watcher([&] {
    for (int tries = 0; tries < 2000 && !shares; ++tries) {
      if (!table->read(records)) break;
      for (const ProcessRecord& r : records) {
        if (r.shares_parent_memory) shares = true;
      }
      ::usleep(500);
    }
    [[maybe_unused]] const auto written = ::write(ends[1], "1", 1);
  });
  // vfork itself is what is tested.
  seen_child = ::vfork();  // NOLINT(bugprone-unsafe-functions)
  if (seen_child == 0) {
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(ends[0], &byte, 1);
    ::_exit(0);
  }
  watcher.join();
  ::waitpid(seen_child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_TRUE(shares);
}

TEST_F(TaskIteratorTest, NumbersProcessesAsTheReadersNamespaceDoes) {
  const pid_t outer = ::fork();
  if (outer == 0) {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(77);
    const pid_t inner = ::fork();
    if (inner == 0) {
      auto own = open_task_iterator();
      std::vector<ProcessRecord> seen;
      const bool good = own && (*own)->read(seen) && seen.size() == 1 && seen[0].id.pid.value == 1;
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(inner, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
  }
  int status = 0;
  ::waitpid(outer, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no pid namespace may be made here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(TaskIteratorTest, AllocatesNothingOnceWarm) {
  records.reserve(100'000);
  ASSERT_TRUE(table->read(records));
  const std::size_t before = allocations();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(table->read(records));
  EXPECT_EQ(allocations() - before, 0U);
}

}  // namespace
}  // namespace leakscope::sources::ebpf
