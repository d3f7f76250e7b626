#pragma once

#include <string>

#include "base/error.h"
#include "base/process_id.h"
#include "report/document.h"
#include "session/source_set.h"

namespace leakscope::session {

struct StatusOptions {
  SourceOptions sources;
  std::size_t rows = 10;  ///< per table
};

/// Where every byte of RAM is now: the ledger, and the largest of each kind of subject.
[[nodiscard]] Result<report::Document> machine_status(const StatusOptions& options, const StopFlag& stop);

/// One process: mappings, PSS, USS, descriptors, threads, the heap's own numbers.
[[nodiscard]] Result<report::Document> process_status(const StatusOptions& options, Pid pid);

/// One cgroup: what is charged to it, its limits up the tree, its processes.
[[nodiscard]] Result<report::Document> cgroup_status(const StatusOptions& options, const std::string& path);

}  // namespace leakscope::session
