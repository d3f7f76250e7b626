#include "sources/slab/cache_table.h"

#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::slab {
namespace {

using model::Metric;

// Opening a sysfs file and reading it takes some 5 us: the first round may take a millisecond, later ones less.
constexpr std::size_t kFirstRoundBudget = 512;
constexpr std::size_t kRoundBudget = 16;
// A merged cache adds a link without a new row, so that links are read anew now and then.
constexpr std::uint64_t kRoundsBetweenAliases = 60;

std::optional<Bytes> add(std::optional<Bytes> a, std::optional<Bytes> b) {
  const auto sum = a && b ? checked_add(a->count(), b->count()) : std::nullopt;
  if (!sum) return std::nullopt;
  return Bytes(*sum);
}

}  // namespace

void CacheTable::add(std::string_view name, const CacheLevel& level) {
  std::size_t at = hint_;
  if (at >= caches_.size() || caches_[at].name != name) {
    const auto found = index_.find(name);
    if (found != index_.end()) {
      at = found->second;
    } else {
      at = caches_.size();
      caches_.push_back(Cache{.name = std::string(name), .subject = {}, .level = {}, .reclaimable = {}});
      index_.emplace(std::string(name), at);
      aliases_stale_ = true;
    }
  }
  hint_ = at + 1;
  Cache& cache = caches_[at];
  if (cache.round != round_) {
    cache.level = level;
    cache.round = round_;
    return;
  }
  // Two caches of one name (kernels warn of it since 6.12): one subject, so one sum.
  cache.level.active_objects = checked_add(cache.level.active_objects, level.active_objects).value_or(INT64_MAX);
  cache.level.total_objects = checked_add(cache.level.total_objects, level.total_objects).value_or(INT64_MAX);
  cache.level.bytes = slab::add(cache.level.bytes, level.bytes);
}

void CacheTable::introduce(model::SampleSink& sink) {
  const bool due = aliases_stale_ || round_ - aliases_round_ >= kRoundsBetweenAliases;
  if (!due) return;
  if (root_) {
    auto aliases = read_aliases(*root_);
    alias_error_ = aliases ? std::nullopt : std::optional(aliases.error());
    if (aliases) aliases_ = std::move(*aliases);
  }
  aliases_stale_ = false;
  aliases_round_ = round_;
  for (Cache& cache : caches_) {
    model::SubjectInfo info{.key = {.kind = model::SubjectKind::kSlabCache, .name = cache.name},
                            .detail = describe_aliases(aliases_, cache.name)};
    if (cache.subject) {
      sink.registry().update(*cache.subject, info);
    } else {
      cache.subject = sink.registry().intern(std::move(info));
    }
  }
}

void CacheTable::ask_reclaimable() {
  if (!root_) return;
  std::size_t budget = round_ == 1 ? kFirstRoundBudget : kRoundBudget;
  for (Cache& cache : caches_) {
    if (cache.reclaim_asked) continue;
    if (budget-- == 0) return;
    cache.reclaim_asked = true;
    const auto name = sysfs_name(cache.name);
    if (!name) continue;
    const auto text =
        root_->read(fmt::format("{}/{}/reclaim_account", kSysfsSlab, aliases_.directory_of(*name)), buffer_, 4096);
    if (!text) {
      attribute_error_ = text.error();
      continue;
    }
    if (const auto value = parse_number<int>(trim(*text))) cache.reclaimable = *value != 0;
  }
}

void CacheTable::put(model::SampleSink& sink, const Cache& cache) const {
  sink.put(*cache.subject, Metric::kSlabActiveObjects, cache.level.active_objects);
  sink.put(*cache.subject, Metric::kSlabTotalObjects, cache.level.total_objects);
  sink.put(*cache.subject, Metric::kSlabObjectSize, cache.level.object_size.count());
  if (cache.level.bytes) sink.put(*cache.subject, Metric::kSlabBytes, cache.level.bytes->count());
  if (cache.reclaimable) sink.put(*cache.subject, Metric::kSlabReclaimable, *cache.reclaimable ? 1 : 0);
}

void CacheTable::retire_missing(model::SampleSink& sink) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < caches_.size(); ++i) {
    if (caches_[i].round != round_) {
      sink.retire(*caches_[i].subject);
      continue;
    }
    if (kept != i) caches_[kept] = std::move(caches_[i]);
    ++kept;
  }
  if (kept == caches_.size()) return;
  caches_.erase(caches_.begin() + static_cast<std::ptrdiff_t>(kept), caches_.end());
  index_.clear();
  for (std::size_t i = 0; i < caches_.size(); ++i) index_.emplace(caches_[i].name, i);
}

void CacheTable::finish(model::SampleSink& sink, bool complete) {
  hint_ = 0;
  introduce(sink);
  ask_reclaimable();
  if (complete) retire_missing(sink);
  std::optional<Bytes> total = Bytes(0);
  for (const Cache& cache : caches_) {
    if (cache.round != round_) continue;
    put(sink, cache);
    total = slab::add(total, cache.level.bytes);
  }
  if (complete && total) sink.put(Metric::kSlabTotalBytes, total->count());
}

}  // namespace leakscope::sources::slab
