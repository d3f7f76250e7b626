#include "sources/oom_report/oom_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text_cursor.h"
#include "sources/oom_report/report_line.h"

namespace leakscope::sources::oom_report {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::uint64_t kIdleOpen = 5000;   ///< lines of others, then the rest of a report will not come any more
constexpr std::uint64_t kIdleKilled = 200;  ///< after the kill only the reaper's line is due
constexpr std::size_t kMostTasks = 500'000;
constexpr std::size_t kMostVictims = 10'000;

bool stands_in(std::string_view line, std::string_view phrase) { return line.find(phrase) != npos; }

bool was_for_a_cgroup(const OomReport& report) {
  return report.memory || !report.oom_cgroup.empty() || !report.cgroups.empty();
}

/// Up to 4.20 no line names the constraint: a cgroup shows in its own lines, a mempolicy in the nodemask. A cpuset
/// shows in the nodes that were left out of the zones (show_mem() prints those that the request may use).
Constraint inferred(const OomReport& report) {
  if (was_for_a_cgroup(report)) return Constraint::kMemcg;
  if (!report.nodemask.empty() && report.nodemask != report.mems_allowed) return Constraint::kMemoryPolicy;
  std::int64_t present_kib = 0;
  for (const Zone& zone : report.zones) {
    present_kib = checked_add(present_kib, zone.kib.get(Counter::kPresent).value_or(0)).value_or(present_kib);
  }
  const auto page = report.page_size();
  const bool in_cpuset = !report.cpuset.empty() && report.cpuset != "/";
  if (in_cpuset && page && report.totals.ram && present_kib > 0) {
    const auto ram_kib = checked_mul(*report.totals.ram, page->bytes / 1024);
    if (ram_kib && present_kib < *ram_kib - *ram_kib / 10) return Constraint::kCpuset;
  }
  return Constraint::kNone;
}

}  // namespace

std::optional<std::int64_t> CgroupStats::get(std::string_view name) const {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  if (found == entries.end()) return std::nullopt;
  return found->value;
}

std::optional<PageSize> OomReport::page_size() const {
  for (const Zone& zone : zones) {
    if (zone.free_block_kib >= 1 && zone.free_block_kib <= 1024) return PageSize{zone.free_block_kib * 1024};
  }
  return std::nullopt;
}

std::vector<std::string> OomReport::missing() const {
  std::vector<std::string> parts;
  if (trigger.comm.empty()) parts.emplace_back("who asked for memory");
  if (constraint == Constraint::kMemcg) {
    if (!memory) parts.emplace_back("the usage and limit of the cgroup");
    if (cgroups.empty() || std::ranges::all_of(cgroups, [](const auto& c) { return c.entries.empty(); })) {
      parts.emplace_back("the statistics of the cgroup");
    }
  } else {
    if (machine.empty()) parts.emplace_back("the memory counters");
    if (zones.empty()) parts.emplace_back("the zones");
    if (!totals.ram) parts.emplace_back("the size of memory");
  }
  if (tasks.empty()) parts.emplace_back("the tasks table");
  if (victims.empty() && !no_killable_process && !panicked) parts.emplace_back("who was killed");
  return parts;
}

bool begins_report(std::string_view message) {
  static constexpr auto kMarks = std::to_array<std::string_view>(
      {" invoked oom-killer:", "oom-kill:constraint=", "Mem-Info:", "Killed process ", "Kill process ",
       "Tasks state (memory values in pages):", " killed as a result of limit of ", "Memory cgroup stats for ",
       "Unreclaimable slab info:", "oom_score_adj name"});
  if (std::ranges::any_of(kMarks, [message](std::string_view mark) { return stands_in(message, mark); })) return true;
  // Below its head a report has lines that nothing else prints; a ring that was overwritten begins with one of them.
  const bool counters = message.starts_with("active_anon:") && stands_in(message, " inactive_anon:");
  const bool zone = stands_in(message, " free:") && stands_in(message, "kB min:") && stands_in(message, "kB low:");
  const bool charge = message.starts_with("memory: usage ") && stands_in(message, ", limit ");
  return counters || zone || charge;
}

bool OomParser::begins_another(std::string_view line) const {
  if (stands_in(line, " invoked oom-killer:")) return true;
  // The rate limit leaves the reports of a series out and prints the kills: each is a report with nothing else in it.
  if (report_->victims.empty()) return false;
  if (stands_in(line, "Mem-Info:") || stands_in(line, "oom-kill:constraint=")) return true;
  return !whole_cgroup_ && parse_victim(line).has_value();
}

bool OomParser::take_section_head(std::string_view line) {
  if (line.starts_with("Mem-Info:")) {
    part_ = Part::kHead;
  } else if (line.starts_with("Unreclaimable slab info:")) {
    part_ = Part::kSlab;
  } else if (line.starts_with("Memory allocations:")) {
    part_ = Part::kAllocations;
  } else if (line.starts_with("Tasks state (memory values in pages):")) {
    report_->tasks_header = true;
    part_ = Part::kTasks;
  } else if (auto columns = parse_task_header(line)) {
    report_->tasks_header = true;
    columns_ = std::move(*columns);
    part_ = Part::kTasks;
  } else if (take_cgroup_line(*report_, line)) {
    part_ = Part::kCgroupStats;
  } else {
    return false;
  }
  return true;
}

bool OomParser::take_task_row(std::string_view line) {
  if (!line.starts_with('[')) return false;
  auto task = columns_.empty() ? std::nullopt : parse_task(line, columns_);
  if (!task || report_->tasks.size() == kMostTasks) {
    ++report_->rows_not_read;
  } else {
    report_->tasks.push_back(std::move(*task));
  }
  return true;
}

bool OomParser::take_section_row(std::string_view line) {
  switch (part_) {
    case Part::kCgroupStats:
      return take_cgroup_stat(*report_, line);
    case Part::kSlab:
      return (line.starts_with("Name") && stands_in(line, "Total")) || take_slab_row(*report_, line);
    case Part::kAllocations:
      return take_allocation_row(*report_, line);
    case Part::kTasks:
      return take_task_row(line);
    case Part::kHead:
      break;
  }
  return false;
}

void OomParser::keep(Victim victim) {
  if (chosen_ && chosen_->pid == victim.pid) victim.score = chosen_->score;
  chosen_.reset();
  if (report_->victims.size() == kMostVictims) {
    ++report_->rows_not_read;
    return;
  }
  report_->victims.push_back(std::move(victim));
}

bool OomParser::take_kill(std::string_view line) {
  if (auto victim = parse_victim(line)) {
    // The only word of a cgroup in a report whose head the rate limit took.
    if (line.starts_with("Memory cgroup out of memory") && !report_->constraint) {
      report_->constraint = Constraint::kMemcg;
    }
    keep(std::move(*victim));
    part_ = Part::kHead;
    return true;
  }
  if (auto choice = parse_choice(line)) {
    if (line.starts_with("Memory cgroup out of memory") && !report_->constraint) {
      report_->constraint = Constraint::kMemcg;
    }
    chosen_ = std::move(choice);
    part_ = Part::kHead;
    return true;
  }
  if (stands_in(line, "are going to be killed due to memory.oom.group set")) return whole_cgroup_ = true;
  if (stands_in(line, "no killable processes")) {
    report_->no_killable_process = true;
    return true;
  }
  if (stands_in(line, "Kernel panic - not syncing: Out of memory") ||
      stands_in(line, "System is deadlocked on memory")) {
    report_->panicked = true;
    return true;
  }
  return take_reaper(*report_, line);
}

bool OomParser::take(std::string_view line) {
  if (take_constraint(*report_, line)) {
    part_ = Part::kHead;
    return true;
  }
  return take_section_head(line) || take_section_row(line) || take_kill(line) || take_trigger(*report_, line) ||
         take_context(*report_, line) || take_machine_counters(*report_, line) || take_node_line(*report_, line) ||
         take_totals(*report_, line);
}

OomReport OomParser::close() {
  OomReport done = std::move(*report_);
  report_.reset();
  if (chosen_ && done.victims.empty()) done.victims.push_back(std::move(*chosen_));
  chosen_.reset();
  columns_.clear();
  part_ = Part::kHead;
  whole_cgroup_ = false;
  idle_ = 0;
  if (!done.constraint) done.constraint = inferred(done);
  return done;
}

std::optional<OomReport> OomParser::feed(std::string_view message, std::uint64_t line) {
  std::optional<OomReport> done;
  if (report_ && begins_another(message)) done = close();
  const bool opened = !report_;
  if (opened) {
    if (!begins_report(message)) return done;
    report_.emplace();
    report_->first_line = report_->last_line = line;
  }
  bool taken = false;
  LineCursor lines(message);
  while (const auto part = lines.next()) taken = take(trim(*part)) || taken;
  if (taken) {
    report_->lines_in_between += idle_;
    report_->last_line = line;
    idle_ = 0;
    return done;
  }
  if (opened) {
    report_.reset();  // words like a report's, and nothing of it: "Kill process 5 (x) sharing same memory"
    return done;
  }
  if (++idle_ > (report_->victims.empty() ? kIdleOpen : kIdleKilled)) done = close();
  return done;
}

std::optional<OomReport> OomParser::finish() {
  if (!report_) return std::nullopt;
  return close();
}

}  // namespace leakscope::sources::oom_report
