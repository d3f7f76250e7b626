#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "session/source_set.h"
#include "session/stop.h"

namespace leakscope::session {

struct RecordOptions {
  SourceOptions sources;
  std::string output;  ///< a file, or "-" for standard output
  bool force = false;  ///< replace a file that exists and is no recording
  Nanoseconds interval = std::chrono::seconds(5);
  std::optional<Nanoseconds> duration;    ///< nothing: until stopped
  std::optional<Bytes> max_size;          ///< old parts are thinned, then dropped, to keep below it
  bool redact = false;                    ///< names are replaced by pseudonyms
  std::optional<std::string> redact_key;  ///< a file; nothing: a random key that is forgotten
};

/// What the live line shows.
struct RecordProgress {
  Nanoseconds elapsed{0};
  std::size_t samples = 0;
  Bytes written;
  std::optional<Bytes> available;  ///< MemAvailable now
  std::optional<Bytes> change;     ///< its change since the start
  std::size_t subjects = 0;
  std::string trouble;        ///< the last write failed or hangs: why; recording goes on
  std::uint64_t dropped = 0;  ///< samples that could not be kept while writing hung
};
using RecordCallback = std::function<void(const RecordProgress&)>;

struct RecordSummary {
  std::size_t samples = 0;
  Bytes written;
  Nanoseconds length{0};
  std::vector<std::string> notes;  ///< what was appended to, cut off or dropped
};

/// Samples into a recording until `duration` or until stopped. What was seen is on disk at most 30 s later. A disk or a
/// reader that hangs stops neither the sampling nor the end: kTimeout then says how many samples were not written.
[[nodiscard]] Result<RecordSummary> record(const RecordOptions& options, const StopFlag& stop,
                                           const RecordCallback& progress);

}  // namespace leakscope::session
