#include "sources/ring_records.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "sources/wire_number.h"

namespace leakscope::sources {
namespace {

constexpr std::size_t kIdBytes = 2;
constexpr std::size_t kCommonBytes = 8;  // type, flags, preempt count, pid
constexpr std::size_t kMostDecoders = 64;
// Where a trampoline of ftrace was: FTRACE_TRAMPOLINE_MARKER in kernel/trace/trace.h, since 6.13.
constexpr std::uint64_t kTrampoline = 0x7FFF'FFFF;

}  // namespace

Result<bool> RingRecords::add(const EventFormat& format) {
  if (format.id > std::numeric_limits<std::uint16_t>::max()) return false;
  What what;
  if (format.system == "ftrace") {
    const EventField* callers = format.name == "kernel_stack" ? format.field("caller") : nullptr;
    if (callers == nullptr || callers->offset < kCommonBytes) return false;
    const EventField* count = format.field("size");
    stack_at_ = callers->offset;
    size_at_ = count != nullptr && count->size == 4 && count->offset < callers->offset ? count->offset : 0;
    what.kind = Kind::kStack;
  } else {
    auto decoder = KmemDecoder::make(format, machine_);
    if (!decoder) return std::unexpected(std::move(decoder.error()));
    if (!*decoder || decoders_.size() == kMostDecoders) return false;
    what = {.kind = Kind::kKmem, .decoder = static_cast<std::uint8_t>(decoders_.size())};
    decoders_.push_back(**decoder);
    names_.push_back(format.name);
  }
  if (by_id_.size() <= format.id) by_id_.resize(format.id + 1);
  by_id_[format.id] = what;
  return what.kind == Kind::kKmem;
}

RingRecords::What RingRecords::what(std::span<const std::byte> record) const {
  if (record.size() < kIdBytes) return {};
  const auto id = load_number<std::uint16_t>(record.data(), machine_.order);
  return id < by_id_.size() ? by_id_[id] : What{};
}

std::uint64_t RingRecords::context(std::span<const std::byte> record) {
  if (record.size() < kCommonBytes) return 0;
  std::uint64_t common = 0;
  std::memcpy(&common, record.data(), sizeof common);
  // The id is not of the context: it takes the first two bytes in either byte order.
  std::uint16_t none = 0;
  std::memcpy(&common, &none, sizeof none);
  return common;
}

void RingRecords::read_frames(std::span<const std::byte> record, std::vector<std::uint64_t>& frames) const {
  frames.clear();
  if (record.size() <= stack_at_) return;
  const std::span<const std::byte> callers = record.subspan(stack_at_);
  const std::size_t width = machine_.long_size == 4 ? 4 : 8;
  std::size_t count = std::min(callers.size() / width, model::StackTable::kMostFrames);
  if (size_at_ != 0) {
    // Negative or too large: the record's own length is what can be believed.
    count = std::min<std::size_t>(count, load_number<std::uint32_t>(record.data() + size_at_, machine_.order));
  }
  const std::uint64_t end = width == 4 ? 0xFFFF'FFFF : ~std::uint64_t{0};
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* from = callers.data() + i * width;
    const std::uint64_t address = width == 4 ? load_number<std::uint32_t>(from, machine_.order)
                                             : load_number<std::uint64_t>(from, machine_.order);
    if (address == 0 || address == end) return;
    if (address != kTrampoline) frames.push_back(address);
  }
}

}  // namespace leakscope::sources
