#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leakscope::render::svg::testing {

/// Reads XML as a strict reader does, as far as our graphs use it: elements that close in order, quoted attributes, the
/// five entities, CDATA. The first mistake with the text around it; nothing when it is well-formed.
class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : text_(text) {}

  [[nodiscard]] std::optional<std::string> first_mistake() {
    if (text_.starts_with("<?xml ")) at_ = text_.find("?>") + 2;
    while (at_ < text_.size()) {
      const bool good = text_.substr(at_).starts_with("<![CDATA[") ? cdata()
                        : text_.substr(at_).starts_with("</")      ? closing()
                        : text_[at_] == '<'                        ? opening()
                                                                   : character(text_[at_]);
      if (!good) return std::string(text_.substr(at_, 60));
    }
    if (!open_.empty()) return "not closed: " + open_.back();
    return std::nullopt;
  }

 private:
  bool cdata() {
    const std::size_t end = text_.find("]]>", at_);
    if (end == std::string_view::npos) return false;
    at_ = end + 3;
    return true;
  }

  bool closing() {
    const std::size_t end = text_.find('>', at_);
    if (end == std::string_view::npos || open_.empty() || text_.substr(at_ + 2, end - at_ - 2) != open_.back()) {
      return false;
    }
    open_.pop_back();
    at_ = end + 1;
    return true;
  }

  bool opening() {
    ++at_;
    const std::string name(word());
    if (name.empty()) return false;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) {
      ++at_;
      if (!attribute()) return false;
    }
    if (text_.substr(at_).starts_with("/>")) {
      at_ += 2;
      return true;
    }
    if (at_ >= text_.size() || text_[at_] != '>') return false;
    ++at_;
    open_.push_back(name);
    return true;
  }

  bool attribute() {
    if (word().empty() || !text_.substr(at_).starts_with("=\"")) return false;
    at_ += 2;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (!character(text_[at_])) return false;
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  std::string_view word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::string_view(" \n=<>\"'/&").find(text_[at_]) == std::string_view::npos)) ++at_;
    return text_.substr(start, at_ - start);
  }

  bool character(char c) {
    if (c == '<' || (static_cast<unsigned char>(c) < 0x20 && c != '\n')) return false;
    if (c != '&') {
      ++at_;
      return true;
    }
    for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
      if (!text_.substr(at_).starts_with(entity)) continue;
      at_ += entity.size();
      return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
};

}  // namespace leakscope::render::svg::testing
