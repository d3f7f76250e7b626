#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {

/// One series within a block: which of the block's rows have a value, and the values. A value that stays costs
/// nothing, one that changes costs a varint of the change (or of the change of the change), divided by what all changes
/// have in common: page counts in bytes are all multiples of 4096.
///
/// A column lies in four streams, so that like stands beside like when the block is packed:
///   heads   flags; for kRegular: first, stride, count; for kListed: count, size of its gaps; for scaled: the divisor;
///           the first value; for kSparse: sizes of its runs and of its values; for kEach and kEachTwice: of its values
///   gaps    kListed: pairs (step to the next row, how often it repeats); the first step counts from row -1
///   runs    kSparse: how many points stay unchanged before each change
///   values  the changes, zigzag
namespace column {
enum class Presence : std::uint8_t { kAll = 0, kRegular = 1, kListed = 2 };
enum class Values : std::uint8_t {
  kConstant = 0,
  kSparse = 1,     ///< changes alone, each with the number of unchanged points before it
  kEach = 2,       ///< the change of each point against the one before
  kEachTwice = 3,  ///< the change of the change: counters that rise steadily
};
inline constexpr std::uint8_t kScaled = 1U << 4U;
}  // namespace column

struct ColumnStreams {
  std::string heads;
  std::string gaps;
  std::string runs;
  std::string values;

  void clear();
};

/// Writes columns; keeps its scratch memory.
class ColumnEncoder {
 public:
  /// `rows` ascend and are below `row_count`; `values` are as many; at least one.
  void encode(std::span<const std::uint32_t> rows, std::span<const std::int64_t> values, std::uint32_t row_count,
              ColumnStreams& out);

 private:
  [[nodiscard]] column::Presence encode_presence(std::span<const std::uint32_t> rows, std::uint32_t row_count);
  [[nodiscard]] column::Values choose_values() const;
  void encode_values(column::Values mode, ColumnStreams& out);

  std::vector<std::int64_t> steps_;
  std::uint64_t divisor_ = 1;
  std::string presence_;
  std::string presence_gaps_;
};

/// The streams of a block while its columns are opened one after the other.
struct ColumnInput {
  std::string_view base;  ///< the whole payload; the streams are pieces of it
  ByteCursor heads;
  ByteCursor gaps;
  ByteCursor runs;
  ByteCursor values;
};

/// Walks over the points of a column, which may be foreign bytes: it ends early, and says so, where they make no sense.
class ColumnCursor {
 public:
  /// Takes one column's head from the input; nothing when it makes no sense.
  [[nodiscard]] static std::optional<ColumnCursor> open(ColumnInput& input, std::uint32_t row_count);

  /// The row of the current point; kNoRow behind the last one.
  [[nodiscard]] std::uint32_t row() const { return row_; }
  [[nodiscard]] std::int64_t value() const { return value_; }
  [[nodiscard]] std::uint32_t points() const { return points_; }
  [[nodiscard]] bool damaged() const { return damaged_; }
  /// To the next point. `base` is the payload that the column was opened from.
  void advance(std::string_view base);

  static constexpr std::uint32_t kNoRow = UINT32_MAX;

 private:
  struct Piece {
    std::uint32_t at = 0;
    std::uint32_t end = 0;
  };
  ColumnCursor() = default;
  [[nodiscard]] static std::optional<std::uint64_t> take(std::string_view base, Piece& piece);
  [[nodiscard]] static std::optional<Piece> cut(const ColumnInput& input, ByteCursor& stream, ByteCursor& heads);
  [[nodiscard]] bool open_presence(ColumnInput& input, column::Presence presence);
  [[nodiscard]] bool open_values(ColumnInput& input);
  bool next_row(std::string_view base);
  bool next_value(std::string_view base);
  void end(bool damaged);

  std::int64_t value_ = 0;
  std::uint64_t divisor_ = 1;
  std::uint64_t step_ = 0;  ///< kEachTwice: the last change, in units of the divisor
  std::uint64_t run_ = 0;   ///< kSparse: unchanged points before the next change
  Piece gaps_;
  Piece runs_;
  Piece values_;
  std::uint32_t row_ = kNoRow;
  std::uint32_t row_count_ = 0;
  std::uint32_t stride_ = 1;
  std::uint32_t repeats_ = 0;  ///< rows that the current stride leads to, after this one
  std::uint32_t points_ = 0;
  std::uint32_t left_ = 0;  ///< points after this one
  column::Values mode_ = column::Values::kConstant;
  bool changes_left_ = false;  ///< kSparse: run_ is followed by a change
  bool damaged_ = false;
};

}  // namespace leakscope::sources::recording
