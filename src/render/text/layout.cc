#include "render/text/layout.h"

#include <algorithm>

namespace leakscope::render::text {
namespace {

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::string_view last_columns(std::string_view text, std::size_t count) {
  std::size_t start = text.size();
  while (start > 0 && count > 0) {
    --start;
    if (begins_code_point(text[start])) --count;
  }
  return text.substr(start);
}

}  // namespace

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_code_point));
}

std::string_view first_columns(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (begins_code_point(text[end]) && count-- == 0) break;
  }
  return text.substr(0, end);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(width > used ? width - used : 0, ' ') + std::string(text);
}

std::string cut_middle(std::string_view text, std::size_t width, std::string_view ellipsis) {
  if (columns(text) <= width) return std::string(text);
  const std::size_t dots = columns(ellipsis);
  if (width <= dots) return std::string(first_columns(text, width));
  const std::size_t kept = width - dots;
  const std::string_view head = first_columns(text, (kept + 1) / 2);
  const std::string_view tail = last_columns(text, kept / 2);
  return std::string(head) + std::string(ellipsis) + std::string(tail);
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines(1);
  std::size_t used = 0;  // columns of the last line
  while (!text.empty()) {
    const std::size_t start = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(start);
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (word.empty()) break;
    std::size_t length = columns(word);
    if (used > 0 && used + 1 + length > width) {
      lines.emplace_back();
      used = 0;
    }
    while (length > width) {
      const std::string_view piece = first_columns(word, width);
      lines.back() = piece;
      lines.emplace_back();
      word.remove_prefix(piece.size());
      length -= width;
    }
    if (used > 0) {
      lines.back() += ' ';
      ++used;
    }
    lines.back() += word;
    used += length;
  }
  return lines;
}

}  // namespace leakscope::render::text
