#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "sources/event_format.h"
#include "sources/perf_data/format.h"

namespace leakscope::sources::perf_data {

/// A piece of the file.
struct Section {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  /// Behind its last byte; nothing when that is beyond 2^64.
  [[nodiscard]] std::optional<std::uint64_t> end() const;
};

/// The beginning of perf.data. Pipe form (perf record -o -) has the magic and its own size, 16, and nothing else: all
/// that the file form has in sections comes as records there.
struct FileHeader {
  ByteOrder order = ByteOrder::kLittle;
  bool is_pipe = false;
  std::uint64_t attribute_size = 0;  ///< of one entry of `attributes`: a perf_event_attr and the section of its ids
  Section attributes = {};
  Section data = {};  ///< size 0: perf was killed before it could write it
  std::bitset<kMostFeatures> features = {};
};

inline constexpr std::size_t kPipeHeaderSize = 16;
inline constexpr std::size_t kFileHeaderSize = 104;

/// The byte order that the magic tells; nothing when this is no perf.data (of version 2, written since 2010).
[[nodiscard]] std::optional<ByteOrder> order_of_magic(std::span<const std::byte> beginning);

/// Reads the header from the first kFileHeaderSize bytes, or kPipeHeaderSize for the pipe form.
/// Source: tools/perf/util/header.h, struct perf_file_header and perf_pipe_file_header.
[[nodiscard]] Result<FileHeader> parse_file_header(std::span<const std::byte> bytes, std::string_view where);

}  // namespace leakscope::sources::perf_data
