#include "sources/process/detail_queue.h"

#include <cstdlib>

namespace leakscope::sources::process {
namespace {

std::int64_t change(const DetailCandidate& c) { return std::abs(c.size - c.size_when_read); }

bool waits_longer(const DetailCandidate& a, const DetailCandidate& b) {
  if (a.read_at && b.read_at) return *a.read_at < *b.read_at;
  if (a.read_at || b.read_at) return !a.read_at;
  return a.size > b.size;
}

}  // namespace

std::optional<std::size_t> DetailQueue::next(std::span<const DetailCandidate> candidates) {
  by_change_ = !by_change_;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const DetailCandidate& c = candidates[i];
    if (!c.eligible) continue;
    if (!best || (by_change_ ? change(c) > change(candidates[*best]) : waits_longer(c, candidates[*best]))) best = i;
  }
  return best;
}

}  // namespace leakscope::sources::process
