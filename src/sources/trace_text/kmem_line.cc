#include "sources/trace_text/kmem_line.h"

#include <array>

#include "base/text_cursor.h"

namespace leakscope::sources::trace_text {
namespace {

constexpr std::uint64_t kMovable = 0x08;  // ___GFP_MOVABLE, include/linux/gfp_types.h, 5.10 to 7.2
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 40U;
constexpr std::uint64_t kMostPfn = std::uint64_t{1} << 50U;
constexpr std::uint8_t kMostOrder = 20;
constexpr std::size_t kDigitsOfHash = 16;  // %p on 64 bits: 32 of them zero

struct Event {
  std::string_view name;
  KmemKind kind;
};
constexpr std::array kEvents{
    Event{"kmalloc", KmemKind::kKmalloc},
    Event{"kfree", KmemKind::kKfree},
    Event{"kmem_cache_alloc", KmemKind::kCacheAlloc},
    Event{"kmem_cache_free", KmemKind::kCacheFree},
    Event{"mm_page_alloc", KmemKind::kPageAlloc},
    Event{"mm_page_free", KmemKind::kPageFree},
    Event{"kmalloc_node", KmemKind::kKmalloc},
    Event{"kmem_cache_alloc_node", KmemKind::kCacheAlloc},
    Event{"percpu_alloc_percpu", KmemKind::kPercpuAlloc},
    Event{"percpu_free_percpu", KmemKind::kPercpuFree},
};

// Walks over "key=value" fields, whose order is that of the event.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  // The text behind `key` ("ptr="), which begins a word; the walk goes on there.
  bool find(std::string_view key) {
    for (std::size_t at = at_;; ++at) {
      at = text_.find(key, at);
      if (at == std::string_view::npos) return false;
      if (at == 0 || text_[at - 1] == ' ') {
        at_ = at + key.size();
        return true;
      }
    }
  }
  // Up to the next blank.
  std::string_view word() {
    const std::string_view rest = text_.substr(at_);
    const std::string_view value = rest.substr(0, rest.find(' '));
    at_ += value.size();
    return value;
  }
  // Up to the field `next`, or the end: values that may have blanks.
  std::string_view until(std::string_view next) {
    const std::string_view rest = text_.substr(at_);
    const std::string_view value = rest.substr(0, rest.find(next));
    at_ += value.size();
    return value;
  }
  std::optional<std::string_view> value(std::string_view key) {
    if (!find(key)) return std::nullopt;
    return word();
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool set_number(Fields& fields, std::string_view key, std::uint64_t most, std::uint64_t& number) {
  const auto text = fields.value(key);
  const auto value = text ? parse_number<std::uint64_t>(*text) : std::nullopt;
  if (!value || *value > most) return false;
  number = *value;
  return true;
}

// "0xffff888104558460", "000000009c21dd23", "(nil)", "(null)", "(____ptrval____)".
bool set_pointer(std::string_view text, KmemLine& line) {
  if (text.starts_with('(')) {
    line.pointer_hidden = text.find("ptrval") != std::string_view::npos;
    return line.pointer_hidden || text == "(nil)" || text == "(null)" || text == "(efault)";
  }
  const bool prefixed = text.starts_with("0x");
  const auto value = parse_number<std::uint64_t>(prefixed ? text.substr(2) : text, 16);
  if (!value) return false;
  line.pointer = *value;
  line.pointer_hashed = !prefixed && text.size() == kDigitsOfHash && *value != 0 && (*value >> 32U) == 0;
  return true;
}

// GFP_HIGHUSER_MOVABLE, __GFP_MOVABLE, and the names that contain them (include/trace/events/mmflags.h).
bool is_movable(std::string_view flags) {
  if (flags.find("MOVABLE") != std::string_view::npos) return true;
  if (flags.find("GFP_TRANSHUGE") != std::string_view::npos) return true;
  const std::size_t number = flags.rfind("0x");
  if (number == std::string_view::npos) return false;
  return (parse_number<std::uint64_t>(flags.substr(number + 2), 16).value_or(0) & kMovable) != 0;
}

bool parse_object(Fields& fields, KmemLine& line) {
  const bool is_alloc = line.kind == KmemKind::kKmalloc || line.kind == KmemKind::kCacheAlloc;
  if (!fields.find("call_site=")) return false;
  line.call_site = fields.until(" ptr=");
  const auto pointer = fields.value("ptr=");
  if (!pointer || !set_pointer(*pointer, line)) return false;
  if (line.kind == KmemKind::kCacheAlloc) {
    Fields with_name = fields;
    if (with_name.find("name=")) line.cache = with_name.until(" bytes_req=");
  } else if (line.kind == KmemKind::kCacheFree && fields.find("name=")) {
    line.cache = fields.until("\n");  // a name may have blanks, and is the last
  }
  if (!is_alloc) return true;
  return set_number(fields, "bytes_req=", kMostBytes, line.bytes_requested) &&
         set_number(fields, "bytes_alloc=", kMostBytes, line.bytes_allocated);
}

bool parse_pages(Fields& fields, KmemLine& line) {
  // A failed allocation has no page; its frame number was 0 (5.10) and is all ones.
  const auto page = fields.value("page=");
  const auto pfn = fields.value("pfn=");
  std::uint64_t order = 0;
  if (!pfn || !set_number(fields, "order=", kMostOrder, order)) return false;
  line.order = static_cast<std::uint8_t>(order);
  if (line.kind == KmemKind::kPageAlloc) {
    if (const auto flags = fields.value("gfp_flags=")) line.for_user_pages = is_movable(*flags);
  }
  const bool hexadecimal = pfn->starts_with("0x");
  const auto value = parse_number<std::uint64_t>(hexadecimal ? pfn->substr(2) : *pfn, hexadecimal ? 16 : 10);
  if (*pfn == "-1" || value == ~std::uint64_t{0} || page == "(nil)" || page == "(null)") return true;
  if (!value || *value > kMostPfn) return false;
  line.pfn = *value;
  return true;
}

bool parse_percpu(Fields& fields, KmemLine& line) {
  if (line.kind == KmemKind::kPercpuAlloc) {
    if (Fields first = fields; first.find("call_site=")) {
      line.call_site = first.until(" reserved=");
      fields = first;
    }
    if (!set_number(fields, "size=", kMostBytes, line.bytes_requested)) return false;
  }
  const auto pointer = fields.value("ptr=");
  if (!pointer || !set_pointer(*pointer, line)) return false;
  if (line.kind == KmemKind::kPercpuAlloc) {
    (void)set_number(fields, "bytes_alloc=", kMostBytes, line.bytes_allocated);
  }
  return true;
}

}  // namespace

std::optional<KmemKind> kmem_kind(std::string_view event) {
  if (event.empty() || (event.front() != 'k' && event.front() != 'm' && event.front() != 'p')) return std::nullopt;
  for (const Event& known : kEvents) {
    if (event == known.name) return known.kind;
  }
  return std::nullopt;
}

std::optional<KmemLine> parse_kmem_line(KmemKind kind, std::string_view details) {
  KmemLine line{.kind = kind};
  Fields fields(details);
  bool good = false;
  switch (kind) {
    case KmemKind::kKmalloc:
    case KmemKind::kCacheAlloc:
    case KmemKind::kKfree:
    case KmemKind::kCacheFree:
      good = parse_object(fields, line);
      break;
    case KmemKind::kPageAlloc:
    case KmemKind::kPageFree:
      good = parse_pages(fields, line);
      break;
    case KmemKind::kPercpuAlloc:
    case KmemKind::kPercpuFree:
      good = parse_percpu(fields, line);
      break;
  }
  if (!good) return std::nullopt;
  return line;
}

}  // namespace leakscope::sources::trace_text
