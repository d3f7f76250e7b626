#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "render/text/text.h"

namespace leakscope::render::text {

/// What a piece of text is, not how it looks: the pen alone knows terminal escapes.
enum class Style : std::uint8_t { kPlain, kStrong, kFaint, kBad, kWarning, kGood, kUser, kKernel, kCache, kFree };

/// The marks that differ between UTF-8 and ASCII output.
struct Marks {
  std::string_view separator;  ///< between items of one line, blanks included
  std::string_view ellipsis;
};

/// Writes lines of one document: knows the options, escapes what is foreign, wraps, and sets colors.
class Pen {
 public:
  explicit Pen(const Options& options);

  [[nodiscard]] const Options& options() const { return options_; }
  /// For sentences and lists.
  [[nodiscard]] std::size_t width() const { return width_; }
  /// For tables, whose lines are scanned and not read: the whole terminal.
  [[nodiscard]] std::size_t table_width() const { return table_width_; }
  [[nodiscard]] const Marks& marks() const { return marks_; }

  /// Foreign bytes made harmless, and cut when they are absurdly long; in ASCII output all else becomes \xNN too.
  [[nodiscard]] std::string safe(std::string_view foreign) const;
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;
  /// Items with the separator between them.
  [[nodiscard]] std::string joined(const std::vector<std::string>& items) const;
  /// Items as above; when there are more than `limit` (and not verbose), the rest is a number: "a · b · 12 more".
  [[nodiscard]] std::string joined_up_to(std::vector<std::string> items, std::size_t limit) const;

  /// One line as it is (harmless already); blanks at its end are dropped.
  void line(std::string_view text);
  /// An empty line before the next one; none at the beginning and end of the page, and never two.
  void blank();
  /// A text that hangs behind a label: "next: ..." with further lines below the text's beginning.
  void hanging(std::string_view label, std::string_view text, Style label_style = Style::kPlain,
               Style text_style = Style::kPlain);

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  const Options& options_;
  std::size_t width_;
  std::size_t table_width_;
  bool blank_wanted_ = false;
  Marks marks_;
  std::string out_;
};

}  // namespace leakscope::render::text
