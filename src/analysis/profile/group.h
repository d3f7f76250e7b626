#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/profile.h"

namespace leakscope::analysis::profile {

/// What sites are put together by.
enum class Grouping : std::uint8_t { kSite, kFunction, kModule, kCache, kProcess };
[[nodiscard]] std::string_view to_string(Grouping grouping);
[[nodiscard]] std::optional<Grouping> grouping_from_string(std::string_view word);

/// One row of a grouped profile: figures of its sites added up.
struct Group {
  std::string name;  ///< raw foreign bytes; one in parentheses, as "(pages)", is no name of theirs but ours
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;
  double rate = 0;  ///< bytes per second, of the sites that have one
  std::size_t sites = 0;
  std::size_t growing = 0;  ///< sites in state growing or lost

  friend bool operator==(const Group&, const Group&) = default;
};

/// Most bytes first. The rows add up to the profile.
///
/// - By site: sites of one id in one cache are one row.
/// - By function: caller_of() a site, with its module; compiler's clones of a function are one.
/// - By module: the module of that same function; "kernel" is the kernel itself.
/// - By cache: pages, per-CPU memory and vmalloc areas have a row each; so have objects whose cache is not known.
/// - By process: a site counts in each of its processes with its share; allocations, frees and rate are divided as its
///   bytes are, since nobody counted them by process. What its processes leave is "(others)".
[[nodiscard]] std::vector<Group> grouped(const model::Profile& profile, Grouping grouping);

/// "kernel" for the kernel itself; empty: not known, as of an address without a name.
[[nodiscard]] std::string_view module_name(const model::Frame& frame);

}  // namespace leakscope::analysis::profile
