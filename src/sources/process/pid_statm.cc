#include "sources/process/pid_statm.h"

#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::process {

Result<PidStatm> parse_pid_statm(std::string_view text) {
  constexpr const char* kWhere = "/proc/PID/statm";
  FieldCursor fields(text);
  PidStatm statm;
  for (std::int64_t* value : {&statm.size, &statm.resident, &statm.shared}) {
    const auto field = fields.next();
    if (!field || field->data() + field->size() == text.data() + text.size()) {
      return fail(Error::Kind::kTruncated, kWhere, "want 7 numbers, ends before the third does");
    }
    const auto number = parse_number<std::int64_t>(*field);
    if (!number || *number < 0) return malformed(kWhere, 1, fmt::format("want a number of pages, got '{}'", *field));
    *value = *number;
  }
  return statm;
}

}  // namespace leakscope::sources::process
