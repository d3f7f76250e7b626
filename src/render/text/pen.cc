#include "render/text/pen.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/printable.h"
#include "render/text/layout.h"

namespace leakscope::render::text {
namespace {

constexpr int kNarrowest = 40;
/// Lines that are longer tire the eye, and figures at their end are too far away.
constexpr int kWidest = 132;
constexpr int kWidestTable = 400;
/// Longer than any path that the kernel prints in full is a mistake or an attack.
constexpr std::size_t kLongestForeign = 1000;

constexpr std::string_view kReset = "\x1b[0m";

std::string_view escape_of(Style style) {
  static constexpr std::array<std::string_view, 10> kEscapes{"",           "\x1b[1m",    "\x1b[2m",  "\x1b[1;31m",
                                                             "\x1b[1;33m", "\x1b[1;32m", "\x1b[34m", "\x1b[35m",
                                                             "\x1b[36m",   "\x1b[32m"};
  static_assert(kEscapes.size() == static_cast<std::size_t>(Style::kFree) + 1);
  return kEscapes[static_cast<std::size_t>(style)];
}

}  // namespace

Pen::Pen(const Options& options)
    : options_(options),
      width_(static_cast<std::size_t>(std::clamp(options.width, kNarrowest, kWidest))),
      table_width_(static_cast<std::size_t>(std::clamp(options.width, kNarrowest, kWidestTable))),
      marks_(options.unicode ? Marks{" \u00b7 ", "\u2026"} : Marks{", ", "..."}) {}

std::string Pen::safe(std::string_view foreign) const {
  // The middle of what is absurdly long is not even looked at; a code point has up to four bytes.
  std::string shortened;
  if (foreign.size() > 8 * kLongestForeign) {
    shortened.append(foreign.substr(0, 4 * kLongestForeign))
        .append(foreign.substr(foreign.size() - 4 * kLongestForeign));
    foreign = shortened;
  }
  std::string text = cut_middle(printable(foreign), kLongestForeign, marks_.ellipsis);
  if (options_.unicode) return text;
  std::string ascii;
  ascii.reserve(text.size());
  for (const char c : text) {
    if (const auto byte = static_cast<unsigned char>(c); byte < 0x80) {
      ascii += c;
    } else {
      ascii += fmt::format("\\x{:02x}", byte);
    }
  }
  return ascii;
}

std::string Pen::styled(Style style, std::string_view text) const {
  if (!options_.color || style == Style::kPlain || text.empty()) return std::string(text);
  const std::string_view visible = text.substr(0, text.find_last_not_of(' ') + 1);
  if (visible.empty()) return std::string(text);
  return fmt::format("{}{}{}{}", escape_of(style), visible, kReset, text.substr(visible.size()));
}

std::string Pen::joined(const std::vector<std::string>& items) const {
  return fmt::format("{}", fmt::join(items, marks_.separator));
}

std::string Pen::joined_up_to(std::vector<std::string> items, std::size_t limit) const {
  if (!options_.verbose && items.size() > limit) {
    const std::size_t left_out = items.size() - limit;
    items.resize(limit);
    items.push_back(fmt::format("{} more", left_out));
  }
  return joined(items);
}

void Pen::line(std::string_view text) {
  if (blank_wanted_ && !out_.empty()) out_ += '\n';
  blank_wanted_ = false;
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  out_ += text;
  out_ += '\n';
}

void Pen::blank() { blank_wanted_ = true; }

void Pen::hanging(std::string_view label, std::string_view text, Style label_style, Style text_style) {
  const std::size_t indent = columns(label);
  const std::size_t room = width_ > indent + 20 ? width_ - indent : 20;
  std::string lead = styled(label_style, label);
  for (const std::string& piece : wrap(text, room)) {
    line(lead + styled(text_style, piece));
    lead = std::string(indent, ' ');
  }
}

}  // namespace leakscope::render::text
