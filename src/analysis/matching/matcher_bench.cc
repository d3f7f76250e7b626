// A stream like that of a busy machine: of all allocations 90 % are freed soon (the newest first, as a slab's free list
// hands its addresses out again), the others live long; several hundred thousand live at once, from some hundred stacks
// and tasks on eight CPUs. With pages, each two hundredth event is one of a page, half of them slab refills and the
// frees mostly of pages that nobody follows.
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "analysis/matching/matcher.h"

namespace leakscope::analysis::matching {
namespace {

using model::Allocator;
using model::KmemEvent;

constexpr std::uint64_t kDirectMap = 0xFFFF'8880'0000'0000;

class Stream {
 public:
  Stream(std::size_t live, bool with_pages) : live_(live), with_pages_(with_pages) {
    for (std::uint64_t i = 0; i < live * 2; ++i) free_.push_back((i << 8U) + (std::uint64_t{4} << 30U));
    for (std::size_t i = free_.size() - 1; i > 0; --i) std::swap(free_[i], free_[random(i + 1)]);
  }

  std::vector<KmemEvent> events(std::size_t count) {
    std::vector<KmemEvent> all;
    all.reserve(count + 2);
    while (all.size() < count) {
      time_ += 200 + random(400);
      if (with_pages_ && random(200) == 0) {
        all.push_back(page(random(2) == 0));
      } else if (long_lived_.size() > live_ || (random(100) < 49 && !young_.empty())) {
        all.push_back(free_one());
      } else {
        all.push_back(allocate());
      }
    }
    return all;
  }

 private:
  std::uint64_t random(std::uint64_t below) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33U) % below;
  }

  KmemEvent base() {
    KmemEvent event;
    event.time = time_;
    event.cpu = static_cast<std::uint16_t>(random(8));
    event.tid.value = 1000 + static_cast<std::int32_t>(random(200));
    event.comm = static_cast<model::NameId>(event.tid.value % 40);
    return event;
  }

  KmemEvent allocate() {
    KmemEvent event = base();
    const std::uint64_t address = free_.back();
    free_.pop_back();
    const bool is_long = random(10) == 0;
    (is_long ? long_lived_ : young_).push_back(address);
    event.address = kDirectMap + address;
    const std::uint64_t skewed = random(600) * random(600) / 600;
    event.stack = static_cast<model::StackId>(skewed);
    event.cache = static_cast<model::NameId>(skewed % 80);
    event.call_site = 0xFFFF'FFFF'8100'0000 + skewed * 64;
    event.bytes_requested = 100 + skewed;
    event.bytes_allocated = 256;
    return event;
  }

  KmemEvent free_one() {
    KmemEvent event = base();
    event.is_free = true;
    const bool from_long = young_.empty() || long_lived_.size() > live_;
    std::vector<std::uint64_t>& from = from_long ? long_lived_ : young_;
    const std::size_t window = from_long ? from.size() : std::min<std::size_t>(from.size(), 2000);
    std::swap(from[from.size() - 1 - random(window)], from.back());
    event.address = kDirectMap + from.back();
    free_.push_back(from.back());
    from.pop_back();
    return event;
  }

  KmemEvent page(bool is_free) {
    KmemEvent event = base();
    event.allocator = Allocator::kPages;
    event.is_free = is_free;
    event.order = static_cast<std::uint8_t>(random(4) == 0 ? random(4) : 0);
    event.address = (random(1U << 20U) << 12U) & ~((std::uint64_t{4096} << event.order) - 1);
    event.bytes_allocated = std::uint64_t{4096} << event.order;
    event.for_user_pages = random(2) == 0;
    event.stack = is_free ? model::kNoStack : 1000 + static_cast<model::StackId>(random(50));
    return event;
  }

  std::size_t live_;
  bool with_pages_;
  std::uint64_t state_ = 1;
  std::uint64_t time_ = 1'000'000'000;
  std::vector<std::uint64_t> free_;
  std::vector<std::uint64_t> young_;
  std::vector<std::uint64_t> long_lived_;
};

void match(benchmark::State& state, bool with_pages) {
  constexpr std::size_t kPiece = 4096;
  const auto live = static_cast<std::size_t>(state.range(0));
  const std::vector<KmemEvent> events = Stream(live, with_pages).events(live * 24);
  for (auto _ : state) {
    Matcher matcher;
    const std::span<const KmemEvent> all(events);
    for (std::size_t i = 0; i < all.size(); i += kPiece) matcher.add(all.subspan(i, std::min(kPiece, all.size() - i)));
    Matched matched = matcher.finish();
    benchmark::DoNotOptimize(matched);
    state.counters["sites"] = static_cast<double>(matched.sites.size());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events.size()) * static_cast<std::int64_t>(state.iterations()));
}

void slab_events(benchmark::State& state) { match(state, false); }
void slab_and_page_events(benchmark::State& state) { match(state, true); }
BENCHMARK(slab_events)->Arg(50'000)->Arg(400'000)->Unit(benchmark::kMillisecond);
BENCHMARK(slab_and_page_events)->Arg(400'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace leakscope::analysis::matching

BENCHMARK_MAIN();
