#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "sources/snapshot/archive.h"
#include "sources/snapshot/scratch_folder.h"

// Any bytes as an archive: whatever is taken stays in the folder and within the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace leakscope;
  using namespace leakscope::sources::snapshot;
  const UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  if (::write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  if (!is_archive(path)) return 0;
  const auto scratch = ScratchFolder::make();
  if (!scratch) return 0;
  const ArchiveLimits limits{
      .headers = 1000, .files = 20, .file_bytes = 1 << 16, .kept_bytes = 1 << 18, .passed_bytes = 1 << 22};
  const auto taken = unpack_archive(path, (*scratch)->fd(), limits);
  if (taken && (taken->files > limits.files || taken->bytes > limits.kept_bytes + limits.file_bytes)) __builtin_trap();
  return 0;
}
