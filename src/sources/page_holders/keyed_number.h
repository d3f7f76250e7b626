#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/rooted_dir.h"

namespace leakscope::sources::page_holders {

/// The number behind `key` at the beginning of a line: "balloon_inflate 0" with key "balloon_inflate" (vmstat),
/// "Balloon:               0 kB" with "Balloon:" (meminfo). Nothing when there is none.
[[nodiscard]] std::optional<std::int64_t> keyed_number(std::string_view text, std::string_view key);

/// The same of a file below the root; nothing also when it cannot be read.
[[nodiscard]] std::optional<std::int64_t> keyed_number(const RootedDir& root, std::string_view file,
                                                       std::string_view key, FileBuffer& buffer);

}  // namespace leakscope::sources::page_holders
