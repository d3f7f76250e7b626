#include "sources/procfs/zoneinfo.h"

#include "base/key_table.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

constexpr std::string_view kFile = "/proc/zoneinfo";

using Figure = std::optional<Pages> Zone::*;

constexpr KeyTable kFigures(std::to_array<KeyRow<Figure>>({
    {"free", &Zone::free},
    {"min", &Zone::min},
    {"low", &Zone::low},
    {"high", &Zone::high},
    {"spanned", &Zone::spanned},
    {"present", &Zone::present},
    {"managed", &Zone::managed},
    {"count:", &Zone::on_cpu_lists},
}));

/// "Node 0, zone   Normal"
std::optional<Zone> parse_header(std::string_view line) {
  FieldCursor fields(line);
  if (fields.next() != "Node") return std::nullopt;
  auto number = fields.next().value_or("");
  if (!number.ends_with(',')) return std::nullopt;
  number.remove_suffix(1);
  const auto node = parse_amount(number);
  if (!node || fields.next() != "zone") return std::nullopt;
  const auto name = fields.next();
  if (!name || fields.next()) return std::nullopt;
  Zone zone;
  zone.node = *node;
  zone.name = *name;
  return zone;
}

class ZoneinfoParser {
 public:
  explicit ZoneinfoParser(Zoneinfo& into) : into_(into) {}

  void line(std::string_view line, std::uint32_t number) {
    if (line.starts_with("Node")) {
      header(line, number);
    } else if (!into_.zones.empty() && !skipping_) {
      field(line, number);
    }
  }
  /// `cut`: the text ended within a line.
  void finish(bool cut);

 private:
  void header(std::string_view line, std::uint32_t number);
  void field(std::string_view line, std::uint32_t number);

  Zoneinfo& into_;
  bool skipping_ = false;          ///< the header of this zone was not understood
  bool lists_unreadable_ = false;  ///< of this zone: a sum without one CPU would be a wrong one
};

void ZoneinfoParser::header(std::string_view line, std::uint32_t number) {
  const auto zone = parse_header(line);
  skipping_ = !zone;
  lists_unreadable_ = false;
  if (zone) {
    into_.zones.push_back(*zone);
  } else {
    into_.whole = false;
    into_.faults.add(bad_line(kFile, number, "Node <number>, zone <name>", line));
  }
}

void ZoneinfoParser::field(std::string_view line, std::uint32_t number) {
  Zone& zone = into_.zones.back();
  FieldCursor fields(line);
  std::string_view key = fields.next().value_or("");
  if (key == "start_pfn:") zone.ended = true;
  if (key == "pages") key = fields.next().value_or("");
  const auto row = kFigures.find(key);
  if (!row) return;
  std::optional<Pages>& figure = zone.*kFigures.row(*row).value;
  const bool of_one_cpu = key == "count:";
  const auto value = parse_amount(fields.next().value_or(""));
  const auto sum = value && of_one_cpu ? checked_add(figure.value_or(Pages{}).count, *value) : value;
  if (!sum || fields.next() || (figure && !of_one_cpu)) {
    figure.reset();
    if (of_one_cpu) lists_unreadable_ = true;
    into_.faults.add(bad_line(kFile, number, "<name> <number below 2^63>", line));
    return;
  }
  if (!of_one_cpu || !lists_unreadable_) figure = Pages{*sum};
}

void ZoneinfoParser::finish(bool cut) {
  bool ends_are_printed = false;
  for (Zone& zone : into_.zones) {
    const bool populated = zone.present.value_or(Pages{1}).count > 0;
    if (!populated && !zone.on_cpu_lists) zone.on_cpu_lists = Pages{};
    ends_are_printed = ends_are_printed || zone.ended;
  }
  if (into_.zones.empty()) return;
  Zone& last = into_.zones.back();
  const bool populated = last.present.value_or(Pages{1}).count > 0;
  const bool within_a_zone = !last.ended && (cut || (ends_are_printed && populated));
  if (within_a_zone) last.on_cpu_lists.reset();
  if (cut || within_a_zone) into_.whole = false;
  if (within_a_zone && !cut) {
    into_.faults.add({Error::Kind::kTruncated, std::string(kFile), 0, "the text ends within a zone", {}});
  }
}

}  // namespace

std::optional<Pages> Zoneinfo::sum(std::optional<Pages> Zone::* figure) const {
  if (!whole) return std::nullopt;
  std::int64_t total = 0;
  for (const Zone& zone : zones) {
    if (!(zone.*figure)) return std::nullopt;
    const auto next = checked_add(total, (zone.*figure)->count);
    if (!next) return std::nullopt;
    total = *next;
  }
  return Pages{total};
}

Result<> parse_zoneinfo(std::string_view text, Zoneinfo& into) {
  into.zones.clear();
  into.faults.clear();
  into.whole = true;
  ZoneinfoParser parser(into);
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add(cut_line(kFile, lines.number()));
      break;
    }
    parser.line(*line, lines.number());
  }
  parser.finish(lines.unterminated());
  if (into.zones.empty()) return nothing_known(kFile, text, "Node 0, zone Normal");
  return {};
}

}  // namespace leakscope::sources::procfs
