#include "sources/recording/series_table.h"

#include <algorithm>

namespace leakscope::sources::recording {
namespace {

std::size_t hash(model::SeriesKey key) {
  const std::uint64_t word =
      (std::uint64_t{key.subject.index} << 16U | static_cast<std::uint64_t>(key.metric)) * 0x9E3779B97F4A7C15ULL;
  return word ^ (word >> 32U);
}

}  // namespace

std::uint32_t SeriesTable::slot(model::SubjectId subject, model::Metric metric) {
  const model::SeriesKey key{subject, metric};
  std::uint32_t& guess = last_ == kNone ? first_ : followers_[last_];
  if (guess == kNone || keys_[guess] != key) {
    const std::uint32_t found = find_or_add(key);
    // find_or_add may have moved followers_, so the guess is addressed anew.
    (last_ == kNone ? first_ : followers_[last_]) = found;
    last_ = found;
  } else {
    last_ = guess;
  }
  return last_;
}

std::uint32_t SeriesTable::find_or_add(model::SeriesKey key) {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = hash(key) & mask;
  while (buckets_[at] != kNone) {
    if (keys_[buckets_[at]] == key) return buckets_[at];
    at = (at + 1) & mask;
  }
  const auto slot = static_cast<std::uint32_t>(keys_.size());
  buckets_[at] = slot;
  keys_.push_back(key);
  followers_.push_back(kNone);
  if (keys_.size() * 2 > buckets_.size()) grow(buckets_.size() * 2);
  return slot;
}

void SeriesTable::grow(std::size_t buckets) {
  buckets_.assign(buckets, kNone);
  for (std::uint32_t slot = 0; slot < keys_.size(); ++slot) {
    std::size_t at = hash(keys_[slot]) & (buckets - 1);
    while (buckets_[at] != kNone) at = (at + 1) & (buckets - 1);
    buckets_[at] = slot;
  }
}

void SeriesTable::clear() {
  keys_.clear();
  followers_.clear();
  std::ranges::fill(buckets_, kNone);
  first_ = kNone;
  last_ = kNone;
}

}  // namespace leakscope::sources::recording
