#include "model/registry.h"

#include <utility>

namespace leakscope::model {

namespace {
// A forgotten subject is asked for by readings that come late, by minutes: whoever was forgotten before so many others
// is not asked for again.
constexpr std::size_t kMostKinds = 4096;
}  // namespace

Registry::Registry() { add_locked(SubjectInfo{.key = machine()}); }

SubjectId Registry::add_locked(SubjectInfo info) {
  const SubjectId id{size_++};
  live_.emplace(info.key, id);
  known_.emplace(id.index, std::move(info));
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
  known_.at(found->second.index) = std::move(info);
  return found->second;
}

void Registry::update(SubjectId id, const SubjectInfo& info) {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(id.index);
  if (found == known_.end()) return;
  SubjectInfo& known = found->second;
  SubjectKey key = std::move(known.key);
  const bool retired = known.retired;
  if (key.process) key.name = info.key.name;
  known = info;
  known.key = std::move(key);
  known.retired = known.retired || retired;
}

void Registry::retire(SubjectId id) {
  const std::scoped_lock lock(mutex_);
  const auto known = known_.find(id.index);
  if (known == known_.end() || known->second.retired) return;
  known->second.retired = true;
  // The key may have been given to a successor since.
  const auto found = live_.find(known->second.key);
  if (found != live_.end() && found->second == id) live_.erase(found);
}

void Registry::forget(SubjectId id) {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(id.index);
  if (found == known_.end() || !found->second.retired) return;
  const SubjectKind kind = found->second.key.kind;
  known_.erase(found);
  if (kind == SubjectKind::kProcess) return;
  forgotten_no_process_.emplace(id.index, kind);
  if (forgotten_no_process_.size() > kMostKinds) forgotten_no_process_.erase(forgotten_no_process_.begin());
}

SubjectInfo Registry::info(SubjectId id) const {
  const std::scoped_lock lock(mutex_);
  if (const auto found = known_.find(id.index); found != known_.end()) return found->second;
  const auto kind = forgotten_no_process_.find(id.index);
  return SubjectInfo{
      .key = {.kind = kind == forgotten_no_process_.end() ? SubjectKind::kProcess : kind->second, .name = {}},
      .retired = true};
}

std::size_t Registry::size() const {
  const std::scoped_lock lock(mutex_);
  return size_;
}

std::size_t Registry::known() const {
  const std::scoped_lock lock(mutex_);
  return known_.size();
}

std::optional<SubjectId> Registry::find(const SubjectKey& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = live_.find(key);
  if (found == live_.end()) return std::nullopt;
  return found->second;
}

}  // namespace leakscope::model
