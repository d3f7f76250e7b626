#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::session {

/// Drops clean page cache, dentries and inodes, and shrinks slab caches, of the whole machine: for --drop-caches
/// alone. What is gone is read again when it is needed; nothing is lost, but the machine is slower for a while.
/// Shrinking takes the slabs off the CPUs, so that objects in use are counted exactly (mm/slub.c: shrink_store,
/// __kmem_cache_do_shrink; /sys/kernel/slab needs CONFIG_SYSFS and SLUB).
class CacheDropper {
 public:
  /// An error: not permitted, or this kernel has no such files.
  [[nodiscard]] static Result<CacheDropper> open();

  [[nodiscard]] Result<> drop() const;
  /// False when there is nothing to shrink: no /sys/kernel/slab, or its files may not be written.
  [[nodiscard]] bool shrink() const;

 private:
  explicit CacheDropper(UniqueFd drop) : drop_(std::move(drop)) {}
  UniqueFd drop_;
};

}  // namespace leakscope::session
