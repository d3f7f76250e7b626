#include "analysis/profile/glob.h"

#include <algorithm>

namespace leakscope::analysis::profile {

// Where the text does not go on as wanted, the last star takes one more byte. Those before it need no second try: what
// lies between two stars may as well stand where it was found first.
bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t at = 0;
  std::size_t wanted = 0;
  std::size_t star = std::string_view::npos;  // the place behind the last star
  std::size_t behind_star = 0;                // where the text goes on behind what that star took
  while (at < text.size()) {
    if (wanted < glob.size() && glob[wanted] == '*') {
      star = ++wanted;
      behind_star = at;
    } else if (wanted < glob.size() && (glob[wanted] == '?' || glob[wanted] == text[at])) {
      ++wanted;
      ++at;
    } else if (star != std::string_view::npos) {
      wanted = star;
      at = ++behind_star;
    } else {
      return false;
    }
  }
  return glob.substr(wanted).find_first_not_of('*') == std::string_view::npos;
}

bool any_glob_matches(std::span<const std::string> globs, std::string_view text) {
  return std::ranges::any_of(globs, [&](const std::string& glob) { return glob_matches(glob, text); });
}

}  // namespace leakscope::analysis::profile
