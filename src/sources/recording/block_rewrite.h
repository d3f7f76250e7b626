#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sources/recording/frame_scan.h"

namespace leakscope::sources::recording {

/// Makes one hour frame of several blocks of one session that follow each other without a gap, and lets each `merge`
/// neighbouring rows become one: it has the time of the last, and of each series the last value. Only values that were
/// measured are kept, and every source keeps a point, whatever its period. Appends the frame to `out`; false when the
/// blocks cannot become one (a gap, a damaged payload, too much for one block), and nothing is appended then.
[[nodiscard]] Result<bool> rewrite_blocks(int fd, std::span<const FrameRef> blocks, std::uint32_t merge, int level,
                                          std::string& out, std::string_view name);

}  // namespace leakscope::sources::recording
