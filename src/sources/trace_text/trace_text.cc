#include "sources/trace_text/trace_text.h"

#include <utility>

#include "base/text_cursor.h"
#include "sources/trace_text/line_head.h"
#include "sources/trace_text/text_stream.h"

namespace leakscope::sources::trace_text {

Result<std::unique_ptr<KmemStream>> open_trace_text(UniqueFd file, std::string name, std::string_view already_read) {
  if (!file.is_open()) return fail(Error::Kind::kIo, std::move(name), "is not open");
  LineFeed feed(std::move(file), name, already_read);
  return std::make_unique<TextStream>(std::move(feed), std::move(name));
}

bool looks_like_trace_text(std::string_view beginning) {
  LineCursor lines(beginning);
  while (const auto line = lines.next()) {
    if (lines.unterminated() && lines.number() > 1) return false;
    if (line->starts_with("# tracer: ")) return true;
    if (line->starts_with('#')) continue;
    const auto head = parse_line_head(*line);
    if (head && !head->event.starts_with("PERF_RECORD_")) return true;
  }
  return false;
}

}  // namespace leakscope::sources::trace_text
