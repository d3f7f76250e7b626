#include "symbols/debuginfod.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "symbols/build_id.h"

namespace leakscope::symbols {
namespace {

constexpr const char* kLibrary = "libdebuginfod.so.1";
constexpr const char* kServers = "DEBUGINFOD_URLS";

// The few functions that are needed, as <elfutils/debuginfod.h> declares them.
using Begin = void* (*)();
using Find = int (*)(void* client, const unsigned char* build_id, int build_id_length, char** path);
using End = void (*)(void* client);

template <class Function>
Function function_of(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

Error failed(const std::string& build_id, int error_number) {
  const std::string where = fmt::format("debuginfod, build {}", build_id);
  if (error_number == ENOENT) return {Error::Kind::kNotFound, where, 0, "no server has its debug information", {}};
  return error_from_errno(error_number, where, "fetch debug information");
}

}  // namespace

Result<std::string> find_debuginfo(std::string_view build_id) {
  if (!is_build_id(build_id)) {
    return fail(Error::Kind::kUsage, std::string(build_id), "is no build id: want hexadecimal digits");
  }
  // Never closed: it brings libcurl and TLS, which do not like to be unloaded.
  void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(Error::Kind::kUnsupported, kLibrary, "is not installed", "Debian: apt-get install libdebuginfod1");
  }
  const auto begin = function_of<Begin>(library, "debuginfod_begin");
  const auto find = function_of<Find>(library, "debuginfod_find_debuginfo");
  const auto end = function_of<End>(library, "debuginfod_end");
  if (begin == nullptr || find == nullptr || end == nullptr) {
    return fail(Error::Kind::kUnsupported, kLibrary, "lacks the functions that are needed");
  }
  const char* const servers = std::getenv(kServers);
  if (servers == nullptr || *servers == '\0') {
    return fail(Error::Kind::kUnsupported, kServers, "names no server",
                "Set it, for Debian: DEBUGINFOD_URLS=https://debuginfod.debian.net");
  }
  void* const client = begin();
  if (client == nullptr) return fail(Error::Kind::kIo, kLibrary, "cannot be set up");
  const std::string text(build_id);
  char* path = nullptr;
  // A length of 0: the id is a text of hexadecimal digits.
  const int found = find(client, reinterpret_cast<const unsigned char*>(text.c_str()), 0, &path);
  end(client);
  const std::unique_ptr<char, decltype(&std::free)> owned(path, &std::free);
  if (found < 0) return std::unexpected(failed(text, -found));
  const UniqueFd descriptor(found);
  if (!owned) return fail(Error::Kind::kIo, kLibrary, "gave no path");
  return std::string(owned.get());
}

}  // namespace leakscope::symbols
