#include "session/log_formats.h"

#include <algorithm>
#include <iterator>

#include "sources/kernel_counters/kernel_counters.h"
#include "sources/logs/exports/exports.h"
#include "sources/logs/tables/tool_tables.h"
#include "sources/process/log_formats.h"
#include "sources/procfs/log_formats.h"
#include "sources/slab/slab.h"
#include "sources/vmalloc/vmalloc.h"

namespace leakscope::session {

std::vector<std::unique_ptr<sources::LogFormat>> log_formats(PageSize page_size) {
  std::vector<std::unique_ptr<sources::LogFormat>> formats = sources::procfs::log_formats(page_size);
  formats.push_back(sources::slab::slabinfo_log_format(page_size));
  formats.push_back(sources::process::process_files_log_format());
  formats.push_back(sources::vmalloc::vmallocinfo_log_format(page_size));
  formats.push_back(sources::kernel_counters::sockstat_log_format(page_size));
  std::ranges::move(sources::logs::tool_tables(), std::back_inserter(formats));
  std::ranges::move(sources::logs::export_formats(), std::back_inserter(formats));
  return formats;
}

}  // namespace leakscope::session
