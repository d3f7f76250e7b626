#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sources/event_format.h"
#include "sources/perf_data/attribute.h"
#include "sources/perf_data/number_table.h"
#include "sources/perf_data/sample.h"

namespace leakscope::sources::perf_data {

/// One event that was recorded.
struct RecordedEvent {
  EventAttribute attribute;
  SampleLayout layout;
  const EventFormat* format = nullptr;  ///< of kmem and percpu events, when the trace has it
  std::optional<KmemDecoder> decoder;   ///< of those that tell an allocation or a free
};

/// The events that were recorded, and which record is of which.
class EventSet {
 public:
  explicit EventSet(ByteOrder order) : order_(order) {}

  /// `ids`: words of 8 bytes in the file's order, one for each CPU. False when there are too many to keep.
  bool add(const EventAttribute& attribute, std::span<const std::byte> ids);
  /// Gives each event its decoder. The formats must stay where they are. The first error, when some had one.
  [[nodiscard]] std::optional<Error> decode_with(const std::vector<EventFormat>& formats, const TraceMachine& machine);

  /// Nothing when the sample's id is none of an event.
  [[nodiscard]] const RecordedEvent* of_sample(std::span<const std::byte> body) const;
  /// Of a record that is no sample, by its trailer; the first event when that says nothing. Nothing without events.
  [[nodiscard]] const RecordedEvent* of_trailer(std::span<const std::byte> body) const;

  [[nodiscard]] const std::vector<RecordedEvent>& all() const { return events_; }

  static constexpr std::size_t kMostEvents = 4096;

 private:
  [[nodiscard]] const RecordedEvent* by_common_type(std::span<const std::byte> body) const;

  ByteOrder order_;
  std::vector<RecordedEvent> events_;
  NumberTable ids_;
};

}  // namespace leakscope::sources::perf_data
