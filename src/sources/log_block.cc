#include "sources/log_block.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "sources/log_block_text.h"

namespace leakscope::sources {
namespace {

// A block that never ends is a hostile file; a /proc/vmallocinfo of a large machine has some megabytes.
constexpr std::size_t kLargestBlock = std::size_t{32} << 20U;

/// Formats with each key once have keys of one word: "MemTotal:", "nr_free_pages".
std::size_t first_word_size(std::string_view line) {
  std::size_t size = 0;
  while (size < line.size() && line[size] != ' ' && line[size] != '\t') ++size;
  return size;
}

/// A writer that is so many lines ahead of another.
constexpr std::ptrdiff_t kMostAhead = 8;

}  // namespace

LogFormat::Answer FileBlockFormat::take(std::string_view line, LogSink& sink) {
  if (text_.empty() && !spec_.begins(line)) return Answer::kNotMine;
  const std::string plain = spec_.each_key_once ? ungrouped(line) : std::string{};
  if (!plain.empty()) line = plain;
  if (text_.empty()) {
    head_lines_ = 0;
    if (!spec_.head.empty() && !line.starts_with(spec_.head.substr(0, spec_.head.find('\n')))) {
      text_ = spec_.head;
      head_lines_ = static_cast<std::size_t>(std::ranges::count(spec_.head, '\n'));
    }
    first_key_at_ = text_.size();
    first_key_size_ = key_size(line);
  } else {
    const auto first_key = std::string_view(text_).substr(first_key_at_, first_key_size_);
    restarted_ = spec_.first_key_restarts && line.starts_with(first_key);
    if (restarted_ || !(spec_.belongs(line) || spec_.begins(line))) return Answer::kNotMine;
    if (text_.size() + line.size() > kLargestBlock) return Answer::kUnreadable;
  }
  // The first line stays, since the next block begins like it.
  if (sink.is_wanted() || text_.empty()) {
    note_key(line);
    text_.append(line);
    if (sink.line_ended()) text_.push_back('\n');
  }
  return Answer::kTaken;
}

void FileBlockFormat::note_key(std::string_view line) {
  if (!spec_.each_key_once) return;
  const std::size_t hash = std::hash<std::string_view>{}(line.substr(0, first_word_size(line)));
  const std::size_t bit = hash % keys_.size();
  maybe_twice_ = maybe_twice_ || keys_.test(bit);
  keys_.set(bit);
}

/// A writer that begins a block while another is within its own: each field of the first one counts.
void FileBlockFormat::leave_out_other_writer(LogSink& sink) {
  PartedBlock parted = parted_block(before_, text_);
  if (parted.others == 0) return;
  text_ = std::move(parted.text);
  for (std::uint32_t i = 0; i < parted.others; ++i) {
    sink.unreadable(parted.first_other, "of a second writer, between the lines of the first");
  }
}

/// What this block leaves to the next: its lines, if another began after a few of them.
void FileBlockFormat::clear_block() {
  before_.clear();
  if (std::exchange(restarted_, false) && std::ranges::count(text_, '\n') <= kMostAhead) before_ = text_;
  text_.clear();
  keys_.reset();
  maybe_twice_ = false;
}

void FileBlockFormat::finish(LogSink& sink) {
  if (text_.empty()) return;
  if (!sink.is_wanted()) {
    clear_block();
    return sink.skip();
  }
  if (maybe_twice_) leave_out_other_writer(sink);
  faults_.clear();
  if (const auto read = reader_(text_, sink.readings(), faults_); !read) {
    faults_.add(read.error());
  }
  if (const auto& first = faults_.first()) {
    const auto line = first->line > head_lines_ ? first->line - static_cast<std::uint32_t>(head_lines_) : 1;
    for (std::uint32_t i = 0; i < faults_.count(); ++i) sink.unreadable(line, first->what);
  }
  clear_block();
  if (!told_ && !spec_.cannot_show.empty()) {
    sink.cannot_show({std::string(spec_.name), model::Coverage::State::kPartial, std::string(spec_.cannot_show), {}});
    told_ = true;
  }
}

}  // namespace leakscope::sources
