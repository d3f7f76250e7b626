#include "sources/trace_text/remark.h"

#include <array>

#include "base/text_cursor.h"

namespace leakscope::sources::trace_text {
namespace {

constexpr std::string_view kEntries = "# entries-in-buffer/entries-written:";
constexpr std::int64_t kMostCpus = 65536;
constexpr std::uint64_t kMostLost = std::uint64_t{1} << 60U;

std::optional<std::int64_t> parse_cpus(std::string_view text) {
  const auto cpus = parse_number<std::int64_t>(trim(text));
  return cpus && *cpus > 0 && *cpus <= kMostCpus ? cpus : std::nullopt;
}

// "[LOST 123 EVENTS]", "[LOST EVENTS]", "[52 EVENTS DROPPED]", "[EVENTS DROPPED]".
std::optional<Remark> parse_lost(std::string_view line) {
  const std::size_t bracket = line.rfind('[');
  const std::size_t cpu = line.find("CPU:");
  if (cpu == std::string_view::npos || bracket == std::string_view::npos || bracket < cpu) return std::nullopt;
  Remark remark{.lost = true};
  remark.lost_cpu = parse_number<std::uint16_t>(trim(line.substr(cpu + 4, bracket - cpu - 4)));
  bool has_verb = false;
  FieldCursor words(line.substr(bracket + 1, line.size() - bracket - 2));
  while (const auto word = words.next()) {
    if (*word == "LOST" || *word == "DROPPED") {
      has_verb = true;
    } else if (*word != "EVENTS") {
      remark.lost_count = parse_number<std::uint64_t>(*word);
      if (!remark.lost_count || *remark.lost_count > kMostLost) return std::nullopt;
    }
  }
  if (!has_verb) return std::nullopt;
  return remark;
}

Remark parse_entries(std::string_view text) {
  Remark remark;
  FieldCursor fields(text);
  const std::string_view counts = fields.next().value_or("");
  const std::size_t slash = counts.find('/');
  if (slash != std::string_view::npos) {
    const auto kept = parse_number<std::uint64_t>(counts.substr(0, slash));
    const auto written = parse_number<std::uint64_t>(counts.substr(slash + 1));
    if (kept && written && *written >= *kept && *written <= kMostLost) remark.overwritten = *written - *kept;
  }
  const std::string_view processors = fields.next().value_or("");
  if (processors.starts_with("#P:")) remark.cpus = parse_cpus(processors.substr(3));
  return remark;
}

// "# nrcpus avail : 4".
Remark parse_header(std::string_view line) {
  Remark remark;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return remark;
  const std::string_view key = trim(line.substr(1, colon - 1));
  const std::string_view value = trim(line.substr(colon + 1));
  if (key == "os release") remark.release = value;
  if (key == "nrcpus avail") remark.cpus = parse_cpus(value);
  return remark;
}

bool is_idle_talk(std::string_view line) {
  constexpr std::array<std::string_view, 3> kBeginnings{"version = ", "trace.dat", "Processed "};
  for (const std::string_view beginning : kBeginnings) {
    if (line.starts_with(beginning)) return true;
  }
  return line.starts_with("CPU ") && line.ends_with(" is empty");
}

}  // namespace

std::optional<Remark> parse_remark(std::string_view line) {
  line = trim(line);
  if (line.empty()) return Remark{};
  if (line.back() == ']') return parse_lost(line);
  if (line.starts_with(kEntries)) return parse_entries(line.substr(kEntries.size()));
  if (line.front() == '#') return parse_header(line);
  if (line.starts_with("cpus=")) return Remark{.cpus = parse_cpus(line.substr(5))};
  if (is_idle_talk(line)) return Remark{};
  return std::nullopt;
}

}  // namespace leakscope::sources::trace_text
