#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::procfs {

/// A level or counter as the kernel prints it (%lu, up to 2^64), times `scale`. Only the lower half of the range is
/// taken: what is above is a counter that went below zero, and no amount. Nothing when it is no such number.
[[nodiscard]] std::optional<std::int64_t> parse_amount(std::string_view text, std::int64_t scale = 1);

/// The text ends within this line: a file that was cut, or one that changed under the reader.
[[nodiscard]] Error cut_line(std::string_view where, std::uint32_t line);
/// "want '<wanted>', got '<the line>'".
[[nodiscard]] Error bad_line(std::string_view where, std::uint32_t line, std::string_view wanted, std::string_view got);
/// Nothing in the text is what the file should have; `wanted` is a line of it.
[[nodiscard]] std::unexpected<Error> nothing_known(std::string_view where, std::string_view text,
                                                   std::string_view wanted);

}  // namespace leakscope::sources::procfs
