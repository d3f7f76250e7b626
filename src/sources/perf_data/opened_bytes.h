#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/unique_fd.h"

namespace leakscope::sources::perf_data {

/// For tests: a regular file with these bytes, that no folder has.
inline UniqueFd opened_bytes(std::string_view bytes) {
  UniqueFd file(memfd_create("perf.data", MFD_CLOEXEC));
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

}  // namespace leakscope::sources::perf_data
