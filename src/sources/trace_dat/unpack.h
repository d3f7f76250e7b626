#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leakscope::sources::trace_dat {

enum class Packing : std::uint8_t { kNone, kZstd, kZlib };

/// "none", "zstd", "zlib": the name in the file's header.
[[nodiscard]] Result<Packing> packing_of(std::string_view name, std::string_view where);

/// Unpacks one block whole. `unpacked` is what the file says its size is, at most kLargestBlock; the last chunk of a
/// CPU has fewer bytes, because the size is rounded up to pages.
[[nodiscard]] Result<> unpack(Packing packing, std::span<const std::byte> packed, std::uint64_t unpacked,
                              std::vector<std::byte>& into, std::string_view where);

inline constexpr std::uint64_t kLargestBlock = std::uint64_t{256} << 20U;

}  // namespace leakscope::sources::trace_dat
