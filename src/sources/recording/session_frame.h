#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/process_id.h"
#include "base/time.h"
#include "model/host.h"

namespace leakscope::sources::recording {

/// The payload of a session frame: who recorded which machine, since when and how. Fields are pairs of a varint id and
/// a sized value, so that later versions may add some and older readers skip them.
struct SessionFacts {
  model::Host host;
  Moment start;
  std::optional<Nanoseconds> interval;  ///< between samples, as the recorder was told
  std::string tool_version;
  std::optional<ProcessId> writer;  ///< the recorder itself: who holds the lock while it runs
};

void encode_session(const SessionFacts& facts, std::string& out);
[[nodiscard]] Result<SessionFacts> parse_session(std::string_view payload);

/// The payload of a session's end.
struct SessionEnd {
  std::uint64_t samples = 0;      ///< that were added
  std::uint64_t not_written = 0;  ///< of these, lost because the file could not be written
};
void encode_session_end(const SessionEnd& end, std::string& out);
[[nodiscard]] Result<SessionEnd> parse_session_end(std::string_view payload);

}  // namespace leakscope::sources::recording
