#include <numeric>

#include "sources/recording/column.h"

namespace leakscope::sources::recording {
namespace {

using column::Presence;
using column::Values;

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t divide(std::int64_t value, std::uint64_t divisor) {
  const std::uint64_t quotient = magnitude(value) / divisor;
  return static_cast<std::int64_t>(value < 0 ? ~quotient + 1 : quotient);
}

}  // namespace

void ColumnStreams::clear() {
  heads.clear();
  gaps.clear();
  runs.clear();
  values.clear();
}

Presence ColumnEncoder::encode_presence(std::span<const std::uint32_t> rows, std::uint32_t row_count) {
  presence_.clear();
  presence_gaps_.clear();
  const std::size_t count = rows.size();
  if (count == row_count) return Presence::kAll;
  const std::uint32_t stride = count > 1 ? rows[1] - rows[0] : 1;
  bool regular = true;
  for (std::size_t i = 1; i < count && regular; ++i) regular = rows[i] - rows[i - 1] == stride;
  ByteWriter head(presence_);
  if (regular) {
    head.varint(rows[0]);
    head.varint(stride);
    head.varint(count);
    return Presence::kRegular;
  }
  ByteWriter gaps(presence_gaps_);
  std::uint32_t before = UINT32_MAX;  // row -1
  for (std::size_t i = 0; i < count;) {
    const std::uint32_t gap = rows[i] - before;
    std::size_t repeats = 0;
    while (i < count && rows[i] - before == gap) {
      before = rows[i++];
      ++repeats;
    }
    gaps.varint(gap);
    gaps.varint(repeats);
  }
  head.varint(count);
  head.varint(presence_gaps_.size());
  return Presence::kListed;
}

Values ColumnEncoder::choose_values() const {
  std::size_t sparse = 0;
  std::size_t each = 0;
  std::size_t twice = 0;
  std::uint64_t run = 0;
  std::int64_t before = 0;
  bool constant = true;
  for (const std::int64_t step : steps_) {
    const std::size_t size = varint_size(zigzag(step));
    each += size;
    twice += varint_size(zigzag(wrapping_difference(step, before)));
    before = step;
    if (step == 0) {
      ++run;
      continue;
    }
    constant = false;
    sparse += size + varint_size(run);
    run = 0;
  }
  if (constant) return Values::kConstant;
  if (sparse <= each && sparse <= twice) return Values::kSparse;
  return each <= twice ? Values::kEach : Values::kEachTwice;
}

void ColumnEncoder::encode_values(Values mode, ColumnStreams& out) {
  ByteWriter heads(out.heads);
  ByteWriter values(out.values);
  ByteWriter runs(out.runs);
  const std::size_t values_start = out.values.size();
  const std::size_t runs_start = out.runs.size();
  std::uint64_t run = 0;
  std::int64_t before = 0;
  for (const std::int64_t step : steps_) {
    switch (mode) {
      case Values::kConstant:
        return;
      case Values::kSparse:
        if (step == 0) {
          ++run;
          break;
        }
        runs.varint(run);
        values.signed_varint(step);
        run = 0;
        break;
      case Values::kEach:
        values.signed_varint(step);
        break;
      case Values::kEachTwice:
        values.signed_varint(wrapping_difference(step, before));
        before = step;
        break;
    }
  }
  if (mode == Values::kSparse) heads.varint(out.runs.size() - runs_start);
  if (mode != Values::kConstant) heads.varint(out.values.size() - values_start);
}

void ColumnEncoder::encode(std::span<const std::uint32_t> rows, std::span<const std::int64_t> values,
                           std::uint32_t row_count, ColumnStreams& out) {
  const Presence presence = encode_presence(rows, row_count);
  steps_.clear();
  divisor_ = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    steps_.push_back(wrapping_difference(values[i], values[i - 1]));
    if (divisor_ != 1) divisor_ = std::gcd(divisor_, magnitude(steps_.back()));
  }
  const bool scaled = divisor_ > 1;
  if (scaled) {
    for (std::int64_t& step : steps_) step = divide(step, divisor_);
  }
  const Values mode = choose_values();
  ByteWriter heads(out.heads);
  heads.u8(static_cast<std::uint8_t>(static_cast<unsigned>(presence) | static_cast<unsigned>(mode) << 2U |
                                     (scaled ? column::kScaled : 0U)));
  out.heads.append(presence_);
  out.gaps.append(presence_gaps_);
  if (scaled) heads.varint(divisor_);
  heads.signed_varint(values[0]);
  encode_values(mode, out);
}

}  // namespace leakscope::sources::recording
