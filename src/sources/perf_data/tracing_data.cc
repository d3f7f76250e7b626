#include "sources/perf_data/tracing_data.h"

#include <string>

#include <fmt/format.h>

#include "sources/perf_data/byte_cursor.h"

namespace leakscope::sources::perf_data {
namespace {

constexpr std::string_view kMagic = "\x17\x08\x44tracing";

/// Order of bytes, size of a long, size of a page: behind the magic and the version.
Result<TracingData> take_header(ByteCursor& cursor, std::string_view where) {
  const auto magic = cursor.take_bytes(kMagic.size());
  if (!magic || as_text(*magic) != kMagic || !cursor.take_string()) {
    return fail(Error::Kind::kMalformed, std::string(where), "the tracing data has no header");
  }
  const auto big_endian = cursor.take<std::uint8_t>();
  const auto long_size = cursor.take<std::uint8_t>();
  TracingData data;
  data.order = big_endian.value_or(0) != 0 ? ByteOrder::kBig : ByteOrder::kLittle;
  cursor.set_order(data.order);
  const auto page_size = cursor.take<std::uint32_t>();
  if (!page_size) return fail(Error::Kind::kTruncated, std::string(where), "the tracing data ends within its header");
  constexpr std::uint32_t kLargestPage = 1U << 20U;
  if ((*long_size != 4 && *long_size != 8) || !std::has_single_bit(*page_size) || *page_size > kLargestPage) {
    return fail(Error::Kind::kMalformed, std::string(where),
                fmt::format("the tracing data tells of longs of {} bytes and pages of {}", *long_size, *page_size));
  }
  data.long_size = *long_size;
  data.page_size = *page_size;
  return data;
}

std::optional<std::span<const std::byte>> take_sized(ByteCursor& cursor) {
  const auto size = cursor.take<std::uint64_t>();
  return size ? cursor.take_bytes(*size) : std::nullopt;
}

/// header_page and header_event: of ring buffers, which perf does not have.
bool skip_ring_headers(ByteCursor& cursor) {
  for (int header = 0; header < 2; ++header) {
    if (!cursor.take_string() || !take_sized(cursor)) return false;
  }
  return true;
}

bool skip_formats_of_ftrace(ByteCursor& cursor) {
  const auto count = cursor.take<std::uint32_t>();
  if (!count) return false;
  for (std::uint32_t index = 0; index < *count; ++index) {
    if (!take_sized(cursor)) return false;
  }
  return true;
}

bool take_system(ByteCursor& cursor, std::string_view where, TracingData& data) {
  const auto system = cursor.take_string();
  const auto count = cursor.take<std::uint32_t>();
  if (!system || !count) return false;
  for (std::uint32_t index = 0; index < *count; ++index) {
    const auto text = take_sized(cursor);
    if (!text) return false;
    if (*system != "kmem" && *system != "percpu") continue;
    auto format = parse_event_format(as_text(*text), *system, where);
    if (format) {
      data.formats.push_back(std::move(*format));
    } else if (!data.bad_format) {
      data.bad_format = format.error();
    }
  }
  return true;
}

/// False when the bytes end within it.
bool take_parts(ByteCursor& cursor, std::string_view where, TracingData& data) {
  if (!skip_ring_headers(cursor) || !skip_formats_of_ftrace(cursor)) return false;
  const auto systems = cursor.take<std::uint32_t>();
  if (!systems) return false;
  for (std::uint32_t index = 0; index < *systems; ++index) {
    if (!take_system(cursor, where, data)) return false;
  }
  const auto symbols = cursor.take<std::uint32_t>();
  if (!symbols) return false;
  const auto kallsyms = cursor.take_bytes(*symbols);
  if (kallsyms) data.kallsyms = as_text(*kallsyms);
  return kallsyms.has_value();  // formats of printk and the command lines follow: of no use here
}

}  // namespace

Result<TracingData> parse_tracing_data(std::span<const std::byte> bytes, std::string_view where) {
  ByteCursor cursor(bytes, ByteOrder::kLittle);
  auto data = take_header(cursor, where);
  if (data) data->is_cut = !take_parts(cursor, where, *data);
  return data;
}

}  // namespace leakscope::sources::perf_data
