#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "model/registry.h"
#include "sources/sample_stream.h"

namespace leakscope::sources::recording {

struct ReaderOptions {
  std::optional<WallTime> from;  ///< samples of this wall time and later
  std::optional<WallTime> to;    ///< and up to this one
  bool last_boot_only = false;   ///< files only: the sessions of the boot that the last session was recorded in
  /// For recordings that are read one after the other into one registry: the boot that the one before ended in. When
  /// this one begins in another, the subjects that the registry knows are retired.
  std::string continues_boot;
};

/// The samples of a recording, whatever wrote it and however it ended: sessions follow each other as one stream.
///
/// - A session that does not begin in the same boot brings an event kReboot, and all subjects but the machine are new
///   ones from there on. Boot times start again; the machine's series do not know that, so ask for one boot to judge.
/// - A session of the same boot, and a piece of the file that is lost, bring an event kRecordingGap.
/// - Damaged frames are stepped over and told by losses(), which is complete once next() has given false; so are
///   samples that retention merged or dropped, and what a newer recorder wrote that this build does not know.
///
/// Errors: kMalformed "not a leakscope recording", kTruncated when not even the first frame is whole, kUnsupported for
/// a newer schema. One block at a time is in memory. A recording that is still being written may be read.
[[nodiscard]] Result<std::unique_ptr<SampleStream>> open_recording(const std::string& path,
                                                                   std::shared_ptr<model::Registry> registry,
                                                                   ReaderOptions options = {});
/// The same from an open file, pipe or socket; a regular file is read from its start.
[[nodiscard]] Result<std::unique_ptr<SampleStream>> open_recording(UniqueFd fd, std::string name,
                                                                   std::shared_ptr<model::Registry> registry,
                                                                   ReaderOptions options = {});

/// Opens a file for reading without ever blocking on it: regular files, pipes and sockets, nothing else.
[[nodiscard]] Result<UniqueFd> open_for_reading(const std::string& path);

}  // namespace leakscope::sources::recording
