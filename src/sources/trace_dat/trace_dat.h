#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/kmem_stream.h"

namespace leakscope::sources::trace_dat {

/// Whether a file that begins so is a trace.dat of trace-cmd, of whatever version. Ten bytes tell.
[[nodiscard]] bool is_trace_dat(std::span<const std::byte> beginning);

/// The allocations and frees in a trace.dat of version 6 or 7 (packed by zstd or zlib, or not), of all its buffers and
/// CPUs in order of time. Wants a regular file. kNotFound when no event of memory was recorded.
[[nodiscard]] Result<std::unique_ptr<KmemStream>> open_trace_dat(UniqueFd file, std::string name);

}  // namespace leakscope::sources::trace_dat
