#include <utility>

#include "sources/kernel_counters/counter_file.h"
#include "sources/kernel_counters/fs_counters.h"
#include "sources/kernel_counters/kernel_counters.h"

namespace leakscope::sources::kernel_counters {
namespace {

using model::Metric;

class ObjectCounters final : public Source {
 public:
  explicit ObjectCounters(RootedDir root)
      : root_(std::move(root)),
        dentry_(root_, "dentry-state", "proc/sys/fs/dentry-state"),
        inode_(root_, "inode-nr", "proc/sys/fs/inode-nr"),
        file_(root_, "file-nr", "proc/sys/fs/file-nr"),
        pid_max_(root_, "pid_max", "proc/sys/kernel/pid_max"),
        threads_max_(root_, "threads-max", "proc/sys/kernel/threads-max") {}

  [[nodiscard]] bool any_open() const {
    return dentry_.is_open() || inode_.is_open() || file_.is_open() || pid_max_.is_open() || threads_max_.is_open();
  }
  [[nodiscard]] Error first_error() const { return *dentry_.error(); }

  SourceInfo info() const override { return {.name = "kernel_objects", .period = {}}; }

  Result<> sample(model::SampleSink& sink) override {
    if (const auto dentry = read_parsed(dentry_, parse_dentry_state)) {
      sink.put(Metric::kDentryTotal, dentry->total);
      sink.put(Metric::kDentryUnused, dentry->unused);
      if (dentry->negative) sink.put(Metric::kDentryNegative, *dentry->negative);
    }
    if (const auto inode = read_parsed(inode_, parse_inode_nr)) {
      sink.put(Metric::kInodeTotal, inode->total);
      sink.put(Metric::kInodeFree, inode->free);
    }
    if (const auto file = read_parsed(file_, parse_file_nr)) {
      sink.put(Metric::kFileAllocated, file->allocated);
      sink.put(Metric::kFileMax, file->max);
    }
    if (const auto pid_max = read_parsed(pid_max_, parse_single)) sink.put(Metric::kPidMax, *pid_max);
    if (const auto threads_max = read_parsed(threads_max_, parse_single)) sink.put(Metric::kThreadsMax, *threads_max);
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    return {dentry_.coverage(), inode_.coverage(), file_.coverage(), pid_max_.coverage(), threads_max_.coverage()};
  }

 private:
  RootedDir root_;
  CounterFile dentry_;
  CounterFile inode_;
  CounterFile file_;
  CounterFile pid_max_;
  CounterFile threads_max_;
};

}  // namespace

Result<std::unique_ptr<Source>> open_object_counters(const RootedDir& root) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  auto source = std::make_unique<ObjectCounters>(std::move(*own_root));
  if (!source->any_open()) return std::unexpected(source->first_error());
  return source;
}

}  // namespace leakscope::sources::kernel_counters
