#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sources/trace_dat/dat_file.h"
#include "sources/trace_dat/dat_header.h"

namespace leakscope::sources::trace_dat {

/// Gives the ring buffer pages of one CPU, one after the other; holds one block of them, or one chunk unpacked.
class PageFeed {
 public:
  PageFeed(const DatFile& file, const DatHeader& header, const CpuData& data, std::uint32_t page_size,
           std::size_t block_bytes);

  /// Nothing at the end, and where the file is cut or broken: missing() tells which.
  [[nodiscard]] std::optional<std::span<const std::byte>> next();
  /// Bytes of the file that should be there and are not, or are of no use.
  [[nodiscard]] std::uint64_t missing() const { return missing_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] bool fill_plain();
  [[nodiscard]] bool fill_chunk();
  [[nodiscard]] std::optional<std::uint32_t> number_at(std::uint64_t offset);
  bool end_early(Error error);

  const DatFile* file_;
  ByteOrder order_;
  Packing packing_;
  CpuData data_;
  std::uint32_t page_size_;
  std::size_t block_bytes_;
  std::uint64_t at_ = 0;  // in the file
  std::uint64_t end_ = 0;
  std::optional<std::uint32_t> chunks_left_;
  std::vector<std::byte> packed_;
  std::vector<std::byte> block_;
  std::size_t taken_ = 0;
  std::uint64_t missing_ = 0;
  std::optional<Error> error_;
  bool ended_ = false;
};

}  // namespace leakscope::sources::trace_dat
