#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/event_format.h"
#include "sources/kmem_stream.h"

namespace leakscope::sources::perf_data {

/// Whether a file that begins with these bytes (8 are enough) is a perf.data, of either byte order and form.
[[nodiscard]] bool is_perf_data(std::span<const std::byte> beginning);

/// What `perf record -e kmem:...` wrote: to a file, or to a pipe (-o -) that is read as it comes or was put into a
/// file. Formats from perf of 5.10 to 7.2, with and without call chains (-g) and compression (-z). `already_read`: what
/// somebody took from a pipe's beginning; a file is read from its start in any case. `name` is for errors.
/// `other_formats` decode where the recording has no descriptions of its own: perf that was killed did not write them.
/// They must be of the kernel that was recorded. kUnsupported when the file form comes from a pipe: what decides the
/// meaning of the data stands behind it.
[[nodiscard]] Result<std::unique_ptr<KmemStream>> open_perf_data(UniqueFd file, std::string name,
                                                                 std::string already_read = {},
                                                                 std::vector<EventFormat> other_formats = {});

}  // namespace leakscope::sources::perf_data
