#include <array>

#include <fmt/format.h>

#include "sources/trace_text/text_stream.h"

namespace leakscope::sources::trace_text {
namespace {

using State = model::Coverage::State;

constexpr std::string_view kWithStacks =
    "trace-cmd record -T -e kmem:kmalloc -e kmem:kfree -e kmem:kmem_cache_alloc -e kmem:kmem_cache_free";
constexpr std::string_view kPages = "trace-cmd record -T -e kmem:mm_page_alloc -e kmem:mm_page_free";
constexpr std::string_view kPercpu = "trace-cmd record -T -e percpu:percpu_alloc_percpu -e percpu:percpu_free_percpu";

// One space of addresses, and the events that tell of it.
struct Family {
  std::string_view source;
  std::array<KmemKind, 2> allocs;
  std::array<KmemKind, 2> frees;
  std::string_view remedy;
};
constexpr std::array kFamilies{
    Family{"slab events",
           {KmemKind::kKmalloc, KmemKind::kCacheAlloc},
           {KmemKind::kKfree, KmemKind::kCacheFree},
           kWithStacks},
    Family{"page events",
           {KmemKind::kPageAlloc, KmemKind::kPageAlloc},
           {KmemKind::kPageFree, KmemKind::kPageFree},
           kPages},
    Family{"per-CPU events",
           {KmemKind::kPercpuAlloc, KmemKind::kPercpuAlloc},
           {KmemKind::kPercpuFree, KmemKind::kPercpuFree},
           kPercpu},
};

}  // namespace

void TextStream::cover_events(std::vector<model::Coverage>& all) const {
  for (const Family& family : kFamilies) {
    const bool allocs = saw(family.allocs[0]) || saw(family.allocs[1]);
    const bool frees = saw(family.frees[0]) || saw(family.frees[1]);
    if (allocs && frees) continue;
    model::Coverage gap{
        .source = std::string(family.source), .state = State::kAbsent, .why = {}, .remedy = std::string(family.remedy)};
    gap.state = allocs || frees ? State::kPartial : State::kAbsent;
    gap.why = allocs  ? "the trace has allocations but no frees"
              : frees ? "the trace has frees but no allocations"
                      : "the trace has none";
    all.push_back(std::move(gap));
  }
}

std::vector<model::Coverage> TextStream::coverage() const {
  std::vector<model::Coverage> all;
  cover_events(all);
  if (facts_.kmem_events > 0 && pairing_.stacks_seen() == 0) {
    all.push_back(
        {.source = "call stacks",
         .state = State::kAbsent,
         .why = "the trace has none: it tells the function that called the allocator at most, and for pages none",
         .remedy = std::string(kWithStacks)});
  }
  if (counts_.hashed > 0) {
    all.push_back(
        {.source = "pointers",
         .state = State::kPartial,
         .why = fmt::format("the text shows hashes of 32 bits in place of {} pointers: two objects may look like "
                            "one, most of all when millions are live",
                            counts_.hashed),
         .remedy = "echo 0 > /sys/kernel/tracing/options/hash-ptr"});
  }
  if (clock_is_strange_) {
    all.push_back({.source = "time",
                   .state = State::kPartial,
                   .why = "the trace's clock does not count seconds: ages and rates are in its own unit",
                   .remedy = "echo local > /sys/kernel/tracing/trace_clock"});
  }
  if (counts_.doubled > 0) {
    all.push_back(
        {.source = "buffers",
         .state = State::kPartial,
         .why = fmt::format("several buffers show the same kinds of events: {} of the later ones are left out",
                            counts_.doubled),
         .remedy = {}});
  }
  return all;
}

}  // namespace leakscope::sources::trace_text
