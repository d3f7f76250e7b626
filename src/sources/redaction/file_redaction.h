#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sources/redaction/pseudonyms.h"

namespace leakscope::sources::redaction {

/// What a file of a snapshot says under pseudonyms; nothing when its format is not known here, so that a file which is
/// added to the layout and forgotten here is left out rather than shown.
[[nodiscard]] std::optional<std::string> redact_file(std::string_view path, std::string_view text,
                                                     const Pseudonyms& names);

/// The path under which it is kept: names of cgroups and tracing instances are replaced.
[[nodiscard]] std::string redact_file_path(std::string_view path, const Pseudonyms& names);

/// Whether redact_file knows what to do with it.
[[nodiscard]] bool can_redact_file(std::string_view path);

}  // namespace leakscope::sources::redaction
