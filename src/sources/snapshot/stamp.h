#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"

namespace leakscope::sources::snapshot {

/// The stamp's name within a snapshot.
inline constexpr std::string_view kStampFile = "leakscope-snapshot";

/// What `record --snapshot` writes beside the plain files: when they were read, and what could not be.
///
///     leakscope snapshot 1
///     time 2026-11-20T12:33:09.123Z
///     wall_ns 1795178789123456789
///     boot_ns 86400123456789
///     monotonic_ns 86400123456789
///     tool 0.1.0
///     redacted no
///     missing denied slabinfo: permission denied
struct Stamp {
  Moment time;
  std::string tool;
  bool redacted = false;
  std::vector<model::Coverage> missing;
};

[[nodiscard]] std::string to_text(const Stamp& stamp);

/// Unknown keys are skipped. Errors: not a stamp, a newer format, a time that is missing or no number, cut off.
[[nodiscard]] Result<Stamp> parse_stamp(std::string_view text);

}  // namespace leakscope::sources::snapshot
