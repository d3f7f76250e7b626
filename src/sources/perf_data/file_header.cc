#include "sources/perf_data/file_header.h"

#include <string>

#include <fmt/format.h>

#include "sources/perf_data/byte_cursor.h"

namespace leakscope::sources::perf_data {
namespace {

constexpr std::string_view kMagic = "PERFILE2";
constexpr std::string_view kSwappedMagic = "2ELIFREP";
constexpr std::size_t kWords = kMostFeatures / 64;

Section take_section(ByteCursor& cursor) {
  Section section;
  section.offset = cursor.take<std::uint64_t>().value_or(0);
  section.size = cursor.take<std::uint64_t>().value_or(0);
  return section;
}

/// A bitmap of unsigned longs: on a machine with 32 bits and big endian the halves of each 64 bits are exchanged. Which
/// it was shows in the host name, that perf always writes (perf_header__read does the same).
std::bitset<kMostFeatures> take_features(ByteCursor& cursor) {
  std::bitset<kMostFeatures> bits;
  std::bitset<kMostFeatures> exchanged;
  for (std::size_t word = 0; word < kWords; ++word) {
    const std::uint64_t value = cursor.take<std::uint64_t>().value_or(0);
    for (std::size_t bit = 0; bit < 64; ++bit) {
      if ((value >> bit & 1U) == 0) continue;
      bits.set(word * 64 + bit);
      exchanged.set(word * 64 + (bit + 32) % 64);
    }
  }
  constexpr auto kHostname = static_cast<std::size_t>(Feature::kHostname);
  const bool halves_exchanged = cursor.order() == ByteOrder::kBig && !bits[kHostname] && exchanged[kHostname];
  return halves_exchanged ? exchanged : bits;
}

}  // namespace

std::optional<std::uint64_t> Section::end() const {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(offset, size, &sum)) return std::nullopt;
  return sum;
}

std::optional<ByteOrder> order_of_magic(std::span<const std::byte> beginning) {
  const std::string_view text = as_text(beginning);
  if (text.starts_with(kMagic)) return ByteOrder::kLittle;
  if (text.starts_with(kSwappedMagic)) return ByteOrder::kBig;
  return std::nullopt;
}

Result<FileHeader> parse_file_header(std::span<const std::byte> bytes, std::string_view where) {
  const auto order = order_of_magic(bytes);
  if (!order) return fail(Error::Kind::kMalformed, std::string(where), "no perf.data: it does not begin with PERFILE2");
  ByteCursor cursor(bytes.subspan(kMagic.size()), *order);
  const auto size = cursor.take<std::uint64_t>();
  if (!size) return fail(Error::Kind::kTruncated, std::string(where), "ends within its header");
  FileHeader header{.order = *order, .is_pipe = *size == kPipeHeaderSize};
  if (header.is_pipe) return header;
  if (*size < kFileHeaderSize) {
    return fail(Error::Kind::kMalformed, std::string(where), fmt::format("a header of {} bytes", *size));
  }
  if (bytes.size() < kFileHeaderSize) {
    return fail(Error::Kind::kTruncated, std::string(where), "ends within its header");
  }
  header.attribute_size = cursor.take<std::uint64_t>().value_or(0);
  header.attributes = take_section(cursor);
  header.data = take_section(cursor);
  (void)take_section(cursor);  // names of events, not written since 3.x
  header.features = take_features(cursor);
  return header;
}

}  // namespace leakscope::sources::perf_data
