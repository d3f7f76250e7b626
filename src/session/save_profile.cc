#include "session/save_profile.h"

#include <fmt/format.h>

#include "sources/recording/profile_file.h"

namespace leakscope::session {
namespace {

std::unexpected<Error> nothing_to_save(const report::Document& document) {
  return fail(Error::Kind::kUsage, fmt::format("leakscope {}", document.command), "this answer has no profile to save");
}

}  // namespace

Result<> save_profile(const report::Document& document, const std::string& path, bool force) {
  if (!document.profile) return nothing_to_save(document);
  return sources::recording::write_profile(path, document.host, *document.profile, document.coverage, document.losses,
                                           {.tool_version = LEAKSCOPE_VERSION, .force = force});
}

Result<> save_profile(const report::Document& document, UniqueFd stream) {
  if (!document.profile) return nothing_to_save(document);
  return sources::recording::write_profile(std::move(stream), document.host, *document.profile, document.coverage,
                                           document.losses, {.tool_version = LEAKSCOPE_VERSION});
}

}  // namespace leakscope::session
