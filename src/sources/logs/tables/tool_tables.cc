#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {

std::vector<std::unique_ptr<LogFormat>> tool_tables() {
  std::vector<std::unique_ptr<LogFormat>> formats;
  for (const auto make : {vmstat_table, free_table, slabtop_screen, top_screen, pidstat_table, ps_table, pmap_table}) {
    formats.push_back(make());
  }
  return formats;
}

}  // namespace leakscope::sources::logs
