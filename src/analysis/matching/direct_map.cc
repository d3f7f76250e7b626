#include "analysis/matching/direct_map.h"

#include <algorithm>

namespace leakscope::analysis::matching {
namespace {

constexpr std::size_t kMostCpus = 8192;  // NR_CPUS of the largest configurations
constexpr unsigned kVotesNeeded = 4;
constexpr std::uint64_t kLongestBetween = 10'000'000;  // nanoseconds
constexpr std::uint64_t kOffsetUnit = std::uint64_t{1} << 30U;

}  // namespace

void DirectMap::pages_allocated(const model::KmemEvent& event, std::uint64_t bytes) {
  if (offset_ || event.cpu >= kMostCpus) return;
  if (event.cpu >= recent_.size()) recent_.resize(event.cpu + std::size_t{1});
  Cpu& cpu = recent_[event.cpu];
  cpu.pages[cpu.next] = {event.address, bytes, event.time, event.tid};
  cpu.next = (cpu.next + 1) % cpu.pages.size();
}

std::optional<std::uint64_t> DirectMap::object_allocated(const model::KmemEvent& event, std::uint64_t page_size) {
  if (offset_ || event.cpu >= recent_.size()) return std::nullopt;
  Cpu& cpu = recent_[event.cpu];
  const bool is_large = event.bytes_allocated > 2 * page_size && event.address % page_size == 0;
  for (unsigned back = 1; back <= cpu.pages.size(); ++back) {
    Recent& pages = cpu.pages[(cpu.next + cpu.pages.size() - back) % cpu.pages.size()];
    if (pages.bytes == 0 || pages.tid != event.tid || event.time - pages.time > kLongestBetween) continue;
    const std::uint64_t distance = event.address - pages.address;
    if (is_large && pages.bytes == event.bytes_allocated) {
      const std::uint64_t address = pages.address;
      pages.bytes = 0;
      vote(distance);  // may be the last one: `pages` is gone then
      return address;
    }
    if (!is_large && distance % kOffsetUnit < pages.bytes) {
      pages.bytes = 0;
      vote(distance - distance % kOffsetUnit);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void DirectMap::vote(std::uint64_t offset) {
  Candidate* candidate = std::ranges::find(candidates_, offset, &Candidate::offset);
  if (candidate == candidates_.end() || candidate->votes == 0) {
    candidate = std::ranges::min_element(candidates_, {}, &Candidate::votes);
    *candidate = {offset, 0};
  }
  if (++candidate->votes < kVotesNeeded) return;
  offset_ = offset;
  recent_.clear();
  recent_.shrink_to_fit();
}

}  // namespace leakscope::analysis::matching
