#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/kmem_event.h"
#include "model/name_table.h"

namespace leakscope::sources {

enum class ByteOrder : std::uint8_t { kLittle, kBig };

/// One field of a trace event: a line "field:unsigned long call_site;\toffset:8;\tsize:8;\tsigned:0;".
struct EventField {
  std::string name;
  std::string type;  ///< "unsigned long", "__data_loc char[]"
  std::size_t offset = 0;
  std::size_t size = 0;
  bool is_signed = false;
};

/// The description of a trace event: the file `format` of tracefs, which trace.dat and perf.data embed. It alone
/// decides where a field lies: offsets move between kernels (kmem_cache_alloc gets `name` in 6.18).
struct EventFormat {
  std::string system;  ///< "kmem"; not in the text, told by its place
  std::string name;
  std::uint32_t id = 0;
  std::vector<EventField> fields;

  [[nodiscard]] const EventField* field(std::string_view wanted) const;
};

/// Reads the text of a `format` file up to its "print fmt". Errors name `where` and the line.
[[nodiscard]] Result<EventFormat> parse_event_format(std::string_view text, std::string_view system,
                                                     std::string_view where);

/// What decoding needs to know of the traced machine.
struct TraceMachine {
  ByteOrder order = ByteOrder::kLittle;
  std::size_t long_size = 8;
  PageSize page_size;
  std::uint32_t cpus = 1;  ///< possible ones: per-CPU sizes are of one CPU
};

/// Takes the raw records of kmem and percpu events apart, by their formats. One for each event id.
class KmemDecoder {
 public:
  /// Nothing for events that are no allocations or frees of kernel memory (or doubled ones: mm_page_free_batched,
  /// mm_page_alloc_zone_locked). An error when one of their fields is missing or has an impossible place.
  [[nodiscard]] static Result<std::optional<KmemDecoder>> make(const EventFormat& format, const TraceMachine& machine);

  /// Fills address, call_site, sizes, cache, allocator, is_free, order and for_user_pages of `event` and tid from
  /// common_pid; the rest is the caller's. False: a failed allocation (no address), or a record
  /// that is too short or impossible.
  [[nodiscard]] bool decode(std::span<const std::byte> record, model::NameTable& names, model::KmemEvent& event) const;

 private:
  struct Place {
    std::uint16_t offset = 0;
    std::uint8_t size = 0;  // 0: there is no such field
  };
  enum class Kind : std::uint8_t {
    kKmalloc,
    kCacheAlloc,
    kPageAlloc,
    kPercpuAlloc,
    kKfree,
    kCacheFree,
    kPageFree,
    kPercpuFree,
  };
  struct Row;

  [[nodiscard]] bool is_free() const { return kind_ >= Kind::kKfree; }
  [[nodiscard]] bool is_of_pages() const { return kind_ == Kind::kPageAlloc || kind_ == Kind::kPageFree; }
  [[nodiscard]] Result<> find_places(const EventFormat& format);
  template <class Find>
  [[nodiscard]] Result<> find_name(const EventFormat& format, const Find& find);
  [[nodiscard]] std::uint64_t number(std::span<const std::byte> record, Place place) const;
  [[nodiscard]] model::NameId name_of(std::span<const std::byte> record, model::NameTable& names) const;
  [[nodiscard]] bool decode_pages(std::span<const std::byte> record, model::KmemEvent& event) const;
  [[nodiscard]] bool decode_sizes(std::span<const std::byte> record, model::KmemEvent& event) const;

  Kind kind_ = Kind::kKmalloc;
  TraceMachine machine_;
  Place pid_, call_site_, pointer_, requested_, allocated_, gfp_, order_, name_;
  std::uint32_t name_base_ = 0;  // what the name's place counts from
  std::size_t least_size_ = 0;
};

}  // namespace leakscope::sources
