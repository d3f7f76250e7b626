#include "sources/trace_dat/dat_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace leakscope::sources::trace_dat {

Result<DatFile> DatFile::open(UniqueFd file, std::string name) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(error_from_errno(errno, std::move(name), "look at"));
  if (!S_ISREG(status.st_mode)) {
    return fail(Error::Kind::kUnsupported, std::move(name),
                "a trace.dat is read here and there, which a pipe or device does not allow",
                "Save it to a file first, and name that file");
  }
  return DatFile(std::move(file), std::move(name), static_cast<std::uint64_t>(status.st_size));
}

Result<std::size_t> DatFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t filled = 0;
  while (filled < into.size() && offset + filled < size_) {
    const ssize_t got =
        ::pread(file_.get(), into.data() + filled, into.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_from_errno(errno, name_, "read"));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

}  // namespace leakscope::sources::trace_dat
