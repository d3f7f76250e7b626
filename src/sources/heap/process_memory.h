#pragma once

#include <array>
#include <vector>

#include "base/bytes.h"
#include "base/unique_fd.h"
#include "sources/heap/main_heap.h"

namespace leakscope::sources::heap {

/// The memory of a live process, read from outside by /proc/PID/mem. Pages that are not in RAM are not read, so that
/// none is ever faulted in: /proc/PID/pagemap says which are (bit 63; Documentation/admin-guide/mm/pagemap.rst).
/// Between the two reads a page may be swapped out; then reading it would bring it back, once.
class ProcessMemory final : public MemoryReader {
 public:
  ProcessMemory(UniqueFd memory, UniqueFd page_map, PageSize page_size);

  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override;
  /// Whether anything was refused that may be read by nobody but root or the owner.
  [[nodiscard]] bool denied() const { return denied_; }

 private:
  [[nodiscard]] bool load(std::uint64_t address);

  static constexpr std::size_t kPages = 64;
  UniqueFd memory_;
  UniqueFd page_map_;
  std::uint64_t page_size_;
  std::uint64_t first_ = 0;  ///< address of what is in the buffer
  std::uint64_t length_ = 0;
  std::vector<std::byte> buffer_;
  bool denied_ = false;
};

}  // namespace leakscope::sources::heap
