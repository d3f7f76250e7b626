#include "sources/recording/column_store.h"

#include <algorithm>

#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {
namespace {

// Records in the cells: a varint whose lowest bit tells a run (0, with the number of repeats above it) from a change
// (1, with the step between rows above it, and the change of the value in a second varint).
constexpr std::uint64_t kChange = 1;

std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

void ColumnStore::append(Chain& chain, std::uint64_t value) {
  do {
    if (chain.used == kRoom) {
      if (cells_used_ == slabs_.size() * kCellsPerSlab) slabs_.push_back(std::make_unique<Cell[]>(kCellsPerSlab));
      const auto fresh = static_cast<std::uint32_t>(cells_used_++);
      cell(fresh).next = kNone;
      (chain.tail == kNone ? chain.head : cell(chain.tail).next) = fresh;
      chain.tail = fresh;
      chain.used = 0;
    }
    const std::uint8_t more = value >= 0x80 ? 0x80 : 0;
    cell(chain.tail).bytes[chain.used++] = static_cast<std::uint8_t>((value & 0x7FU) | more);
    value >>= 7U;
    if (more == 0) return;
  } while (true);
}

void ColumnStore::code_last(Chain& chain) {
  const std::uint32_t gap = chain.last_row - chain.coded_row;  // wraps to row + 1 for the first
  const std::int64_t change = wrapping_difference(chain.last_value, chain.coded_value);
  if (chain.coded_row != kNone && change == 0 && gap == chain.gap) {
    ++chain.run;
  } else {
    if (chain.run > 0) append(chain, std::uint64_t{chain.run} << 1U);
    chain.run = 0;
    chain.gap = gap;
    append(chain, std::uint64_t{gap} << 1U | kChange);
    append(chain, zigzag(change));
  }
  chain.coded_row = chain.last_row;
  chain.coded_value = chain.last_value;
}

bool ColumnStore::put(std::uint32_t series, std::uint32_t row, std::int64_t value) {
  while (series >= chain_slabs_.size() * kChainsPerSlab) {
    chain_slabs_.push_back(std::make_unique<Chain[]>(kChainsPerSlab));
  }
  series_ = std::max(series_, series + 1);
  Chain& chain = this->chain(series);
  if (chain.points > 0 && chain.last_row == row) {
    chain.last_value = value;
    return false;
  }
  if (chain.points > 0) code_last(chain);
  chain.last_row = row;
  chain.last_value = value;
  ++points_;
  return ++chain.points == 1;
}

class ColumnStore::Reader {
 public:
  Reader(const ColumnStore& store, const Chain& chain) : store_(store), chain_(chain), cell_(chain.head) {}

  [[nodiscard]] bool at_end() const { return cell_ == kNone || (cell_ == chain_.tail && at_ == chain_.used); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at_ == kRoom) {
        cell_ = store_.cell(cell_).next;
        at_ = 0;
      }
      const std::uint8_t byte = store_.cell(cell_).bytes[at_++];
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
  }

 private:
  const ColumnStore& store_;
  const Chain& chain_;
  std::uint32_t cell_;
  std::uint32_t at_ = 0;
};

void ColumnStore::points(std::uint32_t series, std::vector<std::uint32_t>& rows,
                         std::vector<std::int64_t>& values) const {
  rows.clear();
  values.clear();
  if (!has_points(series)) return;
  const Chain& chain = this->chain(series);
  std::uint32_t row = kNone;
  std::uint32_t gap = 0;
  std::int64_t value = 0;
  const auto repeat = [&](std::uint64_t times) {
    for (; times > 0; --times) {
      row += gap;
      rows.push_back(row);
      values.push_back(value);
    }
  };
  for (Reader reader(*this, chain); !reader.at_end();) {
    const std::uint64_t word = reader.varint();
    if ((word & kChange) == 0) {
      repeat(word >> 1U);
      continue;
    }
    gap = static_cast<std::uint32_t>(word >> 1U);
    value = wrapping_sum(value, unzigzag(reader.varint()));
    repeat(1);
  }
  repeat(chain.run);
  rows.push_back(chain.last_row);
  values.push_back(chain.last_value);
}

void ColumnStore::clear() {
  for (std::uint32_t series = 0; series < series_; ++series) chain(series) = Chain{};
  series_ = 0;
  cells_used_ = 0;
  points_ = 0;
}

void ColumnStore::reserve_cells(std::size_t more) {
  while (slabs_.size() * kCellsPerSlab < cells_used_ + more) {
    slabs_.push_back(std::make_unique<Cell[]>(kCellsPerSlab));
  }
}

}  // namespace leakscope::sources::recording
