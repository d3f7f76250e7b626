#include "render/pprof/string_table.h"

#include "base/printable.h"

namespace leakscope::render::pprof {

std::int64_t StringTable::index_of(std::string_view foreign) {
  std::string text = printable(foreign);
  const auto found = index_.find(text);
  if (found != index_.end()) return found->second;
  const auto index = static_cast<std::int64_t>(strings_.size());
  strings_.push_back(text);
  index_.emplace(std::move(text), index);
  return index;
}

}  // namespace leakscope::render::pprof
