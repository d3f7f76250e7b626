#include "sources/kmem_bpf/cache_names.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::kmem_bpf {
namespace {

constexpr std::string_view kSlab = "sys/kernel/slab";

}  // namespace

Result<std::vector<std::string>> caches_meant(const RootedDir& root, const std::string& pattern) {
  const auto entries = root.list(kSlab);
  if (!entries) return std::vector<std::string>{pattern};
  // Each name with the folder it leads to: of merged caches several lead to one (mm/slub.c sysfs_slab_alias()).
  std::multimap<std::string, std::string> names_of;
  std::set<std::string> meant;
  for (const std::string& name : *entries) {
    const auto target = root.read_link(fmt::format("{}/{}", kSlab, name));
    const std::string& folder = target ? *target : name;
    names_of.emplace(folder, name);
    if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) meant.insert(folder);
  }
  std::vector<std::string> names;
  for (const std::string& folder : meant) {
    const auto [first, last] = names_of.equal_range(folder);
    for (auto it = first; it != last; ++it) names.push_back(it->second);
  }
  if (names.empty()) {
    return fail(Error::Kind::kNotFound, root.display(kSlab), fmt::format("no slab cache is called '{}'", pattern),
                "See /proc/slabinfo for the names");
  }
  return names;
}

std::string kmalloc_cache_name(std::uint64_t bytes, KmallocKind kind) {
  const char* prefix = "kmalloc-";
  if (kind == KmallocKind::kAccounted) prefix = "kmalloc-cg-";
  if (kind == KmallocKind::kReclaimable) prefix = "kmalloc-rcl-";
  if (kind == KmallocKind::kDma) prefix = "dma-kmalloc-";
  if (bytes >= 1024 && bytes % 1024 == 0) return fmt::format("{}{}k", prefix, bytes / 1024);
  return fmt::format("{}{}", prefix, bytes);
}

}  // namespace leakscope::sources::kmem_bpf
