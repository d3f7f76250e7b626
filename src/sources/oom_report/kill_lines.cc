#include <algorithm>
#include <array>

#include "base/text_cursor.h"
#include "sources/oom_report/report_line.h"

namespace leakscope::sources::oom_report {
namespace {

constexpr std::size_t npos = std::string_view::npos;

/// What stands between `key` and the first of `ends`; nothing when the key is not there.
std::optional<std::string_view> between(std::string_view line, std::string_view key,
                                        std::initializer_list<std::string_view> ends) {
  const std::size_t at = line.find(key);
  if (at == npos) return std::nullopt;
  const std::string_view rest = line.substr(at + key.size());
  std::size_t end = rest.size();
  for (const std::string_view stop : ends) end = std::min(end, rest.find(stop));
  return rest.substr(0, end);
}

std::optional<std::int32_t> small(std::optional<std::int64_t> value) {
  if (!value || *value < INT32_MIN || *value > INT32_MAX) return std::nullopt;
  return static_cast<std::int32_t>(*value);
}

std::optional<Pid> pid_of(std::optional<std::int64_t> value) {
  const auto number = small(value);
  if (!number || *number < 0) return std::nullopt;
  return Pid{*number};
}

/// "6576 (mysqld) ..." and what stands behind the name; `end` is what follows its closing bracket.
std::optional<Victim> process_at(std::string_view rest, std::initializer_list<std::string_view> ends) {
  const std::size_t open = rest.find('(');
  const auto pid = pid_of(number_after(rest.substr(0, open), ""));
  if (!pid || open == npos) return std::nullopt;
  std::size_t close = npos;
  for (const std::string_view stop : ends) close = std::min(close, rest.find(stop, open));
  if (close == npos) close = rest.rfind(')');
  Victim victim;
  victim.pid = *pid;
  // A line that is cut in the name has no closing bracket.
  victim.comm = std::string(rest.substr(open + 1, close == npos ? npos : close - open - 1));
  return victim;
}

bool take_cpu_line(OomReport& report, std::string_view line) {
  const std::size_t comm = line.find(" Comm: ");
  if (!line.starts_with("CPU: ") || comm == npos) return false;
  const std::string_view rest = line.substr(comm + 7);
  // Another CPU may print an oops of its own in between.
  if (!report.trigger.comm.empty() && !rest.starts_with(report.trigger.comm)) return false;
  report.trigger.pid = pid_of(number_after(line, " PID: "));
  const std::size_t build = rest.rfind(" #");
  if (build != npos) {
    const std::string_view before = rest.substr(0, build);
    report.kernel_release = std::string(before.substr(before.rfind(' ') + 1));
  }
  return true;
}

void take_nodemask(OomReport& report, std::optional<std::string_view> mask) {
  if (mask && !mask->empty() && *mask != "(null)" && *mask != "0") report.nodemask = std::string(*mask);
}

}  // namespace

bool take_trigger(OomReport& report, std::string_view line) {
  constexpr std::string_view kKey = " invoked oom-killer:";
  const std::size_t at = line.find(kKey);
  if (at == npos) return false;
  Trigger& trigger = report.trigger;
  trigger.comm = std::string(line.substr(0, at));
  trigger.order = small(number_after(line, "order="));
  trigger.oom_score_adj = small(number_after(line, "oom_score_adj="));
  if (const auto mask = between(line, "gfp_mask=0x", {",", "("})) {
    trigger.gfp_mask = parse_number<std::uint64_t>(trim(*mask), 16);
  }
  const std::size_t list = line.find("gfp_mask=");
  const std::size_t open = list == npos ? npos : line.find('(', list);
  if (open != npos && line.substr(0, open).find(',', list) == npos) {
    trigger.gfp_flags = std::string(line.substr(open + 1, line.find(')', open) - open - 1));
  }
  take_nodemask(report, between(line, "nodemask=", {", "}));
  return true;
}

bool take_context(OomReport& report, std::string_view line) {
  if (take_cpu_line(report, line)) return true;
  if (line.starts_with("Hardware name: ")) {
    report.hardware = std::string(line.substr(15));
    return true;
  }
  const std::size_t cpuset = line.find(" cpuset=");
  const std::size_t allowed = line.find(" mems_allowed=");
  if (cpuset == npos || allowed == npos || cpuset > allowed) return false;
  report.cpuset = std::string(line.substr(cpuset + 8, allowed - cpuset - 8));
  report.mems_allowed = std::string(line.substr(allowed + 14));
  return true;
}

bool take_constraint(OomReport& report, std::string_view line) {
  const auto word = between(line, "oom-kill:constraint=", {","});
  if (!word) return false;
  struct Name {
    std::string_view name;
    Constraint constraint;
  };
  static constexpr auto kNames = std::to_array<Name>({{"CONSTRAINT_NONE", Constraint::kNone},
                                                      {"CONSTRAINT_CPUSET", Constraint::kCpuset},
                                                      {"CONSTRAINT_MEMORY_POLICY", Constraint::kMemoryPolicy},
                                                      {"CONSTRAINT_MEMCG", Constraint::kMemcg}});
  const auto* const known = std::ranges::find(kNames, *word, &Name::name);
  if (known != kNames.end()) {
    report.constraint = known->constraint;
    report.constraint_stated = true;
  }
  // Names of cgroups and tasks may hold commas: each value ends where the next key begins.
  take_nodemask(report, between(line, ",nodemask=", {",cpuset="}));
  if (const auto set = between(line, ",cpuset=", {",mems_allowed="})) report.cpuset = std::string(*set);
  if (const auto nodes = between(line, ",mems_allowed=", {",global_oom", ",oom_memcg=", ",task_memcg="})) {
    report.mems_allowed = std::string(*nodes);
  }
  if (const auto group = between(line, ",oom_memcg=", {",task_memcg="})) report.oom_cgroup = std::string(*group);
  if (const auto group = between(line, ",task_memcg=", {",task="})) report.task_cgroup = std::string(*group);
  return true;
}

std::optional<Victim> parse_victim(std::string_view line) {
  constexpr std::string_view kKilled = "Killed process ";
  const std::size_t at = line.find(kKilled);
  if (at == npos) return std::nullopt;
  const std::string_view rest = line.substr(at + kKilled.size());
  // 3.10: "Killed process 812 (leaky) total-vm:..."; some builds have ", UID 1000," behind the name.
  auto victim = process_at(rest, {") total-vm:", "), UID", ") score"});
  if (!victim) return std::nullopt;
  victim->total_vm = kib_after(rest, "total-vm:");
  victim->anon_rss = kib_after(rest, "anon-rss:");
  victim->file_rss = kib_after(rest, "file-rss:");
  victim->shmem_rss = kib_after(rest, "shmem-rss:");
  victim->uid = number_after(rest, "UID:");
  if (!victim->uid) victim->uid = number_after(rest, "UID ");
  victim->oom_score_adj = small(number_after(rest, "oom_score_adj:"));
  victim->page_tables = kib_after(rest, "pgtables:");
  return victim;
}

std::optional<Victim> parse_choice(std::string_view line) {
  constexpr std::string_view kKill = "Kill process ";
  const std::size_t at = line.find(kKill);
  if (at == npos || line.find(" score ") == npos) return std::nullopt;
  const std::string_view rest = line.substr(at + kKill.size());
  auto victim = process_at(rest, {") score "});
  if (victim) victim->score = number_after(rest, ") score ");
  return victim;
}

bool take_reaper(OomReport& report, std::string_view line) {
  constexpr std::string_view kReaped = "oom_reaper: reaped process ";
  const std::size_t at = line.find(kReaped);
  if (at == npos) return line.find("oom_reaper: unable to reap") != npos;
  const auto reaped = process_at(line.substr(at + kReaped.size()), {"), now"});
  if (!reaped) return true;
  for (Victim& victim : report.victims) {
    if (victim.pid != reaped->pid) continue;
    victim.reaped = true;
    const auto anon = kib_after(line, "anon-rss:");
    const auto file = kib_after(line, "file-rss:");
    const auto shmem = kib_after(line, "shmem-rss:");
    if (anon && file && shmem) {
      const auto some = checked_add(anon->count(), file->count());
      const auto all = some ? checked_add(*some, shmem->count()) : std::nullopt;
      if (all) victim.left_by_reaper = Bytes(*all);
    }
  }
  return true;
}

}  // namespace leakscope::sources::oom_report
