#include "session/cache_growth.h"

#include "sources/slab/slabinfo.h"

namespace leakscope::session {

CacheGrowth::CacheGrowth(const RootedDir& root) : before_(read(root)) {}

void CacheGrowth::look_again(const RootedDir& root) { after_ = read(root); }

CacheGrowth::Objects CacheGrowth::read(const RootedDir& root) {
  Objects objects;
  FileBuffer buffer;
  const auto text = root.read("proc/slabinfo", buffer);
  if (!text) return objects;
  const auto parsed = sources::slab::parse_slabinfo(*text);
  if (!parsed) return objects;
  for (const auto& row : parsed->rows) objects.insert_or_assign(std::string(row.name), row.active_objects);
  return objects;
}

std::optional<std::int64_t> CacheGrowth::of(std::string_view cache) const {
  const std::string name(cache);
  const auto before = before_.find(name);
  const auto after = after_.find(name);
  if (before == before_.end() || after == after_.end()) return std::nullopt;
  return after->second - before->second;
}

}  // namespace leakscope::session
