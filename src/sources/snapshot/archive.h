#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/coverage.h"

namespace leakscope::sources::snapshot {

/// Most that is taken from one archive; what goes beyond it is left out and told.
struct ArchiveLimits {
  std::uint64_t headers = 2'000'000;          ///< looked at
  std::uint64_t files = 200'000;              ///< kept
  std::uint64_t file_bytes = 64ULL << 20U;    ///< of one kept file
  std::uint64_t kept_bytes = 1ULL << 30U;     ///< of all kept files
  std::uint64_t passed_bytes = 16ULL << 30U;  ///< unpacked on the way, kept or not
};

/// Whether the file is a tar, plain or compressed with gzip, bzip2, xz, lzma or zstd: told by content.
[[nodiscard]] bool is_archive(const std::string& path);

struct Unpacked {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<model::Coverage> coverage;  ///< cut off, limits reached
  std::vector<model::Loss> losses;        ///< members that were not taken though their names were wanted
};

/// Takes from a tar what the layout names (proc/, sys/, what tools printed), at its top or below one directory, and
/// writes it below the open directory: regular files of mode 0600 with their times. Members with absolute or dotted
/// paths, links, devices, pipes and everything else are never followed or made. An archive that ends early gives what
/// was before its end. Errors: cannot be opened, is no tar, nowhere to write to.
[[nodiscard]] Result<Unpacked> unpack_archive(const std::string& path, int into, const ArchiveLimits& limits = {});

}  // namespace leakscope::sources::snapshot
