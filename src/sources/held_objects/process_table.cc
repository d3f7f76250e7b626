#include "sources/held_objects/process_table.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::held_objects {
namespace {

/// Adds the `each` processes with the largest positive `weight`.
void add_largest(std::vector<WatchedProcess*>& chosen, std::vector<WatchedProcess*> all, std::size_t each,
                 const auto& weight) {
  std::erase_if(all, [&](const WatchedProcess* process) { return weight(*process) <= 0; });
  const std::size_t count = std::min(each, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count), std::ranges::greater{},
                            [&](const WatchedProcess* process) { return weight(*process); });
  chosen.insert(chosen.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
}

std::optional<std::int64_t> size_of(int root, const char* path) {
  struct stat status{};
  if (::fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status.st_size;
}

}  // namespace

Result<std::vector<ProcessId>> ProcessTable::refresh(const RootedDir& root, std::size_t most_counts) {
  const auto names = root.list("proc");
  if (!names) return std::unexpected(names.error());
  for (auto& [pid, process] : processes_) process.seen = false;
  for (const std::string& name : *names) {
    const auto pid = parse_number<std::int32_t>(name);
    if (!pid || *pid <= 0) continue;
    WatchedProcess& process = processes_[*pid];
    process.pid = Pid{*pid};
    process.seen = true;
  }
  std::vector<ProcessId> ended;
  std::erase_if(processes_, [&ended](const auto& entry) {
    const WatchedProcess& process = entry.second;
    if (!process.seen && process.who) ended.push_back(process.who->id);
    return !process.seen;
  });
  pids_.clear();
  for (const auto& [pid, process] : processes_) pids_.push_back(pid);
  std::ranges::sort(pids_);
  given_in_turn_ = 0;
  count_descriptors(root, most_counts);
  return ended;
}

void ProcessTable::count_descriptors(const RootedDir& root, std::size_t most) {
  if (!kernel_counts_) kernel_counts_ = root.is_live() && size_of(root.fd(), "proc/thread-self/fd").value_or(0) > 0;
  if (!*kernel_counts_) return;
  std::array<char, 32> path{};
  for (std::size_t i = 0; i < std::min(most, pids_.size()); ++i) {
    if (next_count_ >= pids_.size()) next_count_ = 0;
    const std::int32_t pid = pids_[next_count_++];
    *fmt::format_to_n(path.data(), path.size() - 1, "proc/{}/fd", pid).out = '\0';
    processes_[pid].fds = size_of(root.fd(), path.data());
  }
}

std::vector<WatchedProcess*> ProcessTable::suspects(std::size_t each) {
  std::vector<WatchedProcess*> all;
  std::vector<WatchedProcess*> chosen;
  for (auto& [pid, process] : processes_) {
    if (process.look) chosen.push_back(&process);
    if (!process.denied) all.push_back(&process);
  }
  const auto count = [](const WatchedProcess& process) {
    return process.fds.value_or(process.fds_at_look.value_or(0));
  };
  add_largest(chosen, all, each, [](const WatchedProcess& process) {
    return process.fds && process.fds_at_look ? *process.fds - *process.fds_at_look : 0;
  });
  add_largest(chosen, all, each, count);
  add_largest(chosen, all, each, [](const WatchedProcess& process) { return process.held_bytes; });
  std::ranges::sort(chosen, {},
                    [](const WatchedProcess* process) { return std::pair(process->looked_at, process->pid); });
  const auto rest = std::ranges::unique(chosen);
  chosen.erase(rest.begin(), rest.end());
  return chosen;
}

WatchedProcess* ProcessTable::next_in_turn() {
  while (given_in_turn_ < pids_.size()) {
    ++given_in_turn_;
    auto next = std::ranges::upper_bound(pids_, last_in_turn_);
    if (next == pids_.end()) next = pids_.begin();
    last_in_turn_ = *next;
    WatchedProcess& process = processes_[*next];
    // Kernel threads have none.
    if (process.fds != 0) return &process;
  }
  return nullptr;
}

WatchedProcess* ProcessTable::find(Pid pid) {
  const auto found = processes_.find(pid.value);
  return found == processes_.end() ? nullptr : &found->second;
}

std::size_t ProcessTable::never_looked_at() const {
  return static_cast<std::size_t>(std::ranges::count_if(processes_, [](const auto& entry) {
    const WatchedProcess& process = entry.second;
    return process.looked_at == 0 && !process.denied && process.fds != 0;
  }));
}

std::size_t ProcessTable::denied() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(processes_, [](const auto& entry) { return entry.second.denied; }));
}

}  // namespace leakscope::sources::held_objects
