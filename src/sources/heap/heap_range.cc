#include "sources/heap/heap_range.h"

#include <cstdint>

#include "base/text_cursor.h"

namespace leakscope::sources::heap {

HeapMappings find_heaps(std::string_view maps) {
  constexpr std::uint64_t kArenaAlignment = std::uint64_t{64} << 20U;
  HeapMappings found;
  bool whole = true;
  LineCursor lines(maps);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) break;
    FieldCursor fields(*line);
    const auto range = fields.next().value_or(std::string_view{});
    const auto rights = fields.next().value_or(std::string_view{});
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) continue;
    const auto start = parse_number<std::uint64_t>(range.substr(0, dash), 16);
    const auto end = parse_number<std::uint64_t>(range.substr(dash + 1), 16);
    if (!start || !end || *end <= *start) continue;
    if (!fields.next() || !fields.next()) continue;  // offset and device
    const auto inode = fields.next_number<std::uint64_t>();
    const std::string_view name = fields.rest();
    if (name == "[heap]") {
      whole = whole && rights == "rw-p" && (!found.main || found.main->end == *start);
      found.main = HeapRange{found.main ? found.main->start : *start, *end};
    } else if (name.empty() && inode == 0 && rights == "rw-p" && *start % kArenaAlignment == 0) {
      ++found.arenas;
    }
  }
  if (!whole) found.main.reset();
  return found;
}

}  // namespace leakscope::sources::heap
