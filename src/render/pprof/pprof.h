#pragma once

#include <string>

#include "base/error.h"
#include "report/document.h"

namespace leakscope::render::pprof {

/// The sites of the profile in the format of pprof (github.com/google/pprof, proto/profile.proto), compressed by gzip
/// as it wants it. `go tool pprof`, speedscope, Pyroscope and Grafana read it.
///
/// Values of a sample: alloc_objects, alloc_space, inuse_objects, inuse_space, in the order of Go's heap profiles; what
/// is held (inuse_space) is what is shown unless one asks for another. Labels: `site` (its id), `state`, `allocator`,
/// `cache`, `process`, and the number `bytes` (mean size of a block). The kernel is the mapping [kernel.kallsyms], each
/// module one of its own. Addresses of code stand only where no function is known, since they tell where this boot put
/// the kernel. What the profile cannot see stands in its comments (pprof -comments). kUsage when the document has no
/// profile.
[[nodiscard]] Result<std::string> to_pprof(const report::Document& document);

/// The same before it is compressed.
[[nodiscard]] Result<std::string> to_profile_proto(const report::Document& document);

}  // namespace leakscope::render::pprof
