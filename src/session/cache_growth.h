#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/rooted_dir.h"

namespace leakscope::session {

/// By how many objects in use each slab cache grew between two looks at /proc/slabinfo: what is said of a site must
/// agree with it.
class CacheGrowth {
 public:
  /// The first look. Where slabinfo cannot be read nothing is known of any cache.
  explicit CacheGrowth(const RootedDir& root);
  /// The second.
  void look_again(const RootedDir& root);
  [[nodiscard]] std::optional<std::int64_t> of(std::string_view cache) const;

 private:
  using Objects = std::unordered_map<std::string, std::int64_t>;
  [[nodiscard]] static Objects read(const RootedDir& root);

  Objects before_;
  Objects after_;
};

}  // namespace leakscope::session
