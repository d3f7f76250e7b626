#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::perf_data {

/// The bytes of a file or a pipe. A file is read by position and never mapped: it may be cut while it is read.
class Input {
 public:
  /// `already_read`: what somebody took from the beginning of a pipe; of a file it does not matter.
  Input(UniqueFd file, std::string name, std::string already_read);

  /// At least one byte; 0 at the end.
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> into);
  [[nodiscard]] Result<> skip(std::uint64_t count);
  /// From now on reads [from, to) only. For files.
  void limit(std::uint64_t from, std::uint64_t to);
  /// What is there of a piece of a file, at most `most` bytes of it: the result may be shorter.
  [[nodiscard]] Result<std::string> read_at(std::uint64_t offset, std::uint64_t size, std::size_t most) const;

  [[nodiscard]] bool is_file() const { return is_file_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  static constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

 private:
  [[nodiscard]] Result<std::size_t> read_file(std::uint64_t offset, std::span<std::byte> into) const;
  [[nodiscard]] Result<std::size_t> read_pipe(std::span<std::byte> into);

  UniqueFd file_;
  std::string name_;
  std::string already_read_;
  std::size_t given_ = 0;  // of already_read_
  bool is_file_ = false;
  std::uint64_t position_ = 0;
  std::uint64_t end_ = kToTheEnd;
};

}  // namespace leakscope::sources::perf_data
