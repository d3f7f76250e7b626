#include "sources/perf_data/attribute.h"

#include <string>

#include <fmt/format.h>

#include "sources/perf_data/byte_cursor.h"

namespace leakscope::sources::perf_data {
namespace {

// PERF_ATTR_SIZE_VER0: what the first perf wrote, and all that is read here.
constexpr std::size_t kFirstSize = 64;

// Places of the bit fields behind read_format.
constexpr unsigned kFrequencyBit = 10;
constexpr unsigned kSampleIdAllBit = 18;
constexpr unsigned kExcludeKernelChainBit = 21;

/// The first of C's bit fields is the lowest bit where the lowest byte comes first, else the highest.
bool bit(std::uint64_t flags, unsigned place, ByteOrder order) {
  return (flags >> (order == ByteOrder::kLittle ? place : 63 - place) & 1U) != 0;
}

}  // namespace

Result<EventAttribute> parse_attribute(std::span<const std::byte> bytes, ByteOrder order, std::string_view where) {
  if (bytes.size() < kFirstSize)
    return fail(Error::Kind::kTruncated, std::string(where), "an event's description ends");
  const std::byte* at = bytes.data();
  EventAttribute attribute;
  attribute.type = load<std::uint32_t>(at, order);
  attribute.size = load<std::uint32_t>(at + 4, order);
  if (attribute.size == 0) attribute.size = kFirstSize;
  if (attribute.size < kFirstSize || attribute.size > bytes.size()) {
    return fail(Error::Kind::kMalformed, std::string(where),
                fmt::format("an event's description of {} bytes in {}", attribute.size, bytes.size()));
  }
  attribute.config = load<std::uint64_t>(at + 8, order);
  attribute.sample_period = load<std::uint64_t>(at + 16, order);
  attribute.sample_type = load<std::uint64_t>(at + 24, order);
  attribute.read_format = load<std::uint64_t>(at + 32, order);
  const auto flags = load<std::uint64_t>(at + 40, order);
  attribute.is_frequency = bit(flags, kFrequencyBit, order);
  attribute.id_in_all = bit(flags, kSampleIdAllBit, order);
  attribute.no_kernel_frames = bit(flags, kExcludeKernelChainBit, order);
  return attribute;
}

}  // namespace leakscope::sources::perf_data
