#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "session/log_evidence.h"

// Any bytes as a log, with all formats.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  UniqueFd scratch(::memfd_create("log", MFD_CLOEXEC));
  if (::write(scratch.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  if (::lseek(scratch.get(), 0, SEEK_SET) != 0) return 0;
  std::vector<session::LogFile> files;
  files.push_back({"fuzz", std::move(scratch)});
  (void)session::observe_logs(std::move(files), {});
  return 0;
}
