#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/kernel_symbols.h"
#include "model/name_table.h"
#include "model/site_tally.h"
#include "model/stack_table.h"

namespace leakscope::sources::kmem_bpf {

struct KmemTracerOptions {
  bool slab = true;
  bool pages = false;
  bool percpu = false;
  bool vmalloc = false;
  bool user_pages = false;  ///< pages that are movable, or HIGHMEM without being charged: of processes and files
  /// Slab caches, by a pattern as of a shell's ("kmalloc-*"); any name of a merged cache will do. Empty: all. What is
  /// made while the trace runs is not found by a pattern.
  std::string cache = {};
  std::uint64_t least_bytes = 0;  ///< of slab objects, as allocated
  std::uint64_t most_bytes = ~std::uint64_t{0};
  bool stacks = false;             ///< every slab site by stack from the start; else by call site (see follow())
  bool pair_frees = false;         ///< keep where the objects of each site are freed (free_pairs())
  std::uint32_t sample_shift = 0;  ///< one address in 2^shift, by hash; kMostSampleShift at most
  /// The kernel's hash map for what is live, as for kernels before 5.12, also where our own table works: for tests.
  bool kernel_map = false;
  std::size_t max_memory = std::size_t{64} << 20U;  ///< of all maps together, in round figures; 1 MiB at least
};

/// Watches the allocations of the running kernel by BPF and keeps, per site, what is live: the counters and the table
/// of live objects are arrays that the programs fill and this side reads through mappings, without system calls.
///
/// Sites are call sites, or stacks where follow() or the options ask for them; pages and areas always have a stack. An
/// allocation at an address that still counts as live proves a free that no event told: the older site's `unseen_frees`
/// (kmem_cache_free_bulk, kfree_rcu). Where the kernel lets programs look at functions (fentry) these frees are seen.
///
/// Nothing is pinned: all is held by descriptors and is gone with this object or the process. Not for several threads.
class KmemTracer {
 public:
  static constexpr std::uint32_t kMostSampleShift = 8;

  /// Loads, and attaches nothing yet. kDenied without root (or CAP_BPF and CAP_PERFMON), kUnsupported where the kernel
  /// has no BTF or refuses the programs.
  [[nodiscard]] static Result<std::unique_ptr<KmemTracer>> open(const KmemTracerOptions& options);
  ~KmemTracer();
  KmemTracer(const KmemTracer&) = delete;
  KmemTracer& operator=(const KmemTracer&) = delete;

  /// Attaches: frees first, so that none is missed of what is seen allocated.
  [[nodiscard]] Result<> start();
  /// Reads the counters of all sites; adds a point of their history at `seconds` since the start. Makes sampling
  /// coarser when the table of live objects is more than half full. Costs well below a millisecond for each 10,000
  /// sites.
  [[nodiscard]] Result<> look(double seconds);
  /// Ends tracing, and takes a last look. Once. Symbols are those of this kernel: by them, frames of tracing and of the
  /// allocator are left out of stacks, and pages taken for slabs (and for areas and per-CPU memory, where these are
  /// traced as well) are not counted again; without symbols neither is done.
  [[nodiscard]] Result<std::vector<model::SiteTally>> finish(double seconds, Nanoseconds older,
                                                             const model::KernelSymbols& symbols);

  /// Sites as of the last look, most bytes first; without ages and tasks, and stacks as they are. While running.
  [[nodiscard]] std::vector<model::SiteTally> tallies();
  /// From now on the slab allocations of these call sites (and of those given before) are told apart by stack. All
  /// others go on to be counted: that is what proves frees of the followed ones that no event told. At most 4096.
  [[nodiscard]] Result<> follow(std::span<const std::uint64_t> call_sites);
  /// One address in twice as many from now on. Figures stay comparable: they are scaled by what held when they were
  /// taken. kUsage when it is as coarse as can be.
  [[nodiscard]] Result<> coarsen();
  [[nodiscard]] std::uint32_t sampled_one_in() const;

  struct FreePair {
    std::uint64_t allocated_at = 0;  ///< call site
    model::NameId cache = model::kNoName;
    std::uint64_t freed_at = 0;
    std::uint64_t count = 0;
  };
  /// Most frequent first; needs pair_frees. Frees in bulk and after RCU have no call site and are not in it.
  [[nodiscard]] std::vector<FreePair> free_pairs();

  struct Fill {
    std::uint64_t live = 0;  ///< objects in the table, as of the last look
    std::uint64_t room = 0;
    std::uint64_t sites = 0;
    std::uint64_t room_for_sites = 0;
    std::size_t memory = 0;  ///< bytes of all maps
  };
  [[nodiscard]] Fill fill() const;

  /// The kernel's own statistics of the programs. They cost two readings of the clock per event, so switch them on for
  /// as long as a measurement takes. What it costs to enter a program is not in it.
  [[nodiscard]] Result<> watch_cost(bool on);
  struct Cost {
    Nanoseconds run_time{0};  ///< since loaded, while the statistics were on
    std::uint64_t runs = 0;
    std::uint64_t missed = 0;  ///< events that came while their program ran on that CPU; 0 before 5.12, unknown there
  };
  [[nodiscard]] Cost cost() const;

  /// Grow while running; ids keep their meaning.
  [[nodiscard]] const model::StackTable& stacks() const;
  [[nodiscard]] const model::NameTable& names() const;
  [[nodiscard]] std::vector<model::Loss> losses() const;
  /// What is watched and how; and what this kernel does not let us see.
  [[nodiscard]] std::vector<model::Coverage> coverage() const;

 private:
  class State;
  explicit KmemTracer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace leakscope::sources::kmem_bpf
