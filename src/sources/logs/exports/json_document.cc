#include "sources/logs/exports/json_document.h"

namespace leakscope::sources::logs {

JsonDocument::State JsonDocument::add(std::string_view line) {
  if (text_.size() + line.size() > kLargest) return State::kTooLarge;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c == '}' || c == ']') && depth_ > 0) {
      --depth_;
      if (depth_ > 0) continue;
      text_.append(line.substr(0, i + 1));
      return State::kComplete;
    }
  }
  text_.append(line).push_back('\n');
  return State::kOpen;
}

void JsonDocument::clear() {
  text_.clear();
  text_.shrink_to_fit();
  depth_ = 0;
  in_string_ = escaped_ = false;
}

}  // namespace leakscope::sources::logs
