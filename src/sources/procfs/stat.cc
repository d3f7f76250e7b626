#include "sources/procfs/stat.h"

#include <array>
#include <bitset>

#include "base/bytes.h"
#include "base/key_table.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::string_view kFile = "/proc/stat";
constexpr std::int64_t kNanosecondsPerTick = 10'000'000;

constexpr KeyTable kFields(std::to_array<KeyRow<Metric>>({
    {"cpu", Metric::kStatCpuBusy},
    {"intr", Metric::kStatInterrupts},
    {"ctxt", Metric::kStatContextSwitches},
    {"processes", Metric::kStatForks},
    {"procs_blocked", Metric::kStatBlocked},
}));

/// user nice system idle iowait irq softirq steal guest guest_nice
std::optional<std::int64_t> busy_time(FieldCursor fields) {
  constexpr std::array<bool, 7> kIsBusy = {true, true, true, false, false, true, true};
  std::int64_t total = 0;
  for (const bool is_busy : kIsBusy) {
    const auto ticks = parse_amount(fields.next().value_or(""), kNanosecondsPerTick);
    const auto sum = ticks ? checked_add(total, is_busy ? *ticks : 0) : std::nullopt;
    if (!sum) return std::nullopt;
    total = *sum;
  }
  return total;
}

}  // namespace

Result<> parse_stat(std::string_view text, MachineValues& into) {
  into.clear();
  std::bitset<kFields.size()> seen;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add(cut_line(kFile, lines.number()));
      break;
    }
    const std::string_view key = line->substr(0, line->find(' '));
    const auto row = kFields.find(key);
    if (!row) continue;
    const Metric metric = kFields.row(*row).value;
    FieldCursor fields(line->substr(key.size()));
    const auto value = metric == Metric::kStatCpuBusy ? busy_time(fields) : parse_amount(fields.next().value_or(""));
    const bool twice = seen.test(*row);
    seen.set(*row);
    if (!value || twice) {
      into.spoil(metric);
      into.faults.add(bad_line(kFile, lines.number(), twice ? "each name once" : "<name> <number>...", *line));
      continue;
    }
    into.add(metric, *value);
  }
  if (seen.none()) return nothing_known(kFile, text, "ctxt <number>");
  return {};
}

}  // namespace leakscope::sources::procfs
