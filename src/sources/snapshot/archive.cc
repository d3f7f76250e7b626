#include "sources/snapshot/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "sources/snapshot/layout.h"
#include "sources/snapshot/stamp.h"

namespace leakscope::sources::snapshot {
namespace {

using model::Coverage;

constexpr std::size_t kBlock = std::size_t{256} << 10U;
constexpr std::size_t kLongestPath = 1024;
constexpr std::size_t kLongestName = 255;
constexpr std::string_view kSource = "archive";

struct CloseArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, CloseArchive>;

// Formats and filters by name: "all" would run programs for some compressions and take any bytes for some format.
Reader tar_reader() {
  Reader reader(archive_read_new());
  if (!reader) return reader;
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_lzma(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_format_tar(reader.get());
  return reader;
}

Result<Reader> open_tar(const std::string& path, UniqueFd& fd) {
  fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  Reader reader = tar_reader();
  if (!reader || archive_read_open_fd(reader.get(), fd.get(), kBlock) != ARCHIVE_OK) {
    return fail(Error::Kind::kMalformed, path, "is no tar that can be read");
  }
  return reader;
}

std::string why_of(archive* reader) {
  const char* why = archive_error_string(reader);
  return why == nullptr ? "damaged" : why;
}

/// The path without "./" in front; nothing when it is absolute, dotted, too long or not a path at all.
std::optional<std::string> plain_path(const char* raw) {
  if (raw == nullptr) return std::nullopt;
  std::string_view path(raw);
  if (path.empty() || path.size() > kLongestPath || path.front() == '/') return std::nullopt;
  std::string plain;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == ".." || name.size() > kLongestName) return std::nullopt;
    if (!plain.empty()) plain += '/';
    plain += name;
  }
  return plain.empty() ? std::nullopt : std::optional(std::move(plain));
}

bool is_wanted(std::string_view path) {
  return path == kStampFile || path == "hostname" || is_kept(path) || is_text_of_a_tool(path);
}

/// At the top of the archive, or below one directory.
bool is_wanted_at_some_depth(std::string_view path) {
  if (is_wanted(path)) return true;
  const std::size_t slash = path.find('/');
  return slash != std::string_view::npos && is_wanted(path.substr(slash + 1));
}

class Unpacking {
 public:
  Unpacking(archive* reader, std::string path, int into, const ArchiveLimits& limits)
      : reader_(reader), path_(std::move(path)), into_(into), limits_(limits) {}

  Result<> run() {
    std::uint64_t headers = 0;
    for (;;) {
      archive_entry* entry = nullptr;
      const int got = archive_read_next_header(reader_, &entry);
      if (got == ARCHIVE_EOF) return {};
      if (got != ARCHIVE_OK && got != ARCHIVE_WARN) {
        if (headers == 0)
          return fail(Error::Kind::kMalformed, path_, fmt::format("is no tar that can be read: {}", why_of(reader_)));
        partial(fmt::format("ends early: {}", why_of(reader_)));
        return {};
      }
      if (++headers > limits_.headers) {
        partial(fmt::format("has more than {} members; the rest was not looked at", limits_.headers));
        return {};
      }
      if (auto taken = take(entry); !taken) return taken;
      if (ended_) return {};
      if (static_cast<std::uint64_t>(archive_filter_bytes(reader_, 0)) > limits_.passed_bytes) {
        partial(fmt::format("unpacks to more than {} MiB; the rest was not looked at", limits_.passed_bytes >> 20U));
        return {};
      }
    }
  }

  Unpacked finish() {
    const auto lose = [this](std::string what, std::uint64_t count) {
      if (count > 0) result_.losses.push_back({std::string(kSource), std::move(what), count, 0});
    };
    lose("members with absolute or dotted paths, left out", outside_);
    lose("links, devices and pipes under wanted names, left out", not_plain_);
    lose("members larger than what is taken of one", too_large_);
    lose("members beyond what is taken in all", too_many_);
    lose("members that could not be unpacked", failed_);
    return std::move(result_);
  }

 private:
  void partial(std::string why) {
    result_.coverage.push_back({std::string(kSource), Coverage::State::kPartial, path_ + " " + std::move(why), {}});
    ended_ = true;
  }

  Result<> take(archive_entry* entry) {
    const auto path = plain_path(archive_entry_pathname(entry));
    if (!path) {
      ++outside_;
      return {};
    }
    if (!is_wanted_at_some_depth(*path)) return {};
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr ||
        archive_entry_filetype(entry) != AE_IFREG) {
      if (archive_entry_filetype(entry) != AE_IFDIR) ++not_plain_;
      return {};
    }
    const la_int64_t size = archive_entry_size(entry);
    if (size < 0 || static_cast<std::uint64_t>(size) > limits_.file_bytes) {
      ++too_large_;
      return {};
    }
    if (result_.files >= limits_.files || result_.bytes + static_cast<std::uint64_t>(size) > limits_.kept_bytes) {
      ++too_many_;
      return {};
    }
    auto file = create(*path);
    if (!file) {
      // Without space nothing more can be taken; a name that is a file here and a directory there is the archive's lie.
      const bool full = errno == ENOSPC || errno == EDQUOT;
      if (full) return std::unexpected(with_hint(std::move(file.error())));
      ++failed_;
      return {};
    }
    return write(file->get(), entry);
  }

  Result<UniqueFd> create(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view parent = std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
    if (!parent_.is_open() || parent != parent_path_) {
      auto made = make_directories(parent);
      if (!made) return std::unexpected(std::move(made.error()));
      parent_ = *std::move(made);
      parent_path_ = parent;
    }
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    // Of several members of one name the last counts, as in every tar.
    UniqueFd file(::openat(parent_.get(), name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) return std::unexpected(error_from_errno(errno, path, "write"));
    return file;
  }

  Result<UniqueFd> make_directories(std::string_view path) const {
    UniqueFd directory(::fcntl(into_, F_DUPFD_CLOEXEC, 0));
    while (!path.empty()) {
      const std::size_t slash = path.find('/');
      const std::string name(path.substr(0, slash));
      path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
      if (::mkdirat(directory.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
        return std::unexpected(error_from_errno(errno, name, "make directory"));
      }
      directory.reset(::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!directory.is_open()) return std::unexpected(error_from_errno(errno, name, "open directory"));
    }
    return directory;
  }

  Result<> write(int file, archive_entry* entry) {
    for (;;) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int got = archive_read_data_block(reader_, &block, &size, &offset);
      if (got == ARCHIVE_EOF) break;
      if (got != ARCHIVE_OK && got != ARCHIVE_WARN) {
        partial(fmt::format("ends early: {}", why_of(reader_)));
        break;
      }
      if (offset < 0 || static_cast<std::uint64_t>(offset) + size > limits_.file_bytes) {
        ++too_large_;
        break;
      }
      if (auto put = write_block(file, {static_cast<const char*>(block), size}, offset); !put) return put;
      result_.bytes += size;
    }
    ++result_.files;
    const timespec time{archive_entry_mtime(entry), 0};
    const timespec both[2] = {time, time};
    (void)::futimens(file, both);  // a time that the file system cannot keep is no loss
    return {};
  }

  static Error with_hint(Error error) {
    error.hint = "Set TMPDIR to a directory with more space";
    return error;
  }

  Result<> write_block(int file, std::string_view block, la_int64_t offset) {
    while (!block.empty()) {
      const ssize_t put = ::pwrite(file, block.data(), block.size(), offset);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return std::unexpected(with_hint(error_from_errno(errno, path_, "unpack")));
      block.remove_prefix(static_cast<std::size_t>(put));
      offset += put;
    }
    return {};
  }

  archive* reader_;
  std::string path_;
  int into_;
  const ArchiveLimits& limits_;
  Unpacked result_;
  UniqueFd parent_;  // members of one directory stand together
  std::string parent_path_;
  bool ended_ = false;
  std::uint64_t outside_ = 0;
  std::uint64_t not_plain_ = 0;
  std::uint64_t too_large_ = 0;
  std::uint64_t too_many_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace

bool is_archive(const std::string& path) {
  UniqueFd fd;
  const auto reader = open_tar(path, fd);
  if (!reader) return false;
  archive_entry* entry = nullptr;
  const int got = archive_read_next_header(reader->get(), &entry);
  if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return false;
  return (archive_format(reader->get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
}

Result<Unpacked> unpack_archive(const std::string& path, int into, const ArchiveLimits& limits) {
  UniqueFd fd;
  const auto reader = open_tar(path, fd);
  if (!reader) return std::unexpected(reader.error());
  Unpacking unpacking(reader->get(), path, into, limits);
  if (auto done = unpacking.run(); !done) return std::unexpected(std::move(done.error()));
  return unpacking.finish();
}

}  // namespace leakscope::sources::snapshot
