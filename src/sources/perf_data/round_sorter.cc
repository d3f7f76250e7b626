#include "sources/perf_data/round_sorter.h"

#include <algorithm>
#include <iterator>

namespace leakscope::sources::perf_data {

void RoundSorter::finish_round() {
  const std::uint64_t until = std::exchange(latest_of_round_before_, latest_);
  merge_runs();
  const auto end = std::ranges::upper_bound(keys_, until, {}, &Key::time);
  ready_ = static_cast<std::size_t>(end - keys_.begin());
}

void RoundSorter::release() {
  merge_runs();
  ready_ = keys_.size();
}

void RoundSorter::release_half() {
  merge_runs();
  ready_ = std::max<std::size_t>(keys_.size() / 2, 1);
}

void RoundSorter::merge_runs() {
  while (!runs_.empty()) merge_neighbours();
}

/// Each two runs that lie side by side become one. Equal times stay in the order in which they came.
void RoundSorter::merge_neighbours() {
  merged_.clear();
  std::size_t kept = 0;  // of runs_
  std::size_t begin = 0;
  for (std::size_t run = 0; begin < keys_.size(); run += 2) {
    const std::size_t middle = run < runs_.size() ? runs_[run] : keys_.size();
    const std::size_t end = run + 1 < runs_.size() ? runs_[run + 1] : keys_.size();
    const auto at = [&](std::size_t index) { return keys_.begin() + static_cast<std::ptrdiff_t>(index); };
    if (begin > 0) runs_[kept++] = begin;
    std::merge(at(begin), at(middle), at(middle), at(end), std::back_inserter(merged_),
               [](const Key& a, const Key& b) { return a.time < b.time; });
    begin = end;
  }
  runs_.resize(kept);
  std::swap(keys_, merged_);
}

/// All that was ready is taken; what is left moves to the front, once a round.
void RoundSorter::drop_taken() {
  keys_.erase(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(next_));
  next_ = 0;
  ready_ = 0;
}

}  // namespace leakscope::sources::perf_data
