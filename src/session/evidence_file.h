#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "session/evidence.h"

namespace leakscope::session {

/// One path, opened, and what lies behind it.
struct EvidenceFile {
  UniqueFd fd;  ///< not open: a folder
  EvidenceKind kind = EvidenceKind::kText;
  bool is_copy = false;      ///< of what a pipe gave, which can be read only once
  bool has_reports = false;  ///< a log of samples with OOM reports between them
};

/// Opens a path, "-" being standard input, and tells what it is. What a pipe gives is copied to a file without a name
/// first, below $TMPDIR (else /var/tmp, else /tmp), unless it is a recording, which is read as it comes.
[[nodiscard]] Result<EvidenceFile> open_evidence_file(const std::string& path);

/// What is open once more, read from its beginning; not open: no longer to be had.
[[nodiscard]] UniqueFd open_again(const UniqueFd& fd);

/// A path by which what is open can be opened again, from its beginning: "/proc/self/fd/7".
[[nodiscard]] std::string path_again(const UniqueFd& fd);

}  // namespace leakscope::session
