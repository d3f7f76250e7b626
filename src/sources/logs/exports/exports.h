#pragma once

#include <memory>
#include <vector>

#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// Text metrics of Prometheus and OpenMetrics: what an exporter answers, scraped again and again, and what `below dump
/// ... -O openmetrics` writes.
///
///   # TYPE system_mem_free_bytes gauge
///   node_slabinfo_active_objects{slab="dentry"} 11172
///   system_mem_free_bytes{hostname="a"} 843776 1795178684
///
/// A timestamp is in seconds (OpenMetrics) or milliseconds (Prometheus). Without timestamps a series that comes again
/// begins a new moment.
[[nodiscard]] std::unique_ptr<LogFormat> exposition_format();

/// The JSON of /api/v1/query_range and /api/v1/query:
/// {"status":"success","data":{"resultType":"matrix","result":[...]}}.
[[nodiscard]] std::unique_ptr<LogFormat> prometheus_answer_format();

/// `sadf -j FILE -- -r ALL -S ...` (sysstat 11 to 12): {"sysstat": {"hosts": [...]}}.
[[nodiscard]] std::unique_ptr<LogFormat> sadf_json_format();

/// `atop -r FILE -P MEM,SWP,PRM` (atop 2.3 to 2.8): one line per label, machine or process, and SEP after each sample.
///
///   MEM guest 1795179179 2026/11/20 12:52:59 32 4096 240761 216858 5796 0 4341 0 2345 0 95 ...
///   PRM guest 1795179179 2026/11/20 12:52:59 32 1 (sh) S 4096 2584 932 76 ...
///   SEP
[[nodiscard]] std::unique_ptr<LogFormat> atop_format();

/// All of them.
[[nodiscard]] std::vector<std::unique_ptr<LogFormat>> export_formats();

}  // namespace leakscope::sources::logs
