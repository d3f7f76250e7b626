#include "analysis/matching/matcher.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <tuple>

#include "analysis/matching/direct_map.h"
#include "analysis/matching/live_table.h"
#include "analysis/matching/page_blocks.h"
#include "analysis/matching/saturate.h"
#include "analysis/matching/site_table.h"
#include "analysis/matching/tally.h"

namespace leakscope::analysis::matching {
namespace {

using model::Allocator;
using model::KmemEvent;

constexpr std::size_t kAllocators = 4;
constexpr std::size_t kFewestLive = 16;
constexpr unsigned kMostDoublings = 20;                             // one address in a million
constexpr std::size_t kTogether = 16;                               // events whose table places are fetched ahead
constexpr std::uint64_t kPageAddressEnd = std::uint64_t{1} << 57U;  // no architecture has more physical memory

std::uint64_t size_of(const KmemEvent& event) {
  const std::uint64_t bytes = event.bytes_allocated != 0 ? event.bytes_allocated : event.bytes_requested;
  return std::min(bytes, LiveObject::kMostBytes);
}

}  // namespace

class Matcher::State {
 public:
  explicit State(const Options& options);
  void add(std::span<const KmemEvent> events);
  void lost(std::uint64_t time, std::uint64_t count);
  Matched finish(std::uint64_t end_time);

 private:
  static constexpr std::size_t kSettled = 2048;

  [[nodiscard]] bool is_wanted(const KmemEvent& event) const {
    const auto index = static_cast<std::size_t>(event.allocator);
    return index < kAllocators && wanted_[index] && event.address != 0;
  }
  [[nodiscard]] bool is_followed(std::uint64_t hash) const { return (hash & (weight_ - 1)) == 0; }
  [[nodiscard]] std::size_t live() const;

  void prefetch(const KmemEvent& event, std::uint64_t hash) const;
  void process(const KmemEvent& event, std::uint64_t hash);
  void pass_time(std::uint64_t time);
  void on_alloc(const KmemEvent& event, std::uint64_t hash);
  void on_free(const KmemEvent& event, std::uint64_t hash);
  void on_page_alloc(const KmemEvent& event);
  void on_page_free(const KmemEvent& event);

  LiveObject begin_object(const KmemEvent& event, std::uint64_t bytes);
  void count_free(const LiveObject& object, model::NameId cache);
  void count_unseen(const LiveObject& object);
  void take_off(const PageBlocks::Piece& piece, std::uint64_t SiteFigures::* counter);
  void keep_within_limit();
  void coarsen();

  void note_object_page(const KmemEvent& event);
  void settle(std::uint64_t pointer);
  void settle_all();
  void unsettle(PageBlocks::Range range);
  void set_doubled(LiveObject& block);

  std::vector<model::SiteTally> tallies(std::uint64_t end_time);
  void add_history(std::span<model::SiteTally> sites, std::span<const std::uint32_t> indexes, std::uint64_t end_time);
  [[nodiscard]] model::SiteTally tally_of(std::uint32_t index) const;

  Options options_;
  std::array<bool, kAllocators> wanted_;
  SiteTable sites_;
  std::array<LiveTable, kAllocators> tables_;  // that of pages stays empty: they have blocks
  PageBlocks pages_;
  DirectMap direct_map_;
  // Pages in which an object turned up and that are no longer anybody's block: nothing to look up. Direct-mapped.
  std::array<std::uint64_t, kSettled> settled_;
  std::uint64_t weight_ = 1;  // of each object that is followed: a power of two
  std::uint64_t now_ = 0;     // since the first event
  std::optional<std::uint64_t> first_time_;
  Matched totals_;
  bool is_finished_ = false;
};

Matcher::State::State(const Options& options)
    : options_(options), wanted_{options.slab, options.pages, options.percpu, options.vmalloc}, sites_(options.points) {
  options_.most_live = std::max(options_.most_live, kFewestLive);
  settled_.fill(~std::uint64_t{0});
}

std::size_t Matcher::State::live() const {
  std::size_t sum = pages_.size();
  for (const LiveTable& table : tables_) sum += table.size();
  return sum;
}

// An event costs little but for one place in a table of many megabytes: those of the next events are fetched together.
void Matcher::State::add(std::span<const KmemEvent> events) {
  std::array<std::uint64_t, kTogether> hashes{};
  while (!events.empty()) {
    const std::size_t count = std::min(events.size(), kTogether);
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = mixed(events[i].address);
      prefetch(events[i], hashes[i]);
    }
    for (std::size_t i = 0; i < count; ++i) process(events[i], hashes[i]);
    events = events.subspan(count);
  }
}

void Matcher::State::prefetch(const KmemEvent& event, std::uint64_t hash) const {
  if (event.allocator == Allocator::kPages) {
    pages_.prefetch(hash);
  } else if (static_cast<std::size_t>(event.allocator) < kAllocators) {
    tables_[static_cast<std::size_t>(event.allocator)].prefetch(hash);
  }
}

void Matcher::State::process(const KmemEvent& event, std::uint64_t hash) {
  if (!is_wanted(event)) return;
  if (event.allocator == Allocator::kPages) {
    if (event.address >= kPageAddressEnd) return;
    pass_time(event.time);
    event.is_free ? on_page_free(event) : on_page_alloc(event);
  } else {
    pass_time(event.time);
    event.is_free ? on_free(event, hash) : on_alloc(event, hash);
  }
}

void Matcher::State::pass_time(std::uint64_t time) {
  if (!first_time_) first_time_ = time;
  if (time <= *first_time_) return;
  now_ = std::max(now_, std::min(time - *first_time_, LiveObject::kMostTime));
  sites_.advance(now_);
}

// Counts the allocation at its site.
LiveObject Matcher::State::begin_object(const KmemEvent& event, std::uint64_t bytes) {
  const std::uint32_t site = sites_.intern(event);
  SiteFigures& figures = sites_.change(site);
  figures.allocs += weight_;
  figures.bytes_allocated += bytes * weight_;
  figures.count += weight_;
  figures.bytes += bytes * weight_;
  LiveObject object;
  object.address = event.address;
  object.time = now_ & LiveObject::kMostTime;
  object.bytes = bytes & LiveObject::kMostBytes;
  object.site = site & LiveObject::kMostSites;
  object.comm = event.comm;
  object.tid = event.tid;
  return object;
}

void Matcher::State::on_alloc(const KmemEvent& event, std::uint64_t hash) {
  ++totals_.allocs;
  if (event.allocator == Allocator::kSlab && wanted_[static_cast<std::size_t>(Allocator::kPages)]) {
    note_object_page(event);
  }
  if (!is_followed(hash)) return;
  const auto [object, is_new] = tables_[static_cast<std::size_t>(event.allocator)].find_or_insert(event.address, hash);
  if (!is_new) count_unseen(*object);
  *object = begin_object(event, size_of(event));
  if (is_new) keep_within_limit();
}

void Matcher::State::on_free(const KmemEvent& event, std::uint64_t hash) {
  ++totals_.frees;
  if (!is_followed(hash)) return;
  LiveTable& table = tables_[static_cast<std::size_t>(event.allocator)];
  LiveObject* object = table.find(event.address, hash);
  if (object == nullptr) {
    totals_.frees_of_others += weight_;
    return;
  }
  count_free(*object, event.cache);
  table.erase(object);
}

void Matcher::State::count_free(const LiveObject& object, model::NameId cache) {
  SiteFigures& figures = sites_.change(static_cast<std::uint32_t>(object.site));
  figures.frees += weight_;
  figures.count -= weight_;
  figures.bytes -= object.bytes * weight_;
  if (cache == model::kNoName || cache == figures.cache_of_frees) return;
  figures.cache_of_frees = figures.cache_of_frees == model::kNoName ? cache : SiteTable::kSeveralCaches;
}

void Matcher::State::count_unseen(const LiveObject& object) {
  SiteFigures& figures = sites_.change(static_cast<std::uint32_t>(object.site));
  figures.unseen_frees += weight_;
  figures.count -= weight_;
  figures.bytes -= object.bytes * weight_;
}

// A part of a block takes its bytes off; the block counts until its last part has gone, in the way of that part.
void Matcher::State::take_off(const PageBlocks::Piece& piece, std::uint64_t SiteFigures::* counter) {
  if (piece.is_doubled) return;
  SiteFigures& figures = sites_.change(piece.site);
  figures.bytes -= piece.bytes * weight_;
  if (!piece.is_last) return;
  figures.count -= weight_;
  if (counter != nullptr) figures.*counter += weight_;
}

void Matcher::State::on_page_alloc(const KmemEvent& event) {
  if (event.bytes_allocated != 0) pages_.learn_page_size(event.bytes_allocated, event.order);
  const PageBlocks::Range range = pages_.sane(event.address, event.order);
  const bool is_followed_here = is_followed(pages_.sampling_hash(range.address));
  // Also where a process gets the pages: they must have been free, whoever had them before.
  if (is_followed_here) {
    for (const PageBlocks::Piece& piece : pages_.clear(range)) take_off(piece, &SiteFigures::unseen_frees);
  }
  if (event.for_user_pages && !options_.user_pages) return;
  ++totals_.allocs;
  const std::uint64_t bytes = pages_.page_size() << range.order;
  direct_map_.pages_allocated(event, bytes);
  if (!is_followed_here) return;
  pages_.add(range, begin_object(event, bytes));
  unsettle(range);
  keep_within_limit();
}

void Matcher::State::on_page_free(const KmemEvent& event) {
  const PageBlocks::Range range = pages_.sane(event.address, event.order);
  if (!is_followed(pages_.sampling_hash(range.address))) {
    ++totals_.frees;
    return;
  }
  bool is_of_site = false;
  const std::vector<PageBlocks::Piece>& pieces = pages_.clear(range);
  for (const PageBlocks::Piece& piece : pieces) {
    is_of_site = is_of_site || !piece.is_doubled;
    take_off(piece, &SiteFigures::frees);
  }
  if (is_of_site) {
    ++totals_.frees;
  } else if (!pieces.empty()) {
    ++totals_.doubled;
  } else {
    ++totals_.frees;
    totals_.frees_of_others += weight_;
  }
}

void Matcher::State::keep_within_limit() {
  while (live() > options_.most_live && weight_ < (std::uint64_t{1} << kMostDoublings)) coarsen();
}

// Half of the addresses are given up, and whatever they held; the rest counts twice. All that is held has the same
// weight at any time, so what a site holds is always the sum of what is live of it, times the weight.
void Matcher::State::coarsen() {
  const std::uint64_t twice = weight_ * 2;
  const auto leaves = [twice](std::uint64_t hash) { return (hash & (twice - 1)) != 0; };
  for (LiveTable& table : tables_) {
    table.erase_if([&](const LiveObject& object) {
      if (!leaves(mixed(object.address))) return false;
      SiteFigures& figures = sites_.change(static_cast<std::uint32_t>(object.site));
      figures.count -= weight_;
      figures.bytes -= object.bytes * weight_;
      return true;
    });
  }
  pages_.erase_if([&](const LiveObject& object) { return leaves(pages_.sampling_hash(object.address)); },
                  [&](const PageBlocks::Piece& piece) { take_off(piece, nullptr); });
  sites_.double_held();
  weight_ = twice;
}

// Pages and objects tell of the same memory twice: the pages of a slab, and those of a large kmalloc. The block that an
// object turns up in leaves its site, and stays known so that its free is told from frees of others.
void Matcher::State::note_object_page(const KmemEvent& event) {
  if (direct_map_.offset()) {
    settle(event.address);
    return;
  }
  const std::optional<std::uint64_t> own_pages = direct_map_.object_allocated(event, pages_.page_size());
  if (own_pages) {
    if (LiveObject* block = pages_.covering(*own_pages)) set_doubled(*block);
  }
  if (direct_map_.offset()) {
    settle(event.address);
    settle_all();
  }
}

void Matcher::State::settle(std::uint64_t pointer) {
  const std::uint64_t page = (pointer - *direct_map_.offset()) >> pages_.page_shift();
  std::uint64_t& settled = settled_[page % kSettled];
  if (settled == page) return;
  settled = page;
  if (LiveObject* block = pages_.covering(page << pages_.page_shift())) set_doubled(*block);
}

// What was allocated before the offset was known.
void Matcher::State::settle_all() {
  tables_[static_cast<std::size_t>(Allocator::kSlab)].for_each(
      [this](const LiveObject& object) { settle(object.address); });
}

void Matcher::State::unsettle(PageBlocks::Range range) {
  const std::uint64_t first = range.address >> pages_.page_shift();
  const std::uint64_t count = std::min(std::uint64_t{1} << range.order, std::uint64_t{kSettled});
  for (std::uint64_t page = first; page != first + count; ++page) settled_[page % kSettled] = ~std::uint64_t{0};
}

void Matcher::State::set_doubled(LiveObject& block) {
  if (block.doubled()) return;
  if (block.split != 0) {
    // A part of a block whose other parts were freed: it was freed as well and is a slab's now, both unseen.
    for (const PageBlocks::Piece& piece : pages_.clear(pages_.range_of(block))) {
      take_off(piece, &SiteFigures::unseen_frees);
    }
    return;
  }
  ++totals_.doubled;
  --totals_.allocs;
  SiteFigures& figures = sites_.change(static_cast<std::uint32_t>(block.site));
  figures.count -= weight_;
  figures.bytes -= block.bytes * weight_;
  // When sampling has become coarser since, it counted for less then than it does now.
  figures.allocs -= std::min(figures.allocs, weight_);
  figures.bytes_allocated -= std::min(figures.bytes_allocated, block.bytes * weight_);
  block.set_doubled();
}

void Matcher::State::lost(std::uint64_t time, std::uint64_t count) {
  if (first_time_) pass_time(time);
  totals_.lost += std::min(count, std::numeric_limits<std::uint64_t>::max() - totals_.lost);
  direct_map_.forget_recent();
}

Matched Matcher::State::finish(std::uint64_t end_time) {
  if (is_finished_) return {};
  is_finished_ = true;
  totals_.sampled_one_in = static_cast<std::uint32_t>(weight_);
  if (!first_time_) return std::move(totals_);
  if (end_time > *first_time_) pass_time(end_time);
  totals_.first_time = *first_time_;
  totals_.last_time = *first_time_ + now_;
  totals_.sites = tallies(now_);
  for (const model::SiteTally& site : totals_.sites) totals_.unseen_frees += site.unseen_frees;
  return std::move(totals_);
}

std::vector<model::SiteTally> Matcher::State::tallies(std::uint64_t end_time) {
  std::vector<model::SiteTally> all;
  all.reserve(sites_.size());
  for (std::uint32_t index = 0; index < sites_.size(); ++index) all.push_back(tally_of(index));
  const auto older = static_cast<std::uint64_t>(std::max<std::int64_t>(0, options_.older.count()));
  const TallyOptions options{end_time, older, weight_};
  for (LiveTable& table : tables_) tally_held(table.gather(), options, all);
  tally_held(pages_.gather(), options, all);

  std::vector<std::uint32_t> order;
  for (std::uint32_t index = 0; index < sites_.size(); ++index) {
    if (all[index].allocs != 0 || all[index].count != 0) order.push_back(index);
  }
  std::ranges::sort(order, {}, [&](std::uint32_t index) {
    return std::tuple(-all[index].bytes, -all[index].bytes_allocated, index);
  });
  std::vector<model::SiteTally> sorted;
  sorted.reserve(order.size());
  for (const std::uint32_t index : order) sorted.push_back(std::move(all[index]));
  add_history(sorted, order, end_time);
  return sorted;
}

void Matcher::State::add_history(std::span<model::SiteTally> sites, std::span<const std::uint32_t> indexes,
                                 std::uint64_t end_time) {
  const std::size_t count = std::min(sites.size(), Matched::kMostHistories);
  for (std::size_t i = 0; i < count; ++i) sites[i].history = sites_.history(indexes[i], end_time);
}

model::SiteTally Matcher::State::tally_of(std::uint32_t index) const {
  const SiteKey& key = sites_.key(index);
  const SiteFigures& figures = sites_.figures(index);
  model::SiteTally tally;
  tally.call_site = sites_.call_site(index);
  if (key.is_stack) tally.stack = static_cast<model::StackId>(key.place);
  tally.allocator = key.allocator;
  tally.cache = key.cache;
  if (key.cache == model::kNoName && figures.cache_of_frees != SiteTable::kSeveralCaches) {
    tally.cache = figures.cache_of_frees;
  }
  tally.allocs = figures.allocs;
  tally.frees = figures.frees;
  tally.unseen_frees = figures.unseen_frees;
  tally.bytes_allocated = saturated(figures.bytes_allocated);
  tally.bytes = saturated(figures.bytes);
  tally.count = saturated(figures.count);
  return tally;
}

Matcher::Matcher(Options options) : state_(std::make_unique<State>(options)) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

void Matcher::add(std::span<const KmemEvent> events) { state_->add(events); }
void Matcher::lost(std::uint64_t time, std::uint64_t count) { state_->lost(time, count); }
Matched Matcher::finish(std::uint64_t end_time) { return state_->finish(end_time); }

}  // namespace leakscope::analysis::matching
