#include "sources/process/smaps_rollup.h"

#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

struct NamedSum {
  std::string_view name;
  std::optional<std::int64_t> SmapsSums::* member;
};
constexpr auto kSums = std::to_array<NamedSum>({
    {"Size", &SmapsSums::size},
    {"Rss", &SmapsSums::rss},
    {"Pss", &SmapsSums::pss},
    {"Pss_Anon", &SmapsSums::pss_anon},
    {"Pss_File", &SmapsSums::pss_file},
    {"Pss_Shmem", &SmapsSums::pss_shmem},
    {"Shared_Clean", &SmapsSums::shared_clean},
    {"Shared_Dirty", &SmapsSums::shared_dirty},
    {"Private_Clean", &SmapsSums::private_clean},
    {"Private_Dirty", &SmapsSums::private_dirty},
    {"Anonymous", &SmapsSums::anonymous},
    {"AnonHugePages", &SmapsSums::anon_huge},
    {"Shared_Hugetlb", &SmapsSums::shared_hugetlb},
    {"Private_Hugetlb", &SmapsSums::private_hugetlb},
    {"Swap", &SmapsSums::swap},
    {"SwapPss", &SmapsSums::swap_pss},
    {"Locked", &SmapsSums::locked},
});

}  // namespace

std::optional<std::int64_t> SmapsSums::uss() const {
  if (!private_clean || !private_dirty) return std::nullopt;
  const auto pages = checked_add(*private_clean, *private_dirty);
  return pages ? checked_add(*pages, private_hugetlb.value_or(0)) : std::nullopt;
}

bool read_smaps_line(std::string_view line, SmapsSums& sums) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  for (const NamedSum& known : kSums) {
    if (line.substr(0, colon) != known.name) continue;
    FieldCursor fields(line.substr(colon + 1));
    const auto kib = fields.next_number<std::int64_t>();
    if (!kib || *kib < 0 || fields.next() != "kB") return false;
    const auto bytes = checked_mul(*kib, 1024);
    if (bytes) sums.*known.member = bytes;
    return bytes.has_value();
  }
  return true;
}

Result<SmapsSums> parse_smaps_rollup(std::string_view text) {
  constexpr const char* kWhere = "/proc/PID/smaps_rollup";
  SmapsSums sums;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(Error{Error::Kind::kTruncated, kWhere, lines.number(), "ends within a line", {}});
    }
    if (!read_smaps_line(*line, sums)) {
      return malformed(kWhere, lines.number(), fmt::format("want '<name>: <number> kB', got '{}'", *line));
    }
  }
  return sums;
}

}  // namespace leakscope::sources::process
