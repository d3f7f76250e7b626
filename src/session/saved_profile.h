#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "report/document.h"
#include "session/site_document.h"

namespace leakscope::session {

/// What can be shown of call sites in a file.
enum class ProfileFile : std::uint8_t {
  kNone,     ///< something else, or nothing that can be read twice
  kProfile,  ///< saved with --format profile
  kTrace,    ///< a trace that somebody recorded: see trace_file()
};
[[nodiscard]] ProfileFile profile_file_of(const std::string& path);

/// A saved profile as the answer of `show`. Its sites were judged when it was made.
[[nodiscard]] Result<report::Document> show_profile(const std::string& path, const ProfileView& view);

/// What grew from one saved profile to another; `at_least`: by how much a site must grow to count.
[[nodiscard]] Result<report::Document> diff_profiles(const std::string& before, const std::string& after,
                                                     Bytes at_least, std::size_t rows);

}  // namespace leakscope::session
