#include "sources/held_objects/process_identity.h"

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::held_objects {

Result<ProcessIdentity> parse_process_identity(std::string_view stat) {
  const auto bad = [] {
    return fail(Error::Kind::kMalformed, "/proc/PID/stat", "want 'pid (comm) state ...' with at least 22 fields");
  };
  const std::size_t open = stat.find(" (");
  const std::size_t close = stat.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return bad();
  const auto pid = parse_number<std::int32_t>(stat.substr(0, open));
  FieldCursor fields(stat.substr(close + 2));
  for (int field = 3; field < 22; ++field) {
    if (!fields.next()) return bad();
  }
  const auto start = fields.next_number<std::uint64_t>();
  if (!pid || *pid <= 0 || !start) return bad();
  return ProcessIdentity{{Pid{*pid}, StartTime{*start}}, std::string(stat.substr(open + 2, close - open - 2))};
}

Result<ProcessIdentity> read_process_identity(const RootedDir& root, Pid pid, FileBuffer& buffer) {
  const auto text = root.read(fmt::format("proc/{}/stat", pid.value), buffer);
  if (!text) return std::unexpected(text.error());
  return parse_process_identity(*text);
}

}  // namespace leakscope::sources::held_objects
