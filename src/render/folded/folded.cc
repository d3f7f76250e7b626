#include "render/folded/folded.h"

#include <string_view>

#include <fmt/format.h>

#include "base/printable.h"
#include "report/frame_text.h"

namespace leakscope::render::folded {
namespace {

/// printable() has left no other blanks that a reader of lines would split at.
std::string word(std::string_view foreign) {
  std::string out = printable(foreign);
  for (char& c : out) {
    if (c == ' ') c = '_';
    if (c == ';') c = ':';
  }
  return out;
}

std::string frame_word(const model::Frame& frame) {
  std::string out = word(report::function_of(frame));
  if (!frame.module.empty()) return fmt::format("{}_[{}]", out, word(frame.module));
  return frame.symbol.empty() ? out : out + "_[k]";
}

}  // namespace

Result<std::string> to_folded(const report::Document& document) {
  if (!document.profile) return fail(Error::Kind::kUsage, "folded", "this answer has no allocation sites");
  std::string out;
  for (const model::Site& site : document.profile->sites) {
    if (site.bytes <= 0) continue;
    if (site.stack.empty()) out += frame_word(model::Frame{});
    for (auto frame = site.stack.rbegin(); frame != site.stack.rend(); ++frame) {
      if (frame != site.stack.rbegin()) out += ';';
      out += frame_word(*frame);
    }
    out += fmt::format(" {}\n", site.bytes);
  }
  return out;
}

}  // namespace leakscope::render::folded
