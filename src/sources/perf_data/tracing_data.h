#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sources/event_format.h"

namespace leakscope::sources::perf_data {

/// More than that is not read of it.
inline constexpr std::size_t kMostTracingData = std::size_t{64} << 20U;

/// What perf keeps of tracefs for tracepoints: a trace.dat without data, as of version 0.6.
struct TracingData {
  ByteOrder order = ByteOrder::kLittle;
  std::size_t long_size = 8;
  std::uint32_t page_size = 4096;
  std::vector<EventFormat> formats;  ///< of kmem and percpu
  std::string_view kallsyms;         ///< into the bytes; perf itself leaves it empty
  std::optional<Error> bad_format;   ///< the first description that could not be read
  bool is_cut = false;               ///< ends early; what came before is good
};

/// Source: tools/perf/util/trace-event-info.c (writer) and trace-event-read.c, the same in 5.10 to 7.2. An error when
/// not even its header can be read.
[[nodiscard]] Result<TracingData> parse_tracing_data(std::span<const std::byte> bytes, std::string_view where);

}  // namespace leakscope::sources::perf_data
