#include "sources/trace_dat/dat_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/trace_dat/dat_sections.h"
#include "sources/trace_dat/dat_versions.h"

namespace leakscope::sources::trace_dat {
namespace {

constexpr std::string_view kMagic("\x17\x08\x44tracing", 10);
constexpr std::uint32_t kSmallestPage = 512;
constexpr std::uint32_t kLargestPage = std::uint32_t{1} << 20U;

}  // namespace

bool has_magic(std::span<const std::byte> beginning) {
  return beginning.size() >= kMagic.size() && std::memcmp(beginning.data(), kMagic.data(), kMagic.size()) == 0;
}

bool is_page_size(std::uint32_t size) {
  return size >= kSmallestPage && size <= kLargestPage && std::has_single_bit(size);
}

Result<DatHeader> read_header(const DatFile& file) {
  const auto bad = [&](std::string what) { return malformed(file.name(), 0, std::move(what)); };
  ByteCursor beginning(file, 0, ByteOrder::kLittle);
  const auto magic = beginning.take(kMagic.size());
  if (!magic || !has_magic(*magic)) return bad("is no trace.dat: it does not begin as one");
  const auto version_text = beginning.take_string();
  const auto version = version_text ? parse_number<int>(*version_text) : std::nullopt;
  if (!version) return bad("has no version");
  if (*version != 6 && *version != 7) {
    return fail(Error::Kind::kUnsupported, file.name(), fmt::format("is version {}, not 6 or 7", *version));
  }
  DatHeader header;
  header.version = *version;
  const auto ends = beginning.take(2);
  if (!ends) return fail(Error::Kind::kTruncated, file.name(), "ends within its first bytes");
  header.order = (*ends)[0] == std::byte{0} ? ByteOrder::kLittle : ByteOrder::kBig;
  header.long_size = (*ends)[1] == std::byte{4} ? 4 : 8;

  ByteCursor bytes(file, beginning.at(), header.order);
  const auto page_size = bytes.take_number<std::uint32_t>();
  if (!page_size || !is_page_size(*page_size)) return bad("has an impossible page size");
  header.page_size = *page_size;
  Result<> read = header.version == 6 ? read_version_6(bytes, file, header) : read_version_7(bytes, file, header);
  if (!read) {
    Error error = std::move(read.error());
    if (error.where != file.name()) error.where = fmt::format("{}: {}", file.name(), error.where);
    return std::unexpected(std::move(error));
  }
  if (!header.layout) return bad("has no header_page: how its buffers are laid out is not known");
  return header;
}

}  // namespace leakscope::sources::trace_dat
