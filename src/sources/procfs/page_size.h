#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/rooted_dir.h"

namespace leakscope::sources::procfs {

struct PageSizeAnswer {
  PageSize size;
  std::string note;  ///< for the coverage, when the size is a guess; empty when it is known
};

/// The base page size of the machine whose files stand below the root. Live: the system's own. In a recorded tree:
/// the smallest KernelPageSize in proc/1/smaps or proc/self/smaps, else what makes proc/meminfo and proc/vmstat agree;
/// else 4096 with a note.
[[nodiscard]] PageSizeAnswer page_size_of(const RootedDir& root);

/// The smallest "KernelPageSize:  4 kB" of a /proc/PID/smaps (mappings of huge pages have larger ones); bytes.
[[nodiscard]] std::optional<PageSize> page_size_from_smaps(std::string_view smaps);
/// The power of two by which meminfo's figures (KiB) and vmstat's (pages) agree. Both texts were read one after the
/// other, so figures may differ a little: of several fields the one nearest to a power of two counts.
[[nodiscard]] std::optional<PageSize> page_size_from_counters(std::string_view meminfo, std::string_view vmstat);

}  // namespace leakscope::sources::procfs
