#include "base/text_cursor.h"
#include "sources/oom_report/oom_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope::sources::oom_report;
  OomParser parser;
  leakscope::LineCursor lines({reinterpret_cast<const char*>(data), size});
  const auto look_at = [](const OomReport& report) {
    if (!report.constraint) __builtin_trap();
    if (report.first_line > report.last_line) __builtin_trap();
    (void)report.missing();
    (void)report.page_size();
  };
  while (auto line = lines.next()) {
    // The corpus has whole log lines: a head ends with "] " or "kernel: ".
    const std::size_t head = line->find("] ");
    if (line->starts_with('[') && head < 20 && line->find('.') < head) line->remove_prefix(head + 2);
    const std::size_t tag = line->find("kernel: ");
    if (tag < 40) line->remove_prefix(tag + 8);
    if (const auto done = parser.feed(*line, lines.number())) look_at(*done);
  }
  if (const auto done = parser.finish()) look_at(*done);
  return 0;
}
