#include "sources/process/pid_limits.h"

#include <array>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

constexpr const char* kWhere = "/proc/PID/limits";

struct NamedLimit {
  std::string_view name;
  std::optional<Limit> PidLimits::* member;
};
constexpr auto kLimits = std::to_array<NamedLimit>({
    {"Max open files", &PidLimits::open_files},
    {"Max processes", &PidLimits::processes},
    {"Max address space", &PidLimits::address_space},
    {"Max data size", &PidLimits::data_size},
    {"Max stack size", &PidLimits::stack_size},
    {"Max locked memory", &PidLimits::locked_memory},
});

bool read_bound(std::optional<std::string_view> field, std::optional<std::int64_t>& bound) {
  if (!field) return false;
  if (*field == "unlimited") return true;
  bound = parse_number<std::int64_t>(*field);
  return bound.has_value();
}

}  // namespace

Result<PidLimits> parse_pid_limits(std::string_view text) {
  PidLimits limits;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    for (const NamedLimit& known : kLimits) {
      // The names have blanks in them and are padded to 26 columns.
      if (!line->starts_with(known.name) || !line->substr(known.name.size()).starts_with(' ')) continue;
      if (lines.unterminated()) {
        return std::unexpected(Error{Error::Kind::kTruncated, kWhere, lines.number(), "ends within a line", {}});
      }
      FieldCursor fields(line->substr(known.name.size()));
      Limit limit;
      if (!read_bound(fields.next(), limit.soft) || !read_bound(fields.next(), limit.hard)) {
        return malformed(kWhere, lines.number(), fmt::format("want two numbers or 'unlimited', got '{}'", *line));
      }
      limits.*known.member = limit;
    }
  }
  return limits;
}

}  // namespace leakscope::sources::process
