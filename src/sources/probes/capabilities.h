#pragma once

#include <vector>

#include "base/rooted_dir.h"
#include "model/coverage.h"

namespace leakscope::sources::probes {

/// Whether the kernel's own witnesses of memory can be read here: page_owner, allocation profiling, kmemleak, SLUB
/// traces, the page census, kcore, tracefs, other processes' memory, kernel symbols. Found by opening each (never by
/// version), without changing anything. Sources: Documentation/mm/page_owner.rst,
/// Documentation/mm/allocation-profiling.rst, Documentation/dev-tools/kmemleak.rst,
/// Documentation/admin-guide/mm/pagemap.rst.
[[nodiscard]] std::vector<model::Coverage> probe_kernel_witnesses(const RootedDir& root);

/// Whether the allocation events of the kernel are there, and whether lockdown closes what one would see with them.
[[nodiscard]] std::vector<model::Coverage> probe_kernel_tracing(const RootedDir& root);

/// Which kinds of BPF programs load here: one of each is loaded and closed at once, nothing is attached.
[[nodiscard]] std::vector<model::Coverage> probe_bpf(const RootedDir& root);

}  // namespace leakscope::sources::probes
