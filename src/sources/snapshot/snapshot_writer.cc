#include "sources/snapshot/snapshot_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "sources/snapshot/layout.h"
#include "sources/snapshot/patient_reader.h"

namespace leakscope::sources::snapshot {
namespace {

using model::Coverage;

constexpr std::size_t kMostOfCommandLine = 4096;

Result<UniqueFd> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected(error_from_errno(errno, path, "make directory"));
  }
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open directory"));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, path, "look at"));
  if (status.st_uid != ::geteuid()) return fail(Error::Kind::kUsage, path, "belongs to somebody else");
  const auto inside = RootedDir::open(path);
  const auto names = inside ? inside->list("") : std::unexpected(inside.error());
  if (!names) return std::unexpected(names.error());
  if (!names->empty()) {
    return fail(Error::Kind::kUsage, path, "is not empty, and a snapshot is written into a folder of its own",
                "Name a folder that does not exist yet");
  }
  if (::fchmod(fd.get(), 0700) != 0) return std::unexpected(error_from_errno(errno, path, "change the mode of"));
  return fd;
}

class Writing {
 public:
  Writing(std::shared_ptr<const RootedDir> root, const SnapshotOptions& options, UniqueFd into)
      : root_(root), reader_(std::move(root), options.patience), options_(options), into_(std::move(into)) {}

  Result<SnapshotSummary> run() {
    for (const Row& row : rows()) {
      const Directories directories = directories_of(*root_, row.directory, options_.most_directories);
      if (directories.cut) {
        partial(row, fmt::format("there are more than {}; the rest is missing", options_.most_directories));
      }
      for (const std::string& directory : directories.paths) {
        for (const std::string_view file : row.files) {
          if (auto copied = copy(row, directory, file); !copied) return std::unexpected(std::move(copied.error()));
        }
      }
    }
    return finish();
  }

 private:
  void partial(const Row& row, std::string why) {
    summary_.stamp.missing.push_back({std::string(row.directory), Coverage::State::kPartial, std::move(why), {}});
  }

  /// Reads and writes one file. Errors are those of writing; one that cannot be read is noted.
  Result<> copy(const Row& row, const std::string& directory, std::string_view file) {
    const std::string path = directory.empty() ? std::string(file) : fmt::format("{}/{}", directory, file);
    const bool walk = file == "smaps_rollup";
    if (walk && walked_ > options_.walk_time) {
      ++not_walked_;
      return {};
    }
    if (row.care == Care::kPresence) return root_->exists(path) ? write(path, {}) : Result<>{};
    const Nanoseconds before = SystemClock().now().monotonic;
    auto text = reader_.read(path, kDefaultReadLimit);
    if (walk) walked_ += SystemClock().now().monotonic - before;
    if (!text) {
      note(row, file, text.error());
      return {};
    }
    if (row.care == Care::kFirstWord) text->resize(std::min({text->find('\0'), text->size(), kMostOfCommandLine}));
    if (row.care == Care::kKernelCommandLine && options_.kernel_command_line) {
      *text = options_.kernel_command_line(*text) + "\n";
    }
    // A kernel thread has no memory, no command line and no limits to speak of.
    if (text->empty()) return {};
    return write(path, *std::move(text));
  }

  void note(const Row& row, std::string_view file, const Error& error) {
    const bool is_process = row.directory == "proc/#";
    // What this kernel lacks is missing in the snapshot as it is on the machine; processes end.
    if (error.kind == Error::Kind::kNotFound || error.kind == Error::Kind::kGone) return;
    if (error.kind == Error::Kind::kIo || error.kind == Error::Kind::kUnsupported)
      return;  // a control file that says no
    Trouble& trouble =
        troubles_[is_process ? fmt::format("proc/PID/{}", file) : fmt::format("{}/{}", row.directory, file)];
    if (trouble.count++ == 0) trouble.first = error;
  }

  Result<> write(const std::string& real_path, std::string text) {
    std::optional<std::string> said(std::move(text));
    if (options_.contents) said = options_.contents(real_path, *std::move(said));
    if (!said) return {};
    const std::string path = options_.path ? options_.path(real_path) : real_path;
    auto file = create(path);
    if (!file) return std::unexpected(std::move(file.error()));
    std::string_view rest = *said;
    while (!rest.empty()) {
      const ssize_t put = ::write(file->get(), rest.data(), rest.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return std::unexpected(error_from_errno(errno, options_.directory + "/" + path, "write"));
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
    ++summary_.files;
    summary_.bytes += said->size();
    return {};
  }

  Result<UniqueFd> create(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? std::string{} : path.substr(0, slash);
    if (parent != parent_path_ || !parent_.is_open()) {
      auto opened = open_parent(parent);
      if (!opened) return std::unexpected(std::move(opened.error()));
      parent_ = std::move(*opened);
      parent_path_ = parent;
    }
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    UniqueFd file(::openat(parent_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) return std::unexpected(error_from_errno(errno, options_.directory + "/" + path, "create"));
    return file;
  }

  Result<UniqueFd> open_parent(const std::string& path) const {
    UniqueFd at(::fcntl(into_.get(), F_DUPFD_CLOEXEC, 0));
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t slash = rest.find('/');
      const std::string name(rest.substr(0, slash));
      rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
      if (::mkdirat(at.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
        return std::unexpected(error_from_errno(errno, options_.directory + "/" + path, "make directory"));
      }
      at.reset(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!at.is_open()) return std::unexpected(error_from_errno(errno, options_.directory + "/" + path, "open"));
    }
    return at;
  }

  Result<SnapshotSummary> finish() {
    Stamp& stamp = summary_.stamp;
    stamp.time = options_.time;
    stamp.tool = options_.tool_version;
    stamp.redacted = static_cast<bool>(options_.contents);
    for (const auto& [path, trouble] : troubles_) {
      Coverage entry = model::coverage_from_error(path, trouble.first);
      if (trouble.count > 1) entry.why += fmt::format(" ({} files)", trouble.count);
      if (stamp.redacted) entry.why = fmt::format("{} files could not be read", trouble.count);
      stamp.missing.push_back(std::move(entry));
    }
    if (not_walked_ > 0) {
      stamp.missing.push_back({"proc/PID/smaps_rollup",
                               Coverage::State::kPartial,
                               fmt::format("not read of {} processes: it took too long", not_walked_),
                               {}});
    }
    stamp.missing.push_back({"proc/PID/fd",
                             Coverage::State::kAbsent,
                             "descriptors are links, and a snapshot holds plain files: nothing tells of them",
                             {}});
    parent_.reset();
    UniqueFd file(::openat(into_.get(), std::string(kStampFile).c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const std::string text = to_text(stamp);
    if (!file.is_open() || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      return std::unexpected(error_from_errno(errno, options_.directory, "write the stamp of"));
    }
    ++summary_.files;
    summary_.bytes += text.size();
    return std::move(summary_);
  }

  struct Trouble {
    std::size_t count = 0;
    Error first;
  };

  std::shared_ptr<const RootedDir> root_;
  PatientReader reader_;
  const SnapshotOptions& options_;
  UniqueFd into_;
  UniqueFd parent_;
  std::string parent_path_;
  SnapshotSummary summary_;
  std::map<std::string, Trouble> troubles_;
  Nanoseconds walked_{0};
  std::size_t not_walked_ = 0;
};

}  // namespace

Result<SnapshotSummary> write_snapshot(std::shared_ptr<const RootedDir> root, const SnapshotOptions& options) {
  auto into = make_directory(options.directory);
  if (!into) return std::unexpected(std::move(into.error()));
  return Writing(std::move(root), options, *std::move(into)).run();
}

}  // namespace leakscope::sources::snapshot
