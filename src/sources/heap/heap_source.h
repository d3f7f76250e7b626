#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::heap {

/// The main heap of one live process: bytes and blocks that its malloc has given out, to the byte, by walking the
/// chunks from outside (main_heap.h). Where RSS moves by pages, this moves by blocks. The process is neither stopped
/// nor changed; a walk that does not end where the heap does is done again, three times at most, and then left out.
/// Needs what ptrace needs. Blocks in arenas of threads and in mappings of their own are not seen; coverage says so.
/// kNotFound: there is no such process.
[[nodiscard]] Result<std::unique_ptr<Source>> open_main_heap(const RootedDir& root, ProcessId process,
                                                             PageSize page_size);

}  // namespace leakscope::sources::heap
