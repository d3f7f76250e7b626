#include "base/error.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace leakscope {

Error error_from_errno(int error_number, std::string where, std::string_view action) {
  using Kind = Error::Kind;
  Kind kind = Kind::kIo;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      kind = Kind::kNotFound;
      break;
    case EPERM:
    case EACCES:
      kind = Kind::kDenied;
      break;
    case ESRCH:
    case ENODEV:
    case ENXIO:
      kind = Kind::kGone;
      break;
    case ENOSYS:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      kind = Kind::kUnsupported;
      break;
    case EBUSY:
    case EAGAIN:
      kind = Kind::kBusy;
      break;
    case ETIMEDOUT:
      kind = Kind::kTimeout;
      break;
    default:
      break;
  }
  return Error{kind,
               std::move(where),
               0,
               fmt::format("cannot {}: {}", action, std::generic_category().message(error_number)),
               {}};
}

std::string to_string(const Error& error) {
  std::string text = error.where;
  if (error.line > 0) text += fmt::format(":{}", error.line);
  if (!text.empty()) text += ": ";
  text += error.what;
  if (!error.hint.empty()) text += fmt::format(". {}", error.hint);
  return text;
}

}  // namespace leakscope
