#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/rooted_dir.h"

namespace leakscope::sources::kmem_bpf {

/// The names by which the kernel may know the caches that a pattern (fnmatch) means: those that match, and all that are
/// merged with one of them, as a merged cache keeps its first name. Without sys/kernel/slab (kernels
/// without SLUB, or not mounted) it is the pattern itself. kNotFound when nothing matches.
[[nodiscard]] Result<std::vector<std::string>> caches_meant(const RootedDir& root, const std::string& pattern);

/// What a kmalloc cache is called for objects of that size: "kmalloc-4k", "kmalloc-cg-96". Nothing says random or
/// bucket caches (6.6, 6.11), so it is a guess for where the kernel cannot be asked.
enum class KmallocKind : std::uint8_t { kNormal, kAccounted, kReclaimable, kDma };
[[nodiscard]] std::string kmalloc_cache_name(std::uint64_t bytes, KmallocKind kind);

}  // namespace leakscope::sources::kmem_bpf
