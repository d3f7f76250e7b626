#include "sources/perf_data/event_set.h"

#include <algorithm>
#include <utility>

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/format.h"

namespace leakscope::sources::perf_data {

bool EventSet::add(const EventAttribute& attribute, std::span<const std::byte> ids) {
  if (events_.size() >= kMostEvents) return false;
  const auto index = static_cast<std::uint32_t>(events_.size());
  events_.push_back({attribute, SampleLayout(attribute, order_), nullptr, std::nullopt});
  bool kept = true;
  ByteCursor cursor(ids, order_);
  while (const auto id = cursor.take<std::uint64_t>()) kept = ids_.set(*id, index) && kept;
  return kept;
}

std::optional<Error> EventSet::decode_with(const std::vector<EventFormat>& formats, const TraceMachine& machine) {
  std::optional<Error> first;
  for (RecordedEvent& event : events_) {
    event.format = nullptr;
    event.decoder.reset();
    if (event.attribute.type != kTypeTracepoint) continue;
    const auto format = std::ranges::find(formats, event.attribute.config, &EventFormat::id);
    if (format == formats.end()) continue;
    event.format = &*format;
    auto decoder = KmemDecoder::make(*format, machine);
    if (decoder) {
      event.decoder = std::move(*decoder);
    } else if (!first) {
      first = decoder.error();
    }
  }
  return first;
}

const RecordedEvent* EventSet::of_sample(std::span<const std::byte> body) const {
  if (events_.empty()) return nullptr;
  // perf gives several events an id at the same place in all their samples.
  const auto id = events_.size() == 1 ? std::nullopt : events_.front().layout.id_of(body);
  if (!id) return events_.size() == 1 ? events_.data() : by_common_type(body);
  const auto index = ids_.find(*id);
  return index ? &events_[*index] : nullptr;
}

/// Without ids: all events have samples of the same form then, and a tracepoint's record begins with its number.
const RecordedEvent* EventSet::by_common_type(std::span<const std::byte> body) const {
  Sample sample;
  if (!events_.front().layout.decode(body, sample) || sample.raw.size() < sizeof(std::uint16_t)) return nullptr;
  const std::uint64_t type = load<std::uint16_t>(sample.raw.data(), order_);
  for (const RecordedEvent& event : events_) {
    if (event.attribute.type == kTypeTracepoint && event.attribute.config == type) return &event;
  }
  return nullptr;
}

const RecordedEvent* EventSet::of_trailer(std::span<const std::byte> body) const {
  if (events_.empty()) return nullptr;
  const auto id = events_.front().layout.id_of_trailer(body);
  // What perf itself made up (names of tasks that were there before) has 0.
  const auto index = id ? ids_.find(*id) : std::nullopt;
  return index ? &events_[*index] : events_.data();
}

}  // namespace leakscope::sources::perf_data
