#include "sources/procfs/diskstats.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::string_view kFile = "/proc/diskstats";
constexpr std::int64_t kSector = 512;  // in this file, whatever the disk's own is

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_number(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

/// "nvme0c1n1": one path to nvme0n1.
bool is_nvme_path(std::string_view name) {
  if (!name.starts_with("nvme")) return false;
  const std::size_t path = name.find('c');
  return path != std::string_view::npos && is_number(name.substr(4, path - 4));
}

struct DiskLine {
  std::string_view name;
  std::optional<std::int64_t> bytes;
};

std::optional<DiskLine> parse_line(std::string_view line) {
  FieldCursor fields(line);
  (void)fields.next();
  (void)fields.next();
  const auto name = fields.next();
  if (!name) return std::nullopt;
  std::array<std::string_view, 7> columns;
  for (std::string_view& column : columns) column = fields.next().value_or("");
  const auto read = parse_amount(columns[2], kSector);
  const auto written = parse_amount(columns[6], kSector);
  return DiskLine{*name, read && written ? checked_add(*read, *written) : std::nullopt};
}

}  // namespace

bool is_virtual_disk(std::string_view name) {
  constexpr auto kNumbered = std::to_array<std::string_view>({"loop", "ram", "zram", "dm-", "md", "bcache", "drbd"});
  // md devices may have a name of their own: "md_d0", "md127p1".
  return is_nvme_path(name) || std::ranges::any_of(kNumbered, [&](std::string_view prefix) {
           return name.size() > prefix.size() && name.starts_with(prefix) &&
                  (is_digit(name[prefix.size()]) || (prefix == "md" && name[prefix.size()] == '_'));
         });
}

bool is_partition_of(std::string_view name, std::string_view disk) {
  if (disk.empty() || !name.starts_with(disk)) return false;
  std::string_view number = name.substr(disk.size());
  if (is_digit(disk.back())) {
    if (!number.starts_with('p')) return false;
    number.remove_prefix(1);
  }
  return is_number(number);
}

Result<> parse_diskstats(std::string_view text, MachineValues& into) {
  into.clear();
  into.add(Metric::kDiskBytes, 0);
  std::string_view disk;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.spoil(Metric::kDiskBytes);
      into.faults.add(cut_line(kFile, lines.number()));
      break;
    }
    const auto parsed = parse_line(*line);
    if (parsed && (is_virtual_disk(parsed->name) || is_partition_of(parsed->name, disk))) continue;
    if (!parsed || !parsed->bytes) {
      into.spoil(Metric::kDiskBytes);
      into.faults.add(bad_line(kFile, lines.number(), "<major> <minor> <name> <11 numbers or more>", *line));
      continue;
    }
    disk = parsed->name;
    into.add(Metric::kDiskBytes, *parsed->bytes);
  }
  return {};
}

}  // namespace leakscope::sources::procfs
