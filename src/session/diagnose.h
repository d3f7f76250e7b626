#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "findings/judge.h"
#include "model/series.h"
#include "report/document.h"
#include "session/evidence.h"
#include "session/source_set.h"
#include "session/stop.h"

namespace leakscope::session {

struct DiagnoseOptions {
  SourceOptions sources;
  Nanoseconds duration = std::chrono::seconds(60);
  Nanoseconds interval = std::chrono::seconds(1);
  findings::JudgeOptions judge;
};

/// What a live run shows while it goes on.
struct Progress {
  Nanoseconds elapsed{0};
  Nanoseconds duration{0};
  std::size_t samples = 0;
  const findings::Judged* interim = nullptr;  ///< a verdict on what was seen so far, now and then; else null
};
using ProgressCallback = std::function<void(const Progress&)>;

/// Watches the live machine and judges it. Stopped early, it judges what it has.
[[nodiscard]] Result<report::Document> diagnose_live(const DiagnoseOptions& options, const StopFlag& stop,
                                                     const ProgressCallback& progress);

/// Judges what was written down: recordings, logs, snapshots. Several are parts of one history, in any order.
[[nodiscard]] Result<report::Document> diagnose_evidence(const std::vector<std::string>& paths,
                                                         const EvidenceOptions& evidence,
                                                         const findings::JudgeOptions& options);

/// Judges an observation, whoever made it, and puts everything a reader needs into a document.
[[nodiscard]] report::Document document_from(const model::Observation& observation,
                                             const findings::JudgeOptions& options);

}  // namespace leakscope::session
