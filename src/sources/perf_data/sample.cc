#include "sources/perf_data/sample.h"

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/format.h"

namespace leakscope::sources::perf_data {
namespace {

constexpr std::size_t kWord = 8;

/// `count` words at the beginning of `rest`, taken from it; nothing when it has fewer.
std::optional<std::span<const std::byte>> take_words(std::span<const std::byte>& rest, std::uint64_t count) {
  if (count > rest.size() / kWord) return std::nullopt;
  const auto words = rest.first(static_cast<std::size_t>(count) * kWord);
  rest = rest.subspan(words.size());
  return words;
}

}  // namespace

SampleLayout::SampleLayout(const EventAttribute& attribute, ByteOrder order)
    : order_(order), type_(attribute.sample_type), read_format_(attribute.read_format) {
  place_fixed(type_);
  if (attribute.id_in_all) place_trailer(type_);
}

void SampleLayout::place_fixed(std::uint64_t type) {
  const auto place = [&](std::uint64_t bit, std::size_t* where) {
    if ((type & bit) == 0) return;
    if (where != nullptr) *where = fixed_.size;
    fixed_.size += kWord;
  };
  place(sample_bit::kIdentifier, &fixed_.id);
  place(sample_bit::kIp, nullptr);
  place(sample_bit::kTid, &fixed_.tid);
  place(sample_bit::kTime, &fixed_.time);
  place(sample_bit::kAddress, nullptr);
  place(sample_bit::kId, &fixed_.id);
  place(sample_bit::kStreamId, nullptr);
  place(sample_bit::kCpu, &fixed_.cpu);
  place(sample_bit::kPeriod, nullptr);
}

void SampleLayout::place_trailer(std::uint64_t type) {
  const auto place = [&](std::uint64_t bit, std::size_t* where) {
    if ((type & bit) == 0) return;
    if (where != nullptr) *where = trailer_.size;
    trailer_.size += kWord;
  };
  place(sample_bit::kTid, &trailer_.tid);
  place(sample_bit::kTime, &trailer_.time);
  place(sample_bit::kId, &trailer_.id);
  place(sample_bit::kStreamId, nullptr);
  place(sample_bit::kCpu, &trailer_.cpu);
  place(sample_bit::kIdentifier, &trailer_.id);
}

void SampleLayout::read_places(const std::byte* at, const Places& places, Sample& sample) const {
  // The word of a task is its pid and then its tid, 32 bits each; that of a CPU its number and a reserve.
  if (places.tid != kNone) sample.tid = static_cast<std::int32_t>(load<std::uint32_t>(at + places.tid + 4, order_));
  if (places.time != kNone) sample.time = load<std::uint64_t>(at + places.time, order_);
  if (places.cpu != kNone) sample.cpu = load<std::uint32_t>(at + places.cpu, order_);
}

bool SampleLayout::skip_read(std::span<const std::byte>& rest) const {
  const auto has = [&](std::uint64_t bit) { return (read_format_ & bit) != 0 ? 1U : 0U; };
  const unsigned times = has(read_bit::kTimeEnabled) + has(read_bit::kTimeRunning);
  const unsigned per_value = 1 + has(read_bit::kId) + has(read_bit::kLost);
  if (has(read_bit::kGroup) == 0) return take_words(rest, times + per_value).has_value();
  const auto count = take_words(rest, 1);
  if (!count || !take_words(rest, times)) return false;
  const auto values = load<std::uint64_t>(count->data(), order_);
  return values <= rest.size() && take_words(rest, values * per_value).has_value();
}

bool SampleLayout::decode(std::span<const std::byte> body, Sample& sample) const {
  if (body.size() < fixed_.size) return false;
  read_places(body.data(), fixed_, sample);
  auto rest = body.subspan(fixed_.size);
  if ((type_ & sample_bit::kRead) != 0 && !skip_read(rest)) return false;
  if ((type_ & sample_bit::kCallchain) != 0) {
    const auto count = take_words(rest, 1);
    if (!count) return false;
    const auto chain = take_words(rest, load<std::uint64_t>(count->data(), order_));
    if (!chain) return false;
    sample.callchain = *chain;
  }
  if ((type_ & sample_bit::kRaw) != 0) {
    if (rest.size() < sizeof(std::uint32_t)) return false;
    const auto size = load<std::uint32_t>(rest.data(), order_);
    rest = rest.subspan(sizeof size);
    if (size > rest.size()) return false;
    sample.raw = rest.first(size);
  }
  return true;
}

std::optional<std::uint64_t> SampleLayout::id_of(std::span<const std::byte> body) const {
  if (fixed_.id == kNone || body.size() < fixed_.id + kWord) return std::nullopt;
  return load<std::uint64_t>(body.data() + fixed_.id, order_);
}

bool SampleLayout::decode_trailer(std::span<const std::byte> body, Sample& sample) const {
  if (body.size() < trailer_.size) return false;
  read_places(body.data() + (body.size() - trailer_.size), trailer_, sample);
  return true;
}

std::optional<std::uint64_t> SampleLayout::id_of_trailer(std::span<const std::byte> body) const {
  if (trailer_.id == kNone || body.size() < trailer_.size) return std::nullopt;
  return load<std::uint64_t>(body.data() + (body.size() - trailer_.size) + trailer_.id, order_);
}

}  // namespace leakscope::sources::perf_data
