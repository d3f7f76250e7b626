#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::process {

/// One resource limit; a bound without a value is "unlimited".
struct Limit {
  std::optional<std::int64_t> soft;
  std::optional<std::int64_t> hard;
  friend bool operator==(const Limit&, const Limit&) = default;
};

/// /proc/PID/limits (fs/proc/base.c proc_pid_limits; 2.6.24 to 6.18). For the owner and root only.
///   Limit                     Soft Limit           Hard Limit           Units
///   Max open files            20000                20000                files
/// A limit that the file does not have stays without a value.
struct PidLimits {
  std::optional<Limit> open_files;
  std::optional<Limit> processes;      ///< of the user
  std::optional<Limit> address_space;  ///< bytes
  std::optional<Limit> data_size;      ///< bytes
  std::optional<Limit> stack_size;     ///< bytes
  std::optional<Limit> locked_memory;  ///< bytes
};

[[nodiscard]] Result<PidLimits> parse_pid_limits(std::string_view text);

}  // namespace leakscope::sources::process
