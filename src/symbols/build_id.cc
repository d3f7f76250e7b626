#include "symbols/build_id.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace leakscope::symbols {
namespace {

constexpr std::string_view kNotes = "sys/kernel/notes";
constexpr std::uint32_t kGnuBuildId = 3;  // NT_GNU_BUILD_ID, <elf.h>
constexpr std::string_view kGnu{"GNU\0", 4};
constexpr std::size_t kHeader = 12;
constexpr std::size_t kMostBytes = 64;

std::uint32_t word_at(std::span<const std::byte> notes, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, notes.data() + at, sizeof word);
  return word;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 0xFU];
  }
  return text;
}

}  // namespace

std::optional<std::string> parse_build_id(std::span<const std::byte> notes) {
  while (notes.size() >= kHeader) {
    const std::uint64_t name_size = word_at(notes, 0);
    const std::uint64_t size = word_at(notes, 4);
    const std::uint32_t type = word_at(notes, 8);
    const std::uint64_t start = kHeader + (name_size + 3) / 4 * 4;
    const std::uint64_t end = start + (size + 3) / 4 * 4;
    if (start + size > notes.size()) return std::nullopt;
    const bool is_gnu = name_size == kGnu.size() && std::memcmp(notes.data() + kHeader, kGnu.data(), kGnu.size()) == 0;
    if (type == kGnuBuildId && is_gnu && size >= 4 && size <= kMostBytes)
      return hexadecimal(notes.subspan(start, size));
    notes = notes.subspan(std::min<std::size_t>(end, notes.size()));
  }
  return std::nullopt;
}

bool is_build_id(std::string_view text) {
  return text.size() >= 8 && text.size() <= 2 * kMostBytes && text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> running_build_id(const RootedDir& root) {
  FileBuffer buffer;
  const auto notes = root.read(kNotes, buffer, 64 * 1024);
  if (!notes) return std::unexpected(notes.error());
  const auto id = parse_build_id(std::as_bytes(std::span(*notes)));
  if (!id) return fail(Error::Kind::kNotFound, root.display(kNotes), "has no build id");
  return *id;
}

}  // namespace leakscope::symbols
