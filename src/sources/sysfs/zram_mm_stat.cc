#include "sources/sysfs/zram_mm_stat.h"

#include <cstdint>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::sysfs {

Result<ZramMmStat> parse_zram_mm_stat(std::string_view text) {
  const std::string_view file = "/sys/block/zram*/mm_stat";
  if (!text.ends_with('\n')) {
    return fail(Error::Kind::kTruncated, std::string(file), text.empty() ? "is empty" : "the text ends within a line");
  }
  FieldCursor fields(text.substr(0, text.find('\n')));
  const auto original = fields.next_number<std::int64_t>();
  const auto compressed = fields.next_number<std::int64_t>();
  const auto used = fields.next_number<std::int64_t>();
  if (!original || !compressed || !used || *original < 0 || *used < 0) {
    return malformed(std::string(file), 1, fmt::format("want three numbers or more, got '{}'", text.substr(0, 80)));
  }
  return ZramMmStat{Bytes(*original), Bytes(*used)};
}

}  // namespace leakscope::sources::sysfs
