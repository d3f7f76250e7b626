#include "model/name_table.h"

namespace leakscope::model {

NameId NameTable::intern(std::string_view name) {
  if (name.empty()) return kNoName;
  if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
  if (names_.size() == kMostNames) return kNoName;
  const auto id = static_cast<NameId>(names_.size());
  ids_.emplace(names_.emplace_back(name), id);
  return id;
}

std::string_view NameTable::name(NameId id) const {
  return id < names_.size() ? std::string_view(names_[id]) : std::string_view();
}

}  // namespace leakscope::model
