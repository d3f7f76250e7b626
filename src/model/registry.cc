#include "model/registry.h"

#include <utility>

namespace leakscope::model {

Registry::Registry() { add_locked(SubjectInfo{.key = machine()}); }

SubjectId Registry::add_locked(SubjectInfo info) {
  const SubjectId id{static_cast<std::uint32_t>(subjects_.size())};
  live_.emplace(info.key, id);
  const SubjectKind kind = info.key.kind;
  subjects_.push_back({std::make_unique<SubjectInfo>(std::move(info)), kind});
  return id;
}

SubjectId Registry::intern(const SubjectKey& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = live_.find(key);
  return found != live_.end() ? found->second : add_locked(SubjectInfo{.key = key});
}

SubjectId Registry::intern(SubjectInfo info) {
  const std::scoped_lock lock(mutex_);
  const auto found = live_.find(info.key);
  if (found == live_.end()) return add_locked(std::move(info));
  *subjects_[found->second.index].info = std::move(info);
  return found->second;
}

void Registry::update(SubjectId id, const SubjectInfo& info) {
  const std::scoped_lock lock(mutex_);
  if (!subjects_[id.index].info) return;
  SubjectInfo& known = *subjects_[id.index].info;
  SubjectKey key = std::move(known.key);
  const bool retired = known.retired;
  if (key.process) key.name = info.key.name;
  known = info;
  known.key = std::move(key);
  known.retired = known.retired || retired;
}

void Registry::retire(SubjectId id) {
  const std::scoped_lock lock(mutex_);
  SubjectInfo* known = subjects_[id.index].info.get();
  if (known == nullptr || known->retired) return;
  known->retired = true;
  // The key may have been given to a successor since.
  const auto found = live_.find(known->key);
  if (found != live_.end() && found->second == id) live_.erase(found);
}

void Registry::forget(SubjectId id) {
  const std::scoped_lock lock(mutex_);
  Slot& slot = subjects_[id.index];
  if (slot.info && slot.info->retired) slot.info.reset();
}

SubjectInfo Registry::info(SubjectId id) const {
  const std::scoped_lock lock(mutex_);
  const Slot& slot = subjects_[id.index];
  return slot.info ? *slot.info : SubjectInfo{.key = {.kind = slot.kind, .name = {}}, .retired = true};
}

std::size_t Registry::size() const {
  const std::scoped_lock lock(mutex_);
  return subjects_.size();
}

std::optional<SubjectId> Registry::find(const SubjectKey& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = live_.find(key);
  if (found == live_.end()) return std::nullopt;
  return found->second;
}

}  // namespace leakscope::model
