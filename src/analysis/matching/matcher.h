#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "model/kmem_event.h"
#include "model/site_tally.h"

namespace leakscope::analysis::matching {

struct Options {
  /// Objects that are younger than this at the end are counted apart: most will be freed.
  Nanoseconds older{std::chrono::seconds(5)};
  /// History: this many points over the window at least, twice as many at most.
  std::size_t points = 60;
  /// Of what is live and not yet matched; 64 bytes each in round figures. Above it, addresses are sampled by hash
  /// (pages by the 32 MiB that they lie in), twice as coarsely each time. Figures of sites are exact until then; from
  /// then on each event that is followed counts as many times as it stands for, and so does each object that is still
  /// held.
  std::size_t most_live = std::size_t{1} << 24U;
  /// Only these allocators count; the others' events are passed over.
  bool slab = true;
  bool pages = true;
  bool percpu = true;
  bool vmalloc = true;
  /// Pages that a process or the page cache gets (movable by their gfp flags): no kernel leak.
  bool user_pages = false;
};

/// What matching gave.
struct Matched {
  /// Most bytes held first; the history is that of the kMostHistories first.
  std::vector<model::SiteTally> sites;
  std::uint64_t first_time = 0;       ///< of the events, in the trace's clock
  std::uint64_t last_time = 0;        ///< where the window ended: the last event, or later
  std::uint64_t allocs = 0;           ///< events, those of user pages and doubled ones left out
  std::uint64_t frees = 0;            ///< events, doubled ones left out
  std::uint64_t frees_of_others = 0;  ///< of these, of what was allocated before the window, or by a path that emits no
                                      ///< event; with pages, also of user pages
  std::uint64_t unseen_frees = 0;     ///< proven missed frees, all sites together
  std::uint64_t doubled = 0;          ///< events that tell again what another event told (large kmalloc and its pages)
  std::uint64_t lost = 0;             ///< events that were lost, as far as lost() was told; 0: none known
  std::uint32_t sampled_one_in = 1;

  static constexpr std::size_t kMostHistories = 20'000;
};

/// Matches allocations with frees by address, event by event, keeping only what is live: the memory is that of the live
/// set and of the sites, whatever the length of the trace.
///
/// An allocation at an address that still counts as live proves a free that no event told (kmem_cache_free_bulk,
/// kfree_rcu from 6.18 on, lost events): the older site's `unseen_frees`. A range of pages may be freed in pieces
/// (split_page, alloc_pages_exact): each piece takes its part of it. kmalloc above two pages tells of itself as kmalloc
/// and as a page allocation, by the same task, within it: it is counted once, as kmalloc; so are the pages of slabs
/// (a page in which objects turn up is one; see DirectMap for how that is known). Sites are call stacks where the trace
/// has them, else call sites; a site whose allocations do not name their slab cache has the one that its frees name.
class Matcher {
 public:
  explicit Matcher(Options options = {});
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  /// In order of time. Without sampling, each site has allocs == frees + unseen_frees + count after every event.
  void add(std::span<const model::KmemEvent> events);
  /// So many events were lost at this time, between those that were added: their frees are missed like unseen ones.
  void lost(std::uint64_t time, std::uint64_t count);
  /// Ends the window at `end_time` of the trace's clock, or at the last event. Once.
  [[nodiscard]] Matched finish(std::uint64_t end_time = 0);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace leakscope::analysis::matching
