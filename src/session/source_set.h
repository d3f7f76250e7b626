#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "model/coverage.h"
#include "model/registry.h"
#include "session/live_sampler.h"
#include "session/stop.h"
#include "sources/source.h"

namespace leakscope::session {

struct SourceOptions {
  std::string root = "/";  ///< below it stand proc/, sys/ and dev/: the live machine or a tree made from one
  bool use_bpf = true;     ///< the task iterator, where it may load
  /// The process whose main heap is walked: it costs what copying the heap does, so it is done for one that is asked
  /// for.
  std::optional<ProcessId> heap_of{};
};

/// All sources that this machine, tree and permission allow, and what became of the others.
struct SourceSet {
  std::vector<std::unique_ptr<sources::Source>> opened;
  std::vector<model::Coverage> not_opened;
};

[[nodiscard]] SourceSet open_sources(const RootedDir& root, PageSize page_size, const SourceOptions& options);

/// The live sampler over all of them; `sampling.viewer` is found out here.
[[nodiscard]] Result<std::unique_ptr<LiveSampler>> open_live(std::shared_ptr<model::Registry> registry,
                                                             const SourceOptions& options, const Clock& clock,
                                                             const StopFlag& stop, const SamplingOptions& sampling);

}  // namespace leakscope::session
