#include "sources/recording/recording_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "sources/recording/file_lock.h"
#include "sources/recording/session_frame.h"

namespace leakscope::sources::recording {
namespace {

constexpr int kOpenFlags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
// Another writer may put a new file in the place of the one just opened; that cannot go on for ever.
constexpr int kMaxAttempts = 16;

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

bool is_torn_frame(std::string_view tail) {
  const std::string_view start = tail.substr(0, kMagic.size());
  return start == kMagic.substr(0, start.size()) || std::ranges::all_of(tail, [](char byte) { return byte == '\0'; });
}

// For a moment the new file stands beside the old one.
std::string unused_name(std::string_view base) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) < 0) number = static_cast<std::uint64_t>(::getpid());
  return fmt::format(".{}.{:016x}", base.substr(0, 200), number);
}
std::vector<std::string> list_directory(int directory) {
  std::vector<std::string> names;
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = copy < 0 ? nullptr : ::fdopendir(copy);
  if (entries == nullptr) {
    if (copy >= 0) ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(entries)) names.emplace_back(entry->d_name);
  ::closedir(entries);
  return names;
}
bool is_unused_name(std::string_view name, std::string_view base) {
  const std::string prefix = fmt::format(".{}.", base.substr(0, 200));
  if (!name.starts_with(prefix) || name.size() != prefix.size() + 16) return false;
  return name.substr(prefix.size()).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<> RecordingFile::write_at(int fd, std::uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return std::unexpected(error_from_errno(errno, path_, "write"));
    if (put == 0) return std::unexpected(error_from_errno(ENOSPC, path_, "write"));
    bytes.remove_prefix(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Result<> RecordingFile::sync(int fd) const {
  if (sync_ && ::fdatasync(fd) != 0) return std::unexpected(error_from_errno(errno, path_, "write"));
  return {};
}

Result<bool> RecordingFile::create() {
  fd_.reset(::openat(directory_.get(), base_.c_str(), kOpenFlags | O_CREAT | O_EXCL, 0600));
  if (fd_.is_open()) return true;
  if (errno == EEXIST) return false;
  return std::unexpected(error_from_errno(errno, path_, "create"));
}

Result<bool> RecordingFile::is_still_at_path() const {
  struct stat ours{};
  struct stat there{};
  if (::fstat(fd_.get(), &ours) != 0) return std::unexpected(error_from_errno(errno, path_, "look at"));
  if (::fstatat(directory_.get(), base_.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return same_file(ours, there);
}

// The last session's writer is the one who holds the lock, if it still runs.
Error RecordingFile::busy(Error error) const {
  const auto scan = scan_frames(fd_.get(), path_);
  if (!scan) return error;
  const auto last = std::ranges::find_if(scan->frames.rbegin(), scan->frames.rend(),
                                         [](const FrameRef& f) { return f.header.kind == FrameKind::kSession; });
  if (last == scan->frames.rend()) return error;
  std::string stored;
  std::string raw;
  const auto payload = read_payload(fd_.get(), *last, stored, path_);
  if (!payload || !*payload) return error;
  const auto unpacked = FrameCodec().unpack(last->header, **payload, raw);
  if (!unpacked) return error;
  const auto facts = parse_session(*unpacked);
  if (facts && facts->writer && is_running(*facts->writer)) {
    error.what = fmt::format("another leakscope (pid {}) is writing this file", facts->writer->pid.value);
  }
  return error;
}

Result<> RecordingFile::take_existing(Existing existing) {
  if (existing == Existing::kRefuse) return fail(Error::Kind::kUsage, path_, "exists already");
  fd_.reset(::openat(directory_.get(), base_.c_str(), kOpenFlags));
  if (!fd_.is_open()) {
    if (errno == ELOOP) return fail(Error::Kind::kDenied, path_, "is a symbolic link: not followed when writing");
    return std::unexpected(error_from_errno(errno, path_, "open"));
  }
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return std::unexpected(error_from_errno(errno, path_, "look at"));
  if (!S_ISREG(status.st_mode)) return fail(Error::Kind::kUsage, path_, "is no regular file");
  if (status.st_uid != ::geteuid()) {
    return fail(Error::Kind::kDenied, path_, fmt::format("belongs to another user (uid {})", status.st_uid),
                "Give a file that does not exist");
  }
  if ((status.st_mode & 077U) == 0) return {};
  // What holds nothing yet is made private as if we had made it; else somebody may have given it to a group.
  if (status.st_size == 0) {
    if (::fchmod(fd_.get(), 0600) != 0) return std::unexpected(error_from_errno(errno, path_, "make private"));
    return {};
  }
  notes_.push_back(fmt::format("{}: other users may use this file (mode {:04o})", path_, status.st_mode & 07777U));
  return {};
}

// A writer was killed in the moment in which its new file stood beside the old one. Only who holds the lock makes such
// files, and that is us.
void RecordingFile::remove_leftovers() const {
  const auto names = list_directory(directory_.get());
  for (const std::string& name : names) {
    struct stat status{};
    if (!is_unused_name(name, base_)) continue;
    if (::fstatat(directory_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode) && status.st_uid == ::geteuid()) ::unlinkat(directory_.get(), name.c_str(), 0);
  }
}

// A writer was killed between writing a frame behind those that it supersedes and cutting these out.
Result<> RecordingFile::finish_move(const FrameRef& last) {
  std::string frame;
  if (const auto read = read_at(fd_.get(), last.offset, last.header.frame_size(), frame, path_); !read) return read;
  const std::uint64_t home = last.offset - last.header.supersedes;
  if (!checksum_fits(last.header, std::string_view(frame).substr(kHeaderSize)) ||
      last.header.frame_size() > last.header.supersedes) {
    return {};
  }
  FrameHeader header = last.header;
  header.supersedes = 0;
  std::string encoded;
  encode_header(header, encoded);
  frame.replace(0, kHeaderSize, encoded);
  if (const auto put = write_at(fd_.get(), home, frame); !put) return put;
  if (const auto synced = sync(fd_.get()); !synced) return synced;
  if (::ftruncate(fd_.get(), static_cast<off_t>(home + frame.size())) != 0) {
    return std::unexpected(error_from_errno(errno, path_, "cut"));
  }
  size_ = home + frame.size();
  found_.back() = {home, header};
  return {};
}

// Is it a recording, and where does its last whole frame end?
Result<> RecordingFile::examine() {
  auto scan = scan_frames(fd_.get(), path_);
  if (!scan) return std::unexpected(scan.error());
  if (scan->newer_schema) return std::unexpected(newer_schema(path_, *scan->newer_schema));
  if (scan->too_many) return fail(Error::Kind::kUnsupported, path_, "has too many frames", "Give another file");
  std::string tail;
  if (const auto read = read_at(fd_.get(), scan->whole_size, kMagic.size(), tail, path_); !read) return read;
  if (scan->frames.empty() && scan->file_size > 0 && tail != kMagic.substr(0, tail.size())) {
    return fail(Error::Kind::kMalformed, path_, "is not a leakscope recording: nothing was written to it",
                "Give a file that does not exist, or --force to replace this one");
  }
  found_ = std::move(scan->frames);
  size_ = scan->file_size;
  const std::uint64_t torn = scan->file_size - scan->whole_size;
  if (torn > 0) {
    if (const auto read = read_at(fd_.get(), scan->whole_size, std::min<std::uint64_t>(torn, kMaxPayload), tail, path_);
        !read) {
      return read;
    }
    if (torn <= kHeaderSize + std::uint64_t{kMaxPayload} && is_torn_frame(tail)) {
      if (::ftruncate(fd_.get(), static_cast<off_t>(scan->whole_size)) != 0) {
        return std::unexpected(error_from_errno(errno, path_, "cut"));
      }
      size_ = scan->whole_size;
      notes_.push_back(
          fmt::format("{}: the last writer was killed; a torn frame of {} bytes was cut off", path_, torn));
    } else {
      notes_.push_back(fmt::format("{}: {} bytes at its end are no frame; they are left as they are", path_, torn));
    }
  }
  // Not finishing it leaves a file that is as good, only larger.
  if (!found_.empty() && found_.back().header.supersedes > 0 && found_.back().end() == size_) {
    [[maybe_unused]] const auto finished = finish_move(found_.back());
  }
  return {};
}

Result<RecordingFile> RecordingFile::open(const std::string& path, Existing existing) {
  RecordingFile file;
  file.path_ = path;
  const std::size_t slash = path.rfind('/');
  file.base_ = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (file.base_.empty()) return fail(Error::Kind::kUsage, path, "is a directory");
  file.directory_.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.directory_.is_open()) return std::unexpected(error_from_errno(errno, directory, "open"));

  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const auto created = file.create();
    if (!created) return std::unexpected(created.error());
    if (!*created) {
      const auto taken = file.take_existing(existing);
      if (!taken && taken.error().kind == Error::Kind::kNotFound) continue;
      if (!taken) return std::unexpected(taken.error());
    }
    if (const auto locked = lock_for_writing(file.fd_.get(), path); !locked) {
      if (locked.error().kind == Error::Kind::kBusy) return std::unexpected(file.busy(locked.error()));
      return std::unexpected(locked.error());
    }
    const auto same = file.is_still_at_path();
    if (!same) return std::unexpected(same.error());
    if (!*same) continue;
    file.remove_leftovers();
    if (*created) {
      ::fsync(file.directory_.get());
    } else if (existing == Existing::kReplace) {
      if (::ftruncate(file.fd_.get(), 0) != 0 || ::fchmod(file.fd_.get(), 0600) != 0) {
        return std::unexpected(error_from_errno(errno, path, "replace"));
      }
      file.notes_.clear();
    } else if (const auto examined = file.examine(); !examined) {
      return std::unexpected(examined.error());
    }
    return file;
  }
  return fail(Error::Kind::kBusy, path, "is replaced again and again by somebody else");
}

Result<> RecordingFile::append(std::string_view frames) {
  auto result = write_at(fd_.get(), size_, frames);
  if (result) result = sync(fd_.get());
  if (!result) {
    // Should this fail too, the torn frame stays and the next one is written over it.
    [[maybe_unused]] const int cut = ::ftruncate(fd_.get(), static_cast<off_t>(size_));
    return result;
  }
  size_ += frames.size();
  return {};
}

Result<> RecordingFile::replace_tail(std::uint64_t offset, std::string_view frame) {
  const std::uint64_t length = size_ - offset;
  auto header = decode_header(frame);
  if (!header || frame.size() >= length) return fail(Error::Kind::kUsage, path_, "a frame would not shrink the file");
  header->supersedes = length;
  std::string marked;
  encode_header(*header, marked);
  marked += frame.substr(kHeaderSize);
  if (const auto put = append(marked); !put) return put;
  // From here on the frame is safe: whatever fails, the file stays as it is with the marked frame at its end.
  if (const auto put = write_at(fd_.get(), offset, frame); !put) return put;
  if (const auto synced = sync(fd_.get()); !synced) return synced;
  if (::ftruncate(fd_.get(), static_cast<off_t>(offset + frame.size())) != 0) {
    return std::unexpected(error_from_errno(errno, path_, "cut"));
  }
  size_ = offset + frame.size();
  return {};
}

Result<> RecordingFile::put_in_place(UniqueFd fresh, std::string& name) {
  struct stat old{};
  if (::fstat(fd_.get(), &old) == 0) {
    // A user who gave the file to a group keeps that.
    if (::fchown(fresh.get(), old.st_uid, old.st_gid) == 0) ::fchmod(fresh.get(), old.st_mode & 0777U);
  }
  if (::fsync(fresh.get()) != 0) return std::unexpected(error_from_errno(errno, path_, "write"));
  if (name.empty()) {
    name = unused_name(base_);
    const std::string link = fmt::format("/proc/self/fd/{}", fresh.get());
    if (::linkat(AT_FDCWD, link.c_str(), directory_.get(), name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      const int error = errno;
      name.clear();
      return std::unexpected(error_from_errno(error, path_, "name the new file of"));
    }
  }
  const auto same = is_still_at_path();
  if (!same) return std::unexpected(same.error());
  if (!*same) return fail(Error::Kind::kGone, path_, "was moved or replaced while it was written");
  if (::renameat(directory_.get(), name.c_str(), directory_.get(), base_.c_str()) != 0) {
    return std::unexpected(error_from_errno(errno, path_, "replace"));
  }
  name.clear();
  ::fsync(directory_.get());
  fd_ = std::move(fresh);
  return {};
}

Result<> RecordingFile::replace_all(const std::function<Result<>(const Append&)>& fill) {
  std::string name;
  UniqueFd fresh(::openat(directory_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fresh.is_open()) {
    name = unused_name(base_);
    fresh.reset(::openat(directory_.get(), name.c_str(), kOpenFlags | O_CREAT | O_EXCL, 0600));
  }
  if (!fresh.is_open()) return std::unexpected(error_from_errno(errno, path_, "make a new file beside"));
  auto result = lock_for_writing(fresh.get(), path_);
  std::uint64_t written = 0;
  if (result) {
    result = fill([&](std::string_view frames) -> Result<> {
      if (auto put = write_at(fresh.get(), written, frames); !put) return put;
      written += frames.size();
      return {};
    });
  }
  if (result) result = put_in_place(std::move(fresh), name);
  if (!name.empty()) ::unlinkat(directory_.get(), name.c_str(), 0);
  if (!result) return result;
  size_ = written;
  return {};
}

}  // namespace leakscope::sources::recording
