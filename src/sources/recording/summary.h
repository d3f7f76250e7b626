#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/host.h"
#include "sources/recording/session_frame.h"

namespace leakscope::sources::recording {

struct SessionSummary {
  std::optional<SessionFacts> facts;  ///< nothing when its first frame is lost
  std::optional<WallTime> start;      ///< of its first and last sample; nothing when it has none
  std::optional<WallTime> end;
  std::uint64_t rows = 0;      ///< samples that can be read; after thinning fewer than were taken
  std::uint32_t thinning = 1;  ///< samples per row in its coarsest part
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;          ///< of its frames
  std::optional<SessionEnd> ended;  ///< nothing when the recorder still runs, or was killed
};

/// What a recording holds, from its headers and session frames alone: payloads of samples are not read, so damage
/// within them is not noticed here.
struct RecordingSummary {
  std::vector<SessionSummary> sessions;  ///< in the order of the file
  std::uint64_t file_size = 0;
  std::uint64_t damaged_pieces = 0;
  std::uint64_t damaged_bytes = 0;
  std::uint64_t torn_bytes = 0;
  std::optional<std::uint16_t> newer_schema;  ///< from there on nothing was looked at
};

/// A file only. kMalformed when it is not a recording.
[[nodiscard]] Result<RecordingSummary> summarize(const std::string& path);

}  // namespace leakscope::sources::recording
