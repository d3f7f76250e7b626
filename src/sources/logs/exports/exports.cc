#include "sources/logs/exports/exports.h"

namespace leakscope::sources::logs {

std::vector<std::unique_ptr<LogFormat>> export_formats() {
  std::vector<std::unique_ptr<LogFormat>> formats;
  for (const auto make : {atop_format, sadf_json_format, prometheus_answer_format, exposition_format}) {
    formats.push_back(make());
  }
  return formats;
}

}  // namespace leakscope::sources::logs
