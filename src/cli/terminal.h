#pragma once

namespace leakscope::cli {

/// What the terminal behind a descriptor can do.
struct Terminal {
  bool is_terminal = false;
  bool color = false;    ///< a terminal, not dumb, and NO_COLOR is unset
  bool unicode = false;  ///< the locale's charset is UTF-8
  int width = 100;
  bool width_known = false;  ///< else `width` is a guess that suits most files
};

[[nodiscard]] Terminal examine_terminal(int fd);

}  // namespace leakscope::cli
