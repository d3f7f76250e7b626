#include "sources/logs/log_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"
#include "sources/logs/line_prefix.h"
#include "sources/logs/time_line.h"

namespace leakscope::sources::logs {
namespace {

constexpr std::size_t kShown = 60;
constexpr std::size_t kMostHosts = 16;

/// The line of `grep . FILE...`: the file it is of, and what is left.
std::string_view split_grep_prefix(std::string_view line, std::string_view& file) {
  if (!line.starts_with("/proc/") && !line.starts_with("/sys/")) return line;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon + 1 == line.size()) return line;
  file = line.substr(0, colon);
  return file.find(' ') == std::string_view::npos ? line.substr(colon + 1) : line;
}

}  // namespace

LogReader::LogReader(std::vector<LogInput> inputs, std::vector<std::unique_ptr<LogFormat>> formats,
                     std::shared_ptr<model::Registry> registry, const LogOptions& options)
    : inputs_(std::move(inputs)), options_(options), moments_(std::move(registry), options.interval, options.plan) {
  formats_.reserve(formats.size());
  for (auto& format : formats) formats_.push_back({.format = std::move(format), .found = {}});
}

bool LogReader::open_next() {
  if (next_input_ == inputs_.size()) return false;
  LogInput& input = inputs_[next_input_++];
  name_ = input.name;
  lines_.emplace(std::move(input.bytes));
  moments_.next_file();
  unknown_ = 0;
  return true;
}

void LogReader::lose(std::string what, std::uint64_t count, std::uint64_t of) {
  losses_.push_back({"logs", std::move(what), count, of});
}

void LogReader::close_input() {
  finish_all();
  const LineDamage& damage = lines_->damage();
  const std::uint64_t all = lines_->lines();
  if (const auto& failure = lines_->failure()) lose(to_string(*failure), 1, 0);
  if (damage.cut_lines > 0) lose(fmt::format("{}: lines longer than 16 MiB, cut there", name_), damage.cut_lines, all);
  if (damage.binary_lines > 0) lose(fmt::format("{}: lines that are no text", name_), damage.binary_lines, all);
  if (damage.nul_bytes > 0) lose(fmt::format("{}: NUL bytes between lines", name_), damage.nul_bytes, 0);
  if (unknown_ > 0)
    lose(fmt::format("{}: lines of no known format, the first is {}", name_, first_unknown_), unknown_, all);
  if (of_other_hosts_ > 0) {
    std::vector<std::string> names;
    names.reserve(other_hosts_.size());
    for (const OtherHost& host : other_hosts_) names.push_back(host.name);
    lose(fmt::format("{}: lines of other hosts than {}: {}", name_, host_.hostname, fmt::join(names, ", ")),
         std::exchange(of_other_hosts_, 0), all);
  }
  for (Known& known : formats_) {
    known.unreadable_lines += known.unreadable;
    if (known.unreadable > 0) {
      lose(
          fmt::format("{}: {} that could not be read, the first is {}", name_, known.format->name(), first_unreadable_),
          std::exchange(known.unreadable, 0), 0);
    }
    if (known.blocks_here > 0) {
      known.found.push_back(
          fmt::format("{} block{} in {}", known.blocks_here, known.blocks_here == 1 ? "" : "s", name_));
    }
    known.blocks_here = 0;
  }
  lines_.reset();
}

Result<bool> LogReader::next(model::Sample& sample) {
  for (;;) {
    if (const auto stands_for = moments_.take(sample)) {
      stands_for_ = *stands_for;
      return true;
    }
    if (ended_) return false;
    if (!lines_ && !open_next()) {
      moments_.finish();
      ended_ = true;
      continue;
    }
    while (!moments_.has_ready()) {
      const auto line = lines_->next();
      if (!line) {
        close_input();
        break;
      }
      read_line(*line);
    }
  }
}

bool LogReader::is_other_host(std::string_view host) {
  if (host.empty()) return false;
  if (host_.hostname.empty()) host_.hostname = host;
  if (host_.hostname == host) return false;
  ++of_other_hosts_;
  const auto known = std::ranges::find(other_hosts_, host, &OtherHost::name);
  if (known != other_hosts_.end()) {
    ++known->lines;
  } else if (other_hosts_.size() < kMostHosts) {
    other_hosts_.push_back({std::string(host), 1});
  }
  return true;
}

void LogReader::read_line(const Line& line) {
  moments_.set_line_ended(line.ended);
  const auto prefix = parse_prefix(line.text, options_.guessed_year);
  if (!prefix) return offer(line.text, line);
  if (is_other_host(prefix->host)) return;
  if (prefix->host.empty()) {
    if (const auto time = parse_time_line(line.text, options_.guessed_year)) {
      finish_all();
      return moments_.time_line(*time);
    }
  }
  moments_.note_prefix(prefix->time);
  offer(prefix->message, line);
}

void LogReader::offer(std::string_view text, const Line& line) {
  if (offer_open(text, line) || offer_new(text, line)) return;
  if (is_separator(text)) {
    if (!text.empty()) finish_all();
    return;
  }
  if (const auto time = parse_time_line(text, options_.guessed_year)) {
    finish_all();
    return moments_.time_line(*time);
  }
  if (const auto file = announced_file(text); !file.empty()) {
    finish_all();
    hint_ = file;
    return;
  }
  std::string_view file;
  if (const auto rest = split_grep_prefix(text, file); rest.size() != text.size()) {
    if (grep_file_ != file) finish_all();
    grep_file_ = file;
    hint_ = file;
    const bool taken = offer_open(rest, line) || offer_new(rest, line);
    hint_.clear();
    if (taken) return;
  }
  note_unknown(text, line.number);
}

bool LogReader::take(Known& known, std::string_view text, const Line& line) {
  moments_.set_block_start(line.number);
  const LogFormat::Answer answer = known.format->take(text, moments_);
  if (answer != LogFormat::Answer::kNotMine && moments_.is_wanted()) ++known.lines;
  switch (answer) {
    case LogFormat::Answer::kNotMine:
      return false;
    case LogFormat::Answer::kUnreadable:
      if (known.unreadable++ == 0)
        first_unreadable_ = fmt::format("{}:{}: {}", name_, line.number, text.substr(0, kShown));
      return true;
    case LogFormat::Answer::kTaken:
      return true;
  }
  return false;
}

bool LogReader::offer_open(std::string_view text, const Line& line) {
  if (active_ != nullptr && take(*active_, text, line)) return true;
  for (Known& known : formats_) {
    if (!known.open || &known == active_ || !take(known, text, line)) continue;
    active_ = &known;
    return true;
  }
  return false;
}

bool LogReader::offer_new(std::string_view text, const Line& line) {
  for (Known& known : formats_) {
    if (!known.format->begins(text)) continue;
    if (known.open) finish(known);
    const bool again = known.last_moment == moments_.moment() + 1 && !known.format->several_per_moment();
    if (again) {
      finish_all();
      moments_.next_moment();
    }
    if (moments_.prefix_differs()) finish_all();
    moments_.set_file_hint(std::exchange(hint_, {}));
    moments_.begin_block();
    known.block_start = line.number;
    if (!take(known, text, line)) continue;
    known.open = true;
    known.last_moment = moments_.moment() + 1;
    ++known.blocks;
    ++known.blocks_here;
    active_ = &known;
    return true;
  }
  return false;
}

void LogReader::finish(Known& known) {
  if (!known.open) return;
  known.open = false;
  if (active_ == &known) active_ = nullptr;
  moments_.set_block_start(known.block_start);
  known.format->finish(moments_);
  known.last_moment = moments_.moment() + 1;
  note_unreadable(known);
}

void LogReader::finish_all() {
  for (Known& known : formats_) finish(known);
}

void LogReader::note_unreadable(Known& known) {
  for (const LogMoments::Unreadable& problem : moments_.take_unreadable()) {
    if (known.unreadable == 0) first_unreadable_ = fmt::format("{}:{}: {}", name_, problem.line, problem.why);
    known.unreadable += problem.count;
  }
}

void LogReader::note_unknown(std::string_view text, std::uint64_t number) {
  if (unknown_++ == 0) first_unknown_ = fmt::format("{}:{}: '{}'", name_, number, text.substr(0, kShown));
}

bool LogReader::hardly_readable() const { return std::ranges::any_of(formats_, &Known::is_hardly_readable); }

std::vector<model::Coverage> LogReader::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> entries;
  for (const Known& known : formats_) {
    if (known.blocks == 0) continue;
    std::string why = fmt::format("{}", fmt::join(known.found, ", "));
    if (known.is_hardly_readable()) {
      why += fmt::format("; {} of {} lines could not be read", known.unreadable_lines, known.lines);
    }
    entries.push_back({std::string(known.format->name()),
                       known.is_hardly_readable() ? State::kPartial : State::kOk,
                       std::move(why),
                       {}});
  }
  const auto& blind = moments_.blind_spots();
  entries.insert(entries.end(), blind.begin(), blind.end());
  if (moments_.moments() == 0) return entries;
  if (auto changed = moments_.survey().change_of_memory()) {
    entries.push_back({"logs", State::kPartial, std::move(*changed), {}});
  }
  if (times_assumed()) {
    entries.push_back({"times", State::kPartial,
                       fmt::format("none of the {} samples has a time; {} apart was assumed, so rates are per sample",
                                   moments_.moments(), to_human(moments_.assumed_interval())),
                       "--interval DURATION, the time between two samples"});
  } else if (moments_.untimed() > 0) {
    entries.push_back({"times",
                       State::kPartial,
                       fmt::format("{} of {} samples have no time of their own and were spread between the others",
                                   moments_.untimed(), moments_.moments()),
                       {}});
  }
  if (!moments_.saw_processes()) {
    entries.push_back({"processes", State::kAbsent, "no process data: a leak of a program cannot be named", {}});
  }
  return entries;
}

std::vector<model::Loss> LogReader::losses() const {
  std::vector<model::Loss> losses = losses_;
  for (const LogMoments::OtherMachine& other : moments_.other_machines()) {
    losses.push_back(
        {"logs",
         fmt::format("samples of a machine with {} left out: judge it alone", to_human(Bytes{other.size.bytes})),
         other.samples, moments_.moments()});
  }
  if (moments_.clock_steps() > 0) {
    losses.push_back(
        {"logs", "times that jump: the time between the samples there is a guess", moments_.clock_steps(), 0});
  }
  return losses;
}

std::optional<LogTime> first_time_of(LineReader& lines, int guessed_year) {
  constexpr int kMostLines = 20'000;
  for (int i = 0; i < kMostLines; ++i) {
    const auto line = lines.next();
    if (!line) return std::nullopt;
    if (const auto time = parse_time_line(line->text, guessed_year)) return time;
    if (const auto prefix = parse_prefix(line->text, guessed_year)) return prefix->time;
  }
  return std::nullopt;
}

}  // namespace leakscope::sources::logs
