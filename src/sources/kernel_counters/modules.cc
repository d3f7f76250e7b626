#include "sources/kernel_counters/modules.h"

#include <string>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_counters {
namespace {

std::optional<Module> parse_module(std::string_view line) {
  FieldCursor fields(line);
  const auto name = fields.next();
  const auto size = fields.next_number<std::int64_t>();
  const auto users = fields.next();
  const auto dependents = fields.next();
  const auto state = fields.next();
  if (!name || !size || *size < 0 || !users || !dependents || !state) return std::nullopt;
  Module module{*name, Bytes(*size), parse_number<std::int64_t>(*users), *state, {}};
  if (!module.users && *users != "-") return std::nullopt;
  (void)fields.next();  // address, zero for others than root
  const std::string_view taints = fields.rest();
  if (taints.size() >= 2 && taints.front() == '(' && taints.back() == ')') {
    module.taints = taints.substr(1, taints.size() - 2);
  }
  return module;
}

}  // namespace

Result<> parse_modules(std::string_view text, Modules& out) {
  LineCursor lines(text);
  out.refill(lines, parse_module);
  if (out.nothing_parsed()) {
    return malformed("/proc/modules", 1, "want '<name> <bytes> <users> <dependents> <state> <address>'");
  }
  return {};
}

}  // namespace leakscope::sources::kernel_counters
