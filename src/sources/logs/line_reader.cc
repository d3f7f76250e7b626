#include "sources/logs/line_reader.h"

#include <cstring>

namespace leakscope::sources::logs {
namespace {

constexpr char kEscape = '\x1b';

bool holds(std::string_view text, char c) {
  return !text.empty() && std::memchr(text.data(), c, text.size()) != nullptr;
}

/// The end of an escape sequence that begins at `at`: CSI ends with a letter, OSC with BEL or ST, others have two
/// bytes.
std::size_t end_of_escape(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  if (end >= text.size()) return text.size();
  if (text[end] == '[') {
    ++end;
    while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
    return end < text.size() ? end + 1 : end;
  }
  if (text[end] == ']') {
    while (end < text.size() && text[end] != '\a' && text[end] != kEscape) ++end;
    if (end < text.size() && text[end] == kEscape) ++end;
    return end < text.size() ? end + 1 : end;
  }
  return end + 1;
}

}  // namespace

bool LineReader::refill() {
  if (done_) return false;
  auto piece = bytes_->next();
  if (!piece) {
    failure_ = std::move(piece.error());
    done_ = true;
    return false;
  }
  if (piece->empty()) {
    done_ = true;
    return false;
  }
  piece_ = *piece;
  clean_ = !holds(piece_, kEscape) && !holds(piece_, '\0');
  return true;
}

std::optional<std::string_view> LineReader::raw_line(bool& ended) {
  carried_.clear();
  bool cut = false;
  ended = true;
  for (;;) {
    if (piece_.empty() && !refill()) {
      if (carried_.empty()) return std::nullopt;
      ended = false;
      return carried_;
    }
    if (carried_.empty() && !clean_) {
      const std::size_t nuls = std::min(piece_.find_first_not_of('\0'), piece_.size());
      damage_.nul_bytes += nuls;
      piece_.remove_prefix(nuls);
      if (piece_.empty()) continue;
    }
    const void* newline = std::memchr(piece_.data(), '\n', piece_.size());
    const std::size_t size = newline == nullptr
                                 ? piece_.size()
                                 : static_cast<std::size_t>(static_cast<const char*>(newline) - piece_.data());
    const std::string_view part = piece_.substr(0, size);
    piece_.remove_prefix(newline == nullptr ? size : size + 1);
    if (newline != nullptr && carried_.empty() && part.size() <= kLongestLine) return part;
    const std::size_t room = kLongestLine - std::min(carried_.size(), kLongestLine);
    if (part.size() > room && !cut) {
      cut = true;
      ++damage_.cut_lines;
    }
    carried_.append(part.substr(0, room));
    if (newline != nullptr) return carried_;
  }
}

std::string_view LineReader::without_colors(std::string_view text) {
  plain_.clear();
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t escape = std::min(text.find(kEscape, at), text.size());
    plain_.append(text.substr(at, escape - at));
    at = escape < text.size() ? end_of_escape(text, escape) : escape;
  }
  return plain_;
}

std::optional<Line> LineReader::next() {
  for (;;) {
    Line line;
    auto text = raw_line(line.ended);
    if (!text) return std::nullopt;
    line.number = ++number_;
    const bool spans = text->data() == carried_.data();
    if (!clean_ || spans) {
      if (holds(*text, '\0')) {
        ++damage_.binary_lines;
        continue;
      }
      if (holds(*text, kEscape)) text = without_colors(*text);
    }
    while (text->ends_with('\r')) text->remove_suffix(1);
    line.text = *text;
    return line;
  }
}

}  // namespace leakscope::sources::logs
