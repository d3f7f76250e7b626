#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/host.h"
#include "model/ledger.h"
#include "model/metric.h"
#include "model/series.h"
#include "model/subject.h"

namespace leakscope::analysis::difference {

/// How much of a kind of subject a picture lists: what it does not list is then not there, holds nothing, or may hold
/// anything.
enum class Listing : std::uint8_t {
  kUnknown,  ///< nobody looked, or could
  kLargest,  ///< the largest ones
  kNonZero,  ///< all that hold something
  kAll,
};

/// One subject at the picture's time.
struct Standing {
  model::SubjectInfo subject;
  std::string group;  ///< processes: the name of their group; empty: not known
  std::map<model::Metric, std::int64_t> values;

  [[nodiscard]] std::optional<std::int64_t> value(model::Metric metric) const;
};

/// What stood where at one moment: one side of a comparison.
struct Picture {
  struct Kind {
    Listing listing = Listing::kUnknown;
    std::vector<Standing> standings;
  };

  model::Host host;
  std::optional<WallTime> wall;
  std::optional<BootTime> boot;
  /// False where processes are told by pid and name alone: their ProcessId has no start time then.
  bool knows_process_starts = true;
  std::optional<model::Ledger> ledger;
  std::map<model::Metric, std::int64_t> machine;
  std::array<Kind, model::kSubjectKindCount> kinds;

  [[nodiscard]] Kind& of(model::SubjectKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const Kind& of(model::SubjectKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
};

/// Everything that is compared, as it stood at `time`: of each series the last value at or before it. Who had ended by
/// then is not in the picture, and no value that its source no longer gave: one that is older than the newest of its
/// metric by more than four of its own periods, and by 90 s. The ledger and the wall time are left to the caller.
[[nodiscard]] Picture picture_of(const model::Observation& observation, BootTime time);

/// When the picture of a window's start can be taken: sources answer one after the other, so the first sample does not
/// have them all. The earliest time, `time` or up to `patience` later, at which every metric that appears by then has
/// appeared (but for kinds of subjects that a machine may well have none of).
[[nodiscard]] BootTime first_whole_moment(const model::Observation& observation, BootTime time, Nanoseconds patience);

}  // namespace leakscope::analysis::difference
