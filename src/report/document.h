#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "findings/finding.h"
#include "findings/judge.h"
#include "model/coverage.h"
#include "model/event.h"
#include "model/host.h"
#include "model/ledger.h"
#include "model/profile.h"

namespace leakscope::report {

/// What a column holds, so that every renderer can align, scale and name it.
enum class ColumnKind : std::uint8_t {
  kText,
  kBytes,           ///< integer bytes; text output scales it
  kCount,           ///< integer
  kBytesChange,     ///< integer bytes, with its sign
  kCountChange,     ///< integer, with its sign
  kBytesPerSecond,  ///< real number
  kCountPerSecond,  ///< real number
  kPercent,         ///< real number, 0 to 100
  kSeconds,         ///< real number
  kIdentifier,      ///< integer that names something (pid, inode): printed as it is, never with separators
};

struct Column {
  std::string id;     ///< JSON key: "rss_anon"
  std::string title;  ///< for people: "anonymous"
  ColumnKind kind = ColumnKind::kText;
  bool for_people = true;  ///< false: another column, or a sentence, says it in words
};

/// Nothing: not known. Text is raw foreign bytes; renderers escape.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

struct Table {
  std::string id;  ///< JSON key: "processes"
  std::string title;
  std::vector<Column> columns{};
  std::vector<std::vector<Cell>> rows{};
  std::size_t rows_not_shown = 0;  ///< cut by a limit, said by every renderer
};

struct Window {
  std::optional<Moment> start;
  std::optional<Moment> end;
  std::size_t samples = 0;
  bool dated = true;  ///< false: a log without times, or with the time of day alone; wall times mean nothing
  /// Rounds of a load: findings are per round then, not per second.
  struct Rounds {
    std::size_t asked = 0;
    std::size_t done = 0;    ///< the first of them is a warm-up
    std::size_t failed = 0;  ///< in which the command failed
    Nanoseconds settle{0};
    Nanoseconds mean{0};  ///< length of a round, settling included
  };
  std::optional<Rounds> rounds{};
};

/// What `diff` compared.
struct Comparison {
  struct Side {
    std::string source;  ///< as the user named it
    std::optional<WallTime> time;
    std::string hostname;
    std::string kernel_release;
    std::string boot_id;
  };
  Side before;
  Side after;
  std::optional<Nanoseconds> elapsed;  ///< from before to after; nothing when one of the times is not known
  Bytes at_least;                      ///< what bytes must grow by to be said to grow
  std::optional<bool> grew;            ///< nothing: nothing could be compared
};

/// The answer of one command as a value: what every renderer receives. Strings may hold raw foreign bytes.
struct Document {
  std::string command;  ///< "diagnose"
  model::Host host;
  std::optional<Window> window;
  std::optional<findings::Verdict> verdict;
  std::string headline;              ///< one sentence a tired person can act on, without the word of the verdict
  std::vector<std::string> details;  ///< further sentences below it
  std::optional<model::Ledger> ledger;
  std::optional<findings::Decline> decline;
  std::optional<Comparison> comparison;
  std::vector<findings::Detectable> detectable;  ///< rounds: what would have been noticed per round
  std::optional<double> detectable_rate;         ///< clean: bytes per second that would have been noticed, machine-wide
  std::optional<Nanoseconds> needed;             ///< insufficient: how long to watch
  std::optional<int> needed_rounds;              ///< insufficient, in rounds: how many would tell load from time
  std::vector<findings::Finding> findings;
  std::optional<model::Profile> profile;  ///< of a trace, a scan, a witness: its sites are the JSON's "sites"
  std::vector<model::Event> events;
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss> losses;
  std::vector<Table> tables;
  /// Subjects that events refer to, by index, already resolved to words ("process 812 nginx").
  std::vector<std::string> event_subjects;  ///< parallel to events; empty string: none
};

}  // namespace leakscope::report
