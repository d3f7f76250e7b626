#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

#include "sources/event_format.h"

namespace leakscope::sources {

/// A number of a trace's machine, whose byte order may be another than ours. The caller has checked that it is there.
template <std::unsigned_integral T>
[[nodiscard]] T load_number(const std::byte* from, ByteOrder order) {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (sizeof(T) > 1) {
    if ((order == ByteOrder::kBig) != (std::endian::native == std::endian::big)) value = std::byteswap(value);
  }
  return value;
}

}  // namespace leakscope::sources
