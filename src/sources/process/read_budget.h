#pragma once

#include <cstdint>

#include "base/time.h"

namespace leakscope::sources::process {

/// CPU time that dear reads may take: earned as a share of the time that passes, spent by what a read really took.
class ReadBudget {
 public:
  /// `share` of one CPU (0.002 is 0.2 %), saved up to `most`: no read predicted to take more is ever allowed. The
  /// budget begins full.
  ReadBudget(double share, Nanoseconds most) : share_(share), most_(most), left_(most) {}

  void earn(Nanoseconds elapsed);
  [[nodiscard]] bool ever_allows(Nanoseconds predicted) const { return predicted <= most_; }
  [[nodiscard]] bool allows(Nanoseconds predicted) const { return predicted <= left_; }
  void spend(Nanoseconds taken) { left_ -= taken; }
  [[nodiscard]] Nanoseconds left() const { return left_; }

 private:
  double share_;
  Nanoseconds most_;
  Nanoseconds left_;  // below zero after a read that took longer than predicted
};

/// What a walk over page tables (smaps_rollup, smaps) costs on this machine: so much for each page table entry, so
/// much for the rest. Begins with a careful guess and learns from every read. Huge pages cost next to nothing, so
/// only memory in base pages counts: resident minus AnonHugePages.
class WalkCost {
 public:
  explicit WalkCost(Nanoseconds per_gib = std::chrono::milliseconds(20)) : per_gib_(per_gib) {}

  [[nodiscard]] Nanoseconds predict(std::int64_t small_page_bytes) const;
  void learn(std::int64_t small_page_bytes, Nanoseconds taken);
  /// Of memory in base pages.
  [[nodiscard]] Nanoseconds per_gib() const { return per_gib_; }

 private:
  Nanoseconds per_gib_;
};

}  // namespace leakscope::sources::process
