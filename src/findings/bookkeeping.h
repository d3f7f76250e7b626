#pragma once

#include <string_view>

#include "findings/facts.h"

namespace leakscope::findings {

/// A slab cache with one object for each that the kernel allocates: the books of kmemleak (mm/kmemleak.c) and
/// debugobjects (lib/debugobjects.c). They grow with every leak and say nothing that the leak itself does not.
[[nodiscard]] bool is_bookkeeping(std::string_view cache);
/// By how many bytes such caches rose.
[[nodiscard]] double bookkeeping_rise(const Facts& facts);

}  // namespace leakscope::findings
