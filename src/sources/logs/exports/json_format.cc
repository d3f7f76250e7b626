#include "sources/logs/exports/json_format.h"

#include <nlohmann/json.hpp>

namespace leakscope::sources::logs {

LogFormat::Answer JsonFormat::take(std::string_view line, LogSink& sink) {
  if (complete_) return Answer::kNotMine;
  switch (document_.add(line)) {
    case JsonDocument::State::kOpen:
      return Answer::kTaken;
    case JsonDocument::State::kTooLarge:
      return Answer::kUnreadable;
    case JsonDocument::State::kComplete: {
      complete_ = true;
      const auto object = nlohmann::json::parse(document_.text(), nullptr, false);
      document_.clear();
      read(object, sink);
      return Answer::kTaken;
    }
  }
  return Answer::kUnreadable;
}

void JsonFormat::finish(LogSink& sink) {
  if (!complete_ && !document_.empty()) sink.unreadable(1, "ends before its last brace");
  document_.clear();
  complete_ = false;
}

}  // namespace leakscope::sources::logs
