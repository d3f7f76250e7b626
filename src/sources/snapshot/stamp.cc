#include "sources/snapshot/stamp.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/printable.h"
#include "base/text_cursor.h"

namespace leakscope::sources::snapshot {
namespace {

constexpr std::string_view kHead = "leakscope snapshot ";
constexpr int kVersion = 1;
constexpr auto kStates = std::to_array<model::Coverage::State>(
    {model::Coverage::State::kAbsent, model::Coverage::State::kDenied, model::Coverage::State::kPartial});

/// "denied slabinfo: permission denied"
std::optional<model::Coverage> parse_missing(std::string_view text) {
  const std::size_t blank = text.find(' ');
  const std::size_t colon = text.find(": ", blank == std::string_view::npos ? 0 : blank);
  if (blank == std::string_view::npos || colon == std::string_view::npos) return std::nullopt;
  const auto state =
      std::ranges::find(kStates, text.substr(0, blank), [](auto known) { return model::to_string(known); });
  if (state == kStates.end()) return std::nullopt;
  return model::Coverage{
      std::string(text.substr(blank + 1, colon - blank - 1)), *state, std::string(text.substr(colon + 2)), {}};
}

Result<Nanoseconds> parse_nanoseconds(std::string_view key, std::string_view value, std::uint32_t line) {
  const auto number = parse_number<std::int64_t>(value);
  if (!number || *number < 0) {
    return malformed(std::string(kStampFile), line, fmt::format("want '{} <nanoseconds>', got '{}'", key, value));
  }
  return Nanoseconds(*number);
}

}  // namespace

std::string to_text(const Stamp& stamp) {
  std::string text =
      fmt::format("{}{}\ntime {}\nwall_ns {}\nboot_ns {}\nmonotonic_ns {}\ntool {}\nredacted {}\n", kHead, kVersion,
                  to_rfc3339(stamp.time.wall), stamp.time.wall.since_epoch.count(), stamp.time.boot.since_boot.count(),
                  stamp.time.monotonic.count(), stamp.tool, stamp.redacted ? "yes" : "no");
  for (const model::Coverage& entry : stamp.missing) {
    text += fmt::format("missing {} {}: {}\n", model::to_string(entry.state), printable(entry.source),
                        printable(entry.why));
  }
  return text;
}

Result<Stamp> parse_stamp(std::string_view text) {
  LineCursor lines(text);
  const auto head = lines.next();
  if (!head || !head->starts_with(kHead)) {
    return malformed(std::string(kStampFile), 1, fmt::format("want '{}{}'", kHead, kVersion));
  }
  const auto version = parse_number<int>(trim(head->substr(kHead.size())));
  if (!version || *version < 1) return malformed(std::string(kStampFile), 1, "want the number of the format");
  if (*version > kVersion) {
    return fail(Error::Kind::kUnsupported, std::string(kStampFile),
                fmt::format("written by a newer leakscope (format {}; this one reads up to {})", *version, kVersion));
  }
  Stamp stamp;
  bool has_wall = false;
  bool has_boot = false;
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(
          Error{Error::Kind::kTruncated, std::string(kStampFile), lines.number(), "ends in the middle of a line", {}});
    }
    const std::size_t blank = line->find(' ');
    const std::string_view key = line->substr(0, blank);
    const std::string_view value = blank == std::string_view::npos ? std::string_view{} : trim(line->substr(blank + 1));
    if (key.ends_with("_ns")) {
      const auto number = parse_nanoseconds(key, value, lines.number());
      if (!number) return std::unexpected(number.error());
      if (key == "wall_ns") stamp.time.wall.since_epoch = *number;
      if (key == "boot_ns") stamp.time.boot.since_boot = *number;
      if (key == "monotonic_ns") stamp.time.monotonic = *number;
      has_wall = has_wall || key == "wall_ns";
      has_boot = has_boot || key == "boot_ns";
    } else if (key == "tool") {
      stamp.tool = value;
    } else if (key == "redacted") {
      stamp.redacted = value == "yes";
    } else if (key == "missing") {
      if (auto entry = parse_missing(value)) stamp.missing.push_back(*std::move(entry));
    }
  }
  if (!has_wall || !has_boot) return malformed(std::string(kStampFile), 0, "want the lines wall_ns and boot_ns");
  return stamp;
}

}  // namespace leakscope::sources::snapshot
