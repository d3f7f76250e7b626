#include "sources/kernel_log/kernel_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "model/registry.h"
#include "model/sample.h"

namespace leakscope::sources::kernel_log {
namespace {

using model::EventKind;
using std::chrono::seconds;

/// A log that a test writes: a pipe in packet mode gives one record per read, as /dev/kmsg does.
class ScriptedLog {
 public:
  ScriptedLog() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC) == 0) {
      write_end_.reset(ends[1]);
      ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);  // room for 256 packets
      log_.emplace(UniqueFd(ends[0]));
    }
  }
  void write(const std::string& record) {
    ASSERT_EQ(::write(write_end_.get(), record.data(), record.size()), static_cast<ssize_t>(record.size()));
  }
  const model::Sample& sample(Moment time) {
    sample_.clear();
    sample_.time = time;
    model::SampleSink sink(registry, sample_);
    EXPECT_TRUE(log_->sample(sink));
    return sample_;
  }
  KernelLog& log() { return *log_; }

  model::Registry registry;

 private:
  UniqueFd write_end_;
  std::optional<KernelLog> log_;
  model::Sample sample_;
};

/// 100 s were spent in suspend before `monotonic`.
Moment at(seconds monotonic) {
  return {BootTime{monotonic + seconds(100)}, WallTime{seconds(1'000'000) + monotonic}, monotonic};
}

TEST(KernelLog, TurnsAnOomReportIntoEventsWithTheKernelsOwnTime) {
  ScriptedLog scripted;
  const auto cgroup = scripted.registry.intern(model::SubjectKey{model::SubjectKind::kCgroup, "memory:/lsoom"});
  scripted.sample(at(seconds(10)));
  scripted.write("4,339,12000000,-;leaky invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\n");
  scripted.write("4,340,12000001,-;Call Trace:\n");
  scripted.write(
      "6,341,12000002,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
      "oom_memcg=/lsoom,task_memcg=/lsoom,task=leaky,pid=13825,uid=0\n");
  scripted.write("3,342,12500000,-;Memory cgroup out of memory: Killed process 13825 (leaky) total-vm:33012kB\n");
  const auto& events = scripted.sample(at(seconds(15))).events;
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].kind, EventKind::kKernelMessage);
  EXPECT_EQ(events[2].kind, EventKind::kOomKill);
  EXPECT_EQ(events[2].subject, cgroup);
  EXPECT_EQ(events[2].time.boot.since_boot, std::chrono::milliseconds(112'500));
  EXPECT_EQ(events[2].time.monotonic, std::chrono::milliseconds(12'500));
  EXPECT_EQ(events[2].time.wall.since_epoch, seconds(1'000'000) + std::chrono::milliseconds(12'500));
  EXPECT_TRUE(scripted.log().losses().empty());
}

TEST(KernelLog, AClockThatDriftedStaysBetweenTheSamples) {
  ScriptedLog scripted;
  scripted.sample(at(seconds(1000)));
  scripted.write("4,1,995000000,-;a: page allocation failure: order:0\n");   // before the last look
  scripted.write("4,2,1009000000,-;b: page allocation failure: order:0\n");  // after this one
  const auto& events = scripted.sample(at(seconds(1005))).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].time.boot.since_boot, seconds(1100));
  EXPECT_EQ(events[1].time.boot.since_boot, seconds(1105));
}

TEST(KernelLog, AKillWithoutACgroupNamesNone) {
  ScriptedLog scripted;
  scripted.registry.intern(model::SubjectKey{model::SubjectKind::kCgroup, "/a"});
  scripted.write("6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,task_memcg=/a,task=x,pid=1,uid=0\n");
  scripted.write("4,2,2,-;y invoked oom-killer: gfp_mask=0xcc0, order=0\n");
  scripted.write("3,3,3,-;Out of memory: Killed process 7 (y) total-vm:1kB, anon-rss:1kB\n");
  const auto& events = scripted.sample(at(seconds(15))).events;
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].subject, std::nullopt);
}

TEST(KernelLog, OnlyTheKernelsOwnRecordsCount) {
  ScriptedLog scripted;
  scripted.write("12,1,1,-;Out of memory: Killed process 7 (y) total-vm:1kB, anon-rss:1kB\n");
  EXPECT_TRUE(scripted.sample(at(seconds(15))).events.empty());
}

TEST(KernelLog, CountsWhatWasOverwrittenAndWhatItCouldNotUnderstand) {
  ScriptedLog scripted;
  scripted.write("6,10,1,-;a\n");
  scripted.write("no record at all\n");
  scripted.write("6,15,1,-;b\n");
  scripted.sample(at(seconds(15)));
  const auto losses = scripted.log().losses();
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[0].count, 4U);
  EXPECT_EQ(losses[1].count, 1U);
}

TEST(KernelLog, ABurstIsHeldToALimitAndTheRestIsLoss) {
  ScriptedLog scripted;
  for (int i = 0; i < 250; ++i) scripted.write("4," + std::to_string(i) + ",1,-;a: page allocation failure: order:0\n");
  EXPECT_EQ(scripted.sample(at(seconds(15))).events.size(), 200U);
  const auto losses = scripted.log().losses();
  ASSERT_EQ(losses.size(), 1U);
  EXPECT_EQ(losses[0].count, 50U);
}

TEST(KernelLog, ARecordedTreeHasNoLogToFollow) {
  const auto root = RootedDir::open(LEAKSCOPE_TESTDATA);
  ASSERT_TRUE(root);
  const auto source = open_kernel_log(*root);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().kind, Error::Kind::kUnsupported);
}

std::unique_ptr<Source> open_live() {
  const auto root = RootedDir::open("/");
  if (!root) return nullptr;
  auto source = open_kernel_log(*root);
  return source ? std::move(*source) : nullptr;
}

TEST(KernelLogLive, IgnoresWhatAProgramWritesIntoTheLog) {
  const auto source = open_live();
  const UniqueFd writer(::open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
  if (!source || !writer.is_open()) GTEST_SKIP() << "needs to read and write /dev/kmsg";
  constexpr std::string_view kForged = "<7>leakscope test: Out of memory: Killed process 1 (init) total-vm:1kB\n";
  ASSERT_EQ(::write(writer.get(), kForged.data(), kForged.size()), static_cast<ssize_t>(kForged.size()));
  model::Registry registry;
  model::Sample sample;
  sample.time = SystemClock().now();
  model::SampleSink sink(registry, sample);
  ASSERT_TRUE(source->sample(sink));
  for (const auto& event : sample.events) EXPECT_EQ(event.text.find("leakscope test"), std::string::npos);
}

/// A memory cgroup (v1) with a limit of 16 MiB; removed at the end.
class LimitedCgroup {
 public:
  LimitedCgroup() : path_("/sys/fs/cgroup/memory/leakscope-test-" + std::to_string(::getpid())) {
    made_ = ::mkdir(path_.c_str(), 0755) == 0;
    std::ofstream(path_ + "/memory.limit_in_bytes") << (16 << 20);
  }
  ~LimitedCgroup() {
    for (int i = 0; made_ && ::rmdir(path_.c_str()) != 0 && i < 100; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  [[nodiscard]] bool usable() const { return made_ && ::access((path_ + "/memory.limit_in_bytes").c_str(), F_OK) == 0; }
  [[nodiscard]] std::string procs() const { return path_ + "/cgroup.procs"; }

 private:
  std::string path_;
  bool made_ = false;
};

bool oom_panics() {
  int value = 2;
  std::ifstream("/proc/sys/vm/panic_on_oom") >> value;
  return value == 2;
}

TEST(KernelLogLive, ReportsAProcessThatTheKernelKillsForItsCgroup) {
  const auto source = open_live();
  if (!source) GTEST_SKIP() << "needs to read /dev/kmsg";
  if (oom_panics()) GTEST_SKIP() << "vm.panic_on_oom is 2";
  const LimitedCgroup cgroup;
  if (!cgroup.usable()) GTEST_SKIP() << "needs the v1 memory controller and the right to make a cgroup";
  const std::string procs = cgroup.procs();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int fd = ::open(procs.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) ::_exit(1);
    constexpr std::size_t kSize = std::size_t{64} << 20U;
    void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ::_exit(memory == MAP_FAILED ? 2 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the child was not killed, status " << status;

  model::Registry registry;
  model::Sample sample;
  const std::string victim = "Killed process " + std::to_string(child) + " ";
  bool seen = false;
  for (int i = 0; i < 100 && !seen; ++i) {
    sample.clear();
    sample.time = SystemClock().now();
    model::SampleSink sink(registry, sample);
    ASSERT_TRUE(source->sample(sink));
    for (const auto& event : sample.events) {
      if (event.kind != EventKind::kOomKill || event.text.find(victim) == std::string::npos) continue;
      seen = true;
      EXPECT_LE(event.time.boot, sample.time.boot);
      EXPECT_LT(sample.time.boot - event.time.boot, seconds(30));
    }
    if (!seen) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
