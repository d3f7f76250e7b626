#include "sources/process/pid_stat.h"

#include <concepts>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

constexpr std::string_view kWhere = "/proc/PID/stat";

// Walks over the fields behind the comm, by the numbers that proc_pid_stat(5) gives them.
class StatFields {
 public:
  explicit StatFields(std::string_view rest) : fields_(rest), end_(rest.data() + rest.size()) {}

  template <std::integral T>
  void read(int number, T& value) {
    const auto field = seek(number);
    if (!field) return;
    const auto parsed = parse_number<T>(*field);
    if (!parsed) {
      error_ = Error{Error::Kind::kMalformed,
                     std::string(kWhere),
                     1,
                     fmt::format("want a number as field {}, got '{}'", number, *field),
                     {}};
      return;
    }
    value = *parsed;
  }

  std::optional<std::string_view> seek(int number) {
    std::optional<std::string_view> field;
    while (!error_ && next_ <= number) {
      field = fields_.next();
      // A field at the very end of the text may be half of one.
      if (!field || field->data() + field->size() == end_) {
        error_ = Error{Error::Kind::kTruncated, std::string(kWhere), 1, fmt::format("ends in field {}", next_), {}};
        return std::nullopt;
      }
      ++next_;
    }
    return error_ ? std::nullopt : field;
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  FieldCursor fields_;
  const char* end_;
  int next_ = 3;
  std::optional<Error> error_;
};

}  // namespace

Result<PidStat> parse_pid_stat(std::string_view text) {
  const std::size_t open = text.find(" (");
  // The name may hold any bytes, but only numbers follow it.
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return fail(text.find('\n') == std::string_view::npos ? Error::Kind::kTruncated : Error::Kind::kMalformed,
                std::string(kWhere), "want '<pid> (<name>) <state> ...'");
  }
  PidStat stat;
  const auto pid = parse_number<std::int32_t>(text.substr(0, open));
  if (!pid) return malformed(std::string(kWhere), 1, fmt::format("want a pid, got '{}'", text.substr(0, open)));
  stat.id.pid = Pid{*pid};
  stat.comm = text.substr(open + 2, close - open - 2);

  std::string_view rest = text.substr(close + 1);
  const std::size_t newline = rest.find('\n');
  StatFields fields(newline == std::string_view::npos ? rest : rest.substr(0, newline));
  if (const auto state = fields.seek(3)) stat.state = state->front();
  fields.read(4, stat.parent);
  fields.read(9, stat.flags);
  fields.read(14, stat.user_ticks);
  fields.read(15, stat.system_ticks);
  fields.read(20, stat.threads);
  fields.read(22, stat.id.start.ticks);
  fields.read(23, stat.vm_size);
  fields.read(24, stat.resident_pages);
  if (fields.error()) return std::unexpected(*fields.error());
  return stat;
}

}  // namespace leakscope::sources::process
