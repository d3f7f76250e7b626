#include <algorithm>
#include <array>
#include <limits>

#include "base/text_cursor.h"
#include "sources/oom_report/report_line.h"

namespace leakscope::sources::oom_report {
namespace {

constexpr std::size_t npos = std::string_view::npos;
// 1024 nodes of a few zones and page sizes are the most that a kernel can have; what claims more is no report.
constexpr std::size_t kMostRows = 8192;
constexpr std::size_t kMostOrders = 32;
constexpr auto kZoneNames = std::to_array<std::string_view>({"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"});

std::optional<std::int64_t> amount(std::string_view text) {
  const auto value = parse_number<std::int64_t>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

/// "15872kB", "0KB"
std::optional<std::int64_t> kib(std::string_view text) {
  if (!text.ends_with("kB") && !text.ends_with("KB")) return std::nullopt;
  return amount(text.substr(0, text.size() - 2));
}

/// Takes "name:value" fields; how many of them were counters.
std::size_t take_fields(Counters& counters, FieldCursor& fields, bool in_kib) {
  std::size_t taken = 0;
  while (const auto field = fields.next()) {
    const std::size_t colon = field->find(':');
    if (colon == npos) continue;
    const auto counter = counter_from_string(field->substr(0, colon));
    const auto value = in_kib ? kib(field->substr(colon + 1)) : amount(field->substr(colon + 1));
    if (!counter || !value) continue;
    counters.set(*counter, *value);
    ++taken;
  }
  return taken;
}

/// "203*4kB (UEM) 231*8kB (UEM) ... = 63668kB"
bool take_free_list(Zone& zone, std::string_view rest) {
  FieldCursor fields(rest);
  std::vector<std::int64_t> blocks;
  while (const auto field = fields.next()) {
    const std::size_t star = field->find('*');
    if (star == npos) continue;
    const auto count = amount(field->substr(0, star));
    const auto size = kib(field->substr(star + 1));
    if (!count || !size || blocks.size() == kMostOrders) return false;
    blocks.push_back(*count);
    if (zone.free_block_kib == 0) zone.free_block_kib = *size;
  }
  if (blocks.empty()) return false;
  zone.free_blocks = std::move(blocks);
  return true;
}

bool take_hugepages(OomReport& report, std::int32_t node, std::string_view rest) {
  const auto total = number_after(rest, "hugepages_total=");
  const auto size = number_after(rest, "hugepages_size=");
  if (!total || !size || report.hugepages.size() == kMostRows) return false;
  report.hugepages.push_back({node, *total, number_after(rest, "hugepages_free=").value_or(0),
                              number_after(rest, "hugepages_surp=").value_or(0), *size});
  return true;
}

Zone* zone_of(std::vector<Zone>& zones, std::int32_t node, std::string_view name) {
  const auto found =
      std::ranges::find_if(zones, [&](const Zone& zone) { return zone.node == node && zone.name == name; });
  if (found != zones.end()) return &*found;
  if (zones.size() == kMostRows) return nullptr;
  Zone& zone = zones.emplace_back();
  zone.node = node;
  zone.name = std::string(name);
  return &zone;
}

/// What stands behind "Node 0 ", or the whole line where the kernel leaves that out.
bool take_zone(OomReport& report, std::int32_t node, std::string_view rest) {
  FieldCursor fields(rest);
  const auto first = fields.next();
  if (!first) return false;
  std::string_view name = *first;
  const bool list = name.ends_with(':');
  if (list) name.remove_suffix(1);
  if (std::ranges::find(kZoneNames, name) == kZoneNames.end()) return false;
  if (fields.rest() == "per-cpu:") return true;
  Zone* const zone = zone_of(report.zones, node, name);
  if (zone == nullptr) return false;
  if (list) return take_free_list(*zone, fields.rest());
  return take_fields(zone->kib, fields, true) > 0;
}

bool take_lowmem_reserve(OomReport& report, std::string_view line) {
  constexpr std::string_view kKey = "lowmem_reserve[]:";
  if (!line.starts_with(kKey)) return false;
  if (report.zones.empty()) return true;
  FieldCursor fields(line.substr(kKey.size()));
  auto& reserve = report.zones.back().lowmem_reserve;
  reserve.clear();
  while (const auto value = fields.next_number<std::int64_t>()) {
    if (reserve.size() == kMostOrders) break;
    reserve.push_back(*value);
  }
  return true;
}

}  // namespace

std::optional<std::int64_t> number_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == npos) return std::nullopt;
  const std::string_view rest = line.substr(at + key.size());
  return parse_number<std::int64_t>(rest.substr(0, rest.find_first_not_of("-0123456789")));
}

std::optional<Bytes> kib_after(std::string_view line, std::string_view key) {
  const auto value = number_after(line, key);
  if (!value || *value < 0) return std::nullopt;
  // What is no limit is written as 2^63 bytes or thereabouts.
  const auto bytes = checked_mul(*value, 1024);
  return Bytes(bytes.value_or(std::numeric_limits<std::int64_t>::max()));
}

bool take_machine_counters(OomReport& report, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == npos || !counter_from_string(line.substr(0, colon))) return false;
  FieldCursor fields(line);
  return take_fields(report.machine, fields, false) > 0;
}

bool take_node_line(OomReport& report, std::string_view line) {
  if (take_lowmem_reserve(report, line)) return true;
  constexpr std::string_view kNode = "Node ";
  if (!line.starts_with(kNode)) return take_zone(report, 0, line);
  FieldCursor fields(line.substr(kNode.size()));
  const auto node = fields.next_number<std::int32_t>();
  if (!node || *node < 0) return false;
  const std::string_view rest = fields.rest();
  if (rest.starts_with("hugepages_total=")) return take_hugepages(report, *node, rest);
  if (take_zone(report, *node, rest)) return true;
  const std::size_t colon = rest.find(':');
  if (colon == npos || !counter_from_string(rest.substr(0, colon))) return false;
  Zone* const whole = zone_of(report.nodes, *node, {});
  return whole != nullptr && take_fields(whole->kib, fields, true) > 0;
}

bool take_totals(OomReport& report, std::string_view line) {
  Totals& totals = report.totals;
  if (line.starts_with("Free swap ") || line.starts_with("Total swap ")) {
    const auto value = kib_after(line, "= ");
    if (value) (line.front() == 'F' ? totals.swap_free : totals.swap_total) = value;
    return value.has_value();
  }
  if (line.starts_with("Swap cache stats:")) return true;
  FieldCursor fields(line);
  const auto count = fields.next_number<std::int64_t>();
  if (!count || *count < 0) return false;
  const std::string_view what = fields.rest();
  struct Row {
    std::string_view what;
    std::optional<std::int64_t> Totals::* field;
  };
  static constexpr auto kRows = std::to_array<Row>({{"total pagecache pages", &Totals::page_cache},
                                                    {"pages in swap cache", &Totals::swap_cache},
                                                    {"pages RAM", &Totals::ram},
                                                    {"pages HighMem/MovableOnly", &Totals::highmem},
                                                    {"pages HighMem", &Totals::highmem},
                                                    {"pages reserved", &Totals::reserved},
                                                    {"pages cma reserved", &Totals::cma_reserved},
                                                    {"pages hwpoisoned", &Totals::hwpoisoned},
                                                    {"pages hw poisoned", &Totals::hwpoisoned}});
  const auto* const row = std::ranges::find(kRows, what, &Row::what);
  if (row == kRows.end()) return false;
  totals.*(row->field) = count;
  return true;
}

}  // namespace leakscope::sources::oom_report
