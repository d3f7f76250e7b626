#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope::sources::logs {

/// An amount as a tool printed it for people. The true one is at most `half_step` away.
struct PrintedAmount {
  std::int64_t bytes = 0;
  std::int64_t half_step = 0;
  friend bool operator==(const PrintedAmount&, const PrintedAmount&) = default;
};

/// "2.6Gi", "131.5m", "1,2g", "0B", "53.0M" (binary units, whatever the case; a comma is a decimal point), or a bare
/// number of `plain_unit` bytes: exact when that unit is 1 KiB or less, since the kernel counts in pages, and cut off
/// after the last whole unit above it, as by `free -m`. Nothing when any character is left over or it does not fit.
[[nodiscard]] std::optional<PrintedAmount> parse_printed_amount(std::string_view text, std::int64_t plain_unit);

}  // namespace leakscope::sources::logs
