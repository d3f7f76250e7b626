#include "session/bpf_trace.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "analysis/matching/blindness.h"

namespace leakscope::session {
namespace {

using sources::kmem_bpf::KmemTracer;
using sources::kmem_bpf::KmemTracerOptions;

/// Looks per window: what the judgement of a series needs, and twice that.
constexpr int kLooks = 120;
constexpr Nanoseconds kShortestStep = std::chrono::milliseconds(100);
constexpr Nanoseconds kLongestStep = std::chrono::seconds(10);
/// Call sites are counted for this share of the window before stacks are taken.
constexpr double kCountedShare = 0.15;
constexpr std::size_t kMostFollowed = 64;
constexpr std::int64_t kLeastObjects = 16;
/// One look in so many is also a measurement of the cost, which itself costs two readings of the clock per event.
constexpr std::size_t kLooksPerMeasurement = 20;

KmemTracerOptions tracer_options(const KernelTraceOptions& options) {
  KmemTracerOptions tracer;
  tracer.pages = options.trace.pages;
  tracer.percpu = options.trace.percpu;
  tracer.vmalloc = options.trace.vmalloc;
  tracer.cache = options.cache;
  if (options.least_size) tracer.least_bytes = static_cast<std::uint64_t>(*options.least_size);
  if (options.most_size) tracer.most_bytes = static_cast<std::uint64_t>(*options.most_size);
  tracer.stacks = !options.cache.empty();
  tracer.sample_shift = static_cast<std::uint32_t>(std::countr_zero(options.sample_one_in));
  tracer.max_memory = static_cast<std::size_t>(options.max_memory.count());
  return tracer;
}

/// What the call site gained in the second half of what was seen; nothing when it does not look like growth, or when
/// unseen frees explain it.
std::int64_t gain_of(const model::SiteTally& tally, std::uint32_t sampled_one_in) {
  if (tally.stack != model::kNoStack || tally.call_site == 0 || tally.allocator != model::Allocator::kSlab) return 0;
  if (tally.count < kLeastObjects || tally.history.size() < 4) return 0;
  if (analysis::matching::explained_by_blindness(tally, sampled_one_in) >= tally.count) return 0;
  const model::SitePoint& middle = tally.history[tally.history.size() / 2];
  const model::SitePoint& last = tally.history.back();
  const std::int64_t gain = last.bytes - middle.bytes;
  return gain > middle.bytes / 8 ? gain : 0;
}

Nanoseconds now() { return SystemClock().now().monotonic; }

double seconds_of(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

BpfTrace::BpfTrace(const KernelTraceOptions& options, std::unique_ptr<KmemTracer> tracer)
    : options_(options), tracer_(std::move(tracer)), follow_at_(kCountedShare * seconds_of(options.length)) {}

Result<std::unique_ptr<BpfTrace>> BpfTrace::open(const KernelTraceOptions& options) {
  auto tracer = KmemTracer::open(tracer_options(options));
  if (!tracer) return std::unexpected(std::move(tracer.error()));
  if (auto started = (*tracer)->start(); !started) return std::unexpected(std::move(started.error()));
  auto trace = std::unique_ptr<BpfTrace>(new BpfTrace(options, *std::move(tracer)));
  trace->started_ = now();
  return trace;
}

Result<> BpfTrace::run(const StopFlag& stop, const KernelTraceCallback& progress) {
  const Nanoseconds step = std::clamp(options_.length / kLooks, kShortestStep, kLongestStep);
  for (Nanoseconds next = step; next <= options_.length; next += step) {
    const Nanoseconds wait = started_ + next - now();
    if (wait.count() > 0 ? stop.wait_for(wait) : stop.raised()) break;
    if (auto looked = look(); !looked) return looked;
    if (progress) {
      progress({std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds_)), options_.length,
                tracer_->sampled_one_in(), followed_.size()});
    }
  }
  return {};
}

Result<> BpfTrace::look() {
  seconds_ = seconds_of(now() - started_);
  if (auto looked = tracer_->look(seconds_); !looked) return looked;
  ++looks_;
  if (auto watched = watch_cost(); !watched) return watched;
  if (options_.cache.empty() && seconds_ >= follow_at_) {
    follow_at_ = seconds_ + kCountedShare * seconds_of(options_.length);
    // The last part of the window is too short to judge a stack that is only now told apart.
    if (seconds_ < seconds_of(options_.length) / 2) return follow_growing();
  }
  return {};
}

bool BpfTrace::is_followed(std::uint64_t call_site) const {
  return std::ranges::find(followed_, call_site, &Followed::call_site) != followed_.end();
}

Result<> BpfTrace::follow_growing() {
  struct Candidate {
    std::int64_t gain = 0;
    std::uint64_t call_site = 0;
  };
  std::vector<Candidate> candidates;
  for (const model::SiteTally& tally : tracer_->tallies()) {
    const std::int64_t gain = gain_of(tally, tracer_->sampled_one_in());
    if (gain > 0 && !is_followed(tally.call_site)) candidates.push_back({gain, tally.call_site});
  }
  std::ranges::sort(candidates, std::ranges::greater{}, &Candidate::gain);
  std::vector<std::uint64_t> chosen;
  for (const Candidate& candidate : candidates) {
    if (followed_.size() >= kMostFollowed) break;
    if (is_followed(candidate.call_site)) continue;
    chosen.push_back(candidate.call_site);
    followed_.push_back({candidate.call_site, seconds_});
  }
  return chosen.empty() ? Result<>{} : tracer_->follow(chosen);
}

Result<> BpfTrace::watch_cost() {
  if (measuring_) {
    const double elapsed = seconds_ - cost_since_;
    const double cpus = static_cast<double>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    measuring_ = false;
    if (auto off = tracer_->watch_cost(false); !off) return off;
    if (elapsed <= 0) return {};
    const double overhead = seconds_of(tracer_->cost().run_time - cost_before_) / elapsed / cpus;
    overheads_ += overhead;
    ++measurements_;
    if (overhead > options_.max_overhead) {
      // As coarse as can be is no reason to end: what it costs is said.
      const auto coarser = tracer_->coarsen();
      (void)coarser.has_value();
    }
    return {};
  }
  if (looks_ % kLooksPerMeasurement != 1) return {};
  // Without these statistics the limit cannot be kept, and coverage says so.
  if (!tracer_->watch_cost(true)) return {};
  measuring_ = true;
  cost_before_ = tracer_->cost().run_time;
  cost_since_ = seconds_;
  return {};
}

Result<std::vector<model::SiteTally>> BpfTrace::finish(const model::KernelSymbols& symbols) {
  seconds_ = seconds_of(now() - started_);
  auto tallies = tracer_->finish(seconds_, options_.trace.older, symbols);
  if (!tallies) return tallies;
  for (model::SiteTally& tally : *tallies) {
    const auto followed = std::ranges::find(followed_, tally.call_site, &Followed::call_site);
    if (tally.call_site == 0 || followed == followed_.end()) continue;
    // What the call site took before then is told apart from its stacks, and not judged.
    tally.since = tally.stack == model::kNoStack ? seconds_ : followed->since;
  }
  return tallies;
}

}  // namespace leakscope::session
