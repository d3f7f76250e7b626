#include "symbols/kernel_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "base/unique_fd.h"

namespace leakscope::symbols {
namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kPieceSize = 4096;

bool write_all(int out, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(out, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// In the child.
void find_lines(int in, int out, std::span<const std::uint64_t> addresses) {
  const auto lines = DwarfLines::open(in);
  if (!lines) return;
  std::string piece;
  for (const std::uint64_t address : addresses) {
    LineInfo found = lines->line_of(address);
    std::ranges::replace(found.file, '\n', '?');
    piece += fmt::format("{} {}\n", found.line, found.file.substr(0, kLongestPath));
    if (piece.size() < kPieceSize) continue;
    if (!write_all(out, piece)) return;
    piece.clear();
  }
  (void)write_all(out, piece);
}

}  // namespace

std::vector<LineInfo> parse_line_reply(std::string_view text, std::size_t count) {
  std::vector<LineInfo> lines(count);
  LineCursor replies(text);
  for (LineInfo& line : lines) {
    const auto reply = replies.next();
    if (!reply || replies.unterminated()) break;
    const std::size_t blank = reply->find(' ');
    const auto number = parse_number<std::uint32_t>(reply->substr(0, blank));
    if (!number || blank == std::string_view::npos) break;
    const std::string_view file = reply->substr(blank + 1);
    if (*number == 0 || file.empty() || file.size() > kLongestPath) continue;
    line = {std::string(file), *number};
  }
  return lines;
}

Result<std::vector<LineInfo>> kernel_lines(const std::string& vmlinux_path,
                                           std::span<const std::uint64_t> addresses_without_slide,
                                           const ChildLimits& limits) {
  if (!DwarfLines::is_supported()) {
    return fail(Error::Kind::kUnsupported, vmlinux_path, "this leakscope was built without libdw");
  }
  const UniqueFd file(::open(vmlinux_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) return std::unexpected(error_from_errno(errno, vmlinux_path, "open"));
  const auto output =
      run_confined(file.get(), [&](int in, int out) { find_lines(in, out, addresses_without_slide); }, limits);
  if (!output) return std::unexpected(output.error());
  if (output->text.empty() && !addresses_without_slide.empty()) {
    return fail(Error::Kind::kMalformed, vmlinux_path,
                output->complete ? "is no ELF file" : fmt::format("reading its debug information {}", output->why));
  }
  return parse_line_reply(output->text, addresses_without_slide.size());
}

}  // namespace leakscope::symbols
