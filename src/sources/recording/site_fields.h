#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "model/kmem_event.h"

namespace leakscope::sources::recording {

/// The fields of a site in a profile. Texts are indices of strings. Later versions add fields; a number keeps its
/// meaning for ever.
enum class SiteField : std::uint8_t {
  kStack = 1,          ///< index
  kAllocator = 2,      ///< text
  kCache = 3,          ///< text
  kState = 4,          ///< text
  kBytes = 5,          ///< number
  kCount = 6,          ///< number
  kBytesInterval = 7,  ///< two numbers
  kIndirectBytes = 8,  ///< number
  kAllocs = 9,         ///< count
  kFrees = 10,         ///< count
  kUnseenFrees = 11,   ///< count
  kBytesAllocated = 12,
  kAges = 13,       ///< three figures
  kBlindness = 14,  ///< three figures
  kRate = 15,       ///< three figures
  kPValue = 16,     ///< one figure
  kQValue = 17,     ///< one figure
  kProcess = 18,    ///< once for each: text, pid, bytes, count (numbers)
  kHistory = 19,    ///< how many points; their seconds (figures); their bytes; their counts, each less the one before
  kType = 20,       ///< text
  kNote = 21,       ///< text
};
inline constexpr auto kLastSiteField = SiteField::kNote;

/// The words of allocators in a file.
inline constexpr auto kAllocatorWords = std::to_array<std::pair<model::Allocator, std::string_view>>({
    {model::Allocator::kSlab, "slab"},
    {model::Allocator::kPages, "pages"},
    {model::Allocator::kPercpu, "percpu"},
    {model::Allocator::kVmalloc, "vmalloc"},
});

}  // namespace leakscope::sources::recording
