#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/kmem_event.h"
#include "model/profile.h"

namespace leakscope::model {

/// What is counted of one site while its events pass by, in addresses and ids: a Site before it is put into words and
/// judged. Made by the matching of a trace and by the live tracer alike.
struct SiteTally {
  std::uint64_t call_site = 0;  ///< 0: not known
  StackId stack = kNoStack;     ///< kNoStack: sites are call sites
  Allocator allocator = Allocator::kSlab;
  NameId cache = kNoName;

  double since = 0;  ///< seconds into the window from which on it was counted: stacks of followed sites begin late

  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;         ///< of what this site allocated in the window
  std::uint64_t unseen_frees = 0;  ///< proven by an allocation at an address that still counted as this site's
  std::int64_t bytes_allocated = 0;
  std::int64_t bytes = 0;  ///< held at the end: allocs - frees - unseen_frees, in the profile's unit
  std::int64_t count = 0;
  std::int64_t young_bytes = 0;  ///< of these, younger than `older`: they may well be freed yet
  std::int64_t young_count = 0;
  std::optional<Ages> ages;
  struct Task {
    NameId comm = kNoName;
    Pid tid = {};
    std::int64_t bytes = 0;
    std::int64_t count = 0;
  };
  std::vector<Task> tasks;  ///< that allocated what is held; most bytes first, a dozen at most
  std::vector<SitePoint> history;
};

}  // namespace leakscope::model
