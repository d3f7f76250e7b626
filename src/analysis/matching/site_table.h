#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/matching/history_grid.h"
#include "model/kmem_event.h"

namespace leakscope::analysis::matching {

/// What tells one site from another: its stack if there is one, else its call site; what it asks; of which cache.
struct SiteKey {
  std::uint64_t place = 0;  // a StackId or an address
  model::NameId cache = model::kNoName;
  model::Allocator allocator = model::Allocator::kSlab;
  bool is_stack = false;
  friend bool operator==(const SiteKey&, const SiteKey&) = default;
};

/// The figures of one site that change with every event, in one cache line. Sums are modulo 2^64 (saturate.h).
struct alignas(64) SiteFigures {
  std::uint64_t bytes = 0;  ///< held now
  std::uint64_t count = 0;
  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;
  std::uint64_t unseen_frees = 0;
  std::uint64_t bytes_allocated = 0;
  std::uint32_t changed = 0;  ///< index of the grid from which on the bytes and count of now hold
  /// From what cache its objects are, as their frees tell: before 6.18 the allocation does not.
  model::NameId cache_of_frees = model::kNoName;
};

/// The sites of a trace with their figures and histories. Indexes count from 0. Above kMostSites, what is new goes into
/// one site for each allocator that says nothing of its place.
class SiteTable {
 public:
  explicit SiteTable(std::size_t points);

  [[nodiscard]] std::uint32_t intern(const model::KmemEvent& event);
  /// For whoever changes bytes or count: what they were is noted first when a regular time passed in between.
  [[nodiscard]] SiteFigures& change(std::uint32_t index) {
    SiteFigures& figures = figures_[index];
    if (figures.changed != grid_.index()) note(index);
    return figures;
  }
  [[nodiscard]] const SiteFigures& figures(std::uint32_t index) const { return figures_[index]; }
  [[nodiscard]] const SiteKey& key(std::uint32_t index) const { return keys_[index]; }
  /// The call site of its first allocation.
  [[nodiscard]] std::uint64_t call_site(std::uint32_t index) const { return call_sites_[index]; }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

  /// To a time since the first event, never back.
  void advance(std::uint64_t time) {
    if (const unsigned doublings = grid_.advance(time); doublings != 0) widen_all(doublings);
  }
  /// What each site holds counts twice: half of what was live is not followed any more.
  void double_held();
  /// Up to `end_time`, which advance() was called with.
  [[nodiscard]] std::vector<model::SitePoint> history(std::uint32_t index, std::uint64_t end_time);

  static constexpr std::size_t kMostSites = std::size_t{1} << 18U;
  /// In SiteFigures::cache_of_frees: frees named different caches.
  static constexpr model::NameId kSeveralCaches = model::kNoName - 1;

 private:
  void note(std::uint32_t index);
  void widen_all(unsigned doublings);
  void grow();
  [[nodiscard]] std::size_t slot_of(const SiteKey& key) const;

  HistoryGrid grid_;
  std::vector<SiteFigures> figures_;
  std::vector<SiteKey> keys_;
  std::vector<std::uint64_t> call_sites_;
  std::vector<std::vector<HistoryChange>> histories_;
  std::vector<std::uint32_t> slots_;  // open addressing, a power of two
};

}  // namespace leakscope::analysis::matching
