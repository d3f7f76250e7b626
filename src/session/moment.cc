#include "session/moment.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::session {
namespace {

using Kind = MomentSpec::Kind;

constexpr Nanoseconds kDay = std::chrono::hours(24);
constexpr Nanoseconds kLongest = std::chrono::hours(24 * 366 * 10);
/// A time just outside is meant to be the first or the last sample: people read times without their milliseconds.
constexpr Nanoseconds kNear = std::chrono::seconds(1);
constexpr Nanoseconds kFirstYear = 365 * kDay;

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

/// "30m", "1h30m", "90": whole numbers with a unit, seconds by default.
std::optional<Nanoseconds> parse_offset(std::string_view text) {
  static constexpr auto kUnits =
      std::to_array<std::pair<std::string_view, Nanoseconds>>({{"ms", std::chrono::milliseconds(1)},
                                                               {"s", std::chrono::seconds(1)},
                                                               {"", std::chrono::seconds(1)},
                                                               {"m", std::chrono::minutes(1)},
                                                               {"min", std::chrono::minutes(1)},
                                                               {"h", std::chrono::hours(1)},
                                                               {"d", kDay}});
  Nanoseconds offset{0};
  do {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_number<std::int64_t>(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const auto* unit =
        std::ranges::find(kUnits, text.substr(0, letters), &std::pair<std::string_view, Nanoseconds>::first);
    text.remove_prefix(letters);
    if (!number || unit == kUnits.end() || *number > kLongest / unit->second) return std::nullopt;
    offset += *number * unit->second;
  } while (!text.empty() && offset <= kLongest);
  if (offset > kLongest) return std::nullopt;
  return offset;
}

/// Where the wall clock stood: between two anchors it went with the boot clock.
std::vector<Moment> anchors_of(const model::Observation& observation) {
  std::vector<Moment> anchors;
  if (observation.start()) anchors.push_back(*observation.start());
  for (const model::Event& event : observation.events) {
    const bool inside = observation.start() && event.time.boot >= observation.start()->boot &&
                        event.time.boot <= observation.end()->boot;
    const bool steps = event.kind == model::EventKind::kClockStep || event.kind == model::EventKind::kRecordingGap;
    if (inside && steps) anchors.push_back(event.time);
  }
  if (observation.end()) anchors.push_back(*observation.end());
  std::ranges::stable_sort(anchors, {}, &Moment::boot);
  return anchors;
}

std::optional<BootTime> boot_time_of(const model::Observation& observation, WallTime wall) {
  const std::vector<Moment> anchors = anchors_of(observation);
  for (std::size_t i = anchors.size(); i-- > 0;) {
    // The clock before an anchor is the one that its step made end: reckon from the anchor before.
    const Moment& from = anchors[i];
    const BootTime until = i + 1 < anchors.size() ? anchors[i + 1].boot : from.boot;
    if (wall < from.wall) continue;
    const BootTime time = from.boot + (wall.since_epoch - from.wall.since_epoch);
    if (time <= until) return time;
    // The clock jumped over that time: the last sample before.
    if (i + 1 < anchors.size() && wall < anchors[i + 1].wall) return until;
  }
  return std::nullopt;
}

std::unexpected<Error> outside(const model::Observation& observation, std::string_view name) {
  const auto start = known_wall_time(observation, observation.start()->wall);
  const auto end = known_wall_time(observation, observation.end()->wall);
  return fail(Error::Kind::kUsage, std::string(name), "nothing was observed at that time",
              start && end ? fmt::format("It covers {} to {}", to_rfc3339(*start), to_rfc3339(*end))
                           : fmt::format("It covers {}, and has no dates", to_human(observation.length())));
}

Result<BootTime> resolve_wall(WallTime wall, const model::Observation& observation, std::string_view name) {
  const Moment start = *observation.start();
  const Moment end = *observation.end();
  if (const auto time = boot_time_of(observation, wall)) return *time;
  const Nanoseconds before = start.wall.since_epoch - wall.since_epoch;
  const Nanoseconds after = wall.since_epoch - end.wall.since_epoch;
  if (before > Nanoseconds{0} && before < kNear) return start.boot;
  if (after > Nanoseconds{0} && after < kNear) return end.boot;
  return outside(observation, name);
}

/// The last time at or before the end at which a clock in UTC showed that time of day.
Result<BootTime> resolve_time_of_day(Nanoseconds since_midnight, const model::Observation& observation,
                                     std::string_view name) {
  const Nanoseconds end = observation.end()->wall.since_epoch + kNear;
  const Nanoseconds midnight = end - (end % kDay + kDay) % kDay;
  const Nanoseconds today = midnight + since_midnight;
  return resolve_wall(WallTime{today < end ? today : today - kDay}, observation, name);
}

}  // namespace

Result<MomentSpec> parse_moment(std::string_view text) {
  if (text == "start") return MomentSpec{.kind = Kind::kStart, .offset = {}, .wall = {}, .given = true};
  if (text == "end") return MomentSpec{.kind = Kind::kEnd, .offset = {}, .wall = {}, .given = true};
  if (text.starts_with('+') || text.starts_with('-')) {
    if (const auto offset = parse_offset(text.substr(1)); offset && text.size() > 1) {
      return MomentSpec{.kind = text.front() == '+' ? Kind::kAfterStart : Kind::kBeforeEnd,
                        .offset = *offset,
                        .wall = {},
                        .given = true};
    }
  } else if (const auto wall = parse_rfc3339(text)) {
    return MomentSpec{.kind = Kind::kWallTime, .offset = {}, .wall = *wall, .given = true};
  } else if (const auto time = parse_time_of_day(text)) {
    return MomentSpec{.kind = Kind::kTimeOfDay, .offset = *time, .wall = {}, .given = true};
  }
  return fail(Error::Kind::kUsage, {}, fmt::format("'{}' is no moment", text),
              "Want start, end, +30m (from the start), -5m (from the end), 10:00 or 2026-11-20T10:00:00Z (both UTC)");
}

Result<Place> parse_place(const std::string& word) {
  const std::size_t at = word.rfind('@');
  if (at == std::string::npos || at == 0 || exists(word)) return Place{word, {}, word};
  auto moment = parse_moment(std::string_view(word).substr(at + 1));
  if (!moment) {
    moment.error().what = fmt::format("{}, and there is no file '{}'", moment.error().what, word);
    return std::unexpected(std::move(moment.error()));
  }
  return Place{word.substr(0, at), *moment, word};
}

Result<BootTime> resolve(const MomentSpec& moment, const model::Observation& observation, std::string_view name) {
  if (!observation.start()) return fail(Error::Kind::kNotFound, std::string(name), "holds no sample");
  const BootTime start = observation.start()->boot;
  const BootTime end = observation.end()->boot;
  switch (moment.kind) {
    case Kind::kStart:
      return start;
    case Kind::kEnd:
      return end;
    case Kind::kAfterStart:
      if (moment.offset > end - start + kNear) return outside(observation, name);
      return std::min(start + moment.offset, end);
    case Kind::kBeforeEnd:
      if (moment.offset > end - start + kNear) return outside(observation, name);
      return std::max(end + -moment.offset, start);
    case Kind::kWallTime:
      return resolve_wall(moment.wall, observation, name);
    case Kind::kTimeOfDay:
      return resolve_time_of_day(moment.offset, observation, name);
  }
  return end;
}

WallTime wall_time_at(const model::Observation& observation, BootTime time) {
  const std::vector<Moment> anchors = anchors_of(observation);
  if (anchors.empty()) return {};
  const auto after = std::ranges::upper_bound(anchors, time, {}, &Moment::boot);
  const Moment& from = after == anchors.begin() ? anchors.front() : *std::prev(after);
  return WallTime{from.wall.since_epoch + (time - from.boot)};
}

std::optional<WallTime> known_wall_time(const model::Observation& observation, WallTime wall) {
  if (observation.times_assumed || wall.since_epoch < kFirstYear) return std::nullopt;
  return wall;
}

}  // namespace leakscope::session
