#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace leakscope::session {

struct TakeSnapshotOptions {
  std::string directory;
  std::string root = "/";
  bool redact = false;
  std::optional<std::string> redact_key{};  ///< a file; nothing: a random key that is forgotten
};

struct TakenSnapshot {
  std::size_t files = 0;
  Bytes size;
  std::vector<std::string> missing;  ///< one sentence each
};

/// Writes the plain files of this moment into a folder of its own.
[[nodiscard]] Result<TakenSnapshot> take_snapshot(const TakeSnapshotOptions& options);

}  // namespace leakscope::session
