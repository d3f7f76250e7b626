#include "cli/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "cli/terminal.h"
#include "render/csv/csv.h"
#include "render/folded/folded.h"
#include "render/json/json.h"
#include "render/pprof/pprof.h"
#include "render/svg/svg.h"
#include "render/text/text.h"
#include "render/text/tree.h"
#include "session/save_profile.h"

namespace leakscope::cli {
namespace {

std::string format_of(const Arguments& arguments) {
  return arguments.has("--json") ? "json" : arguments.value("--format").value_or("text");
}

render::text::Options text_options(const Arguments& arguments, const report::Document& document, bool to_file) {
  const Terminal terminal = to_file ? Terminal{} : examine_terminal(STDOUT_FILENO);
  render::text::Options options;
  options.color = terminal.color && !arguments.has("--no-color");
  options.unicode = terminal.unicode;
  options.width = terminal.width;
  options.fit_tables = terminal.width_known;
  options.full_coverage = document.command == "doctor";
  options.verbose = arguments.has("--verbose");
  return options;
}

Result<std::string> render(const Arguments& arguments, const report::Document& document, bool to_file) {
  const std::string format = format_of(arguments);
  if (format == "json") return render::json::to_json(document);
  if (format == "csv") return render::csv::to_csv(document);
  if (format == "folded") return render::folded::to_folded(document);
  if (format == "svg") return render::svg::to_svg(document);
  if (format == "pprof") {
    if (!to_file && ::isatty(STDOUT_FILENO) == 1)
      return fail(Error::Kind::kUsage, "--format pprof", "is binary, and this is a terminal", "Add -o FILE");
    return render::pprof::to_pprof(document);
  }
  const auto options = text_options(arguments, document, to_file);
  if (format == "tree") return render::text::to_tree(document, options);
  return render::text::to_text(document, options);
}

/// The container is no text: it is written by frames.
Result<> write_profile(const Arguments& arguments, const report::Document& document,
                       const std::optional<std::string>& path) {
  if (path) return session::save_profile(document, *path, arguments.has("--force"));
  if (::isatty(STDOUT_FILENO) == 1)
    return fail(Error::Kind::kUsage, "--format profile", "is binary, and this is a terminal", "Add -o FILE");
  UniqueFd stream(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!stream.is_open()) return std::unexpected(error_from_errno(errno, "standard output", "open"));
  return session::save_profile(document, std::move(stream));
}

std::unexpected<Error> exists_already(const std::string& path) {
  return fail(Error::Kind::kUsage, path, "exists already", "Add --force to replace it");
}

/// Files, and character devices such as /dev/null. A pipe may have no reader, or one that hangs: what waits for it
/// would wait for ever. A block device is somebody's disk.
Result<> check_kind(const std::string& path, mode_t mode) {
  if (S_ISREG(mode) || S_ISCHR(mode)) return {};
  if (S_ISLNK(mode)) return fail(Error::Kind::kDenied, path, "is a symbolic link: not followed when writing");
  return fail(Error::Kind::kUsage, path, S_ISDIR(mode) ? "is a directory" : "is no regular file",
              S_ISFIFO(mode) ? "Use -o - and redirect it" : "");
}

Result<UniqueFd> open_output(const std::string& path, bool force) {
  // Not blocking: between the look at it and this, a pipe may have come in its place.
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  struct stat status{};
  if (force && ::lstat(path.c_str(), &status) == 0) {
    if (auto fit = check_kind(path, status.st_mode); !fit) return std::unexpected(std::move(fit.error()));
  }
  UniqueFd fd(::open(path.c_str(), flags | (force ? O_TRUNC : O_EXCL), 0600));
  if (!fd.is_open()) {
    if (errno == EEXIST) return exists_already(path);
    return std::unexpected(error_from_errno(errno, path, "create"));
  }
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, path, "look at"));
  if (auto fit = check_kind(path, status.st_mode); !fit) return std::unexpected(std::move(fit.error()));
  // A file that others could read before is ours alone from now on; a device keeps its mode.
  if (S_ISREG(status.st_mode) && (status.st_mode & 077U) != 0 && ::fchmod(fd.get(), 0600) != 0) {
    return std::unexpected(error_from_errno(errno, path, "make private"));
  }
  return fd;
}

/// Where to write to when that is not standard output.
std::optional<std::string> output_file(const Arguments& arguments) {
  auto path = arguments.value("--output");
  if (!path || *path == "-" || *path == "/dev/stdout") return std::nullopt;
  return std::string(*path);
}

}  // namespace

Result<> write_all(int fd, std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) return {};
      if (errno == EAGAIN) {
        pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
        ::poll(&wait, 1, -1);
        continue;
      }
      return std::unexpected(error_from_errno(errno, std::string(name), "write"));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> check_output(const Arguments& arguments) {
  const auto path = output_file(arguments);
  if (!path) return {};
  struct stat status{};
  if (::lstat(path->c_str(), &status) == 0) {
    return arguments.has("--force") ? check_kind(*path, status.st_mode) : exists_already(*path);
  }
  if (errno != ENOENT) return std::unexpected(error_from_errno(errno, *path, "create"));
  const std::size_t slash = path->rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path->substr(0, slash + 1);
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return std::unexpected(error_from_errno(errno, *path, "create"));
  }
  return {};
}

Result<> write_document(const Arguments& arguments, const report::Document& document) {
  const auto path = output_file(arguments);
  if (format_of(arguments) == "profile") return write_profile(arguments, document, path);
  const auto text = render(arguments, document, path.has_value());
  if (!text) return std::unexpected(text.error());
  if (!path) return write_all(STDOUT_FILENO, *text, "standard output");
  auto fd = open_output(*path, arguments.has("--force"));
  if (!fd) return std::unexpected(std::move(fd.error()));
  return write_all(fd->get(), *text, *path);
}

Result<TextOutput> TextOutput::open(const Arguments& arguments) {
  const auto path = output_file(arguments);
  if (!path) return TextOutput(UniqueFd{}, "standard output");
  auto fd = open_output(*path, arguments.has("--force"));
  if (!fd) return std::unexpected(std::move(fd.error()));
  return TextOutput(std::move(*fd), *path);
}

Result<> TextOutput::write(std::string_view text) {
  const int fd = file_.is_open() ? file_.get() : STDOUT_FILENO;
  // write_all() takes a reader that went away for the end of the matter; here it saves the rest of the work.
  pollfd look{.fd = fd, .events = POLLOUT, .revents = 0};
  reader_is_gone_ = ::poll(&look, 1, 0) > 0 && (look.revents & POLLERR) != 0;
  if (reader_is_gone_) return fail(Error::Kind::kGone, name_, "nobody reads it any more");
  return write_all(fd, text, name_);
}

ExitCode exit_code_for(const report::Document& document) {
  using findings::Verdict;
  if (!document.verdict) return ExitCode::kNothingLeaks;
  switch (*document.verdict) {
    case Verdict::kLeak:
    case Verdict::kSuspect:
      return ExitCode::kLeak;
    case Verdict::kClean:
      return ExitCode::kNothingLeaks;
    case Verdict::kInsufficient:
      return ExitCode::kCannotTell;
  }
  return ExitCode::kError;
}

}  // namespace leakscope::cli
