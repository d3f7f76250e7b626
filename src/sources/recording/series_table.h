#pragma once

#include <cstdint>
#include <vector>

#include "model/sample.h"
#include "model/series.h"

namespace leakscope::sources::recording {

/// Gives every series (subject and metric) a small number, its slot. Sources report in the same order from sample to
/// sample, so the slot that followed this one last time is tried first, and the hash only when that was wrong.
class SeriesTable {
 public:
  SeriesTable() { grow(1024); }

  /// Starts a sample: the next lookup is compared with the first of the sample before.
  void rewind() { last_ = kNone; }
  /// The slot of the series, a new one if it has none.
  [[nodiscard]] std::uint32_t slot(model::SubjectId subject, model::Metric metric);
  [[nodiscard]] model::SeriesKey key(std::uint32_t slot) const { return keys_[slot]; }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] std::size_t bytes_held() const {
    return keys_.capacity() * sizeof(model::SeriesKey) +
           (followers_.capacity() + buckets_.capacity()) * sizeof(std::uint32_t);
  }
  /// Forgets all series; memory is kept.
  void clear();

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  [[nodiscard]] std::uint32_t find_or_add(model::SeriesKey key);
  void grow(std::size_t buckets);

  std::vector<model::SeriesKey> keys_;    // by slot
  std::vector<std::uint32_t> followers_;  // by slot: the slot that came next
  std::vector<std::uint32_t> buckets_;    // open addressing, a power of two, at most half full
  std::uint32_t first_ = kNone;
  std::uint32_t last_ = kNone;
};

}  // namespace leakscope::sources::recording
