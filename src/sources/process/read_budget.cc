#include "sources/process/read_budget.h"

#include <algorithm>

namespace leakscope::sources::process {
namespace {

constexpr double kGib = 1 << 30;
constexpr Nanoseconds kFixed = std::chrono::microseconds(15);  // opening and walking the mappings of a small process
constexpr std::int64_t kLeastToLearnFrom = 4 << 20;            // below it the fixed part drowns the rest
constexpr double kWeightOfNew = 0.2;

double gib(std::int64_t bytes) { return static_cast<double>(std::max<std::int64_t>(bytes, 0)) / kGib; }

}  // namespace

void ReadBudget::earn(Nanoseconds elapsed) {
  const double earned = static_cast<double>(std::max(elapsed, Nanoseconds{0}).count()) * share_;
  left_ = std::min(most_, left_ + Nanoseconds(static_cast<std::int64_t>(earned)));
}

Nanoseconds WalkCost::predict(std::int64_t small_page_bytes) const {
  const double walk = gib(small_page_bytes) * static_cast<double>(per_gib_.count());
  return kFixed + Nanoseconds(static_cast<std::int64_t>(walk));
}

void WalkCost::learn(std::int64_t small_page_bytes, Nanoseconds taken) {
  if (small_page_bytes < kLeastToLearnFrom || taken <= kFixed) return;
  const double seen = static_cast<double>((taken - kFixed).count()) / gib(small_page_bytes);
  const double mixed = (1 - kWeightOfNew) * static_cast<double>(per_gib_.count()) + kWeightOfNew * seen;
  per_gib_ = Nanoseconds(static_cast<std::int64_t>(mixed));
}

}  // namespace leakscope::sources::process
