#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/series.h"
#include "report/document.h"
#include "session/evidence.h"

namespace leakscope::session {

/// An opened log and its name.
struct LogFile {
  std::string name;
  UniqueFd fd;
};

/// Reads logs into one observation: files of one history in the order of their first times; where not all tell one, in
/// the order given, which coverage then says.
[[nodiscard]] Result<std::unique_ptr<model::Observation>> observe_logs(std::vector<LogFile> files,
                                                                       const EvidenceOptions& options);

/// Rules name the files of /proc that figures come from on a live machine. Where a tool's text told them, and no such
/// file was among the logs, evidence names what was read: "ps table".
void name_the_tools(report::Document& document);

}  // namespace leakscope::session
