#include "sources/process/process_details.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/process/detail_groups.h"
#include "sources/process/detail_queue.h"
#include "sources/process/fd_scan.h"
#include "sources/process/mappings.h"
#include "sources/process/pid_files.h"
#include "sources/process/pid_index.h"
#include "sources/process/pid_limits.h"
#include "sources/process/pid_list.h"
#include "sources/process/pid_stat.h"
#include "sources/process/pid_status.h"
#include "sources/process/read_budget.h"
#include "sources/process/read_watch.h"
#include "sources/process/smaps_rollup.h"

namespace leakscope::sources::process {
namespace {

using model::Metric;

constexpr std::int64_t kNanosecondsPerTick = 10'000'000;  // USER_HZ is 100
constexpr Nanoseconds kCostOfOneFd = std::chrono::microseconds(3);
constexpr std::size_t kMostOfCommandLine = 4096;
constexpr std::uint64_t kGroupsAskedEvery = 8;  // samples

struct Known {
  ProcessId id;
  Comm comm;
  model::SubjectId subject;
  std::optional<model::SubjectId> group{};
  std::uint64_t seen = 0;
  bool used = false;
  bool named = false;  // argv[0] was looked up
  std::int64_t cpu_ticks = 0;
  std::int64_t cpu_time_since_last = 0;
  std::int64_t resident = 0;
  std::int64_t first_resident = 0;
  std::optional<std::int64_t> fds{};
  std::optional<BootTime> limits_at{};
  std::optional<BootTime> alone_until{};
  // The walk over its page tables, when it was done last.
  std::optional<BootTime> walked_at{};
  std::int64_t resident_when_walked = 0;
  std::int64_t anon_huge = 0;
  std::optional<std::int64_t> pss{};
  // The look at all descriptors, when it was done last.
  std::optional<BootTime> scanned_at{};
  std::int64_t fds_when_scanned = 0;
  std::int64_t inotify_watches = 0;
};

class ProcessDetails final : public Source {
 public:
  ProcessDetails(RootedDir proc, UniqueFd listing, bool live, DetailOptions options)
      : proc_(std::move(proc)),
        files_(proc_.fd()),
        list_(std::move(listing), proc_.path()),
        options_(options),
        live_(live),
        walks_(options.walk_share, options.longest_walk),
        scans_(options.scan_share, options.longest_scan) {}

  [[nodiscard]] SourceInfo info() const override { return {"process_details", options_.period, true}; }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;

 private:
  Known* track(Pid pid, model::SampleSink& sink);
  void forget(std::uint32_t index);
  void read_basics(Known& process, model::SampleSink& sink);
  void read_limits(Known& process, model::SampleSink& sink);
  void read_name(Known& process, model::SampleSink& sink);
  void walk_some(model::SampleSink& sink);
  void walk(Known& process, model::SampleSink& sink);
  void scan_some(model::SampleSink& sink);
  void scan(Known& process, model::SampleSink& sink);
  void group_mappings_of_suspects(model::SampleSink& sink);
  void read_mappings(Known& process, model::SampleSink& sink);
  void put_groups(model::SampleSink& sink);
  void note_coverage();
  template <class Read>
  auto watched(Known& process, const char* file, BootTime now, Read read);
  [[nodiscard]] bool left_alone(const Known& process, BootTime now) const {
    return process.alone_until && now < *process.alone_until;
  }

  RootedDir proc_;
  PidFiles files_;
  PidList list_;
  DetailOptions options_;
  bool live_;
  std::vector<Pid> pids_;
  std::vector<Known> known_;
  std::vector<std::uint32_t> unused_;
  PidIndex index_;
  FileBuffer buffer_;
  std::vector<DetailCandidate> candidates_;
  ReadBudget walks_;
  WalkCost walk_cost_;
  DetailQueue walk_queue_;
  ReadBudget scans_;
  DetailQueue scan_queue_;
  DetailGroups groups_;
  std::optional<BootTime> last_sample_;
  std::uint64_t samples_ = 0;
  std::size_t too_dear_ = 0;
  std::size_t fds_denied_ = 0;
  std::size_t walks_denied_ = 0;
  bool has_rollup_ = true;
  std::string slow_read_;  // the last read that took longer than its deadline
  ReadWatch watch_;
  mutable std::mutex coverage_mutex_;
  std::vector<model::Coverage> coverage_;
};

Known* ProcessDetails::track(Pid pid, model::SampleSink& sink) {
  const auto text = files_.read(pid, "stat");
  if (!text) return nullptr;
  const auto stat = parse_pid_stat(*text);
  if (!stat || stat->is_kernel_thread() || stat->is_zombie()) return nullptr;
  auto index = index_.find(pid);
  if (index && known_[*index].id != stat->id) {
    forget(*index);
    index.reset();
  }
  const auto ticks = static_cast<std::int64_t>(
      std::min<std::uint64_t>(stat->user_ticks + stat->system_ticks, INT64_MAX / kNanosecondsPerTick));
  const std::int64_t resident =
      checked_mul(std::max<std::int64_t>(stat->resident_pages, 0), options_.page_size.bytes).value_or(0);
  if (!index) {
    const auto subject = sink.registry().find({model::SubjectKind::kProcess, "", stat->id});
    if (!subject) return nullptr;  // the fast tier has not seen it yet
    index = static_cast<std::uint32_t>(known_.size());
    if (unused_.empty()) {
      known_.emplace_back();
    } else {
      index = unused_.back();
      unused_.pop_back();
    }
    index_.insert(pid, *index);
    // What it used before it was seen first counts only when it started under our eyes.
    known_[*index] = Known{.id = stat->id,
                           .comm = Comm::from(stat->comm),
                           .subject = *subject,
                           .used = true,
                           .cpu_ticks = samples_ == 1 ? ticks : 0,
                           .first_resident = resident};
  }
  Known& process = known_[*index];
  if (process.comm.view() != stat->comm) {
    process.comm = Comm::from(stat->comm);
    process.named = false;
  }
  process.seen = samples_;
  process.cpu_time_since_last = std::max<std::int64_t>(0, ticks - process.cpu_ticks) * kNanosecondsPerTick;
  process.cpu_ticks = ticks;
  process.resident = resident;
  // The fast tier may find a process's group late, or anew after exec.
  const bool ask_again = !process.group || !process.named || samples_ % kGroupsAskedEvery == 0;
  if (ask_again) process.group = sink.registry().info(process.subject).parent;
  return &process;
}

void ProcessDetails::forget(std::uint32_t index) {
  index_.erase(known_[index].id.pid);
  known_[index] = Known{};
  unused_.push_back(index);
}

// Reads a file that may wait for a lock of its target, and leaves the target alone after one that took too long.
template <class Read>
auto ProcessDetails::watched(Known& process, const char* file, BootTime now, Read read) {
  watch_.begin(process.id.pid, file);
  auto result = read();
  const Nanoseconds waited = watch_.end();
  if (waited > options_.deadline) {
    process.alone_until = now + options_.leave_alone;
    slow_read_ = fmt::format("/proc/{}/{} took {}", process.id.pid.value, file, to_human(waited));
  }
  return result;
}

void ProcessDetails::read_basics(Known& process, model::SampleSink& sink) {
  sink.put(process.subject, Metric::kProcessCpuTime, process.cpu_ticks * kNanosecondsPerTick);
  const auto fds = count_fds(proc_, process.id.pid, live_);
  process.fds = fds ? std::optional(*fds) : std::nullopt;
  if (fds) {
    sink.put(process.subject, Metric::kProcessFds, *fds);
  } else if (fds.error().kind == Error::Kind::kDenied) {
    ++fds_denied_;
  }
  const BootTime now = sink.time().boot;
  if (!process.limits_at || now - *process.limits_at >= options_.limits_every) read_limits(process, sink);
  if (!process.named && !left_alone(process, now)) read_name(process, sink);
}

void ProcessDetails::read_limits(Known& process, model::SampleSink& sink) {
  process.limits_at = sink.time().boot;
  const auto text = files_.read(process.id.pid, "limits");
  if (!text) return;
  const auto limits = parse_pid_limits(*text);
  if (limits && limits->open_files && limits->open_files->soft) {
    sink.put(process.subject, Metric::kProcessFdLimit, *limits->open_files->soft);
  }
}

void ProcessDetails::read_name(Known& process, model::SampleSink& sink) {
  process.named = true;
  const auto text = watched(process, "cmdline", sink.time().boot,
                            [&] { return proc_.read(fmt::format("{}/cmdline", process.id.pid.value), buffer_); });
  if (!text || text->empty()) return;
  // Of a command line only the first word is kept: what follows may be secret.
  const std::string_view word = text->substr(0, std::min(text->find('\0'), kMostOfCommandLine));
  model::SubjectInfo info = sink.registry().info(process.subject);
  if (info.executable.empty()) {
    info.executable = word;
  } else if (info.executable != word) {
    info.detail = word;
  }
  sink.registry().update(process.subject, info);
}

void ProcessDetails::walk_some(model::SampleSink& sink) {
  const BootTime now = sink.time().boot;
  too_dear_ = 0;
  candidates_.assign(known_.size(), DetailCandidate{.eligible = false});
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Known& p = known_[i];
    if (!p.used || p.resident == 0 || left_alone(p, now)) continue;
    const bool dear = !walks_.ever_allows(walk_cost_.predict(p.resident - p.anon_huge));
    if (dear) ++too_dear_;
    candidates_[i] = {p.resident, p.resident_when_walked, p.walked_at, !dear};
  }
  while (has_rollup_) {
    const auto next = walk_queue_.next(candidates_);
    if (!next) return;
    Known& process = known_[*next];
    if (!walks_.allows(walk_cost_.predict(process.resident - process.anon_huge))) return;
    candidates_[*next].eligible = false;
    walk(process, sink);
  }
}

void ProcessDetails::walk(Known& process, model::SampleSink& sink) {
  const BootTime now = sink.time().boot;
  const Nanoseconds before = thread_cpu_time();
  const auto text = watched(process, "smaps_rollup", now,
                            [&] { return proc_.read(fmt::format("{}/smaps_rollup", process.id.pid.value), buffer_); });
  const Nanoseconds taken = thread_cpu_time() - before;
  walks_.spend(taken);
  process.walked_at = now;
  process.resident_when_walked = process.resident;
  if (!text) {
    if (text.error().kind == Error::Kind::kDenied) ++walks_denied_;
    // Known to exist since stat was read: the file itself is missing before 4.14.
    if (text.error().kind == Error::Kind::kNotFound && proc_.exists(fmt::format("{}/stat", process.id.pid.value))) {
      has_rollup_ = false;
    }
    return;
  }
  const auto sums = parse_smaps_rollup(*text);
  if (!sums || !sums->rss) return;
  process.anon_huge = sums->anon_huge.value_or(0);
  process.pss = sums->pss;
  walk_cost_.learn(*sums->rss - process.anon_huge, taken);
  const auto put = [&](Metric metric, std::optional<std::int64_t> value) {
    if (value) sink.put(process.subject, metric, *value);
  };
  put(Metric::kProcessPss, sums->pss);
  put(Metric::kProcessPssAnon, sums->pss_anon);
  put(Metric::kProcessPssShmem, sums->pss_shmem);
  put(Metric::kProcessUss, sums->uss());
}

void ProcessDetails::scan_some(model::SampleSink& sink) {
  const BootTime now = sink.time().boot;
  candidates_.assign(known_.size(), DetailCandidate{.eligible = false});
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Known& p = known_[i];
    if (!p.used || !p.fds || left_alone(p, now)) continue;
    candidates_[i] = {*p.fds, p.fds_when_scanned, p.scanned_at, scans_.ever_allows(*p.fds * kCostOfOneFd)};
  }
  for (;;) {
    const auto next = scan_queue_.next(candidates_);
    if (!next || !scans_.allows(*known_[*next].fds * kCostOfOneFd)) return;
    candidates_[*next].eligible = false;
    const Nanoseconds before = thread_cpu_time();
    scan(known_[*next], sink);
    scans_.spend(thread_cpu_time() - before);
  }
}

void ProcessDetails::scan(Known& process, model::SampleSink& sink) {
  const auto seen = watched(process, "fd", sink.time().boot, [&] { return scan_fds(proc_, process.id.pid); });
  process.scanned_at = sink.time().boot;
  process.fds_when_scanned = process.fds.value_or(0);
  if (!seen) {
    if (seen.error().kind == Error::Kind::kDenied) ++fds_denied_;
    return;
  }
  const auto put = [&](Metric metric, std::initializer_list<FdKind> kinds) {
    std::int64_t sum = 0;
    for (const FdKind kind : kinds) sum += seen->kinds[static_cast<std::size_t>(kind)];
    sink.put(process.subject, metric, sum);
  };
  put(Metric::kProcessFdSockets, {FdKind::kSocket});
  put(Metric::kProcessFdPipes, {FdKind::kPipe});
  put(Metric::kProcessFdAnon, {FdKind::kEvent, FdKind::kBpf, FdKind::kOther});
  put(Metric::kProcessFdFiles, {FdKind::kFile, FdKind::kDevice});
  put(Metric::kProcessFdMemfds, {FdKind::kMemfd});
  if (seen->inotify_watches > 0 || process.inotify_watches > 0) {
    sink.put(process.subject, Metric::kProcessInotifyWatches, seen->inotify_watches);
  }
  process.inotify_watches = seen->inotify_watches;
}

void ProcessDetails::group_mappings_of_suspects(model::SampleSink& sink) {
  std::vector<std::pair<std::int64_t, std::uint32_t>> growth;
  for (std::uint32_t i = 0; i < known_.size(); ++i) {
    const Known& p = known_[i];
    const std::int64_t grown = p.resident - p.first_resident;
    if (p.used && grown >= options_.least_growth && !left_alone(p, sink.time().boot)) growth.emplace_back(grown, i);
  }
  std::ranges::sort(growth, std::greater<>());
  for (std::size_t i = 0; i < std::min(growth.size(), options_.suspects); ++i) {
    Known& process = known_[growth[i].second];
    // smaps walks the same page tables as the rollup and prints a kilobyte for each mapping: twice its price.
    if (!walks_.allows(2 * walk_cost_.predict(process.resident - process.anon_huge))) continue;
    const Nanoseconds before = thread_cpu_time();
    read_mappings(process, sink);
    walks_.spend(thread_cpu_time() - before);
  }
}

void ProcessDetails::read_mappings(Known& process, model::SampleSink& sink) {
  const auto text = watched(process, "smaps", sink.time().boot,
                            [&] { return proc_.read(fmt::format("{}/smaps", process.id.pid.value), buffer_); });
  if (!text || text->empty()) return;
  const MappingTable table = parse_mappings(*text);
  if (table.damage) return;
  const MappingGroups groups = group_mappings(table.mappings);
  const auto put = [&](Metric metric, MappingKind kind) {
    sink.put(process.subject, metric, groups[static_cast<std::size_t>(kind)].rss.value_or(0));
  };
  put(Metric::kProcessHeapRss, MappingKind::kHeap);
  put(Metric::kProcessAnonMapRss, MappingKind::kAnonymous);
  put(Metric::kProcessStackRss, MappingKind::kStack);
  sink.put(process.subject, Metric::kProcessMappings, static_cast<std::int64_t>(table.mappings.size()));
}

void ProcessDetails::put_groups(model::SampleSink& sink) {
  const BootTime now = sink.time().boot;
  groups_.begin_sample();
  for (const Known& p : known_) {
    if (!p.used || !p.group) continue;
    const bool fresh = p.walked_at && now - *p.walked_at <= options_.oldest_pss;
    groups_.add_member(*p.group, {.fds = p.fds,
                                  .cpu_time_since_last = p.cpu_time_since_last,
                                  .pss = fresh ? p.pss : std::nullopt,
                                  .inotify_watches = p.scanned_at ? std::optional(p.inotify_watches) : std::nullopt});
  }
  groups_.end_sample(sink);
}

void ProcessDetails::note_coverage() {
  using State = model::Coverage::State;
  std::vector<model::Coverage> entries;
  if (fds_denied_ > 0) {
    entries.push_back(
        {"process_details.descriptors", State::kDenied,
         fmt::format("descriptors of {} process{} may not be seen", fds_denied_, fds_denied_ == 1 ? "" : "es"),
         "run as root, or with CAP_SYS_PTRACE"});
  }
  if (!has_rollup_) {
    entries.push_back(
        {"process_details.pss", State::kAbsent, "the kernel has no /proc/PID/smaps_rollup (4.14 and newer)", ""});
  } else if (walks_denied_ > 0) {
    entries.push_back(
        {"process_details.pss", State::kDenied,
         fmt::format("mappings of {} process{} may not be seen", walks_denied_, walks_denied_ == 1 ? "" : "es"),
         "run as root, or with CAP_SYS_PTRACE"});
  } else if (too_dear_ > 0) {
    entries.push_back({"process_details.pss", State::kPartial,
                       fmt::format("not read of {} processes: each read would take more than {} of CPU time (a GiB "
                                   "costs {} here)",
                                   too_dear_, to_human(options_.longest_walk), to_human(walk_cost_.per_gib())),
                       "leakscope status --pid PID"});
  }
  if (!slow_read_.empty()) entries.push_back({"process_details", State::kPartial, slow_read_, ""});
  if (entries.empty()) entries.push_back({"process_details", State::kOk, "", ""});
  const std::scoped_lock lock(coverage_mutex_);
  coverage_ = std::move(entries);
}

Result<> ProcessDetails::sample(model::SampleSink& sink) {
  if (auto listed = list_.read(pids_); !listed) return listed;
  ++samples_;
  fds_denied_ = 0;
  walks_denied_ = 0;
  const BootTime now = sink.time().boot;
  if (last_sample_) {
    walks_.earn(now - *last_sample_);
    scans_.earn(now - *last_sample_);
  }
  last_sample_ = now;
  for (const Pid pid : pids_) {
    if (Known* process = track(pid, sink)) read_basics(*process, sink);
  }
  for (std::uint32_t i = 0; i < known_.size(); ++i) {
    if (known_[i].used && known_[i].seen != samples_) forget(i);
  }
  group_mappings_of_suspects(sink);
  walk_some(sink);
  scan_some(sink);
  put_groups(sink);
  note_coverage();
  return {};
}

std::vector<model::Coverage> ProcessDetails::coverage() const {
  std::vector<model::Coverage> entries;
  {
    const std::scoped_lock lock(coverage_mutex_);
    entries = coverage_;
  }
  if (auto stuck = watch_.overdue(options_.deadline)) {
    entries.push_back({"process_details", model::Coverage::State::kPartial, *std::move(stuck), ""});
  }
  return entries;
}

}  // namespace

Result<std::unique_ptr<Source>> open_process_details(const RootedDir& root, DetailOptions options) {
  auto proc = root.open_dir("proc");
  if (!proc) return std::unexpected(std::move(proc.error()));
  auto listing = root.open_dir("proc");
  if (!listing) return std::unexpected(std::move(listing.error()));
  UniqueFd fd(::fcntl(listing->fd(), F_DUPFD_CLOEXEC, 0));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, listing->path(), "duplicate descriptor of"));
  return std::make_unique<ProcessDetails>(*std::move(proc), std::move(fd), root.is_live(), options);
}

}  // namespace leakscope::sources::process
