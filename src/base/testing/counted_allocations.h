#pragma once

#include <cstddef>

namespace leakscope {

/// How many times this program has called operator new so far. A test program that links `counted_allocations` has
/// all of the plain family replaced (over-aligned types are not counted); malloc() alone is not counted.
[[nodiscard]] std::size_t allocations();

}  // namespace leakscope
