#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/process_id.h"

namespace leakscope::sources::process {

/// Finds the slot of a pid: open addressing with linear probing, so that looking up, adding and removing allocate
/// nothing while the number of pids stays within what it has held before.
class PidIndex {
 public:
  [[nodiscard]] std::optional<std::uint32_t> find(Pid pid) const {
    if (cells_.empty()) return std::nullopt;
    for (std::size_t at = home(pid);; at = next(at)) {
      if (cells_[at].pid == kFree) return std::nullopt;
      if (cells_[at].pid == pid.value) return cells_[at].slot;
    }
  }

  /// The pid must not be there yet.
  void insert(Pid pid, std::uint32_t slot) {
    if ((size_ + 1) * 2 > cells_.size()) grow();
    place({pid.value, slot});
    ++size_;
  }

  void erase(Pid pid) {
    if (cells_.empty()) return;
    std::size_t at = home(pid);
    while (cells_[at].pid != pid.value) {
      if (cells_[at].pid == kFree) return;
      at = next(at);
    }
    --size_;
    // Close the gap: whoever stands behind it and may not be found over a free cell moves into it.
    for (std::size_t candidate = next(at); cells_[candidate].pid != kFree; candidate = next(candidate)) {
      const std::size_t wanted = home(Pid{cells_[candidate].pid});
      const bool reachable =
          at <= candidate ? (at < wanted && wanted <= candidate) : (at < wanted || wanted <= candidate);
      if (reachable) continue;
      cells_[at] = cells_[candidate];
      at = candidate;
    }
    cells_[at] = Cell{};
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::int32_t kFree = -1;  // no pid is negative
  static constexpr std::size_t kFirstCells = 1024;
  struct Cell {
    std::int32_t pid = kFree;
    std::uint32_t slot = 0;
  };

  [[nodiscard]] std::size_t home(Pid pid) const {
    const std::uint32_t hash = static_cast<std::uint32_t>(pid.value) * 0x9E3779B1U;
    return hash & (cells_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (cells_.size() - 1); }
  void place(Cell cell) {
    std::size_t at = home(Pid{cell.pid});
    while (cells_[at].pid != kFree) at = next(at);
    cells_[at] = cell;
  }
  void grow() {
    std::vector<Cell> old(cells_.empty() ? kFirstCells : cells_.size() * 2);
    old.swap(cells_);
    for (const Cell& cell : old) {
      if (cell.pid != kFree) place(cell);
    }
  }

  std::vector<Cell> cells_;  // a power of two, at least half of them free
  std::size_t size_ = 0;
};

}  // namespace leakscope::sources::process
