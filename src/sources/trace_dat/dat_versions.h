#pragma once

#include <cstdint>

#include "base/error.h"
#include "sources/trace_dat/byte_cursor.h"
#include "sources/trace_dat/dat_header.h"

namespace leakscope::sources::trace_dat {

/// What follows the page size. Version 6: one part after the other. `file` and the cursor are the same file.
[[nodiscard]] Result<> read_version_6(ByteCursor& bytes, const DatFile& file, DatHeader& header);
/// Version 7: packing, then the place of the first options, which tell where all else is.
[[nodiscard]] Result<> read_version_7(ByteCursor& bytes, const DatFile& file, DatHeader& header);

[[nodiscard]] bool is_page_size(std::uint32_t size);

/// Sections of a file that was cut (the recorder was killed, the disk full) before the options that tell where the
/// buffers are: finds packed CPU data by walking over the sections from `first` on.
void find_lost_buffers(const DatFile& file, std::uint64_t first, DatHeader& header);

}  // namespace leakscope::sources::trace_dat
