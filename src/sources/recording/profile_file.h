#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/coverage.h"
#include "model/host.h"
#include "model/profile.h"

namespace leakscope::sources::recording {

/// What a file of the container holds.
enum class Contents : std::uint8_t {
  kNothing,  ///< no frame of ours
  kSamples,  ///< a recording; also one in which nothing was recorded yet
  kProfile,
};
/// By the first bytes; 64 KiB hold the facts of any real host and what follows them. Of several in one file, the first
/// counts.
[[nodiscard]] Contents contents_of(std::string_view head);
/// The same for a regular file, which is left where it stands.
[[nodiscard]] Result<Contents> contents_of(int fd, std::string_view name);

struct ProfileWriteOptions {
  std::string tool_version = {};
  bool force = false;  ///< replaces the file that is there, whatever it is; else it is kUsage
  bool sync = true;    ///< wait for the disk
};

/// Saves a profile: a new file, 0600, never through a symbolic link (RecordingFile). Sites and their figures are in it,
/// and never what the memory holds. Cut anywhere it is readable up to its last whole frame.
[[nodiscard]] Result<> write_profile(const std::string& path, const model::Host& host, const model::Profile& profile,
                                     std::span<const model::Coverage> coverage, std::span<const model::Loss> losses,
                                     const ProfileWriteOptions& options = {});
/// The same into a pipe, socket or redirection. Whoever uses it ignores SIGPIPE.
[[nodiscard]] Result<> write_profile(UniqueFd stream, const model::Host& host, const model::Profile& profile,
                                     std::span<const model::Coverage> coverage, std::span<const model::Loss> losses,
                                     const ProfileWriteOptions& options = {});

struct SavedProfile {
  model::Host host;          ///< where it was taken; empty when that part of the file is lost
  std::string tool_version;  ///< of the leakscope that saved it
  model::Profile profile;
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss>
      losses;  ///< what was lost when it was taken, and of the source `profile`, what the file lacks
};

/// Reads a profile; of several in a file the last. Where the file is cut or damaged, it gives what is there and a loss.
///
/// Errors: kMalformed "not a leakscope file", kTruncated when not even its head is whole, kUsage when the file holds
/// something else, kUnsupported for what only a newer leakscope knows.
[[nodiscard]] Result<SavedProfile> read_profile(const std::string& path);
/// The same from an open file, pipe or socket; a regular file is read from its start.
[[nodiscard]] Result<SavedProfile> read_profile(UniqueFd fd, std::string name);

}  // namespace leakscope::sources::recording
