#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/kmem_event.h"

namespace leakscope::model {

/// Names that come again and again (slab caches, commands), each kept once. Raw foreign bytes.
class NameTable {
 public:
  /// At most kMostNames; kNoName after that, and for an empty name.
  [[nodiscard]] NameId intern(std::string_view name);
  /// Empty for kNoName.
  [[nodiscard]] std::string_view name(NameId id) const;
  [[nodiscard]] std::size_t size() const { return names_.size(); }

  static constexpr std::size_t kMostNames = std::size_t{1} << 20U;

 private:
  std::deque<std::string> names_;  // addresses stay, so that the map can look into them
  std::unordered_map<std::string_view, NameId> ids_;
};

}  // namespace leakscope::model
