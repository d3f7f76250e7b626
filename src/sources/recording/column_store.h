#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace leakscope::sources::recording {

/// Holds the points of many series in little memory while a block is being filled: per series a chain of cells of 32
/// bytes with varints. An unchanged value only counts up a run. Cells come from slabs that are kept when the store is
/// emptied, so that filling it again allocates nothing.
class ColumnStore {
 public:
  /// Adds a point; rows of one series never descend. A second value for the same row replaces the first. True when it
  /// is the series' first point.
  bool put(std::uint32_t series, std::uint32_t row, std::int64_t value);
  [[nodiscard]] bool has_points(std::uint32_t series) const { return series < series_ && chain(series).points > 0; }
  /// All points of a series, in order; the vectors are replaced.
  void points(std::uint32_t series, std::vector<std::uint32_t>& rows, std::vector<std::int64_t>& values) const;
  /// Empties it; memory is kept.
  void clear();

  [[nodiscard]] std::size_t cells_in_use() const { return cells_used_; }
  /// Memory that it holds, whether in use or kept for later.
  [[nodiscard]] std::size_t bytes_held() const {
    return slabs_.size() * kCellsPerSlab * sizeof(Cell) + chain_slabs_.size() * kChainsPerSlab * sizeof(Chain);
  }
  [[nodiscard]] std::uint64_t points_held() const { return points_; }
  /// Makes room for so many more cells, outside of the sampling path.
  void reserve_cells(std::size_t more);

  static constexpr std::size_t kCellBytes = 32;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::size_t kCellsPerSlab = 2048;
  static constexpr std::size_t kChainsPerSlab = 1024;
  struct Cell {
    std::uint8_t bytes[kCellBytes - sizeof(std::uint32_t)];
    std::uint32_t next;
  };
  static constexpr std::size_t kRoom = sizeof(Cell::bytes);
  struct Chain {
    std::int64_t coded_value = 0;     // of the last point that is in the cells
    std::int64_t last_value = 0;      // of the newest point, which may still be replaced
    std::uint32_t coded_row = kNone;  // row -1
    std::uint32_t last_row = kNone;
    std::uint32_t gap = 0;  // step between rows that the run repeats
    std::uint32_t run = 0;
    std::uint32_t points = 0;
    std::uint32_t head = kNone;
    std::uint32_t tail = kNone;
    std::uint32_t used = kRoom;  // bytes of the tail
  };
  class Reader;

  [[nodiscard]] Cell& cell(std::uint32_t index) { return slabs_[index / kCellsPerSlab][index % kCellsPerSlab]; }
  [[nodiscard]] const Cell& cell(std::uint32_t index) const {
    return slabs_[index / kCellsPerSlab][index % kCellsPerSlab];
  }
  [[nodiscard]] Chain& chain(std::uint32_t series) {
    return chain_slabs_[series / kChainsPerSlab][series % kChainsPerSlab];
  }
  [[nodiscard]] const Chain& chain(std::uint32_t series) const {
    return chain_slabs_[series / kChainsPerSlab][series % kChainsPerSlab];
  }
  void code_last(Chain& chain);
  void append(Chain& chain, std::uint64_t varint);

  // Slabs for both: a vector of all would hold up to twice what it needs, and three times while it grows.
  std::vector<std::unique_ptr<Chain[]>> chain_slabs_;
  std::uint32_t series_ = 0;  // chains below this one may have points
  std::vector<std::unique_ptr<Cell[]>> slabs_;
  std::size_t cells_used_ = 0;
  std::uint64_t points_ = 0;
};

}  // namespace leakscope::sources::recording
