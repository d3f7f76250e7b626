#include "sources/kmem_bpf/kmem_tracer.h"

#ifdef LEAKSCOPE_HAVE_BPF

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <bpf/bpf.h>

#include "base/unique_fd.h"
#include "sources/kmem_bpf/allocator_frames.h"
#include "sources/kmem_bpf/cache_names.h"
#include "sources/kmem_bpf/live_objects.h"
#include "sources/kmem_bpf/site_books.h"
#include "sources/kmem_bpf/trace_programs.h"

namespace leakscope::sources::kmem_bpf {
namespace {

constexpr const char* kName = "BPF allocation events";
// Above it, buckets of 16 that are full begin to cost objects: at half full it is one in some thousand.
constexpr double kFullAt = 0.5;

template <class T>
T read_now(const T& value) {
  return std::atomic_ref<T>(const_cast<T&>(value)).load(std::memory_order_relaxed);
}

std::uint32_t kind_of(std::uint64_t tag) {
  return (tag >> 63U) != 0 ? 0 : static_cast<std::uint32_t>(tag >> WIRE_KMEM_KIND_SHIFT);
}

model::Allocator allocator_of(std::uint64_t tag) {
  switch (kind_of(tag)) {
    case kWireKmemPages:
      return model::Allocator::kPages;
    case kWireKmemPercpu:
      return model::Allocator::kPercpu;
    case kWireKmemVmalloc:
      return model::Allocator::kVmalloc;
    default:
      return model::Allocator::kSlab;
  }
}

KmallocKind kmalloc_kind(std::uint64_t tag, bool has_accounted_caches) {
  if ((tag & WIRE_KMEM_DMA) != 0) return KmallocKind::kDma;
  if ((tag & WIRE_KMEM_RECLAIMABLE) != 0) return KmallocKind::kReclaimable;
  if ((tag & WIRE_KMEM_ACCOUNTED) != 0 && has_accounted_caches) return KmallocKind::kAccounted;
  return KmallocKind::kNormal;
}

}  // namespace

class KmemTracer::State {
 public:
  State(const KmemTracerOptions& options, std::unique_ptr<TracePrograms> programs)
      : options_(options),
        programs_(std::move(programs)),
        shift_(std::min(options.sample_shift, kMostSampleShift)),
        books_(1U << shift_) {
    programs_->control().sample_mask = (std::uint64_t{1} << shift_) - 1;
  }

  [[nodiscard]] Result<> start();
  [[nodiscard]] Result<> look(double seconds);
  [[nodiscard]] std::vector<model::SiteTally> finish(double seconds, Nanoseconds older,
                                                     const model::KernelSymbols& symbols);
  [[nodiscard]] std::vector<model::SiteTally> tallies(const model::KernelSymbols& symbols);
  [[nodiscard]] Result<> follow(std::span<const std::uint64_t> call_sites);
  [[nodiscard]] Result<> coarsen();
  [[nodiscard]] Result<> watch_cost(bool on);
  [[nodiscard]] std::vector<FreePair> free_pairs();
  [[nodiscard]] Fill fill() const;
  [[nodiscard]] std::vector<model::Loss> losses() const;
  [[nodiscard]] std::vector<model::Coverage> coverage() const { return programs_->coverage(); }
  [[nodiscard]] Cost cost() const { return programs_->cost(); }
  [[nodiscard]] std::uint32_t factor() const { return 1U << shift_; }
  [[nodiscard]] const model::StackTable& stacks() const { return stacks_; }
  [[nodiscard]] const model::NameTable& names() const { return names_; }

 private:
  [[nodiscard]] bool is_site(std::size_t slot) const { return read_now(programs_->sites()[slot].code) != 0; }
  void read_counters();
  [[nodiscard]] std::int64_t bytes_each(const WireKmemSite& site) const;
  [[nodiscard]] std::vector<std::uint64_t> frames_of(std::size_t slot) const;
  [[nodiscard]] model::NameId cache_of(const WireKmemSite& site);
  [[nodiscard]] model::NameId comm_of(std::uint32_t tid);
  [[nodiscard]] bool is_told_elsewhere(std::size_t slot, const model::KernelSymbols& symbols) const;
  [[nodiscard]] model::SiteTally tally_of(std::size_t slot, const model::KernelSymbols& symbols);
  void add_live(model::SiteTally& tally, const LiveObjects& live, std::int64_t each);
  [[nodiscard]] std::vector<model::SiteTally> merge(std::vector<model::SiteTally> all) const;
  [[nodiscard]] std::vector<LiveObjects> survey_live(Nanoseconds older);

  KmemTracerOptions options_;
  std::unique_ptr<TracePrograms> programs_;
  std::uint32_t shift_ = 0;
  SiteBooks books_;
  std::unordered_set<std::uint64_t> followed_;
  std::optional<std::uint64_t> first_clock_;
  std::chrono::steady_clock::time_point started_;
  UniqueFd statistics_;
  std::uint64_t sites_ = 0;
  std::uint64_t told_elsewhere_ = 0;
  model::StackTable stacks_;
  model::NameTable names_;
};

// ---- Running

Result<> KmemTracer::State::start() {
  if (const auto clock = programs_->clock()) first_clock_ = *clock;
  started_ = std::chrono::steady_clock::now();
  return programs_->attach();
}

void KmemTracer::State::read_counters() {
  sites_ = 0;
  for (std::size_t slot = 0; slot < programs_->sites().size(); ++slot) {
    if (!is_site(slot)) continue;
    ++sites_;
    const WireKmemCounters now = programs_->counters(slot);
    books_.update(slot, {.allocs = now.n[kWireKmemAllocs] + now.n[kWireKmemBulkAllocs],
                         .frees = now.n[kWireKmemFrees] + now.n[kWireKmemCacheFrees] + now.n[kWireKmemOtherFrees],
                         .unseen_frees = now.n[kWireKmemUnseen]});
  }
}

Result<> KmemTracer::State::look(double seconds) {
  books_.begin_point(seconds);
  read_counters();
  const auto most = static_cast<std::uint64_t>(static_cast<double>(programs_->room()) * kFullAt);
  if (books_.sampled_live() > most && shift_ < kMostSampleShift) return coarsen();
  return {};
}

Result<> KmemTracer::State::coarsen() {
  if (shift_ >= kMostSampleShift) return fail(Error::Kind::kUsage, kName, "sampling is as coarse as it can be");
  ++shift_;
  WireKmemControl& control = programs_->control();
  std::atomic_ref(control.sample_mask).store((std::uint64_t{1} << shift_) - 1);
  // Programs that read the mask before go on for some microseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  read_counters();
  std::vector<std::uint64_t> values;
  std::vector<std::uint64_t> passed_over;
  programs_->read_live(values, passed_over);
  std::vector<std::uint64_t> forgotten(programs_->sites().size());
  for (const std::uint64_t value : passed_over) {
    const std::size_t site = (value & 0xFFFFU) - 1;
    if (site < forgotten.size()) ++forgotten[site];
  }
  books_.coarsen(factor(), forgotten);
  read_counters();  // the newest point has the new scale
  return {};
}

Result<> KmemTracer::State::follow(std::span<const std::uint64_t> call_sites) {
  for (const std::uint64_t call_site : call_sites) {
    if (call_site == 0 || !followed_.insert(call_site).second) continue;
    if (auto done = programs_->follow(call_site); !done) return done;
  }
  // Sites that are there already; what is made meanwhile has looked into the map.
  for (WireKmemSite& site : programs_->sites()) {
    if (read_now(site.code) == 0 || !followed_.contains(site.call_site)) continue;
    std::atomic_ref(site.flags).fetch_or(kWireKmemFollowed);
  }
  return {};
}

Result<> KmemTracer::State::watch_cost(bool on) {
  if (!on) {
    statistics_.reset();
    return {};
  }
  if (statistics_.is_open()) return {};
  statistics_ = UniqueFd(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!statistics_.is_open()) return std::unexpected(error_from_errno(errno, kName, "switch on run-time statistics"));
  return {};
}

// ---- What was seen

std::int64_t KmemTracer::State::bytes_each(const WireKmemSite& site) const {
  const std::uint64_t bytes = std::min<std::uint64_t>(site.bytes, WIRE_KMEM_BYTES);
  // The event tells what one CPU gets; every possible CPU has its own.
  const std::uint64_t times = kind_of(site.tag) == kWireKmemPercpu ? programs_->cpus() : 1;
  return static_cast<std::int64_t>(bytes * times);
}

model::NameId KmemTracer::State::cache_of(const WireKmemSite& site) {
  const std::string_view told(site.cache, ::strnlen(site.cache, sizeof site.cache));
  if (!told.empty()) return names_.intern(told);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (kind_of(site.tag) != kWireKmemKmalloc || site.bytes > 2 * page) return model::kNoName;
  return names_.intern(
      kmalloc_cache_name(site.bytes, kmalloc_kind(site.tag, programs_->layout().has_accounted_caches)));
}

model::NameId KmemTracer::State::comm_of(std::uint32_t tid) {
  const WireKmemTask& task = programs_->tasks()[tid % kWireKmemTasks];
  if (task.tid != tid) return model::kNoName;
  return names_.intern(std::string_view(task.comm, ::strnlen(task.comm, sizeof task.comm)));
}

std::vector<std::uint64_t> KmemTracer::State::frames_of(std::size_t slot) const {
  const auto& frames = programs_->stacks()[slot].frames;
  const std::size_t depth = std::min<std::size_t>(programs_->sites()[slot].depth, kWireKmemFrames);
  return {std::begin(frames), std::begin(frames) + depth};
}

// Pages of what another allocator hands out; areas without pages of their own (vmap, ioremap).
bool KmemTracer::State::is_told_elsewhere(std::size_t slot, const model::KernelSymbols& symbols) const {
  const WireKmemSite& site = programs_->sites()[slot];
  const model::Allocator allocator = allocator_of(site.tag);
  const bool is_page = allocator == model::Allocator::kPages;
  if (symbols.size() == 0 || (!is_page && allocator != model::Allocator::kVmalloc)) return false;
  const PageUse use = page_use(frames_of(slot), symbols);
  if (!is_page) return use != PageUse::kVmalloc;
  return (use == PageUse::kSlab && options_.slab) || (use == PageUse::kVmalloc && options_.vmalloc) ||
         (use == PageUse::kPercpu && options_.percpu);
}

model::SiteTally KmemTracer::State::tally_of(std::size_t slot, const model::KernelSymbols& symbols) {
  const WireKmemSite& site = programs_->sites()[slot];
  const SiteBooks::Figures figures = books_.figures(slot);
  const std::int64_t each = bytes_each(site);
  model::SiteTally tally;
  tally.call_site = site.call_site;
  tally.allocator = allocator_of(site.tag);
  tally.cache = cache_of(site);
  if (const auto frames = frames_of(slot); !frames.empty()) {
    const auto caller = std::span(frames).subspan(first_frame_of_caller(frames, site.call_site, symbols));
    tally.stack = stacks_.intern(caller);
    if (tally.call_site == 0 && !caller.empty()) tally.call_site = caller.front();
  }
  tally.allocs = figures.allocs;
  tally.frees = figures.frees;
  tally.unseen_frees = figures.unseen_frees;
  tally.bytes_allocated = static_cast<std::int64_t>(figures.allocs) * each;
  tally.count = figures.held;
  tally.bytes = figures.held * each;
  tally.history = books_.history(slot, each);
  return tally;
}

void KmemTracer::State::add_live(model::SiteTally& tally, const LiveObjects& live, std::int64_t each) {
  const auto scale = static_cast<std::int64_t>(factor());
  tally.ages = live.ages;
  tally.young_count = static_cast<std::int64_t>(live.young) * scale;
  tally.young_bytes = tally.young_count * each;
  for (const LiveObjects::Task& task : live.tasks) {
    const std::int64_t count = static_cast<std::int64_t>(task.count) * scale;
    tally.tasks.push_back({comm_of(task.tid), Pid{static_cast<std::int32_t>(task.tid)}, count * each, count});
  }
}

void add_to(model::SiteTally& sum, const model::SiteTally& other) {
  if (other.ages && sum.ages) {
    // The median of both is not known; that of the larger part is near.
    if (other.count > sum.count) sum.ages->median = other.ages->median;
    sum.ages->min = std::min(sum.ages->min, other.ages->min);
    sum.ages->max = std::max(sum.ages->max, other.ages->max);
  } else if (other.ages) {
    sum.ages = other.ages;
  }
  sum.allocs += other.allocs;
  sum.frees += other.frees;
  sum.unseen_frees += other.unseen_frees;
  sum.bytes_allocated += other.bytes_allocated;
  sum.bytes += other.bytes;
  sum.count += other.count;
  sum.young_bytes += other.young_bytes;
  sum.young_count += other.young_count;
  for (std::size_t i = 0; i < std::min(sum.history.size(), other.history.size()); ++i) {
    sum.history[i].bytes += other.history[i].bytes;
    sum.history[i].count += other.history[i].count;
  }
  for (const auto& task : other.tasks) {
    const auto same = std::ranges::find(sum.tasks, task.tid, &model::SiteTally::Task::tid);
    if (same == sum.tasks.end()) {
      sum.tasks.push_back(task);
    } else {
      same->bytes += task.bytes;
      same->count += task.count;
    }
  }
}

// One call site or stack has a slot for each size of object.
std::vector<model::SiteTally> KmemTracer::State::merge(std::vector<model::SiteTally> all) const {
  constexpr std::size_t kMostTasks = 12;
  std::map<std::tuple<std::uint64_t, model::StackId, model::Allocator, model::NameId>, std::size_t> index;
  std::vector<model::SiteTally> merged;
  for (model::SiteTally& tally : all) {
    const auto [at, is_new] =
        index.try_emplace({tally.call_site, tally.stack, tally.allocator, tally.cache}, merged.size());
    if (is_new) {
      merged.push_back(std::move(tally));
    } else {
      add_to(merged[at->second], tally);
    }
  }
  for (model::SiteTally& tally : merged) {
    std::ranges::stable_sort(tally.tasks, std::ranges::greater{}, &model::SiteTally::Task::bytes);
    if (tally.tasks.size() > kMostTasks) tally.tasks.resize(kMostTasks);
  }
  std::ranges::stable_sort(merged, std::ranges::greater{}, &model::SiteTally::bytes);
  return merged;
}

std::vector<model::SiteTally> KmemTracer::State::tallies(const model::KernelSymbols& symbols) {
  std::vector<model::SiteTally> all;
  for (std::size_t slot = 0; slot < programs_->sites().size(); ++slot) {
    if (is_site(slot) && books_.figures(slot).allocs > 0) all.push_back(tally_of(slot, symbols));
  }
  return merge(std::move(all));
}

std::vector<LiveObjects> KmemTracer::State::survey_live(Nanoseconds older) {
  ValueClock clock;
  const auto now = programs_->clock();
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  if (now && first_clock_) {
    clock.now = *now;
    const auto units = static_cast<double>((*now - *first_clock_) & WIRE_KMEM_TIMES);
    if (units > 0) clock.seconds_per_unit = elapsed / units;
  }
  std::vector<std::uint64_t> values;
  std::vector<std::uint64_t> passed_over;
  programs_->read_live(values, passed_over);
  return survey(values, clock, std::chrono::duration<double>(older).count());
}

std::vector<model::SiteTally> KmemTracer::State::finish(double seconds, Nanoseconds older,
                                                        const model::KernelSymbols& symbols) {
  programs_->detach();
  books_.begin_point(seconds);
  read_counters();
  std::unordered_map<std::size_t, LiveObjects> live;
  for (LiveObjects& objects : survey_live(older)) live[objects.site] = std::move(objects);
  std::vector<model::SiteTally> all;
  for (std::size_t slot = 0; slot < programs_->sites().size(); ++slot) {
    const std::uint64_t allocs = is_site(slot) ? books_.figures(slot).allocs : 0;
    if (allocs == 0) continue;
    if (is_told_elsewhere(slot, symbols)) {
      told_elsewhere_ += allocs;
      continue;
    }
    model::SiteTally tally = tally_of(slot, symbols);
    if (const auto found = live.find(slot); found != live.end()) {
      add_live(tally, found->second, bytes_each(programs_->sites()[slot]));
    }
    all.push_back(std::move(tally));
  }
  return merge(std::move(all));
}

std::vector<KmemTracer::FreePair> KmemTracer::State::free_pairs() {
  std::map<std::tuple<std::uint64_t, model::NameId, std::uint64_t>, std::uint64_t> sums;
  for (const auto& pair : programs_->free_pairs()) {
    if (pair.site >= programs_->sites().size()) continue;
    const WireKmemSite& site = programs_->sites()[pair.site];
    sums[{site.call_site, cache_of(site), pair.call_site}] += pair.count * factor();
  }
  std::vector<FreePair> pairs;
  for (const auto& [key, count] : sums) pairs.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
  std::ranges::stable_sort(pairs, std::ranges::greater{}, &FreePair::count);
  return pairs;
}

KmemTracer::Fill KmemTracer::State::fill() const {
  return {.live = books_.sampled_live(),
          .room = programs_->room(),
          .sites = sites_,
          .room_for_sites = programs_->sites().size(),
          .memory = programs_->memory()};
}

std::vector<model::Loss> KmemTracer::State::losses() const {
  static constexpr std::array<std::pair<std::size_t, const char*>, 6> kWhats = {
      {{kWireKmemLostFull, "allocations that found no room in the table of live objects"},
       {kWireKmemLostSite, "allocations that found no room in the table of sites"},
       {kWireKmemLostBusy, "allocations of sites that were just being made"},
       {kWireKmemLostStack, "allocations whose stack could not be taken"},
       {kWireKmemLostBulk, "calls in bulk with more objects than are looked at"},
       {kWireKmemLostPieces, "ranges of pages that cannot be followed when freed in pieces"}}};
  std::uint64_t allocs = 0;
  for (std::size_t i = 0; i < books_.size(); ++i) allocs += books_.figures(i).allocs;
  std::vector<model::Loss> losses;
  for (const auto& [index, what] : kWhats) {
    const std::uint64_t count = read_now(programs_->control().lost[index]);
    if (count > 0) losses.push_back({kName, what, count, allocs});
  }
  if (const std::uint64_t missed = cost().missed; missed > 0) {
    losses.push_back({kName, "events missed, as their program was running on that CPU", missed, 0});
  }
  return losses;
}

// ---- The outside

KmemTracer::KmemTracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
KmemTracer::~KmemTracer() = default;

Result<std::unique_ptr<KmemTracer>> KmemTracer::open(const KmemTracerOptions& options) {
  auto programs = TracePrograms::load(options);
  if (!programs) return std::unexpected(std::move(programs.error()));
  return std::unique_ptr<KmemTracer>(new KmemTracer(std::make_unique<State>(options, *std::move(programs))));
}

Result<> KmemTracer::start() { return state_->start(); }
Result<> KmemTracer::look(double seconds) { return state_->look(seconds); }
Result<std::vector<model::SiteTally>> KmemTracer::finish(double seconds, Nanoseconds older,
                                                         const model::KernelSymbols& symbols) {
  return state_->finish(seconds, older, symbols);
}
std::vector<model::SiteTally> KmemTracer::tallies() { return state_->tallies({}); }
Result<> KmemTracer::follow(std::span<const std::uint64_t> call_sites) { return state_->follow(call_sites); }
Result<> KmemTracer::coarsen() { return state_->coarsen(); }
std::uint32_t KmemTracer::sampled_one_in() const { return state_->factor(); }
std::vector<KmemTracer::FreePair> KmemTracer::free_pairs() { return state_->free_pairs(); }
KmemTracer::Fill KmemTracer::fill() const { return state_->fill(); }
Result<> KmemTracer::watch_cost(bool on) { return state_->watch_cost(on); }
KmemTracer::Cost KmemTracer::cost() const { return state_->cost(); }
const model::StackTable& KmemTracer::stacks() const { return state_->stacks(); }
const model::NameTable& KmemTracer::names() const { return state_->names(); }
std::vector<model::Loss> KmemTracer::losses() const { return state_->losses(); }
std::vector<model::Coverage> KmemTracer::coverage() const { return state_->coverage(); }

}  // namespace leakscope::sources::kmem_bpf

#else

namespace leakscope::sources::kmem_bpf {

// There is never one, so nothing below is ever called.
class KmemTracer::State {
 public:
  model::StackTable stacks;
  model::NameTable names;
};

KmemTracer::KmemTracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
KmemTracer::~KmemTracer() = default;

Result<std::unique_ptr<KmemTracer>> KmemTracer::open(const KmemTracerOptions& /*options*/) {
  return fail(Error::Kind::kUnsupported, "BPF allocation events", "this build has no BPF programs");
}
Result<> KmemTracer::start() { return {}; }
Result<> KmemTracer::look(double /*seconds*/) { return {}; }
Result<std::vector<model::SiteTally>> KmemTracer::finish(double /*seconds*/, Nanoseconds /*older*/,
                                                         const model::KernelSymbols& /*symbols*/) {
  return std::vector<model::SiteTally>{};
}
std::vector<model::SiteTally> KmemTracer::tallies() { return {}; }
Result<> KmemTracer::follow(std::span<const std::uint64_t> /*call_sites*/) { return {}; }
Result<> KmemTracer::coarsen() { return {}; }
std::uint32_t KmemTracer::sampled_one_in() const { return 1; }
std::vector<KmemTracer::FreePair> KmemTracer::free_pairs() { return {}; }
KmemTracer::Fill KmemTracer::fill() const { return {}; }
Result<> KmemTracer::watch_cost(bool /*on*/) { return {}; }
KmemTracer::Cost KmemTracer::cost() const { return {}; }
const model::StackTable& KmemTracer::stacks() const { return state_->stacks; }
const model::NameTable& KmemTracer::names() const { return state_->names; }
std::vector<model::Loss> KmemTracer::losses() const { return {}; }
std::vector<model::Coverage> KmemTracer::coverage() const { return {}; }

}  // namespace leakscope::sources::kmem_bpf

#endif
