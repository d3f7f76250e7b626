#include "sources/process/process_source.h"

#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/process/held_process_table.h"
#include "sources/process/pid_cgroup.h"
#include "sources/process/pid_index.h"
#include "sources/process/process_groups.h"

namespace leakscope::sources::process {
namespace {

using model::EventKind;
using model::Metric;

// Up to 6.7 the cgroup file takes cgroup_mutex, which others may hold for long when memory is short. Once it made us
// wait this long, it is not read in the fast tier any more.
constexpr Nanoseconds kLongestWait = std::chrono::milliseconds(20);

struct Tracked {
  ProcessId id;
  Comm comm;
  model::SubjectId subject;
  std::optional<std::uint32_t> group;
  GroupShare share;
  std::uint64_t seen = 0;
  bool used = false;
};

struct ProcessMetric {
  std::optional<std::int64_t> ProcessRecord::* member;
  Metric metric;
};
constexpr std::array<ProcessMetric, 8> kMetrics = {{
    {&ProcessRecord::rss_anon, Metric::kProcessRssAnon},
    {&ProcessRecord::rss_file, Metric::kProcessRssFile},
    {&ProcessRecord::rss_shmem, Metric::kProcessRssShmem},
    {&ProcessRecord::swap, Metric::kProcessSwap},
    {&ProcessRecord::hwm, Metric::kProcessHwm},
    {&ProcessRecord::page_tables, Metric::kProcessPageTables},
    {&ProcessRecord::vm_size, Metric::kProcessVm},
    {&ProcessRecord::threads, Metric::kProcessThreads},
}};

Nanoseconds monotonic_now() {
  timespec ts{};
  ::clock_gettime(CLOCK_MONOTONIC, &ts);
  return std::chrono::seconds(ts.tv_sec) + Nanoseconds(ts.tv_nsec);
}

class ProcessSource final : public Source {
 public:
  ProcessSource(RootedDir proc, std::unique_ptr<ProcessTable> table, std::unique_ptr<ProcessTable> spare,
                ProcessOptions options)
      : proc_(std::move(proc)),
        table_(std::move(table)),
        spare_(std::move(spare)),
        options_(options),
        groups_(options.keep_empty_groups) {}

  [[nodiscard]] SourceInfo info() const override { return {"processes", options_.period, false}; }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

 private:
  Result<> read_table();
  Tracked& track(const ProcessRecord& record, model::SampleSink& sink);
  void start(Tracked& process, const ProcessRecord& record, model::SampleSink& sink);
  void end(std::uint32_t index, model::SampleSink& sink);
  void identify(Tracked& process, model::SampleSink& sink);
  std::string read_cgroup(Pid pid, std::string& container);
  void put(const Tracked& process, const ProcessRecord& record, model::SampleSink& sink) const;

  RootedDir proc_;
  std::unique_ptr<ProcessTable> table_;
  std::unique_ptr<ProcessTable> spare_;  // takes over when the table fails
  ProcessOptions options_;
  ProcessGroups groups_;
  std::vector<ProcessRecord> records_;
  std::vector<Tracked> tracked_;
  std::vector<std::uint32_t> unused_;
  PidIndex index_;
  FileBuffer buffer_;
  std::uint64_t samples_ = 0;
  std::uint32_t identities_left_ = 0;
  std::uint32_t started_ = 0;
  std::uint32_t ended_ = 0;
  std::uint64_t unidentified_ = 0;
  std::uint64_t executables_denied_ = 0;
  bool cgroups_too_slow_ = false;
  std::string table_failure_;
};

Result<> ProcessSource::read_table() {
  auto done = table_->read(records_);
  if (done || !spare_) return done;
  table_failure_ = fmt::format("{} failed ({}); {} instead", table_->name(), to_string(done.error()), spare_->name());
  table_ = std::move(spare_);
  return table_->read(records_);
}

Tracked& ProcessSource::track(const ProcessRecord& record, model::SampleSink& sink) {
  if (const auto index = index_.find(record.id.pid)) {
    Tracked& known = tracked_[*index];
    if (known.id == record.id) {
      if (known.comm != record.comm) {  // exec or prctl: the same process under another name
        known.comm = record.comm;
        known.group.reset();
      }
      return known;
    }
    end(*index, sink);
  }
  auto index = static_cast<std::uint32_t>(tracked_.size());
  if (unused_.empty()) {
    tracked_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  index_.insert(record.id.pid, index);
  start(tracked_[index], record, sink);
  return tracked_[index];
}

void ProcessSource::start(Tracked& process, const ProcessRecord& record, model::SampleSink& sink) {
  process = Tracked{};
  process.used = true;
  process.id = record.id;
  process.comm = record.comm;
  std::string name(record.comm.view());
  process.subject = sink.registry().intern(model::SubjectKey{model::SubjectKind::kProcess, name, record.id});
  if (samples_ == 1) return;
  if (++started_ <= options_.events_per_sample) {
    sink.event(EventKind::kProcessStart, process.subject, std::move(name));
  }
}

void ProcessSource::end(std::uint32_t index, model::SampleSink& sink) {
  Tracked& process = tracked_[index];
  if (++ended_ <= options_.events_per_sample) {
    sink.event(EventKind::kProcessExit, process.subject, std::string(process.comm.view()));
  }
  sink.retire(process.subject);
  index_.erase(process.id.pid);
  process.used = false;
  unused_.push_back(index);
}

std::string ProcessSource::read_cgroup(Pid pid, std::string& container) {
  if (cgroups_too_slow_) return {};
  const Nanoseconds before = monotonic_now();
  const auto text = proc_.read(fmt::format("{}/cgroup", pid.value), buffer_);
  cgroups_too_slow_ = monotonic_now() - before > kLongestWait;
  if (!text) return {};
  const auto cgroup = parse_pid_cgroup(*text);
  if (!cgroup) return {};
  container = cgroup->unit_or_container();
  return std::string(cgroup->memory_path());
}

void ProcessSource::identify(Tracked& process, model::SampleSink& sink) {
  if (identities_left_ == 0) {
    ++unidentified_;
    return;
  }
  --identities_left_;
  GroupIdentity identity{.executable = {}, .comm = std::string(process.comm.view()), .cgroup = {}, .container = {}};
  if (auto target = proc_.read_link(fmt::format("{}/exe", process.id.pid.value))) {
    identity.executable = *std::move(target);
  } else if (target.error().kind == Error::Kind::kDenied) {
    ++executables_denied_;
  }
  identity.cgroup = read_cgroup(process.id.pid, identity.container);
  process.group = groups_.find_or_add(sink.registry(), identity, sink.time().boot);
  sink.registry().update(process.subject, {.key = {model::SubjectKind::kProcess, std::move(identity.comm), process.id},
                                           .cgroup = std::move(identity.cgroup),
                                           .container = std::move(identity.container),
                                           .executable = std::move(identity.executable),
                                           .parent = groups_.subject(*process.group)});
}

void ProcessSource::put(const Tracked& process, const ProcessRecord& record, model::SampleSink& sink) const {
  for (const ProcessMetric& metric : kMetrics) {
    if (const auto& value = record.*metric.member) sink.put(process.subject, metric.metric, *value);
  }
}

Result<> ProcessSource::sample(model::SampleSink& sink) {
  if (auto done = read_table(); !done) return done;
  ++samples_;
  identities_left_ = samples_ == 1 ? UINT32_MAX : options_.identities_per_sample;
  started_ = 0;
  ended_ = 0;
  unidentified_ = 0;
  std::int64_t total = 0;
  std::int64_t kernel_threads = 0;
  std::int64_t zombies = 0;
  std::int64_t rss_anon = 0;
  groups_.begin_sample();
  for (ProcessRecord& record : records_) {
    if (record.kernel_thread) {
      ++kernel_threads;
      continue;
    }
    ++total;
    if (record.zombie) ++zombies;
    Tracked& process = track(record, sink);
    process.seen = samples_;
    if (record.zombie) process.share.values = {};
    if (!process.group && !record.zombie) identify(process, sink);
    if (!record.shares_parent_memory) {
      put(process, record, sink);
      process.share.take(record);
      rss_anon += process.share.values[0];
    }
    if (process.group) groups_.add_member(*process.group, process.share);
  }
  for (std::uint32_t i = 0; i < tracked_.size(); ++i) {
    if (tracked_[i].used && tracked_[i].seen != samples_) end(i, sink);
  }
  groups_.end_sample(sink);
  sink.put(Metric::kProcessesTotal, total);
  sink.put(Metric::kProcessesKernelThreads, kernel_threads);
  sink.put(Metric::kProcessesZombies, zombies);
  sink.put(Metric::kProcessesRssAnonTotal, rss_anon);
  if (started_ > options_.events_per_sample) {
    sink.event(EventKind::kProcessStart, std::nullopt,
               fmt::format("{} more processes started", started_ - options_.events_per_sample));
  }
  if (ended_ > options_.events_per_sample) {
    sink.event(EventKind::kProcessExit, std::nullopt,
               fmt::format("{} more processes ended", ended_ - options_.events_per_sample));
  }
  return {};
}

std::vector<model::Coverage> ProcessSource::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> entries = table_->coverage();
  if (!table_failure_.empty()) entries.push_back({"processes", State::kPartial, table_failure_, ""});
  if (executables_denied_ > 0) {
    entries.push_back(
        {"processes.groups", State::kDenied,
         fmt::format("executables of {} processes may not be read: grouped by their names", executables_denied_),
         "run as root"});
  }
  if (cgroups_too_slow_) {
    entries.push_back({"processes.groups", State::kPartial,
                       "/proc/PID/cgroup made us wait: groups of new processes go without their cgroup", ""});
  }
  return entries;
}

std::vector<model::Loss> ProcessSource::losses() const {
  std::vector<model::Loss> entries = table_->losses();
  if (unidentified_ > 0) {
    entries.push_back({"processes.groups", "processes not yet in a group", unidentified_, records_.size()});
  }
  return entries;
}

}  // namespace

Result<std::unique_ptr<Source>> open_processes(const RootedDir& root, std::unique_ptr<ProcessTable> table,
                                               ProcessOptions options) {
  auto proc = root.open_dir("proc");
  if (!proc) return std::unexpected(std::move(proc.error()));
  auto held = open_held_processes(root);
  if (!held) return std::unexpected(std::move(held.error()));
  std::unique_ptr<ProcessTable> spare;
  if (table) {
    spare = *std::move(held);
  } else {
    table = *std::move(held);
  }
  return std::make_unique<ProcessSource>(*std::move(proc), std::move(table), std::move(spare), options);
}

}  // namespace leakscope::sources::process
