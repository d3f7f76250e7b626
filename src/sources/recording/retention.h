#pragma once

#include <cstdint>

#include "base/error.h"
#include "sources/recording/recording_file.h"

namespace leakscope::sources::recording {

/// How a recording of limited size ages: the newest blocks are kept as they are, older ones become coarser, the oldest
/// are dropped. Of the limit, each level gets a share; a block that finds no room in the share of a level goes to the
/// next. What has become coarse stays coarse.
struct RetentionLevel {
  std::uint32_t thinning;  ///< samples per row
  double share;            ///< of the limit
};
inline constexpr RetentionLevel kRetentionLevels[] = {{1, 0.35}, {4, 0.20}, {16, 0.15}, {64, 0.10}};

struct RetentionResult {
  std::uint64_t tail_offset = 0;  ///< where the part that was to stay begins now
  std::uint64_t thinned = 0;      ///< blocks
  std::uint64_t dropped = 0;
};

/// Rewrites the file so that it has at most `limit` bytes, most likely far fewer. Frames from `tail_offset` on (the
/// open hour) and those of `session` that hold no samples are kept as they are. kUsage when even that is too much.
[[nodiscard]] Result<RetentionResult> shrink(RecordingFile& file, std::uint64_t limit, std::uint64_t tail_offset,
                                             std::uint64_t session, int level);

}  // namespace leakscope::sources::recording
