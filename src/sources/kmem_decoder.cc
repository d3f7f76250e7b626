#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sources/event_format.h"
#include "sources/wire_number.h"

namespace leakscope::sources {
namespace {

using model::Allocator;

// include/linux/gfp.h and gfp_types.h: these have had the same bits from 4.8 to 7.3.
constexpr std::uint64_t kGfpHighmem = 0x02;
constexpr std::uint64_t kGfpMovable = 0x08;
constexpr std::uint64_t kGfpHardwall = 0x10'0000;

// Ring buffers and perf keep no event as large as this.
constexpr std::size_t kLargestRecord = 65536;
// MAX_PAGE_ORDER is 10 on x86, and at most 15 anywhere. No allocation is larger than all physical addresses: a record
// that says so is broken.
constexpr std::uint64_t kHighestOrder = 30;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 52U;

/// Pages that a process or the page cache holds. Movable ones, and GFP_HIGHUSER, which is GFP_USER (the cpuset's hard
/// wall) with highmem; vmalloc() has highmem without the wall.
bool is_for_user_pages(std::uint64_t gfp) {
  constexpr std::uint64_t kHighUser = kGfpHighmem | kGfpHardwall;
  return (gfp & kGfpMovable) != 0 || (gfp & kHighUser) == kHighUser;
}

}  // namespace

struct KmemDecoder::Row {
  std::string_view system;
  std::string_view name;
  Kind kind;
};

Result<std::optional<KmemDecoder>> KmemDecoder::make(const EventFormat& format, const TraceMachine& machine) {
  static constexpr std::array<Row, 10> kRows{{
      {"kmem", "kmalloc", Kind::kKmalloc},
      {"kmem", "kmalloc_node", Kind::kKmalloc},
      {"kmem", "kmem_cache_alloc", Kind::kCacheAlloc},
      {"kmem", "kmem_cache_alloc_node", Kind::kCacheAlloc},
      {"kmem", "kfree", Kind::kKfree},
      {"kmem", "kmem_cache_free", Kind::kCacheFree},
      {"kmem", "mm_page_alloc", Kind::kPageAlloc},
      {"kmem", "mm_page_free", Kind::kPageFree},
      {"percpu", "percpu_alloc_percpu", Kind::kPercpuAlloc},
      {"percpu", "percpu_free_percpu", Kind::kPercpuFree},
  }};
  for (const Row& row : kRows) {
    if (row.system != format.system || row.name != format.name) continue;
    KmemDecoder decoder;
    decoder.kind_ = row.kind;
    decoder.machine_ = machine;
    // Before 4.1 the page's struct was told and not its frame: an address that no free range can be told from.
    if (decoder.is_of_pages() && format.field("pfn") == nullptr) return std::nullopt;
    if (auto placed = decoder.find_places(format); !placed) return std::unexpected(std::move(placed.error()));
    return decoder;
  }
  return std::nullopt;
}

Result<> KmemDecoder::find_places(const EventFormat& format) {
  const auto find = [&](std::string_view name, Place& place, bool needed) -> Result<> {
    const EventField* field = format.field(name);
    if (field == nullptr) {
      if (!needed) return {};
      return fail(Error::Kind::kMalformed, fmt::format("{}:{}", format.system, format.name),
                  fmt::format("has no field '{}'", name));
    }
    const bool sized = field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8;
    if (!sized || field->offset > kLargestRecord - field->size) {
      return fail(Error::Kind::kMalformed, fmt::format("{}:{}", format.system, format.name),
                  fmt::format("field '{}' has {} bytes at {}", name, field->size, field->offset));
    }
    place = {.offset = static_cast<std::uint16_t>(field->offset), .size = static_cast<std::uint8_t>(field->size)};
    least_size_ = std::max(least_size_, field->offset + field->size);
    return {};
  };
  const bool pages = is_of_pages();
  const bool allocates = !is_free();
  const bool percpu = kind_ == Kind::kPercpuAlloc || kind_ == Kind::kPercpuFree;
  const bool slab_alloc = kind_ == Kind::kKmalloc || kind_ == Kind::kCacheAlloc;
  Result<> found = find("common_pid", pid_, false);
  if (found && !pages) found = find("ptr", pointer_, true);
  if (found && !pages) found = find("call_site", call_site_, !percpu);
  if (found && pages) found = find("pfn", pointer_, true);
  if (found && pages) found = find("order", order_, true);
  if (found && pages && allocates) found = find("gfp_flags", gfp_, false);
  if (found && slab_alloc) found = find("bytes_req", requested_, true);
  if (found && kind_ == Kind::kPercpuAlloc) found = find("size", requested_, true);
  if (found && allocates && !pages) found = find("bytes_alloc", allocated_, slab_alloc);
  if (!found) return found;
  return find_name(format, find);
}

template <class Find>
Result<> KmemDecoder::find_name(const EventFormat& format, const Find& find) {
  const EventField* name = format.field("name");
  if (name == nullptr || name->size != 4) return {};
  const bool relative = name->type.starts_with("__rel_loc");
  if (!relative && !name->type.starts_with("__data_loc")) return {};
  name_base_ = relative ? static_cast<std::uint32_t>(name->offset + name->size) : 0;
  return find("name", name_, false);
}

std::uint64_t KmemDecoder::number(std::span<const std::byte> record, Place place) const {
  const std::byte* from = record.data() + place.offset;
  switch (place.size) {
    case 8:
      return load_number<std::uint64_t>(from, machine_.order);
    case 4:
      return load_number<std::uint32_t>(from, machine_.order);
    case 2:
      return load_number<std::uint16_t>(from, machine_.order);
    case 1:
      return load_number<std::uint8_t>(from, machine_.order);
    default:
      return 0;
  }
}

/// The low half of the field is where the text is, from the record's beginning (or the field's end: __rel_loc), the
/// high half how long, with its 0. Source: include/trace/stages/stage5_get_offsets.h.
model::NameId KmemDecoder::name_of(std::span<const std::byte> record, model::NameTable& names) const {
  if (name_.size == 0) return model::kNoName;
  const std::uint64_t place = number(record, name_);
  const std::size_t offset = (place & 0xFFFFU) + name_base_;
  const std::size_t length = place >> 16U;
  if (offset > record.size() || length > record.size() - offset) return model::kNoName;
  std::string_view text(reinterpret_cast<const char*>(record.data()) + offset, length);
  text = text.substr(0, text.find('\0'));
  return names.intern(text);
}

bool KmemDecoder::decode_pages(std::span<const std::byte> record, model::KmemEvent& event) const {
  const std::uint64_t frame = number(record, pointer_);
  const std::uint64_t order = number(record, order_);
  // The kernel tells a failure by frame -1; on 32 bits that is 2^32 - 1.
  const std::uint64_t failed = pointer_.size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8U * pointer_.size)) - 1;
  if (frame == 0 || frame == failed || order > kHighestOrder) return false;
  const auto page_size = static_cast<std::uint64_t>(machine_.page_size.bytes);
  if (__builtin_mul_overflow(frame, page_size, &event.address)) return false;
  event.allocator = Allocator::kPages;
  event.order = static_cast<std::uint8_t>(order);
  event.bytes_allocated = page_size << order;
  event.bytes_requested = is_free() ? 0 : event.bytes_allocated;
  event.for_user_pages = gfp_.size != 0 && is_for_user_pages(number(record, gfp_));
  return true;
}

bool KmemDecoder::decode_sizes(std::span<const std::byte> record, model::KmemEvent& event) const {
  const std::uint64_t requested = number(record, requested_);
  const std::uint64_t copies = kind_ == Kind::kPercpuAlloc ? machine_.cpus : 1;
  if (__builtin_mul_overflow(requested, copies, &event.bytes_requested)) return false;
  event.bytes_allocated = allocated_.size != 0 ? number(record, allocated_) : event.bytes_requested;
  return event.bytes_requested <= kMostBytes && event.bytes_allocated <= kMostBytes;
}

bool KmemDecoder::decode(std::span<const std::byte> record, model::NameTable& names, model::KmemEvent& event) const {
  if (record.size() < least_size_) return false;
  event.is_free = is_free();
  event.call_site = 0;
  event.cache = model::kNoName;
  event.order = 0;
  event.for_user_pages = false;
  event.tid = Pid{static_cast<std::int32_t>(static_cast<std::uint32_t>(number(record, pid_)))};
  if (is_of_pages()) return decode_pages(record, event);
  event.address = number(record, pointer_);
  if (event.address == 0) return false;
  event.call_site = number(record, call_site_);
  event.bytes_requested = 0;
  event.bytes_allocated = 0;
  const bool percpu = kind_ == Kind::kPercpuAlloc || kind_ == Kind::kPercpuFree;
  event.allocator = percpu ? Allocator::kPercpu : Allocator::kSlab;
  if (!event.is_free && !decode_sizes(record, event)) return false;
  event.cache = name_of(record, names);
  return true;
}

}  // namespace leakscope::sources
