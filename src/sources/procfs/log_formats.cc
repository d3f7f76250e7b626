#include "sources/procfs/log_formats.h"

#include <algorithm>
#include <array>

#include "base/text_cursor.h"
#include "sources/log_block.h"
#include "sources/procfs/file_readers.h"

namespace leakscope::sources::procfs {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "MemTotal:       24574048 kB", "HugePages_Total:       0". Lines of /proc/PID/status have a tab behind the colon,
// those of a node's meminfo begin with the node.
bool belongs_to_meminfo(std::string_view line) {
  if (line.empty() || line.front() < 'A' || line.front() > 'Z') return false;
  if (line.ends_with(" kB")) return line.find('\t') == std::string_view::npos && !line.starts_with("Node ");
  return line.starts_with("HugePages_");
}

// `grep -E 'MemAvail|Slab' /proc/meminfo` may begin with any field; the keys that smaps has as well are left out.
bool begins_meminfo(std::string_view line) {
  constexpr auto kFirst = std::to_array<std::string_view>(
      {"MemTotal:",   "MemFree:",      "MemAvailable:", "Buffers:",      "Cached:",     "SwapCached:",
       "Active:",     "Active(anon):", "SwapTotal:",    "SwapFree:",     "AnonPages:",  "Mapped:",
       "Shmem:",      "KReclaimable:", "Slab:",         "SReclaimable:", "SUnreclaim:", "KernelStack:",
       "PageTables:", "VmallocUsed:",  "Percpu:",       "Committed_AS:"});
  return belongs_to_meminfo(line) &&
         std::ranges::any_of(kFirst, [&](std::string_view key) { return line.starts_with(key); });
}

/// "<key> <number>" and nothing else.
bool is_key_and_number(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank + 1 == line.size()) return false;
  return std::ranges::all_of(line.substr(blank + 1), is_digit) &&
         std::ranges::all_of(line.substr(0, blank),
                             [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

// Keys of a cgroup's memory.stat have the same form; the first of them ("anon", "cache") have no underscore.
bool belongs_to_vmstat(std::string_view line) {
  if (!is_key_and_number(line)) return false;
  return line.substr(0, line.find(' ')).find('_') != std::string_view::npos || line.starts_with("pg") ||
         line.starts_with("psw") || line.starts_with("allocstall") || line.starts_with("pageoutrun") ||
         line.starts_with("kswapd") || line.starts_with("swap") || line.starts_with("zsw");
}
bool begins_vmstat(std::string_view line) { return line.starts_with("nr_") && belongs_to_vmstat(line); }

// "Node 0, zone    DMA32      1      2 ..." is buddyinfo, without numbers it is zoneinfo, with more words pagetypeinfo.
bool names_zone(std::string_view line) {
  return line.starts_with("Node ") && line.find(", zone ") != std::string_view::npos;
}
bool is_buddyinfo(std::string_view line) {
  return names_zone(line) && is_digit(line[line.find_last_not_of(' ')]) &&
         line.find(", type") == std::string_view::npos;
}
bool begins_zoneinfo(std::string_view line) {
  return names_zone(line) && !is_buddyinfo(line) && line.find(", type") == std::string_view::npos;
}
bool belongs_to_zoneinfo(std::string_view line) { return line.starts_with("  ") || begins_zoneinfo(line); }

bool begins_stat(std::string_view line) { return line.starts_with("cpu  ") && line.size() > 5 && is_digit(line[5]); }
bool belongs_to_stat(std::string_view line) {
  constexpr auto kKeys = std::to_array<std::string_view>(
      {"intr ", "ctxt ", "btime ", "processes ", "procs_running ", "procs_blocked ", "softirq ", "page ", "swap "});
  if (line.starts_with("cpu")) return line.size() > 3 && is_digit(line[3]);
  return std::ranges::any_of(kKeys, [&](std::string_view key) { return line.starts_with(key); });
}

// "0.51 0.15 0.04 1/94 7195"
bool begins_loadavg(std::string_view line) {
  FieldCursor fields(line);
  for (int i = 0; i < 3; ++i) {
    const auto load = fields.next().value_or("");
    if (load.size() < 4 || load[load.size() - 3] != '.' || !is_digit(load.front())) return false;
  }
  const auto tasks = fields.next().value_or("");
  return tasks.find('/') != std::string_view::npos && is_digit(tasks.front()) && fields.next_number<std::int64_t>() &&
         !fields.next();
}

bool begins_swaps(std::string_view line) {
  return line.starts_with("Filename") && line.find("Type") != std::string_view::npos;
}
bool belongs_to_swaps(std::string_view line) {
  return line.find("\tpartition") != std::string_view::npos || line.find(" partition") != std::string_view::npos ||
         line.find("file\t") != std::string_view::npos;
}

bool begins_net_dev(std::string_view line) { return line.starts_with("Inter-|"); }
bool belongs_to_net_dev(std::string_view line) {
  return line.starts_with(" face |") || line.find(':') != std::string_view::npos;
}

// "   8       0 sda 1234 ..."
bool is_diskstats(std::string_view line) {
  FieldCursor fields(line);
  if (!fields.next_number<int>() || !fields.next_number<int>()) return false;
  const auto name = fields.next().value_or("");
  if (name.empty() || is_digit(name.front()) || !((name.front() >= 'a' && name.front() <= 'z'))) return false;
  int numbers = 0;
  while (const auto field = fields.next()) {
    if (!std::ranges::all_of(*field, is_digit)) return false;
    ++numbers;
  }
  return numbers >= 11;
}

constexpr std::string_view kPageSize = "a log does not tell the page size: 4 KiB was taken";

bool nothing(std::string_view /*line*/) { return false; }

/// /proc/pressure/memory, io and cpu look alike: which one it is stands in the name before it, and is else taken for
/// memory, since that is what a log of memory holds.
class PressureFormat final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "pressure"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return line.starts_with("some avg10="); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override {
    if (text_.empty() ? !begins(line) : !line.starts_with("full avg10=")) return Answer::kNotMine;
    if (text_.empty()) file_ = sink.file_hint();
    text_.append(line);
    if (sink.line_ended()) text_.push_back('\n');
    return Answer::kTaken;
  }
  void finish(LogSink& sink) override {
    if (text_.empty()) return;
    const std::size_t which = file_.ends_with("io") ? 1 : file_.ends_with("cpu") ? 2 : 0;
    // The same file twice: time has passed.
    if (sink.moment() == moment_ && seen_[which]) sink.next_moment();
    if (sink.moment() != moment_) seen_ = {};
    moment_ = sink.moment();
    seen_[which] = true;
    ParseFaults faults;
    if (const auto read = readers_[which](text_, sink.readings(), faults); !read) faults.add(read.error());
    if (const auto& first = faults.first()) sink.unreadable(first->line, first->what);
    text_.clear();
  }
  [[nodiscard]] bool several_per_moment() const override { return true; }

 private:
  std::string text_;
  std::string file_;
  std::array<FileReader, 3> readers_{pressure_reader("memory"), pressure_reader("io"), pressure_reader("cpu")};
  std::array<bool, 3> seen_{};
  std::uint64_t moment_ = 0;
};

}  // namespace

std::vector<std::unique_ptr<LogFormat>> log_formats(PageSize page_size) {
  std::vector<std::unique_ptr<LogFormat>> formats;
  const auto add = [&](const FileBlockFormat::Spec& spec, FileReader reader) {
    formats.push_back(std::make_unique<FileBlockFormat>(spec, std::move(reader)));
  };
  add({.name = "meminfo", .begins = begins_meminfo, .belongs = belongs_to_meminfo, .each_key_once = true},
      meminfo_reader());
  add({.name = "vmstat",
       .begins = begins_vmstat,
       .belongs = belongs_to_vmstat,
       .each_key_once = true,
       .cannot_show = kPageSize},
      vmstat_reader(page_size));
  add({.name = "zoneinfo", .begins = begins_zoneinfo, .belongs = belongs_to_zoneinfo, .cannot_show = kPageSize},
      zoneinfo_reader(page_size));
  add({.name = "buddyinfo", .begins = is_buddyinfo, .belongs = is_buddyinfo, .cannot_show = kPageSize},
      buddyinfo_reader(page_size));
  add({.name = "stat", .begins = begins_stat, .belongs = belongs_to_stat}, stat_reader());
  add({.name = "loadavg", .begins = begins_loadavg, .belongs = nothing}, loadavg_reader());
  add({.name = "swaps", .begins = begins_swaps, .belongs = belongs_to_swaps}, swaps_reader());
  add({.name = "net_dev", .begins = begins_net_dev, .belongs = belongs_to_net_dev}, net_dev_reader());
  add({.name = "diskstats", .begins = is_diskstats, .belongs = is_diskstats}, diskstats_reader());
  formats.push_back(std::make_unique<PressureFormat>());
  return formats;
}

}  // namespace leakscope::sources::procfs
