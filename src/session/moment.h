#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "model/series.h"

namespace leakscope::session {

/// Which moment of what was observed.
struct MomentSpec {
  enum class Kind : std::uint8_t {
    kEnd,         ///< its last moment: "FILE", "FILE@end"
    kStart,       ///< its first one: "FILE@start"
    kAfterStart,  ///< "FILE@+30m"
    kBeforeEnd,   ///< "FILE@-5m"
    kWallTime,    ///< "FILE@2026-11-20T10:00:00Z"; without an offset UTC
    kTimeOfDay,   ///< "FILE@10:00", UTC: the last one there is
  };

  Kind kind = Kind::kEnd;
  Nanoseconds offset{0};  ///< kAfterStart, kBeforeEnd: how far; kTimeOfDay: since midnight
  WallTime wall;          ///< kWallTime
  bool given = false;     ///< the user said so
};

/// A file or folder, and a moment of it.
struct Place {
  std::string path;
  MomentSpec moment;
  std::string text;  ///< as the user wrote it
};

/// Takes "FILE@MOMENT" apart. What exists under the whole word is the file, whatever is in its name; else the part
/// behind the last '@' must be a moment. Error kUsage: it is none, and nothing has the whole name.
[[nodiscard]] Result<Place> parse_place(const std::string& word);

/// The part behind the '@'. Error kUsage: says what a moment looks like.
[[nodiscard]] Result<MomentSpec> parse_moment(std::string_view text);

/// Where the moment lies on the observation's axis; never before its start or after its end. Wall times are followed
/// over steps of the clock; a time that there was twice means the later one. Error kUsage: nothing was observed at
/// that time, with the times between which something was. `name` is for messages.
[[nodiscard]] Result<BootTime> resolve(const MomentSpec& moment, const model::Observation& observation,
                                       std::string_view name);

/// What the wall clock showed at that time.
[[nodiscard]] WallTime wall_time_at(const model::Observation& observation, BootTime time);

/// A time of the observation's wall clock, where it is one: not of a log whose times are assumed, nor of one that tells
/// the time of day alone (or of a clock that was never set): these lie in the year 1970.
[[nodiscard]] std::optional<WallTime> known_wall_time(const model::Observation& observation, WallTime wall);

}  // namespace leakscope::session
