#include "sources/procfs/loadavg.h"

#include <optional>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::string_view kFile = "/proc/loadavg";

/// "0.51" -> 510. The kernel prints two decimals.
std::optional<std::int64_t> parse_milli(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || text.size() - dot != 3) return std::nullopt;
  const auto whole = parse_amount(text.substr(0, dot), 1000);
  const auto hundredths = parse_amount(text.substr(dot + 1), 10);
  if (!whole || !hundredths) return std::nullopt;
  return checked_add(*whole, *hundredths);
}

}  // namespace

Result<> parse_loadavg(std::string_view text, MachineValues& into) {
  into.clear();
  LineCursor lines(text);
  const auto line = lines.next();
  if (!line) return nothing_known(kFile, text, "0.51 0.15 0.04 1/94 7195");
  if (lines.unterminated()) return std::unexpected(cut_line(kFile, 1));
  FieldCursor fields(*line);
  const auto load = parse_milli(fields.next().value_or(""));
  (void)fields.next();
  (void)fields.next();
  const std::string_view threads = fields.next().value_or("");
  const std::size_t slash = threads.find('/');
  const auto running = parse_amount(threads.substr(0, slash));
  const auto total = slash == std::string_view::npos ? std::nullopt : parse_amount(threads.substr(slash + 1));
  if (!load || !running || !total) {
    return std::unexpected(bad_line(kFile, 1, "<load> <load> <load> <running>/<threads> <pid>", *line));
  }
  into.add(Metric::kLoadavg1, *load);
  into.add(Metric::kTasksRunning, *running);
  into.add(Metric::kTasksTotal, *total);
  return {};
}

}  // namespace leakscope::sources::procfs
