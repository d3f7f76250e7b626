#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/profile/allocator_functions.h"
#include "analysis/profile/group.h"
#include "base/process_id.h"
#include "model/profile.h"

namespace leakscope::analysis::profile {

/// Which sites of a profile are looked at; what is not set lets all pass, and what is set must all hold. Names are
/// matched as globs (glob.h). What is not known matches nothing: with a size, an age or a name asked for, a site that
/// tells none is left out, also by "*".
struct Filter {
  std::vector<std::string> caches = {};     ///< any of them; a merged cache by any of its names ("pid, files_cache")
  std::vector<std::string> functions = {};  ///< any of them, anywhere in the stack; "foo" is "foo.isra.0", too
  std::vector<std::string> modules = {};    ///< any of them, anywhere in the stack; "kernel" is the kernel itself
  std::vector<std::string> comms = {};      ///< any of its processes
  std::optional<Pid> pid = {};              ///< together with `comms`: one process that is both
  std::optional<std::int64_t> least_size = {};  ///< of an object, bytes (mean of the site)
  std::optional<std::int64_t> most_size = {};
  std::optional<double> least_age = {};  ///< seconds, of its oldest object
  std::optional<std::int64_t> least_bytes = {};

  friend bool operator==(const Filter&, const Filter&) = default;
};
[[nodiscard]] bool passes(const Filter& filter, const model::Site& site);
/// In the order of the profile. Sites are kept or left out as they are: of one that passes by a process, all is kept.
[[nodiscard]] model::Profile filtered(const Filter& filter, const model::Profile& profile);

}  // namespace leakscope::analysis::profile
