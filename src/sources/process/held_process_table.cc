#include "sources/process/held_process_table.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "sources/process/pid_files.h"
#include "sources/process/pid_index.h"
#include "sources/process/pid_list.h"
#include "sources/process/pid_stat.h"
#include "sources/process/pid_statm.h"
#include "sources/process/pid_status.h"

namespace leakscope::sources::process {
namespace {

constexpr std::size_t kReservedDescriptors = 512;  // for everything else that this program opens

struct Slot {
  ProcessRecord last;  // identity and name; sizes as read last
  UniqueFd dir;        // while statm is not held
  UniqueFd statm;
  UniqueFd status;
  PidStatm pages;
  std::int64_t ranked_pages = 0;  // resident pages when the slots were ranked last
  std::uint64_t seen = 0;
  std::uint64_t full_at = 0;  // the read at which status is due
  bool used = false;
};

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur > kReservedDescriptors ? limit.rlim_cur - kReservedDescriptors : 0;
}

class HeldProcessTable final : public ProcessTable {
 public:
  HeldProcessTable(RootedDir proc, UniqueFd listing, bool live, HeldOptions options)
      : proc_(std::move(proc)),
        files_(proc_.fd()),
        list_(std::move(listing), proc_.path()),
        options_(options),
        live_(live),
        free_descriptors_(std::min(options.max_descriptors, raise_descriptor_limit())),
        free_buffered_(std::min(options.max_buffered, free_descriptors_)) {}

  [[nodiscard]] std::string_view name() const override { return "held /proc descriptors"; }
  [[nodiscard]] Result<> read(std::vector<ProcessRecord>& records) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

 private:
  std::optional<std::uint32_t> admit(Pid pid);
  void drop(std::uint32_t index);
  void hold(UniqueFd& slot_fd, UniqueFd fd);
  void let_go(UniqueFd& fd);
  void hold_dir(Slot& slot);
  void let_go_dir(Slot& slot);
  enum class Life : std::uint8_t { kAlive, kEnded };
  Life update(Slot& slot, ProcessRecord& record);
  std::optional<std::string_view> read_file(Slot& slot, const UniqueFd& held, const char* file);
  Life read_statm(Slot& slot, bool& changed);
  bool same_process(const Slot& slot);
  bool read_status(Slot& slot, ProcessRecord& record);
  void rank();

  RootedDir proc_;
  PidFiles files_;
  PidList list_;
  HeldOptions options_;
  bool live_;
  std::size_t free_descriptors_;
  std::size_t free_buffered_;  // of these, for files that have a buffer in the kernel
  std::vector<Pid> pids_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> unused_;
  std::vector<std::pair<std::int64_t, std::uint32_t>> ranking_;
  PidIndex index_;
  std::uint64_t reads_ = 0;
  std::size_t out_of_turn_ = 0;
  std::size_t unheld_ = 0;
  std::uint64_t vanished_ = 0;
  std::uint64_t unreadable_ = 0;
  bool sees_init_ = true;
  bool has_statm_ = true;
  bool has_stat_ = true;
};

void HeldProcessTable::hold(UniqueFd& slot_fd, UniqueFd fd) {
  if (free_descriptors_ == 0 || free_buffered_ == 0 || !fd.is_open()) return;
  slot_fd = std::move(fd);
  --free_descriptors_;
  --free_buffered_;
}

void HeldProcessTable::let_go(UniqueFd& fd) {
  if (!fd.is_open()) return;
  fd.reset();
  ++free_descriptors_;
  ++free_buffered_;
}

void HeldProcessTable::hold_dir(Slot& slot) {
  if (free_descriptors_ == 0 || slot.dir.is_open() || !live_) return;
  UniqueFd dir = files_.open_dir(slot.last.id.pid);
  if (!dir.is_open()) return;
  // The pid may have changed hands before it was opened.
  const auto text = files_.read_in(dir.get(), "stat");
  const auto stat = text ? parse_pid_stat(*text) : fail(Error::Kind::kGone, {}, {});
  if (!stat || stat->id.start != slot.last.id.start) return;
  slot.dir = std::move(dir);
  --free_descriptors_;
}

void HeldProcessTable::let_go_dir(Slot& slot) {
  if (!slot.dir.is_open()) return;
  slot.dir.reset();
  ++free_descriptors_;
}

std::optional<std::uint32_t> HeldProcessTable::admit(Pid pid) {
  ProcessRecord record;
  record.id.pid = pid;
  // Opened first: if it still answers after stat was read, both belong to the same process.
  UniqueFd statm = has_statm_ ? files_.open(pid, "statm") : UniqueFd();
  if (const auto text = files_.read(pid, "stat")) {
    const auto stat = parse_pid_stat(*text);
    if (!stat) {
      ++unreadable_;
      return std::nullopt;
    }
    record.id.start = stat->id.start;
    record.comm = Comm::from(stat->comm);
    record.kernel_thread = stat->is_kernel_thread();
    record.zombie = stat->is_zombie();
  } else if (!live_ && errno == ENOENT) {
    has_stat_ = false;
  } else {
    ++vanished_;
    return std::nullopt;
  }
  std::uint32_t index = static_cast<std::uint32_t>(slots_.size());
  if (unused_.empty()) {
    slots_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  Slot& slot = slots_[index];
  slot = Slot{};
  slot.used = true;
  slot.last = record;
  slot.full_at = reads_;
  if (!record.kernel_thread) {
    hold(slot.statm, std::move(statm));
    if (!slot.statm.is_open()) hold_dir(slot);
  }
  index_.insert(pid, index);
  return index;
}

void HeldProcessTable::drop(std::uint32_t index) {
  Slot& slot = slots_[index];
  index_.erase(slot.last.id.pid);
  let_go(slot.statm);
  let_go(slot.status);
  let_go_dir(slot);
  slot.used = false;
  unused_.push_back(index);
}

bool HeldProcessTable::same_process(const Slot& slot) {
  if (!has_stat_) return true;
  const auto text = files_.read(slot.last.id.pid, "stat");
  if (!text) return false;
  const auto stat = parse_pid_stat(*text);
  return stat && stat->id.start == slot.last.id.start;
}

std::optional<std::string_view> HeldProcessTable::read_file(Slot& slot, const UniqueFd& held, const char* file) {
  if (held.is_open()) return files_.read(held.get());
  if (slot.dir.is_open()) return files_.read_in(slot.dir.get(), file);
  return files_.read(slot.last.id.pid, file);
}

HeldProcessTable::Life HeldProcessTable::read_statm(Slot& slot, bool& changed) {
  if (!has_statm_) return Life::kAlive;
  const bool by_pid = !slot.statm.is_open() && !slot.dir.is_open();
  if (by_pid && live_ && !same_process(slot)) return Life::kEnded;
  const auto text = read_file(slot, slot.statm, "statm");
  if (!text) {
    if (live_ || errno != ENOENT) return Life::kEnded;
    has_statm_ = false;
    return Life::kAlive;
  }
  const auto pages = parse_pid_statm(*text);
  if (!pages) {
    ++unreadable_;
    return Life::kAlive;
  }
  changed = *pages != slot.pages;
  slot.pages = *pages;
  slot.last.zombie = !pages->has_memory();
  return Life::kAlive;
}

bool HeldProcessTable::read_status(Slot& slot, ProcessRecord& record) {
  UniqueFd opened;
  if (slot.statm.is_open() && !slot.status.is_open()) opened = files_.open(slot.last.id.pid, "status");
  const auto text = opened.is_open() ? files_.read(opened.get()) : read_file(slot, slot.status, "status");
  if (!text) return false;
  const auto status = parse_pid_status(*text);
  if (!status) {
    ++unreadable_;
    return false;
  }
  if (opened.is_open()) {
    // The pid may have changed hands since statm was read; if the held statm still answers, it has not.
    if (!files_.read(slot.statm.get())) return false;
    hold(slot.status, std::move(opened));
  }
  if (status->name) slot.last.comm = *status->name;
  if (status->kernel_thread) slot.last.kernel_thread = *status->kernel_thread;
  slot.last.zombie = status->is_zombie();
  record.comm = slot.last.comm;
  record.rss_anon = status->rss_anon;
  record.rss_file = status->rss_file;
  record.rss_shmem = status->rss_shmem;
  record.swap = status->vm_swap;
  record.hwm = status->vm_hwm;
  record.page_tables = status->vm_pte;
  record.vm_size = status->vm_size;
  record.threads = status->threads;
  return true;
}

HeldProcessTable::Life HeldProcessTable::update(Slot& slot, ProcessRecord& record) {
  const bool due = reads_ >= slot.full_at;
  if (slot.last.kernel_thread) {
    if (due && slot.seen != 0 && live_ && !same_process(slot)) return Life::kEnded;
    if (due) slot.full_at = reads_ + options_.full_every;
    record = slot.last;
    return Life::kAlive;
  }
  bool changed = false;
  if (read_statm(slot, changed) == Life::kEnded) return Life::kEnded;
  record = slot.last;
  if (has_statm_ && slot.pages.has_memory()) {
    record.rss_anon = Pages{slot.pages.anonymous()}.bytes(options_.page_size).count();
    record.vm_size = Pages{slot.pages.size}.bytes(options_.page_size).count();
  }
  const bool may_be_early = changed && out_of_turn_ > 0;
  if (!due && !may_be_early && has_statm_) return Life::kAlive;
  if (!due && may_be_early) --out_of_turn_;
  if (read_status(slot, record)) {
    record.zombie = slot.last.zombie;
    record.kernel_thread = slot.last.kernel_thread;
    // Spread over the reads, so that no read meets all processes.
    const bool first = slot.seen == 0;
    const auto spread = static_cast<std::uint32_t>(slot.last.id.pid.value) % options_.full_every;
    slot.full_at = reads_ + (first ? 1 + spread : options_.full_every);
  }
  return Life::kAlive;
}

// Gives the descriptors to the largest and the fastest changing processes when there are not enough for all.
void HeldProcessTable::rank() {
  ranking_.clear();
  std::size_t held = std::min(free_buffered_, free_descriptors_);
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.used || slot.last.kernel_thread) continue;
    held += (slot.statm.is_open() ? 1U : 0U) + (slot.status.is_open() ? 1U : 0U);
    const std::int64_t change = std::abs(slot.pages.resident - slot.ranked_pages);
    slot.ranked_pages = slot.pages.resident;
    ranking_.emplace_back(slot.pages.resident + 16 * change, i);
  }
  if (held >= ranking_.size()) return;
  const auto border = ranking_.begin() + static_cast<std::ptrdiff_t>(held);
  std::nth_element(ranking_.begin(), border, ranking_.end(), std::greater<>());
  for (const auto& [score, index] : ranking_) let_go(slots_[index].status);
  for (auto it = border; it != ranking_.end(); ++it) {
    Slot& slot = slots_[it->second];
    if (!slot.statm.is_open()) continue;
    let_go(slot.statm);
    hold_dir(slot);
  }
  for (auto it = ranking_.begin(); it != border; ++it) {
    Slot& slot = slots_[it->second];
    if (slot.statm.is_open()) continue;
    UniqueFd statm = files_.open(slot.last.id.pid, "statm");
    if (!statm.is_open() || !same_process(slot)) continue;
    let_go_dir(slot);
    hold(slot.statm, std::move(statm));
  }
}

Result<> HeldProcessTable::read(std::vector<ProcessRecord>& records) {
  records.clear();
  if (auto listed = list_.read(pids_); !listed) return listed;
  ++reads_;
  out_of_turn_ = std::max<std::size_t>(16, pids_.size() / std::max(1U, options_.changed_share));
  sees_init_ = false;
  unheld_ = 0;
  for (const Pid pid : pids_) {
    sees_init_ = sees_init_ || pid.value == 1;
    auto index = index_.find(pid);
    ProcessRecord record;
    if (index && update(slots_[*index], record) == Life::kEnded) {
      drop(*index);
      index.reset();
    } else if (index) {
      slots_[*index].seen = reads_;
      if (!slots_[*index].statm.is_open() && !slots_[*index].last.kernel_thread) ++unheld_;
      records.push_back(record);
      continue;
    }
    // Not known, or known and ended: then the pid belongs to a new process, or to none any more.
    index = admit(pid);
    if (!index) continue;
    if (update(slots_[*index], record) == Life::kEnded) {
      ++vanished_;
      drop(*index);
      continue;
    }
    slots_[*index].seen = reads_;
    records.push_back(record);
  }
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].used && slots_[i].seen != reads_) drop(i);
  }
  if (unheld_ > 0 && reads_ % options_.full_every == 0) rank();
  return {};
}

std::vector<model::Coverage> HeldProcessTable::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> entries;
  if (live_ && !sees_init_ && reads_ > 0) {
    entries.push_back({"processes", State::kPartial, "/proc hides the processes of other users (hidepid)",
                       "run as root, or: mount -o remount,hidepid=0 /proc"});
  }
  if (!has_stat_) {
    entries.push_back({"processes", State::kPartial, "the tree has no /proc/PID/stat: start times are not known", ""});
  }
  if (entries.empty()) entries.push_back({"processes", State::kOk, "", ""});
  return entries;
}

std::vector<model::Loss> HeldProcessTable::losses() const {
  std::vector<model::Loss> entries;
  if (vanished_ > 0) entries.push_back({"processes", "processes that ended while they were read", vanished_, 0});
  if (unreadable_ > 0) entries.push_back({"processes", "files of processes that were not understood", unreadable_, 0});
  return entries;
}

}  // namespace

Result<std::unique_ptr<ProcessTable>> open_held_processes(const RootedDir& root, HeldOptions options) {
  options.full_every = std::max(1U, options.full_every);
  auto proc = root.open_dir("proc");
  if (!proc) return std::unexpected(std::move(proc.error()));
  auto listing = root.open_dir("proc");
  if (!listing) return std::unexpected(std::move(listing.error()));
  UniqueFd fd(::fcntl(listing->fd(), F_DUPFD_CLOEXEC, 0));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, listing->path(), "duplicate descriptor of"));
  return std::make_unique<HeldProcessTable>(*std::move(proc), std::move(fd), root.is_live(), options);
}

}  // namespace leakscope::sources::process
