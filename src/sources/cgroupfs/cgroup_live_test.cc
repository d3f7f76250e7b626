// Against the kernel that runs here: cgroups of our own in the v1 memory hierarchy.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "model/registry.h"
#include "model/sample.h"
#include "sources/cgroupfs/cgroup_source.h"

namespace leakscope::sources::cgroupfs {
namespace {

using model::EventKind;
using model::Metric;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kPinned = 12;

bool is_tmpfs(const char* path) {
  struct statfs fs{};
  return ::statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

bool write_file(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return fd.is_open() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// A cgroup whose child writes a tmpfs file of 256 KiB and ends: the file's pages stay charged to it.
class PinnedCgroup {
 public:
  explicit PinnedCgroup(std::size_t number)
      : name_("leakscope-test-" + std::to_string(::getpid()) + "-" + std::to_string(number)),
        directory_("/sys/fs/cgroup/memory/" + name_),
        file_("/dev/shm/" + name_) {
    if (::mkdir(directory_.c_str(), 0755) != 0) return;
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string block(std::size_t{256} * 1024, 'x');
      const bool good = write_file(directory_ + "/cgroup.procs", "0") && write_file(file_, block);
      ::_exit(good ? 0 : 1);
    }
    int status = 1;
    made_ = child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
  }
  ~PinnedCgroup() {
    unpin();
    remove_directory();
  }
  PinnedCgroup(const PinnedCgroup&) = delete;
  PinnedCgroup& operator=(const PinnedCgroup&) = delete;

  void remove_directory() const {
    for (int i = 0; i < 100 && ::rmdir(directory_.c_str()) != 0 && errno == EBUSY; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
  }
  void unpin() const { ::unlink(file_.c_str()); }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] std::string subject() const { return "memory:/" + name_; }

 private:
  std::string name_;
  std::string directory_;
  std::string file_;
  bool made_ = false;
};

class Watch {
 public:
  Watch() : root_(RootedDir::open("/").value()) {
    if (auto opened = open_cgroups(root_, {.walk_cpu = seconds(1), .walk_period = Nanoseconds(0)})) {
      source = std::move(*opened);
    }
  }
  const model::Sample& sample() {
    sample_.clear();
    sample_.time = SystemClock().now();
    model::SampleSink sink(registry, sample_);
    EXPECT_TRUE(source->sample(sink));
    return sample_;
  }
  /// Waits for a walk in which no cgroup of the machine came or went.
  std::int64_t dying() {
    for (int i = 0; i < 200; ++i) {
      for (const auto& reading : sample().readings) {
        if (reading.metric == Metric::kCgroupsDying) return reading.value;
      }
      std::this_thread::sleep_for(milliseconds(10));
    }
    return -1;
  }
  [[nodiscard]] std::optional<std::int64_t> value(const std::string& name, Metric metric) const {
    const auto subject = registry.find({model::SubjectKind::kCgroup, name});
    for (const auto& reading : sample_.readings) {
      if (reading.subject == subject && reading.metric == metric) return reading.value;
    }
    return std::nullopt;
  }

  model::Registry registry;
  std::unique_ptr<Source> source;

 private:
  RootedDir root_;
  model::Sample sample_;
};

bool can_make_cgroups() {
  return ::access("/sys/fs/cgroup/memory/release_agent", F_OK) == 0 && ::access("/sys/fs/cgroup/memory", W_OK) == 0 &&
         is_tmpfs("/dev/shm");
}

TEST(CgroupsLive, RemovedCgroupsThatAFilePinsAreCountedAsDying) {
  if (!can_make_cgroups()) GTEST_SKIP() << "needs the v1 memory controller, the right to make cgroups, and /dev/shm";
  Watch watch;
  ASSERT_TRUE(watch.source);
  const std::int64_t before = watch.dying();
  ASSERT_GE(before, 0);
  {
    std::vector<std::unique_ptr<PinnedCgroup>> cgroups;
    for (std::size_t i = 0; i < kPinned; ++i) {
      cgroups.push_back(std::make_unique<PinnedCgroup>(i));
      ASSERT_TRUE(cgroups.back()->made());
    }
    watch.sample();
    const std::string name = cgroups[0]->subject();
    EXPECT_GE(watch.value(name, Metric::kCgroupShmem).value_or(0), 256 * 1024);
    EXPECT_GE(watch.value(name, Metric::kCgroupCurrent).value_or(0), 256 * 1024);
    EXPECT_EQ(watch.value(name, Metric::kCgroupMax), std::nullopt);

    for (const auto& cgroup : cgroups) cgroup->remove_directory();
    const auto& sample = watch.sample();
    std::size_t removed = 0;
    for (const auto& event : sample.events) {
      if (event.kind == EventKind::kCgroupRemoved && event.text.find("leakscope-test") != std::string::npos) ++removed;
    }
    EXPECT_EQ(removed, kPinned);
    // Other programs of this machine make and remove cgroups too, so a few may be missing.
    EXPECT_GE(watch.dying(), before + static_cast<std::int64_t>(kPinned) / 2);
  }
  std::int64_t after = watch.dying();
  for (int i = 0; i < 200 && after > before + static_cast<std::int64_t>(kPinned) / 2; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
    after = watch.dying();
  }
  EXPECT_LE(after, before + static_cast<std::int64_t>(kPinned) / 2);
}

TEST(CgroupsLive, FactsOfACgroupAndItsProcesses) {
  if (!can_make_cgroups()) GTEST_SKIP() << "needs the v1 memory controller, the right to make cgroups, and /dev/shm";
  const PinnedCgroup cgroup(99);
  ASSERT_TRUE(cgroup.made());
  const auto root = RootedDir::open("/").value();
  const auto facts = read_cgroup(root, cgroup.subject());
  ASSERT_TRUE(facts) << to_string(facts.error());
  EXPECT_EQ(facts->version, 1);
  EXPECT_EQ(facts->name, cgroup.subject());
  EXPECT_GE(facts->values.find(Metric::kCgroupCurrent).value_or(0), 256 * 1024);
  EXPECT_TRUE(facts->processes.empty());
  EXPECT_FALSE(facts->trouble) << to_string(*facts->trouble);
}

TEST(CgroupsLive, ReadsWhateverThisMachineHas) {
  const auto root = RootedDir::open("/").value();
  auto opened = open_cgroups(root);
  if (!opened) GTEST_SKIP() << to_string(opened.error());
  model::Registry registry;
  model::Sample sample;
  sample.time = SystemClock().now();
  model::SampleSink sink(registry, sample);
  ASSERT_TRUE((*opened)->sample(sink));
  EXPECT_FALSE(sample.readings.empty());
  for (const auto& reading : sample.readings) EXPECT_GE(reading.value, 0) << info(reading.metric).name;
}

}  // namespace
}  // namespace leakscope::sources::cgroupfs
