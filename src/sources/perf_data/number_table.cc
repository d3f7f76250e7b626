#include "sources/perf_data/number_table.h"

#include <utility>

namespace leakscope::sources::perf_data {

void NumberTable::grow() {
  constexpr std::size_t kFirstSlots = 64;
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.used) slots_[place_of(slot.number)] = slot;
  }
}

bool NumberTable::set(std::uint64_t number, std::uint32_t value) {
  if ((size_ + 1) * 2 > slots_.size()) {
    if (size_ >= kMost) {
      if (!find(number)) return false;
    } else {
      grow();
    }
  }
  Slot& slot = slots_[place_of(number)];
  if (!slot.used) ++size_;
  slot = {number, value, true};
  return true;
}

}  // namespace leakscope::sources::perf_data
