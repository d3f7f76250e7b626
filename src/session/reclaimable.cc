#include "session/reclaimable.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

namespace leakscope::session {
namespace {

bool is_reclaimable_name(std::string_view name) {
  return name == "dentry" || name.ends_with("inode_cache") || name.ends_with("_inode") ||
         name.starts_with("kmalloc-rcl-") || name == "radix_tree_node" || name == "buffer_head" ||
         name == "kernfs_node_cache" || name == "xfs_ili" || name == "ext4_extent_status";
}

/// Asks once for each cache. What cannot be read is judged by name.
class FromSysfs {
 public:
  FromSysfs(const RootedDir& root, const model::NameTable& names) : root_(&root), names_(&names) {}

  bool operator()(const model::SiteTally& tally) {
    if (tally.allocator != model::Allocator::kSlab) return false;
    const auto [known, is_new] = answers_.try_emplace(tally.cache, false);
    if (is_new) known->second = ask(names_->name(tally.cache));
    return known->second;
  }

 private:
  [[nodiscard]] bool ask(std::string_view cache) const {
    // A name is a folder below slab/: it must not lead elsewhere.
    if (cache.empty() || cache.find('/') != std::string_view::npos || cache.starts_with('.')) return false;
    FileBuffer buffer;
    const auto text = root_->read(fmt::format("sys/kernel/slab/{}/reclaim_account", cache), buffer);
    return text ? text->starts_with('1') : is_reclaimable_name(cache);
  }

  const RootedDir* root_;
  const model::NameTable* names_;
  std::unordered_map<model::NameId, bool> answers_;
};

}  // namespace

IsReclaimable reclaimable_by_name(const model::NameTable& names) {
  return [&names](const model::SiteTally& tally) {
    return tally.allocator == model::Allocator::kSlab && is_reclaimable_name(names.name(tally.cache));
  };
}

IsReclaimable reclaimable_here(const RootedDir& root, const model::NameTable& names) {
  return [state = std::make_shared<FromSysfs>(root, names)](const model::SiteTally& tally) { return (*state)(tally); };
}

}  // namespace leakscope::session
