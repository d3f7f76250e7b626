#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "sources/log_format.h"
#include "sources/logs/line_reader.h"
#include "sources/logs/log_moments.h"
#include "sources/sample_stream.h"

namespace leakscope::sources::logs {

/// One file of a history.
struct LogInput {
  std::string name;  ///< as the user typed it
  std::unique_ptr<ByteStream> bytes;
};

struct LogOptions {
  /// Between two samples of a log that tells no times.
  std::optional<Nanoseconds> interval;
  /// The year of dates that name none.
  int guessed_year = 1970;
  /// What a first reading showed (LogReader::plan).
  LogPlan plan{};
};

/// Reads logs as samples: lines are offered to formats, times put on one axis, what nobody can read is counted.
class LogReader final : public SampleStream {
 public:
  /// The inputs are read one after the other: give them in the order of time (first_time_of).
  LogReader(std::vector<LogInput> inputs, std::vector<std::unique_ptr<LogFormat>> formats,
            std::shared_ptr<model::Registry> registry, const LogOptions& options);

  [[nodiscard]] Result<bool> next(model::Sample& sample) override;
  [[nodiscard]] const model::Host& host() const override { return host_; }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

  /// How many samples the last one stands for: what thin_to() left unread counts.
  [[nodiscard]] std::uint32_t stands_for() const { return stands_for_; }
  /// From now on one sample of `every` is enough: reading a file of a gigabyte is mostly reading what nobody keeps.
  void thin_to(std::uint32_t every) { moments_.thin_to(every); }

  /// After the end: what a second reading is to heed; empty when the first one did not go wrong.
  [[nodiscard]] LogPlan plan() const { return moments_.survey().plan(); }
  /// After the end: of some format more lines could not be read than could.
  [[nodiscard]] bool hardly_readable() const;

  /// No sample had a time: the axis is made of assumed intervals.
  [[nodiscard]] bool times_assumed() const { return moments_.moments() > 0 && !moments_.any_time(); }

 private:
  /// A format with what became of it.
  struct Known {
    std::unique_ptr<LogFormat> format;
    bool open = false;
    std::uint64_t block_start = 0;
    std::uint64_t last_moment = 0;  ///< of its last block, plus one
    std::uint64_t blocks = 0;
    std::uint64_t blocks_here = 0;  ///< in this file
    std::uint64_t unreadable = 0;   ///< lines of this file
    std::uint64_t lines = 0;        ///< of all files, as far as they were to be read
    std::uint64_t unreadable_lines = 0;
    std::vector<std::string> found;  ///< "412 blocks in FILE"

    [[nodiscard]] bool is_hardly_readable() const { return unreadable_lines * 2 > lines; }
  };

  [[nodiscard]] bool open_next();
  void close_input();
  void read_line(const Line& line);
  void offer(std::string_view text, const Line& line);
  [[nodiscard]] bool offer_open(std::string_view text, const Line& line);
  [[nodiscard]] bool offer_new(std::string_view text, const Line& line);
  [[nodiscard]] bool take(Known& known, std::string_view text, const Line& line);
  [[nodiscard]] bool is_other_host(std::string_view host);
  void finish(Known& known);
  void finish_all();
  void note_unreadable(Known& known);
  void note_unknown(std::string_view text, std::uint64_t number);
  void lose(std::string what, std::uint64_t count, std::uint64_t of);

  std::vector<LogInput> inputs_;
  std::size_t next_input_ = 0;
  std::vector<Known> formats_;
  Known* active_ = nullptr;
  LogOptions options_;
  model::Host host_;
  LogMoments moments_;
  std::optional<LineReader> lines_;
  std::string name_;       ///< of the file that is read
  std::string hint_;       ///< the file that the block to come is of
  std::string grep_file_;  ///< the one before the last line of `grep . FILE...`
  std::uint64_t unknown_ = 0;
  std::string first_unknown_;
  struct OtherHost {
    std::string name;
    std::uint64_t lines = 0;
  };
  std::vector<OtherHost> other_hosts_;
  std::uint64_t of_other_hosts_ = 0;
  std::string first_unreadable_;
  std::vector<model::Loss> losses_;
  std::uint32_t stands_for_ = 1;
  bool ended_ = false;
};

/// The first time that a log tells, within its first 20,000 lines: files of one history are put in order by it.
[[nodiscard]] std::optional<LogTime> first_time_of(LineReader& lines, int guessed_year);

}  // namespace leakscope::sources::logs
