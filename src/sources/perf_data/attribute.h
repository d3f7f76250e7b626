#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "sources/event_format.h"

namespace leakscope::sources::perf_data {

/// struct perf_event_attr of one recorded event, as far as it decides what its records look like.
struct EventAttribute {
  std::uint32_t type = 0;
  std::uint64_t config = 0;  ///< of tracepoints: the id in their format
  std::uint64_t sample_period = 0;
  std::uint64_t sample_type = 0;
  std::uint64_t read_format = 0;
  bool is_frequency = false;  ///< sample_period is a frequency
  bool id_in_all = false;     ///< records that are no samples have a trailer with time, task and id
  bool no_kernel_frames = false;
  std::size_t size = 0;  ///< of the structure, which grew over the years
};

/// The structure at the beginning of `bytes`, whatever follows it. Checked on 5.10 to 7.2.
[[nodiscard]] Result<EventAttribute> parse_attribute(std::span<const std::byte> bytes, ByteOrder order,
                                                     std::string_view where);

}  // namespace leakscope::sources::perf_data
