#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sources/logs/exports/exports.h"
#include "sources/logs/exports/json_document.h"

namespace leakscope::sources::logs {

/// A format that is one JSON object, in one line or in many.
class JsonFormat : public LogFormat {
 public:
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) final;
  void finish(LogSink& sink) final;

 private:
  /// Once, with the whole object, or what the parser makes of text that is none.
  virtual void read(const nlohmann::json& object, LogSink& sink) = 0;

  JsonDocument document_;
  bool complete_ = false;
};

}  // namespace leakscope::sources::logs
