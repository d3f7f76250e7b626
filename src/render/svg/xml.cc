#include "render/svg/xml.h"

#include <algorithm>

#include "base/printable.h"

namespace leakscope::render::svg {
namespace {

constexpr std::string_view kDots = "..";

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string_view entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string readable(std::string_view foreign, std::size_t most) {
  // A code point has up to four bytes: what is further behind is not even looked at.
  return shortened(printable(foreign.substr(0, 4 * most + 4)), most);
}

std::string shortened(std::string_view readable_text, std::size_t most) {
  if (static_cast<std::size_t>(std::ranges::count_if(readable_text, begins_code_point)) <= most) {
    return std::string(readable_text);
  }
  std::size_t kept = most > kDots.size() ? most - kDots.size() : 0;
  std::size_t end = 0;
  for (; end < readable_text.size(); ++end) {
    if (begins_code_point(readable_text[end]) && kept-- == 0) break;
  }
  return std::string(readable_text.substr(0, end)).append(kDots.substr(0, most));
}

std::string escaped(std::string_view readable_text) {
  std::string out;
  out.reserve(readable_text.size());
  for (const char c : readable_text) {
    if (const std::string_view entity = entity_of(c); !entity.empty()) {
      out += entity;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace leakscope::render::svg
