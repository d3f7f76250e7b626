#include "sources/log_block.h"

#include <algorithm>

namespace leakscope::sources {
namespace {

// A block that never ends is a hostile file; a /proc/vmallocinfo of a large machine has some megabytes.
constexpr std::size_t kLargestBlock = std::size_t{32} << 20U;

bool is_number(std::string_view field) {
  return std::ranges::all_of(field, [](char c) { return c >= '0' && c <= '9'; });
}

/// What names a line, up to its first number or colon: "MemTotal:", "Node 0, zone      DMA      ".
std::size_t key_size(std::string_view line) {
  std::size_t word = 0;
  while (word < line.size()) {
    const std::size_t end = std::min(line.find_first_of(" \t", word), line.size());
    const std::string_view field = line.substr(word, end - word);
    if (field.ends_with(':')) return end;
    if (is_number(field)) return word;
    word = std::min(line.find_first_not_of(" \t", end), line.size());
  }
  return line.size();
}

}  // namespace

LogFormat::Answer FileBlockFormat::take(std::string_view line, LogSink& sink) {
  if (text_.empty()) {
    if (!spec_.begins(line)) return Answer::kNotMine;
    head_lines_ = 0;
    if (!spec_.head.empty() && !line.starts_with(spec_.head.substr(0, spec_.head.find('\n')))) {
      text_ = spec_.head;
      head_lines_ = static_cast<std::size_t>(std::ranges::count(spec_.head, '\n'));
    }
    first_key_at_ = text_.size();
    first_key_size_ = key_size(line);
  } else {
    const auto first_key = std::string_view(text_).substr(first_key_at_, first_key_size_);
    if ((spec_.first_key_restarts && line.starts_with(first_key)) || !(spec_.belongs(line) || spec_.begins(line)))
      return Answer::kNotMine;
    if (text_.size() + line.size() > kLargestBlock) return Answer::kUnreadable;
  }
  // The first line stays, since the next block begins like it.
  if (sink.is_wanted() || text_.empty()) {
    text_.append(line);
    if (sink.line_ended()) text_.push_back('\n');
  }
  return Answer::kTaken;
}

void FileBlockFormat::finish(LogSink& sink) {
  if (text_.empty()) return;
  if (!sink.is_wanted()) {
    text_.clear();
    return sink.skip();
  }
  faults_.clear();
  if (const auto read = reader_(text_, sink.readings(), faults_); !read) {
    faults_.add(read.error());
  }
  if (const auto& first = faults_.first()) {
    const auto line = first->line > head_lines_ ? first->line - static_cast<std::uint32_t>(head_lines_) : 1;
    for (std::uint32_t i = 0; i < faults_.count(); ++i) sink.unreadable(line, first->what);
  }
  text_.clear();
  if (!told_ && !spec_.cannot_show.empty()) {
    sink.cannot_show({std::string(spec_.name), model::Coverage::State::kPartial, std::string(spec_.cannot_show), {}});
    told_ = true;
  }
}

}  // namespace leakscope::sources
