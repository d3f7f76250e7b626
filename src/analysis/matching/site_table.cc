#include "analysis/matching/site_table.h"

#include "analysis/matching/live_table.h"

namespace leakscope::analysis::matching {
namespace {

constexpr std::uint32_t kFree = 0xFFFF'FFFF;
constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kAllocators = 4;
static_assert(SiteTable::kMostSites + kAllocators < LiveObject::kMostSites);

SiteKey key_of(const model::KmemEvent& event) {
  const bool is_stack = event.stack != model::kNoStack;
  return {is_stack ? event.stack : event.call_site, event.cache, event.allocator, is_stack};
}

std::uint64_t hash_of(const SiteKey& key) {
  const std::uint64_t what = (std::uint64_t{key.cache} << 8U) | (static_cast<std::uint64_t>(key.allocator) << 1U) |
                             static_cast<std::uint64_t>(key.is_stack);
  return mixed(key.place + what * 0x9E37'79B9'7F4A'7C15);
}

}  // namespace

SiteTable::SiteTable(std::size_t points) : grid_(points), slots_(kFirstSlots, kFree) {}

std::uint32_t SiteTable::intern(const model::KmemEvent& event) {
  SiteKey key = key_of(event);
  std::size_t slot = slot_of(key);
  if (slots_[slot] != kFree) return slots_[slot];
  const bool is_full = size() >= kMostSites;
  if (is_full) {
    key = {0, model::kNoName, event.allocator, false};
    slot = slot_of(key);
    if (slots_[slot] != kFree) return slots_[slot];
  }
  if ((size() + 1) * 2 > slots_.size()) {
    grow();
    slot = slot_of(key);
  }
  const auto index = static_cast<std::uint32_t>(size());
  keys_.push_back(key);
  figures_.emplace_back().changed = grid_.index();
  call_sites_.push_back(is_full ? 0 : event.call_site);
  histories_.emplace_back();
  slots_[slot] = index;
  return index;
}

std::size_t SiteTable::slot_of(const SiteKey& key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(key) & mask;
  while (slots_[slot] != kFree && !(keys_[slots_[slot]] == key)) slot = (slot + 1) & mask;
  return slot;
}

void SiteTable::grow() {
  slots_.assign(slots_.size() * 2, kFree);
  for (std::size_t index = 0; index < keys_.size(); ++index) {
    slots_[slot_of(keys_[index])] = static_cast<std::uint32_t>(index);
  }
}

void SiteTable::note(std::uint32_t index) {
  SiteFigures& figures = figures_[index];
  histories_[index].push_back({figures.changed, figures.bytes, figures.count});
  figures.changed = grid_.index();
}

void SiteTable::widen_all(unsigned doublings) {
  for (std::size_t index = 0; index < size(); ++index) {
    SiteFigures& figures = figures_[index];
    std::vector<HistoryChange>& history = histories_[index];
    widen(history, doublings);
    figures.changed = widened(figures.changed, doublings);
    if (!history.empty() && history.back().index == figures.changed) history.pop_back();
  }
}

void SiteTable::double_held() {
  for (std::uint32_t index = 0; index < size(); ++index) {
    SiteFigures& figures = change(index);
    figures.bytes *= 2;
    figures.count *= 2;
  }
}

std::vector<model::SitePoint> SiteTable::history(std::uint32_t index, std::uint64_t end_time) {
  note(index);
  return expanded(histories_[index], grid_.points_until(end_time), grid_.step());
}

}  // namespace leakscope::analysis::matching
