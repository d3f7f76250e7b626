#include "cli/progress_line.h"

#include <poll.h>
#include <unistd.h>

#include "base/printable.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace leakscope::cli {

ProgressLine::ProgressLine(bool quiet) {
  const Terminal terminal = examine_terminal(STDERR_FILENO);
  visible_ = terminal.is_terminal && !quiet;
  width_ = terminal.width;
}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(std::string_view text) {
  if (!visible_) return;
  // Ctrl-S stops a terminal: what is done beside this line goes on.
  pollfd terminal{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&terminal, 1, 0) != 1) return;
  std::string line = printable(text);
  // Cutting may split a character's bytes; the terminal shows a replacement for one frame at the far right at worst.
  if (line.size() >= static_cast<std::size_t>(width_)) line.resize(static_cast<std::size_t>(width_) - 1);
  const auto written = write_all(STDERR_FILENO, "\r\x1b[K" + line, "standard error");
  if (!written) visible_ = false;
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!visible_ || !drawn_) return;
  drawn_ = false;
  if (!write_all(STDERR_FILENO, "\r\x1b[K", "standard error")) visible_ = false;
}

}  // namespace leakscope::cli
