#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "base/time.h"

namespace leakscope::sources::snapshot {

/// Reads files, each with a deadline. A read that does not come back in time (a hung file system, a lock that its
/// holder keeps) is left to a thread that nobody waits for, and the next file is read by another.
class PatientReader {
 public:
  /// At most `patience` for one file; after `most_stuck` reads that did not come back every read fails at once.
  PatientReader(std::shared_ptr<const RootedDir> root, Nanoseconds patience, std::size_t most_stuck = 4);
  PatientReader(const PatientReader&) = delete;
  PatientReader& operator=(const PatientReader&) = delete;
  ~PatientReader();

  /// The whole file, at most `limit` bytes. kTimeout when it did not answer.
  [[nodiscard]] Result<std::string> read(const std::string& relative, std::size_t limit);

 private:
  struct Worker;
  static void work(const std::shared_ptr<Worker>& worker);

  std::shared_ptr<const RootedDir> root_;
  Nanoseconds patience_;
  std::size_t stuck_left_;
  std::shared_ptr<Worker> worker_;
};

}  // namespace leakscope::sources::snapshot
