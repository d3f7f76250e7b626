#include "sources/tmpfs/mountinfo.h"

#include <algorithm>
#include <optional>

#include "base/text_cursor.h"

namespace leakscope::sources::tmpfs {
namespace {

std::optional<Device> parse_device(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = parse_number<std::uint32_t>(text.substr(0, colon));
  const auto minor = parse_number<std::uint32_t>(text.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return Device{*major, *minor};
}

std::optional<Mount> parse_mount(std::string_view line) {
  FieldCursor fields(line);
  const auto id = fields.next_number<std::uint32_t>();
  const auto parent = fields.next_number<std::uint32_t>();
  const auto device_text = fields.next();
  const auto root = fields.next();
  const auto mount_point = fields.next();
  const auto options = fields.next();
  if (!id || !parent || !device_text || !root || !mount_point || !options) return std::nullopt;
  const auto device = parse_device(*device_text);
  if (!device) return std::nullopt;
  auto field = fields.next();
  while (field && *field != "-") field = fields.next();
  const auto fs_type = fields.next();
  if (!field || !fs_type) return std::nullopt;
  return Mount{*id, *parent, *device, *root, *mount_point, *fs_type, fields.next().value_or("")};
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

Result<> parse_mountinfo(std::string_view text, Mountinfo& out) {
  LineCursor lines(text);
  out.refill(lines, parse_mount);
  if (out.nothing_parsed()) {
    return malformed("/proc/self/mountinfo", 1,
                     "want '<id> <parent> <major>:<minor> <root> <mount point> <options> ... - <type> <source>'");
  }
  return {};
}

std::string unescape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && text.size() - i > 3 && std::ranges::all_of(text.substr(i + 1, 3), is_octal)) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      if (value <= 0xff) {
        result.push_back(static_cast<char>(value));
        i += 3;
        continue;
      }
    }
    result.push_back(text[i]);
  }
  return result;
}

}  // namespace leakscope::sources::tmpfs
