#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::trace_dat {

/// A file of which pieces are read anywhere. Its size is that of the moment it was opened.
class DatFile {
 public:
  /// kUnsupported for what has no size and no places: a pipe, a terminal.
  [[nodiscard]] static Result<DatFile> open(UniqueFd file, std::string name);

  /// Fills `into` as far as the file has bytes, and says how many these are.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  DatFile(UniqueFd file, std::string name, std::uint64_t size)
      : file_(std::move(file)), name_(std::move(name)), size_(size) {}

  UniqueFd file_;
  std::string name_;
  std::uint64_t size_ = 0;
};

}  // namespace leakscope::sources::trace_dat
