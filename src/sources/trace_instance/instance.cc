#include "sources/trace_instance/instance.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::trace_instance {

Result<std::unique_ptr<Instance>> Instance::make() {
  auto tracefs = Tracefs::open();
  if (!tracefs) return std::unexpected(std::move(tracefs.error()));
  const std::string folder = fmt::format("{}/instances", tracefs->name());
  UniqueFd instances(::openat(tracefs->fd(), "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!instances.is_open()) return std::unexpected(error_from_errno(errno, folder, "open"));
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) {
    return std::unexpected(error_from_errno(errno, "random", "read"));
  }
  std::string name = fmt::format("leakscope-{}-{:016x}", ::getpid(), random);
  auto guardian = Guardian::start(instances.get(), name);
  if (!guardian) return std::unexpected(std::move(guardian.error()));
  if (::mkdirat(instances.get(), name.c_str(), S_IRWXU) != 0) {
    return std::unexpected(error_from_errno(errno, folder, "make an instance in"));
  }
  std::unique_ptr<Instance> made(
      new Instance(std::move(*tracefs), std::move(instances), std::move(name), std::move(*guardian)));
  made->where_ = fmt::format("{}/{}", folder, made->name_);
  made->folder_.reset(::openat(made->instances_.get(), made->name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!made->folder_.is_open()) return std::unexpected(error_from_errno(errno, made->where_, "open"));
  return made;
}

Instance::~Instance() {
  folder_.reset();
  const std::string switch_path = name_ + "/events/enable";
  // What fails here the guardian tries again, and it alone is left to do it when we are killed in between.
  (void)remove_instance(instances_.get(), name_.c_str(), switch_path.c_str());
}

Result<> Instance::write(const std::string& path, std::string_view text) const {
  return write_text(folder_.get(), path, text, where_);
}

Result<std::string> Instance::read(const std::string& path) const { return read_text(folder_.get(), path, where_); }

Result<std::vector<std::string>> Instance::list(const std::string& path) const {
  return list_names(folder_.get(), path, where_);
}

Result<std::string> Instance::read_shared(const std::string& path) const {
  return read_text(tracefs_.fd(), path, tracefs_.name());
}

Result<UniqueFd> Instance::open_raw(std::uint32_t cpu) const {
  const std::string path = fmt::format("per_cpu/cpu{}/trace_pipe_raw", cpu);
  UniqueFd file(::openat(folder_.get(), path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return std::unexpected(error_from_errno(errno, fmt::format("{}/{}", where_, path), "open"));
  return file;
}

}  // namespace leakscope::sources::trace_instance
