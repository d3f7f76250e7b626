#include "sources/procfs/net_dev.h"

#include <optional>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::string_view kFile = "/proc/net/dev";

/// The 1st and 9th of 16 columns.
std::optional<std::int64_t> received_and_sent(std::string_view columns) {
  FieldCursor fields(columns);
  const auto received = parse_amount(fields.next().value_or(""));
  for (int skipped = 0; skipped < 7; ++skipped) (void)fields.next();
  const auto sent = parse_amount(fields.next().value_or(""));
  if (!received || !sent) return std::nullopt;
  return checked_add(*received, *sent);
}

}  // namespace

Result<> parse_net_dev(std::string_view text, MachineValues& into) {
  into.clear();
  LineCursor lines(text);
  const auto heading = lines.next();
  if (!heading || !heading->starts_with("Inter-|") || !lines.next() || lines.unterminated()) {
    return nothing_known(kFile, text, "Inter-|   Receive");
  }
  into.add(Metric::kNetBytes, 0);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.spoil(Metric::kNetBytes);
      into.faults.add(cut_line(kFile, lines.number()));
      break;
    }
    // Old names may hold a colon ("eth0:1"); the columns never do.
    const std::size_t colon = line->rfind(':');
    if (colon != std::string_view::npos && trim(line->substr(0, colon)) == "lo") continue;
    const auto bytes = colon == std::string_view::npos ? std::nullopt : received_and_sent(line->substr(colon + 1));
    if (bytes) {
      into.add(Metric::kNetBytes, *bytes);
    } else {
      into.spoil(Metric::kNetBytes);
      into.faults.add(bad_line(kFile, lines.number(), "<device>: <16 numbers>", *line));
    }
  }
  return {};
}

}  // namespace leakscope::sources::procfs
