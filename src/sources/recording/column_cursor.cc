#include "sources/recording/column.h"

namespace leakscope::sources::recording {

using column::Presence;
using column::Values;

std::optional<std::uint64_t> ColumnCursor::take(std::string_view base, Piece& piece) {
  // Most varints of a column have one byte.
  if (piece.at < piece.end) {
    const auto first = static_cast<std::uint8_t>(base[piece.at]);
    if (first < 0x80) {
      ++piece.at;
      return first;
    }
  }
  ByteCursor cursor(base.substr(piece.at, piece.end - piece.at));
  const auto value = cursor.varint();
  piece.at = piece.end - static_cast<std::uint32_t>(cursor.rest().size());
  return value;
}

std::optional<ColumnCursor::Piece> ColumnCursor::cut(const ColumnInput& input, ByteCursor& stream, ByteCursor& heads) {
  const auto size = heads.varint();
  if (!size) return std::nullopt;
  const auto taken = stream.take(*size);
  if (!taken) return std::nullopt;
  // An empty piece may lie anywhere, outside of the payload too.
  if (taken->empty()) return Piece{};
  const auto at = static_cast<std::uint32_t>(taken->data() - input.base.data());
  return Piece{at, at + static_cast<std::uint32_t>(taken->size())};
}

bool ColumnCursor::open_presence(ColumnInput& input, Presence presence) {
  if (presence == Presence::kAll) {
    row_ = 0;
    points_ = row_count_;
    repeats_ = row_count_ - 1;
    return true;
  }
  if (presence == Presence::kRegular) {
    const auto first = input.heads.varint_up_to(row_count_ - 1);
    const auto stride = input.heads.varint_up_to(row_count_);
    const auto count = input.heads.varint_up_to(row_count_);
    if (!first || !stride || !count || *count == 0 || *stride == 0) return false;
    if (*first + *stride * (*count - 1) >= row_count_) return false;
    row_ = static_cast<std::uint32_t>(*first);
    stride_ = static_cast<std::uint32_t>(*stride);
    points_ = static_cast<std::uint32_t>(*count);
    repeats_ = points_ - 1;
    return true;
  }
  const auto count = input.heads.varint_up_to(row_count_);
  const auto piece = cut(input, input.gaps, input.heads);
  if (!count || *count == 0 || !piece) return false;
  points_ = static_cast<std::uint32_t>(*count);
  gaps_ = *piece;
  return next_row(input.base);  // from row -1
}

bool ColumnCursor::open_values(ColumnInput& input) {
  if (mode_ == Values::kSparse) {
    const auto runs = cut(input, input.runs, input.heads);
    if (!runs) return false;
    runs_ = *runs;
  }
  if (mode_ != Values::kConstant) {
    const auto values = cut(input, input.values, input.heads);
    if (!values) return false;
    values_ = *values;
  }
  if (mode_ != Values::kSparse) return true;
  const auto run = take(input.base, runs_);
  if (!run) return false;
  run_ = *run;
  changes_left_ = true;
  return true;
}

std::optional<ColumnCursor> ColumnCursor::open(ColumnInput& input, std::uint32_t row_count) {
  if (row_count == 0) return std::nullopt;
  ColumnCursor column;
  column.row_count_ = row_count;
  const auto flags = input.heads.u8();
  if (!flags || (*flags & ~std::uint8_t{0x1F}) != 0) return std::nullopt;
  const unsigned presence = *flags & 3U;
  if (presence > static_cast<unsigned>(Presence::kListed)) return std::nullopt;
  column.mode_ = static_cast<Values>((*flags >> 2U) & 3U);
  if (!column.open_presence(input, static_cast<Presence>(presence))) return std::nullopt;
  if ((*flags & column::kScaled) != 0) {
    const auto divisor = input.heads.varint();
    if (!divisor) return std::nullopt;
    column.divisor_ = *divisor;
  }
  const auto first = input.heads.signed_varint();
  if (!first || !column.open_values(input)) return std::nullopt;
  column.value_ = *first;
  column.left_ = column.points_ - 1;
  return column;
}

bool ColumnCursor::next_row(std::string_view base) {
  if (repeats_ == 0) {
    const auto gap = take(base, gaps_);
    const auto repeats = take(base, gaps_);
    if (!gap || !repeats || *gap == 0 || *gap > row_count_ || *repeats == 0 || *repeats > row_count_) return false;
    stride_ = static_cast<std::uint32_t>(*gap);
    repeats_ = static_cast<std::uint32_t>(*repeats);
  }
  --repeats_;
  const std::uint64_t next = row_ == kNoRow ? std::uint64_t{stride_} - 1 : std::uint64_t{row_} + stride_;
  if (next >= row_count_) return false;
  row_ = static_cast<std::uint32_t>(next);
  return true;
}

bool ColumnCursor::next_value(std::string_view base) {
  if (mode_ == Values::kConstant) return true;
  if (mode_ == Values::kSparse) {
    if (!changes_left_) return true;
    if (run_ > 0) {
      --run_;
      return true;
    }
  }
  const auto coded = take(base, values_);
  if (!coded) return false;
  auto step = static_cast<std::uint64_t>(unzigzag(*coded));
  if (mode_ == Values::kEachTwice) {
    step += step_;
    step_ = step;
  }
  value_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(value_) + step * divisor_);
  if (mode_ == Values::kSparse) {
    changes_left_ = runs_.at < runs_.end;
    if (changes_left_) {
      const auto run = take(base, runs_);
      if (!run) return false;
      run_ = *run;
    }
  }
  return true;
}

void ColumnCursor::end(bool damaged) {
  row_ = kNoRow;
  left_ = 0;
  damaged_ = damaged_ || damaged;
}

void ColumnCursor::advance(std::string_view base) {
  if (left_ == 0) return end(false);
  --left_;
  if (!next_row(base) || !next_value(base)) end(true);
}

}  // namespace leakscope::sources::recording
