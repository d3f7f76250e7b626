#include "sources/kernel_counters/fs_counters.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_counters {
namespace {

// Some of these are long in the kernel and may be negative for a moment, while per-CPU parts are added up.
template <std::size_t N>
Result<std::array<std::int64_t, N>> parse_numbers(std::string_view file, std::string_view text) {
  std::array<std::int64_t, N> numbers{};
  if (!text.ends_with('\n')) return fail(Error::Kind::kTruncated, std::string(file), "ends within the line");
  FieldCursor fields(trim(text));
  for (std::int64_t& number : numbers) {
    const auto value = fields.next_number<std::int64_t>();
    if (!value) return malformed(std::string(file), 1, fmt::format("want {} numbers", N));
    number = *value;
  }
  return numbers;
}

}  // namespace

Result<DentryState> parse_dentry_state(std::string_view text) {
  const auto n = parse_numbers<5>("/proc/sys/fs/dentry-state", text);
  if (!n) return std::unexpected(n.error());
  return DentryState{(*n)[0], (*n)[1], (*n)[4] > 0 ? std::optional((*n)[4]) : std::nullopt};
}

Result<InodeNr> parse_inode_nr(std::string_view text) {
  const auto n = parse_numbers<2>("/proc/sys/fs/inode-nr", text);
  if (!n) return std::unexpected(n.error());
  return InodeNr{(*n)[0], (*n)[1]};
}

Result<FileNr> parse_file_nr(std::string_view text) {
  const auto n = parse_numbers<3>("/proc/sys/fs/file-nr", text);
  if (!n) return std::unexpected(n.error());
  return FileNr{(*n)[0], (*n)[2]};
}

Result<std::int64_t> parse_single(std::string_view text) { return parse_nth(text, 0); }

Result<std::int64_t> parse_nth(std::string_view text, int n) {
  FieldCursor fields(trim(text));
  for (int i = 0; i < n; ++i) (void)fields.next();
  const auto value = fields.next_number<std::int64_t>();
  if (!value || !text.ends_with('\n')) {
    return fail(Error::Kind::kMalformed, "", fmt::format("want a line with a number as field {}", n + 1));
  }
  return *value;
}

}  // namespace leakscope::sources::kernel_counters
