#include "sources/procfs/fields.h"

#include <string>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"

namespace leakscope::sources::procfs {

std::optional<std::int64_t> parse_amount(std::string_view text, std::int64_t scale) {
  const auto number = parse_number<std::int64_t>(text);
  if (!number || *number < 0 || text.front() == '-') return std::nullopt;
  return checked_mul(*number, scale);
}

Error cut_line(std::string_view where, std::uint32_t line) {
  return {Error::Kind::kTruncated, std::string(where), line, "the text ends within a line", {}};
}

Error bad_line(std::string_view where, std::uint32_t line, std::string_view wanted, std::string_view got) {
  constexpr std::size_t kShown = 80;
  return {Error::Kind::kMalformed,
          std::string(where),
          line,
          fmt::format("want '{}', got '{}'", wanted, got.substr(0, kShown)),
          {}};
}

std::unexpected<Error> nothing_known(std::string_view where, std::string_view text, std::string_view wanted) {
  if (text.empty()) return fail(Error::Kind::kTruncated, std::string(where), "is empty");
  return fail(Error::Kind::kMalformed, std::string(where), fmt::format("no line like '{}'", wanted));
}

}  // namespace leakscope::sources::procfs
