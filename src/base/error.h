#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace leakscope {

/// What went wrong, where, and what was wanted. The one error mechanism of the whole tree: errors are values,
/// exceptions do not cross a module's border.
struct Error {
  enum class Kind : std::uint8_t {
    kNotFound,     ///< the file, field or object does not exist: this kernel does not have it, or it is gone
    kDenied,       ///< it exists, but we may not look (EPERM, EACCES)
    kGone,         ///< it was there and vanished while we looked (ESRCH, ENODEV, a process that ended)
    kMalformed,    ///< read, but not in the expected form
    kTruncated,    ///< ends before its end
    kUnsupported,  ///< this kernel or build cannot do it
    kTimeout,      ///< did not answer within its deadline
    kBusy,         ///< somebody else holds it (a second writer)
    kIo,           ///< any other failure of the operating system
    kUsage,        ///< the caller's words make no sense
  };

  Kind kind = Kind::kIo;
  std::string where;       ///< file, command or object; for files as the user would type it
  std::uint32_t line = 0;  ///< 1-based line in `where`; 0: not a matter of lines
  std::string what;        ///< "want '<number> kB', got 'x kB'"
  std::string hint = {};   ///< what to do next; empty when we do not know

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// For `return fail(...)` from any function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(Error::Kind kind, std::string where, std::string what,
                                                 std::string hint = {}) {
  return std::unexpected(Error{kind, std::move(where), 0, std::move(what), std::move(hint)});
}

[[nodiscard]] inline std::unexpected<Error> malformed(std::string where, std::uint32_t line, std::string what) {
  return std::unexpected(Error{Error::Kind::kMalformed, std::move(where), line, std::move(what), {}});
}

/// Translates errno: ENOENT is kNotFound, EPERM and EACCES are kDenied, ESRCH and ENODEV are kGone, and so on.
[[nodiscard]] Error error_from_errno(int error_number, std::string where, std::string_view action);

/// "/proc/meminfo:3: want '<number> kB', got 'x'. Do this next." One line, for people.
[[nodiscard]] std::string to_string(const Error& error);

}  // namespace leakscope
