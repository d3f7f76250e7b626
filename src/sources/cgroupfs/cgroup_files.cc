#include "sources/cgroupfs/cgroup_files.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::cgroupfs {
namespace {

using model::Metric;

constexpr std::size_t kQuoted = 80;  // bytes of a wrong line that an error shows

struct Key {
  std::string_view name;
  Metric metric;
};

// Sorted by name: found by bisection.
constexpr auto kStatV2 = std::to_array<Key>({
    {"active_file", Metric::kCgroupActiveFile},
    {"anon", Metric::kCgroupAnon},
    {"file", Metric::kCgroupFile},
    {"inactive_file", Metric::kCgroupInactiveFile},
    {"kernel", Metric::kCgroupKernel},
    {"kernel_stack", Metric::kCgroupKernelStack},
    {"pagetables", Metric::kCgroupPageTables},
    {"percpu", Metric::kCgroupPercpu},
    {"sec_pagetables", Metric::kCgroupSecPageTables},
    {"shmem", Metric::kCgroupShmem},
    {"slab_reclaimable", Metric::kCgroupSlabReclaimable},
    {"slab_unreclaimable", Metric::kCgroupSlabUnreclaimable},
    {"sock", Metric::kCgroupSock},
    {"unevictable", Metric::kCgroupUnevictable},
    {"vmalloc", Metric::kCgroupVmalloc},
    {"zswap", Metric::kCgroupZswap},
});
constexpr auto kStatV1 = std::to_array<Key>({
    {"total_active_file", Metric::kCgroupActiveFile},
    {"total_cache", Metric::kCgroupFile},
    {"total_inactive_file", Metric::kCgroupInactiveFile},
    {"total_rss", Metric::kCgroupAnon},
    {"total_shmem", Metric::kCgroupShmem},
    {"total_swap", Metric::kCgroupSwapCurrent},
    {"total_unevictable", Metric::kCgroupUnevictable},
});
constexpr auto kEvents = std::to_array<Key>({
    {"high", Metric::kCgroupEventsHigh},
    {"max", Metric::kCgroupEventsMax},
    {"oom", Metric::kCgroupEventsOom},
    {"oom_kill", Metric::kCgroupEventsOomKill},
});
constexpr auto kCgroupStat = std::to_array<Key>({
    {"nr_descendants", Metric::kCgroupDescendants},
    {"nr_dying_descendants", Metric::kCgroupDyingDescendants},
});
constexpr auto kOomControl = std::to_array<Key>({{"oom_kill", Metric::kCgroupEventsOomKill}});

constexpr bool is_sorted(const auto& keys) { return std::ranges::is_sorted(keys, {}, &Key::name); }
static_assert(is_sorted(kStatV2) && is_sorted(kStatV1) && is_sorted(kEvents) && is_sorted(kCgroupStat));

Result<> parse_keyed(std::string_view text, std::string_view where, const auto& keys, CgroupValues& out) {
  Result<> answer;
  const auto note = [&](Error::Kind kind, std::uint32_t line, std::string what) {
    if (answer) answer = std::unexpected(Error{kind, std::string(where), line, std::move(what), {}});
  };
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      note(Error::Kind::kTruncated, lines.number(), "ends in the middle of a line");
      break;
    }
    const std::size_t blank = line->find(' ');
    const std::string_view name = line->substr(0, blank);
    const auto key = std::ranges::lower_bound(keys, name, {}, &Key::name);
    if (key == keys.end() || key->name != name) continue;
    const auto value =
        blank == std::string_view::npos ? std::nullopt : parse_number<std::int64_t>(line->substr(blank + 1));
    if (!value || *value < 0) {
      note(Error::Kind::kMalformed, lines.number(),
           fmt::format("want '{} <number>', got '{}'", name, line->substr(0, kQuoted)));
      continue;
    }
    out.put(key->metric, *value);
  }
  return answer;
}

// (2^63-1) / 64 KiB * 64 KiB: the smallest "no limit" of any page size. No machine has so much that it is a limit.
constexpr std::uint64_t kNoLimit = 9223372036854710272U;

}  // namespace

void CgroupValues::put(Metric metric, std::int64_t value) {
  const auto known = std::ranges::find(values_, metric, &CgroupValue::metric);
  if (known != values_.end()) {
    known->value = value;
  } else {
    values_.push_back({metric, value});
  }
}

std::optional<std::int64_t> CgroupValues::find(Metric metric) const {
  const auto known = std::ranges::find(values_, metric, &CgroupValue::metric);
  if (known == values_.end()) return std::nullopt;
  return known->value;
}

Result<> parse_memory_stat_v2(std::string_view text, std::string_view where, CgroupValues& out) {
  return parse_keyed(text, where, kStatV2, out);
}
Result<> parse_memory_stat_v1(std::string_view text, std::string_view where, CgroupValues& out) {
  return parse_keyed(text, where, kStatV1, out);
}
Result<> parse_memory_events(std::string_view text, std::string_view where, CgroupValues& out) {
  return parse_keyed(text, where, kEvents, out);
}
Result<> parse_cgroup_stat(std::string_view text, std::string_view where, CgroupValues& out) {
  return parse_keyed(text, where, kCgroupStat, out);
}
Result<> parse_oom_control(std::string_view text, std::string_view where, CgroupValues& out) {
  return parse_keyed(text, where, kOomControl, out);
}

Result<std::optional<std::int64_t>> parse_amount(std::string_view text, std::string_view where) {
  if (!text.ends_with('\n')) return fail(Error::Kind::kTruncated, std::string(where), "ends in the middle of a line");
  text.remove_suffix(1);
  if (text == "max") return std::nullopt;
  const auto value = parse_number<std::uint64_t>(text);
  if (!value)
    return malformed(std::string(where), 1, fmt::format("want a number or 'max', got '{}'", text.substr(0, kQuoted)));
  if (*value >= kNoLimit) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

Result<std::optional<ControllerRow>> parse_proc_cgroups(std::string_view text, std::string_view controller) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    FieldCursor fields(*line);
    if (fields.next() != controller) continue;
    const auto hierarchy = fields.next_number<std::int64_t>();
    const auto num_cgroups = fields.next_number<std::int64_t>();
    const auto enabled = fields.next();
    if (!hierarchy || !num_cgroups || !enabled || *num_cgroups < 0 || lines.unterminated()) {
      return malformed("/proc/cgroups", lines.number(),
                       fmt::format("want 'name hierarchy num_cgroups enabled', got '{}'", line->substr(0, kQuoted)));
    }
    return ControllerRow{*hierarchy, *num_cgroups};
  }
  return std::nullopt;
}

Result<std::vector<Pid>> parse_cgroup_procs(std::string_view text, std::string_view where) {
  std::vector<Pid> pids;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(
          Error{Error::Kind::kTruncated, std::string(where), lines.number(), "ends in the middle of a line", {}});
    }
    const auto pid = parse_number<std::int32_t>(*line);
    if (!pid || *pid < 0) {
      return malformed(std::string(where), lines.number(),
                       fmt::format("want a pid, got '{}'", line->substr(0, kQuoted)));
    }
    if (*pid > 0) pids.push_back(Pid{*pid});
  }
  return pids;
}

}  // namespace leakscope::sources::cgroupfs
