#include "sources/recording/column.h"

#include <random>

#include <gtest/gtest.h>

#include "sources/recording/column_store.h"

namespace leakscope::sources::recording {
namespace {

struct Points {
  std::vector<std::uint32_t> rows;
  std::vector<std::int64_t> values;
  friend bool operator==(const Points&, const Points&) = default;
};

struct Packed {
  std::string base;
  std::size_t heads, gaps, runs, values;  // sizes
};

Packed pack(const std::vector<Points>& columns, std::uint32_t row_count) {
  ColumnEncoder encoder;
  ColumnStreams streams;
  for (const Points& points : columns) encoder.encode(points.rows, points.values, row_count, streams);
  return {streams.heads + streams.gaps + streams.runs + streams.values, streams.heads.size(), streams.gaps.size(),
          streams.runs.size(), streams.values.size()};
}

ColumnInput input_of(const Packed& packed) {
  const std::string_view base = packed.base;
  const std::size_t gaps = packed.heads;
  const std::size_t runs = gaps + packed.gaps;
  const std::size_t values = runs + packed.runs;
  return {base, ByteCursor(base.substr(0, gaps)), ByteCursor(base.substr(gaps, packed.gaps)),
          ByteCursor(base.substr(runs, packed.runs)), ByteCursor(base.substr(values))};
}

std::optional<Points> unpack_one(ColumnInput& input, std::uint32_t row_count) {
  auto cursor = ColumnCursor::open(input, row_count);
  if (!cursor) return std::nullopt;
  Points points;
  for (; cursor->row() != ColumnCursor::kNoRow; cursor->advance(input.base)) {
    points.rows.push_back(cursor->row());
    points.values.push_back(cursor->value());
  }
  EXPECT_FALSE(cursor->damaged());
  EXPECT_EQ(cursor->points(), points.rows.size());
  return points;
}

Points random_points(std::mt19937_64& random, std::uint32_t row_count) {
  Points points;
  const auto style = random() % 6;
  std::int64_t value = static_cast<std::int64_t>(random() % 1000);
  for (std::uint32_t row = static_cast<std::uint32_t>(random() % 3); row < row_count;) {
    switch (style) {
      case 0:  // constant
        break;
      case 1:  // rarely, in pages
        if (random() % 8 == 0) value += 4096 * (static_cast<std::int64_t>(random() % 9) - 4);
        break;
      case 2:  // noise
        value += static_cast<std::int64_t>(random() % 2001) - 1000;
        break;
      case 3:  // a steady counter
        value += 1'000'000 + static_cast<std::int64_t>(random() % 10);
        break;
      case 4:
        value = static_cast<std::int64_t>(random());
        break;
      default:
        value = random() % 2 == 0 ? INT64_MIN : INT64_MAX;
        break;
    }
    points.rows.push_back(row);
    points.values.push_back(value);
    row += style % 2 == 0 ? 1 : static_cast<std::uint32_t>(1 + random() % 3);
  }
  if (points.rows.empty()) points = {{0}, {value}};
  return points;
}

TEST(Column, GivesBackWhatWasPutIn) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto row_count = static_cast<std::uint32_t>(1 + random() % 200);
    std::vector<Points> columns(1 + random() % 5);
    for (Points& points : columns) points = random_points(random, row_count);
    const Packed packed = pack(columns, row_count);
    ColumnInput input = input_of(packed);
    for (const Points& points : columns) ASSERT_EQ(unpack_one(input, row_count), points) << "round " << round;
    EXPECT_TRUE(input.heads.at_end());
    EXPECT_TRUE(input.values.at_end());
  }
}

TEST(Column, WhatStaysCostsNextToNothing) {
  Points points;
  for (std::uint32_t row = 0; row < 720; ++row) {
    points.rows.push_back(row);
    points.values.push_back(123'456'789'012);
  }
  EXPECT_LE(pack({points}, 720).base.size(), 8U);
  for (std::uint32_t row = 400; row < 720; ++row) points.values[row] += 4096;
  EXPECT_LE(pack({points}, 720).base.size(), 20U);
}

TEST(Column, RegularGapsCostNothingMore) {
  Points points;
  for (std::uint32_t row = 1; row < 720; row += 3) {
    points.rows.push_back(row);
    points.values.push_back(5);
  }
  EXPECT_LE(pack({points}, 720).base.size(), 6U);
}

TEST(Column, ForeignBytesEndItEarly) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 2000; ++round) {
    Packed packed = pack({random_points(random, 50), random_points(random, 50)}, 50);
    for (int i = 0; i < 3; ++i) packed.base[random() % packed.base.size()] = static_cast<char>(random());
    ColumnInput input = input_of(packed);
    for (int i = 0; i < 2; ++i) {
      auto cursor = ColumnCursor::open(input, 50);
      if (!cursor) break;
      std::uint32_t points = 0;
      for (; cursor->row() != ColumnCursor::kNoRow; cursor->advance(input.base), ++points) {
        ASSERT_LT(cursor->row(), 50U);
      }
      ASSERT_TRUE(points <= 50 && (cursor->damaged() || points == cursor->points()));
    }
  }
}

TEST(Column, AListOfRowsThatIsMissingIsNone) {
  std::string base;
  ByteWriter head(base);
  head.u8(static_cast<std::uint8_t>(column::Presence::kListed));
  head.varint(1);  // one point
  head.varint(0);  // but no gaps that would lead to it
  ColumnInput input{base, ByteCursor(base), ByteCursor({}), ByteCursor({}), ByteCursor({})};
  EXPECT_FALSE(ColumnCursor::open(input, 50));
}

TEST(ColumnStore, HoldsWhatWasPutIn) {
  std::mt19937_64 random(9);
  ColumnStore store;
  for (int round = 0; round < 20; ++round) {
    std::vector<Points> series(50);
    for (Points& points : series) points = random_points(random, 300);
    std::vector<std::size_t> next(series.size());
    for (std::uint32_t row = 0; row < 300; ++row) {
      for (std::uint32_t s = 0; s < series.size(); ++s) {
        if (next[s] == series[s].rows.size() || series[s].rows[next[s]] != row) continue;
        if (row % 7 == 0) store.put(s, row, -1);  // replaced by the next
        EXPECT_EQ(store.put(s, row, series[s].values[next[s]]), next[s] == 0 && row % 7 != 0);
        ++next[s];
      }
    }
    for (std::uint32_t s = 0; s < series.size(); ++s) {
      Points points;
      store.points(s, points.rows, points.values);
      ASSERT_EQ(points, series[s]);
    }
    store.clear();
    EXPECT_FALSE(store.has_points(0));
  }
}

}  // namespace
}  // namespace leakscope::sources::recording
