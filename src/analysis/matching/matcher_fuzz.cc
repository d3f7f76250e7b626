// Bytes become events, eight bytes each. What must hold whatever they are: without sampling, each site's allocations
// are its frees, unseen frees and what it holds, together; nothing is negative; tasks hold what their site holds.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/matching/blindness.h"
#include "analysis/matching/matcher.h"

namespace {

using leakscope::analysis::matching::Matched;
using leakscope::analysis::matching::Matcher;
using leakscope::analysis::matching::Options;
using leakscope::model::Allocator;
using leakscope::model::KmemEvent;
using leakscope::model::SiteTally;

constexpr std::uint64_t kDirectMap = 0xFFFF'8880'0000'0000;

// kind, size, address (2), site, time, task, strange values
KmemEvent event_of(const std::uint8_t* bytes, std::uint64_t& time) {
  KmemEvent event;
  event.is_free = (bytes[0] & 1U) != 0;
  event.allocator = static_cast<Allocator>((bytes[0] >> 1U) % 5);  // one more than there are
  event.for_user_pages = (bytes[0] & 0x40U) != 0;
  const std::uint64_t address = (std::uint64_t{bytes[2]} << 8U | bytes[3]);
  if (event.allocator == Allocator::kPages) {
    event.order = bytes[1] % 16;
    event.address = address << 12U;
    event.bytes_allocated = std::uint64_t{4096} << event.order;
  } else {
    event.address = (bytes[0] & 0x20U) != 0 ? kDirectMap + (address << 12U) : address << 4U;
    event.bytes_allocated = std::uint64_t{bytes[1]} << (bytes[7] % 16);
  }
  event.call_site = bytes[4] % 16;
  if (bytes[4] % 3 == 0) event.stack = bytes[4];
  if (bytes[4] % 5 == 0) event.cache = bytes[4];
  time += std::uint64_t{bytes[5]} << (bytes[7] % 40);
  event.time = time;
  event.tid.value = bytes[6] % 4;
  event.cpu = bytes[6] / 4 % 4;
  if (bytes[7] == 0xFF) event.address = ~event.address;
  if (bytes[7] == 0xFE) event.bytes_allocated = ~std::uint64_t{0};
  return event;
}

void check(const Matched& matched) {
  for (const SiteTally& site : matched.sites) {
    const std::uint64_t gone = site.frees + site.unseen_frees;
    if (matched.sampled_one_in == 1 && site.allocs != gone + static_cast<std::uint64_t>(site.count)) __builtin_trap();
    if (site.count < 0 || site.bytes < 0 || site.young_bytes > site.bytes || site.young_count > site.count) {
      __builtin_trap();
    }
    if (site.ages.has_value() != (site.count > 0)) __builtin_trap();
    std::int64_t count = 0;
    for (const SiteTally::Task& task : site.tasks) count += task.count;
    if (count != site.count) __builtin_trap();
    const std::int64_t explained = leakscope::analysis::matching::explained_by_blindness(site, matched.sampled_one_in);
    if (explained < 0 || explained > site.count) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Options options;
  if ((data[0] & 1U) != 0) options.most_live = 16 + data[1];
  options.user_pages = (data[0] & 2U) != 0;
  options.points = data[0] / 4U;
  Matcher matcher(options);
  std::uint64_t time = 0;
  std::vector<KmemEvent> events;
  for (std::size_t i = 2; i + 8 <= size; i += 8) events.push_back(event_of(data + i, time));
  matcher.add(events);
  check(matcher.finish(time));
  return 0;
}
