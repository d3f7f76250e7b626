#include "model/registry.h"

#include <utility>

namespace leakscope::model {

Registry::Registry() { add_locked(SubjectInfo{.key = machine()}); }

SubjectId Registry::add_locked(SubjectInfo info) {
  const SubjectId id{static_cast<std::uint32_t>(subjects_.size())};
  live_.emplace(info.key, id);
  subjects_.push_back(std::move(info));
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
  subjects_[found->second.index] = std::move(info);
  return found->second;
}

void Registry::update(SubjectId id, const SubjectInfo& info) {
  const std::scoped_lock lock(mutex_);
  SubjectInfo& known = subjects_[id.index];
  SubjectKey key = std::move(known.key);
  if (key.process) key.name = info.key.name;
  known = info;
  known.key = std::move(key);
}

void Registry::retire(SubjectId id) {
  const std::scoped_lock lock(mutex_);
  SubjectInfo& known = subjects_[id.index];
  known.retired = true;
  live_.erase(known.key);
}

SubjectInfo Registry::info(SubjectId id) const {
  const std::scoped_lock lock(mutex_);
  return subjects_[id.index];
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
