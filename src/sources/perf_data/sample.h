#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "sources/event_format.h"
#include "sources/perf_data/attribute.h"

namespace leakscope::sources::perf_data {

/// What is used of a sample, or of the trailer of another record. Spans look into the record.
struct Sample {
  std::optional<std::uint64_t> time;
  std::optional<std::int32_t> tid;
  std::uint32_t cpu = 0;
  std::span<const std::byte> callchain{};  ///< words of 8 bytes, in the file's byte order
  std::span<const std::byte> raw{};        ///< the tracepoint's own record
};

/// Where the parts of the samples of one event lie, as its sample_type says.
/// Source: kernel/events/core.c perf_output_sample() and __perf_event__output_id_sample(), 5.10 to 7.2.
class SampleLayout {
 public:
  SampleLayout() = default;
  SampleLayout(const EventAttribute& attribute, ByteOrder order);

  /// False when the body of the record does not hold what it should.
  [[nodiscard]] bool decode(std::span<const std::byte> body, Sample& sample) const;
  /// The id that tells the event of a sample; nothing when samples have none.
  [[nodiscard]] std::optional<std::uint64_t> id_of(std::span<const std::byte> body) const;

  /// Of records that are no samples: time and task. False when it is too short.
  [[nodiscard]] bool decode_trailer(std::span<const std::byte> body, Sample& sample) const;
  [[nodiscard]] std::optional<std::uint64_t> id_of_trailer(std::span<const std::byte> body) const;
  [[nodiscard]] std::size_t trailer_size() const { return trailer_.size; }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  struct Places {
    std::size_t size = 0;
    std::size_t tid = kNone;
    std::size_t time = kNone;
    std::size_t id = kNone;
    std::size_t cpu = kNone;
  };
  void place_fixed(std::uint64_t type);
  void place_trailer(std::uint64_t type);
  void read_places(const std::byte* at, const Places& places, Sample& sample) const;
  [[nodiscard]] bool skip_read(std::span<const std::byte>& rest) const;

  ByteOrder order_ = ByteOrder::kLittle;
  std::uint64_t type_ = 0;
  std::uint64_t read_format_ = 0;
  Places fixed_;
  Places trailer_;
};

}  // namespace leakscope::sources::perf_data
