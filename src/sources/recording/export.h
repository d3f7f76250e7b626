#pragma once

#include <functional>
#include <string_view>

#include "base/error.h"
#include "model/registry.h"
#include "sources/sample_stream.h"

namespace leakscope::sources::recording {

/// Takes a piece of the text; an error of it ends the export.
using TextSink = std::function<Result<>(std::string_view text)>;

/// Every reading of the stream as a line of CSV (RFC 4180, after a line with the names):
///   time,subject_kind,subject,pid,start,metric,unit,value
///   2026-11-20T09:21:32.123Z,process,sshd,812,1503,process.rss_anon,bytes,4870144
/// `pid` and `start` (clock ticks since boot) are empty but for processes. Foreign bytes are escaped as by printable().
[[nodiscard]] Result<> export_csv(SampleStream& stream, const model::Registry& registry, const TextSink& out);

/// The same as one JSON object per line:
///   {"time":"2026-11-20T09:21:32.123Z","subject":{"kind":"process","name":"sshd","pid":812,"start_time":1503},
///    "metric":"process.rss_anon","unit":"bytes","value":4870144}
[[nodiscard]] Result<> export_ndjson(SampleStream& stream, const model::Registry& registry, const TextSink& out);

}  // namespace leakscope::sources::recording
