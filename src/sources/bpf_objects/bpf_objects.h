#pragma once

#include <memory>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::bpf_objects {

/// Every BPF map and program of the machine: bpf.map_bytes and bpf.program_bytes each ("id 12 events"), their sums and
/// numbers. An object is opened for as long as it takes to ask it, and no longer: our descriptor would keep it alive.
/// Maps are asked every time, because what they hold changes; programs once. Live only, and only with
/// CAP_SYS_ADMIN (BPF_MAP_GET_NEXT_ID): otherwise kDenied.
[[nodiscard]] Result<std::unique_ptr<Source>> open_bpf_objects(const RootedDir& root);

}  // namespace leakscope::sources::bpf_objects
