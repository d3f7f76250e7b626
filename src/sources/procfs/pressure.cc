#include "sources/procfs/pressure.h"

#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

constexpr std::string_view kFile = "/proc/pressure";
constexpr std::string_view kWanted = "some avg10=<number> avg60=<number> avg300=<number> total=<number>";

std::optional<Nanoseconds> total_of(FieldCursor fields) {
  constexpr std::string_view kTotal = "total=";
  while (const auto field = fields.next()) {
    if (!field->starts_with(kTotal)) continue;
    const auto value = parse_amount(field->substr(kTotal.size()), 1000);
    return value ? std::optional(Nanoseconds(*value)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<> parse_pressure(std::string_view text, Pressure& into) {
  into.some.reset();
  into.full.reset();
  into.faults.clear();
  bool known = false;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add(cut_line(kFile, lines.number()));
      break;
    }
    FieldCursor fields(*line);
    const auto kind = fields.next();
    if (kind != "some" && kind != "full") continue;
    known = true;
    std::optional<Nanoseconds>& total = kind == "some" ? into.some : into.full;
    const bool twice = total.has_value();
    total = twice ? std::nullopt : total_of(fields);
    if (!total) into.faults.add(bad_line(kFile, lines.number(), kWanted, *line));
  }
  if (!known) return nothing_known(kFile, text, kWanted);
  return {};
}

}  // namespace leakscope::sources::procfs
