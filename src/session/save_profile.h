#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "report/document.h"

namespace leakscope::session {

/// Saves the profile of an answer in the container, as a file that `show` and `diff` open: a new file, 0600; `force`
/// replaces one that is there. kUsage when the answer has no profile.
[[nodiscard]] Result<> save_profile(const report::Document& document, const std::string& path, bool force);
/// The same into a pipe or a redirection.
[[nodiscard]] Result<> save_profile(const report::Document& document, UniqueFd stream);

}  // namespace leakscope::session
