#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/coverage.h"
#include "report/document.h"

namespace leakscope::session {

/// What a recording holds: its host and sessions, the time it covers, how much of which kind of subject, its events,
/// what its recorder could not see and what of it is lost. Reads all of it. "-" is standard input.
[[nodiscard]] Result<report::Document> show_recording(const std::string& path);

enum class ExportFormat : std::uint8_t { kCsv, kNdjson };

/// Every reading of a recording as a line, for those who want SQL (docs/recording.md has the columns), piece by piece
/// to `out`, whose error ends it. Gives what of the recording is lost.
[[nodiscard]] Result<std::vector<model::Loss>> export_recording(
    const std::string& path, ExportFormat format, const std::function<Result<>(std::string_view text)>& out);

}  // namespace leakscope::session
