#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "model/coverage.h"
#include "model/metric.h"
#include "model/sample.h"

namespace leakscope::sources {

/// What a log says about the time of the lines that follow it. Formats that print a time say which kind it is; the log
/// puts all of them on one axis.
struct LogTime {
  enum class Kind : std::uint8_t {
    kWall,       ///< date, time and zone are known: nanoseconds since the epoch
    kLocal,      ///< date and time of some place: nanoseconds since the epoch as if it were UTC
    kTimeOfDay,  ///< "12:04:31" alone: nanoseconds since midnight; a smaller one than before is the next day's
    kSinceBoot,  ///< kernel log, /proc/uptime
  };
  Kind kind = Kind::kWall;
  Nanoseconds value{0};
  bool year_guessed = false;  ///< "Nov 20 12:00:01" names none: when it falls back by months, a year has passed
  friend bool operator==(const LogTime&, const LogTime&) = default;
};

/// What a format writes into while lines come in. A *moment* is what becomes one sample.
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  /// A new moment begins with what is put from now on. Formats that print a row per time (vmstat) call it per row. A
  /// text that is printed again and again (cat /proc/meminfo in a loop) need not: the log begins a new moment by itself
  /// when a block of the same format comes again, and when a line gives another time.
  virtual void next_moment() = 0;
  /// The moment's time.
  virtual void set_time(LogTime time) = 0;
  [[nodiscard]] virtual model::SampleSink& readings() = 0;
  /// The values of this series are rounded by so much at most, in the metric's unit ("1.2Gi" of free -h).
  virtual void rounded(model::SubjectId subject, model::Metric metric, std::int64_t half_step) = 0;
  /// A process as a log names it: by pid and command alone, since most tools print no start time. A pid whose command
  /// changes, or whose CPU time falls, is another process.
  [[nodiscard]] virtual model::SubjectId process(std::int32_t pid, std::string_view command,
                                                 std::optional<Nanoseconds> cpu_time) = 0;
  /// What this evidence cannot show, once per format: "vmstat knows no slab caches". Told again it is not repeated.
  virtual void cannot_show(model::Coverage entry) = 0;
  /// A line of the block that is being finished could not be read; 1 is the block's first line. For formats that only
  /// read when the block is over; the others answer kUnreadable.
  virtual void unreadable(std::uint32_t line_of_block, std::string_view why) = 0;

  /// Whether the line that is offered had its line end: the last one of a file that was cut has none.
  [[nodiscard]] virtual bool line_ended() const = 0;
  /// Whether this moment's readings will be kept. In a log of many thousand moments most are not: a format whose blocks
  /// do not build on each other may leave the block unread then, by skip() instead of readings.
  [[nodiscard]] virtual bool is_wanted() const = 0;
  virtual void skip() = 0;
  /// The file name that stood before the block, if one did: "/proc/pressure/io" of `tail -n+1 FILE...` or of an echo.
  [[nodiscard]] virtual std::string_view file_hint() const = 0;
  /// Counts the moments: for formats that must know whether theirs is still the same.
  [[nodiscard]] virtual std::uint64_t moment() const = 0;
};

/// One format that may stand anywhere in a log. The log offers each line to the format that took the last one; when it
/// declines, to the formats whose blocks were broken off by another (two writers), to every format's begins(), and to
/// the readers of lines that are a time and nothing else; a line that nobody wants is counted, with file and line.
/// Formats live in the folder of the origin that they share a parser with (meminfo in procfs), tables of tools in
/// sources/logs. One format object reads all files of a history.
class LogFormat {
 public:
  enum class Answer : std::uint8_t {
    kTaken,
    kUnreadable,  ///< belongs to the block and cannot be read: counted as a loss with its file and line
    kNotMine,     ///< no line of this block; the log finishes the block once another one begins, or the moment ends
  };

  LogFormat() = default;
  LogFormat(const LogFormat&) = delete;
  LogFormat& operator=(const LogFormat&) = delete;
  virtual ~LogFormat() = default;

  /// "meminfo", "vmstat table": the word of coverage and loss.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Whether a block of this format may begin with this line. Lines come without line end, colors and syslog prefix.
  [[nodiscard]] virtual bool begins(std::string_view line) const = 0;
  /// One more line of the block, the one that begins it included.
  [[nodiscard]] virtual Answer take(std::string_view line, LogSink& sink) = 0;
  /// The block is over: the same format or a new moment begins, or the log ends. What was gathered is written now.
  virtual void finish(LogSink& sink) = 0;
  /// Whether one moment may hold several blocks of it (/proc/PID/status of many processes, rows of a table that came
  /// one by one): then the format itself calls next_moment() when something comes a second time.
  [[nodiscard]] virtual bool several_per_moment() const { return false; }
};

}  // namespace leakscope::sources
