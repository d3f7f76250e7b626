#include "sources/bpf_objects/fdinfo.h"

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::bpf_objects {

Result<BpfFdinfo> parse_bpf_fdinfo(std::string_view text) {
  constexpr std::string_view kFile = "/proc/self/fdinfo";
  BpfFdinfo out;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) return fail(Error::Kind::kTruncated, std::string(kFile), "ends within a line");
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line->substr(0, colon);
    const std::string_view value = trim(line->substr(colon + 1));
    auto wanted = malformed(std::string(kFile), lines.number(), fmt::format("want '{}: <number>'", key));
    if (key == "memlock") {
      const auto bytes = parse_number<std::int64_t>(value);
      if (!bytes || *bytes < 0) return wanted;
      out.memlock = Bytes(*bytes);
    } else if (key == "map_id" || key == "prog_id") {
      const auto id = parse_number<std::uint32_t>(value);
      if (!id) return wanted;
      (key == "map_id" ? out.map_id : out.program_id) = id;
    }
  }
  return out;
}

}  // namespace leakscope::sources::bpf_objects
