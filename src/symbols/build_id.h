#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/rooted_dir.h"

namespace leakscope::symbols {

/// The GNU build id in ELF notes of this machine's byte order, as lower-case hexadecimal digits; nothing when there is
/// none. A note: name size, description size, type (4 bytes each), name and description, each padded to 4 bytes.
[[nodiscard]] std::optional<std::string> parse_build_id(std::span<const std::byte> notes);

/// 8 to 128 hexadecimal digits, an even number of them.
[[nodiscard]] bool is_build_id(std::string_view text);

/// Of the running kernel: /sys/kernel/notes. Needs no privileges.
[[nodiscard]] Result<std::string> running_build_id(const RootedDir& root);

}  // namespace leakscope::symbols
