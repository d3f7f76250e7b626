#include <algorithm>

#include "base/text_cursor.h"
#include "sources/oom_report/report_line.h"

namespace leakscope::sources::oom_report {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t kMostCgroups = 4096;
constexpr std::size_t kMostEntries = 256;
constexpr std::size_t kMostRows = 20'000;
constexpr std::string_view kStats = "Memory cgroup stats for ";

bool take_charge(std::optional<Charge>& to, std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return false;
  const auto usage = kib_after(line, "usage ");
  const auto limit = kib_after(line, "limit ");
  if (!usage || !limit) return false;
  to = Charge{*usage, *limit, number_after(line, "failcnt ").value_or(0)};
  return true;
}

/// "cache:0KB rss:15872KB rss_huge:0KB ...": one line up to 5.2.
void take_entries_in_kib(CgroupStats& stats, std::string_view rest) {
  FieldCursor fields(rest);
  while (const auto field = fields.next()) {
    const std::size_t colon = field->find(':');
    if (colon == npos || !field->ends_with("KB")) continue;
    const auto value = kib_after(*field, ":");
    if (value && stats.entries.size() < kMostEntries) {
      stats.entries.push_back({std::string(field->substr(0, colon)), value->count()});
    }
  }
}

bool take_stats_head(OomReport& report, std::string_view line) {
  if (!line.starts_with(kStats)) return false;
  if (report.cgroups.size() == kMostCgroups) {
    ++report.rows_not_read;
    return true;
  }
  const std::string_view rest = line.substr(kStats.size());
  CgroupStats& stats = report.cgroups.emplace_back();
  const std::size_t old = rest.find(": cache:");
  const std::size_t end = old != npos ? old : rest.rfind(':');
  stats.path = std::string(rest.substr(0, end));
  if (old != npos) take_entries_in_kib(stats, rest.substr(old + 2));
  return true;
}

/// "812KB": the value, in bytes.
std::optional<Bytes> kilobytes(std::string_view text) {
  if (!text.ends_with("KB") && !text.ends_with("kB")) return std::nullopt;
  const auto value = parse_number<std::int64_t>(text.substr(0, text.size() - 2));
  const auto bytes = value && *value >= 0 ? checked_mul(*value, 1024) : std::nullopt;
  if (!bytes) return std::nullopt;
  return Bytes(*bytes);
}

std::string_view take_last_field(std::string_view& text) {
  text = trim(text);
  const std::size_t blank = text.find_last_of(" \t");
  const std::string_view field = blank == npos ? text : text.substr(blank + 1);
  text = blank == npos ? std::string_view{} : text.substr(0, blank);
  return field;
}

std::optional<std::int64_t> unit_of(std::string_view word) {
  if (word == "B") return 1;
  if (word == "KiB") return std::int64_t{1} << 10U;
  if (word == "MiB") return std::int64_t{1} << 20U;
  if (word == "GiB") return std::int64_t{1} << 30U;
  if (word == "TiB") return std::int64_t{1} << 40U;
  return std::nullopt;
}

}  // namespace

bool take_cgroup_line(OomReport& report, std::string_view line) {
  if (take_charge(report.memory, line, "memory: ") || take_charge(report.memory_and_swap, line, "memory+swap: ") ||
      take_charge(report.swap, line, "swap: ") || take_charge(report.kernel_memory, line, "kmem: ")) {
    return true;
  }
  constexpr std::string_view kTask = "Task in ";
  constexpr std::string_view kLimit = " killed as a result of limit of ";
  if (const std::size_t limit = line.find(kLimit); line.starts_with(kTask) && limit != npos) {
    report.task_cgroup = std::string(line.substr(kTask.size(), limit - kTask.size()));
    report.oom_cgroup = std::string(line.substr(limit + kLimit.size()));
    return true;
  }
  return take_stats_head(report, line);
}

bool take_cgroup_stat(OomReport& report, std::string_view line) {
  FieldCursor fields(line);
  const auto name = fields.next();
  const auto value = fields.next_number<std::int64_t>();
  const bool plain = name && std::ranges::all_of(*name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                     });
  if (!plain || !value || !fields.rest().empty() || report.cgroups.empty()) return false;
  auto& entries = report.cgroups.back().entries;
  if (entries.size() < kMostEntries) entries.push_back({std::string(*name), *value});
  return true;
}

bool take_slab_row(OomReport& report, std::string_view line) {
  std::string_view rest = line;
  const auto total = kilobytes(take_last_field(rest));
  const auto used = kilobytes(take_last_field(rest));
  const std::string_view name = trim(rest);
  if (!total || !used || name.empty()) {
    if (total || used) ++report.rows_not_read;
    return false;
  }
  if (report.unreclaimable_slab.size() == kMostRows) {
    ++report.rows_not_read;
  } else {
    report.unreclaimable_slab.push_back({std::string(name), *used, *total});
  }
  return true;
}

bool take_allocation_row(OomReport& report, std::string_view line) {
  FieldCursor fields(line);
  const auto number = fields.next();
  const auto unit = fields.next();
  const auto calls = fields.next_number<std::int64_t>();
  const std::string_view site = fields.rest();
  if (!number || !unit || !calls || site.find(" func:") == npos) return false;
  const auto scale = unit_of(*unit);
  const std::size_t dot = number->find('.');
  const auto whole = parse_number<std::int64_t>(number->substr(0, dot));
  if (!scale || !whole || *whole < 0 || *whole > 1'000'000 || report.allocations.size() == kMostRows) return false;
  std::int64_t bytes = *whole * *scale;
  if (dot != npos) {
    std::int64_t part = *scale;
    for (const char c : number->substr(dot + 1)) {
      if (c < '0' || c > '9') return false;
      part /= 10;
      bytes += (c - '0') * part;
    }
  }
  report.allocations.push_back({Bytes(bytes), *calls, std::string(site)});
  return true;
}

}  // namespace leakscope::sources::oom_report
