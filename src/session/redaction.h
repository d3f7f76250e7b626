#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "sources/recording/recording_writer.h"
#include "sources/redaction/pseudonyms.h"

namespace leakscope::session {

/// Under the key of the file, or under a random one that is forgotten.
[[nodiscard]] Result<std::shared_ptr<const sources::redaction::Pseudonyms>> pseudonyms(
    const std::optional<std::string>& key_file);

/// A recording that is written with these options names nobody.
void redact_recording(sources::recording::WriterOptions& options,
                      const std::shared_ptr<const sources::redaction::Pseudonyms>& names);

}  // namespace leakscope::session
