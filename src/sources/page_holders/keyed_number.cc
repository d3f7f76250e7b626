#include "sources/page_holders/keyed_number.h"

#include "base/text_cursor.h"

namespace leakscope::sources::page_holders {

std::optional<std::int64_t> keyed_number(std::string_view text, std::string_view key) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    FieldCursor fields(*line);
    if (lines.unterminated() || fields.next() != key) continue;
    return fields.next_number<std::int64_t>();
  }
  return std::nullopt;
}

std::optional<std::int64_t> keyed_number(const RootedDir& root, std::string_view file, std::string_view key,
                                         FileBuffer& buffer) {
  const auto text = root.read(file, buffer);
  return text ? keyed_number(*text, key) : std::nullopt;
}

}  // namespace leakscope::sources::page_holders
