#include "sources/procfs/swaps.h"

#include <optional>

#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

constexpr std::string_view kFile = "/proc/swaps";

std::optional<SwapDevice> parse_device(std::string_view line) {
  FieldCursor fields(line);
  const auto path = fields.next();
  const auto type = fields.next();
  const auto size = parse_amount(fields.next().value_or(""), 1024);
  const auto used = parse_amount(fields.next().value_or(""), 1024);
  if (!path || !type || !size || !used) return std::nullopt;
  return SwapDevice{*path, Bytes(*size), Bytes(*used)};
}

}  // namespace

std::string unescape_octal(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code =
        text[i] == '\\' && text.size() - i > 3 ? parse_number<std::uint8_t>(text.substr(i + 1, 3), 8) : std::nullopt;
    if (code) {
      plain.push_back(static_cast<char>(*code));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

Result<> parse_swaps(std::string_view text, Swaps& into) {
  into.devices.clear();
  into.faults.clear();
  into.whole = false;
  LineCursor lines(text);
  const auto header = lines.next();
  if (!header || !header->starts_with("Filename"))
    return nothing_known(kFile, text, "Filename Type Size Used Priority");
  into.whole = !lines.unterminated();
  if (lines.unterminated()) into.faults.add(cut_line(kFile, lines.number()));
  while (const auto line = lines.next()) {
    const auto device = lines.unterminated() ? std::nullopt : parse_device(*line);
    if (device) {
      into.devices.push_back(*device);
      continue;
    }
    into.whole = false;
    into.faults.add(lines.unterminated() ? cut_line(kFile, lines.number())
                                         : bad_line(kFile, lines.number(), "<path> <type> <KiB> <KiB>", *line));
  }
  return {};
}

}  // namespace leakscope::sources::procfs
