#include "session/oom_log.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/kernel_log/line_filter.h"
#include "sources/kernel_log/log_line.h"
#include "sources/kernel_log/memory_message.h"
#include "sources/oom_report/oom_parser.h"

namespace leakscope::session {
namespace {

using sources::kernel_log::LogLine;
using sources::kernel_log::LogLineReader;
using sources::oom_report::OomParser;
using sources::oom_report::OomReport;

constexpr std::size_t kMostHosts = 256;
constexpr std::size_t kMostEvents = 1000;
constexpr std::size_t kMostReports = 100'000;
constexpr std::size_t kCoverageLines = 8;
/// Messages of several CPUs stand a little out of order; a boot begins at zero.
constexpr Nanoseconds kBackInTime = std::chrono::seconds(30);

/// One machine's lines of a log.
struct HostState {
  OomParser parser;
  std::uint32_t boot = 0;
  bool fresh = true;  ///< nothing of this boot was seen yet
  std::string boot_id;
  std::string release;
  std::optional<Nanoseconds> last;
  std::optional<WallTime> last_wall;
  std::optional<Nanoseconds> opened_since_boot;
  std::optional<WallTime> opened_wall;
};

using Hosts = std::map<std::string, HostState>;

class Scan {
 public:
  /// `hosts` goes from file to file: a boot does not end where a log was rotated.
  Scan(OomLog& out, const KernelLogInput& input, Hosts& hosts)
      : out_(out), input_(input), reader_(input.written), hosts_(hosts) {}

  Result<> run() {
    for (;;) {
      const auto line = input_.lines();
      if (!line) {  // what came before still counts
        out_.coverage.push_back(model::coverage_from_error(input_.name, line.error()));
        break;
      }
      if (!*line) break;
      ++number_;
      if (open_ == 0 && !sources::kernel_log::may_speak_of_memory(**line) && !(*line)->starts_with("-- ")) continue;
      take(**line);
    }
    for (auto& [name, host] : hosts_) {
      if (auto report = host.parser.finish()) keep(name, host, std::move(*report));
    }
    out_.lines += number_;
    tell();
    return {};
  }

 private:
  void take(std::string_view raw) {
    const LogLine line = reader_.read(raw);
    if (line.bare && (line.message.starts_with("-- Reboot") || line.message.starts_with("-- Boot"))) return reboot();
    if (!line.from_kernel) return;
    // What a rotated log begins with may be of any of them.
    if (line.bare && !headed_ && hosts_.size() > 1) return;
    if (!line.bare) {
      headed_ = true;
      current_ = std::string(line.host);
    }
    HostState* const host = state_of(current_);
    if (host == nullptr) return;
    notice_boot(*host, line);
    host->fresh = false;
    if (line.since_boot) host->last = line.since_boot;
    notice_date(*host, line);
    if (!line.zone_known && line.wall) zone_assumed_ = true;
    if (!line.year_known && line.wall) year_assumed_ = true;
    count_gaps(line.message);
    feed(*host, line);
  }

  HostState* state_of(const std::string& name) {
    const auto known = hosts_.find(name);
    if (known != hosts_.end()) return &known->second;
    if (hosts_.size() == kMostHosts) {
      ++hosts_left_out_;
      return nullptr;
    }
    return &hosts_[name];
  }

  void feed(HostState& host, const LogLine& line) {
    const bool was_open = host.parser.is_open();
    const auto since_boot = host.opened_since_boot;
    const auto wall = host.opened_wall;
    auto done = host.parser.feed(line.message, number_);
    const bool is_open = host.parser.is_open();
    if (is_open && (!was_open || done)) {
      host.opened_since_boot = line.since_boot;
      host.opened_wall = line.wall;
    }
    if (done) keep(current_, host, std::move(*done), since_boot, wall);
    open_ = open_ + (is_open ? 1U : 0U) - (was_open ? 1U : 0U);
    if (!is_open && !was_open) note_event(host, line);
  }

  void keep(const std::string& name, HostState& host, OomReport report) {
    keep(name, host, std::move(report), host.opened_since_boot, host.opened_wall);
    open_ = 0;
  }

  void keep(const std::string& name, const HostState& host, OomReport report, std::optional<Nanoseconds> since_boot,
            std::optional<WallTime> wall) {
    if (out_.reports.size() == kMostReports) {
      ++reports_left_out_;
      return;
    }
    LoggedReport logged{std::move(report), since_boot, wall, name, input_.name, host.boot, {}};
    logged.kernel_release = logged.report.kernel_release.empty() ? host.release : logged.report.kernel_release;
    out_.reports.push_back(std::move(logged));
  }

  void end_boot(const std::string& name, HostState& host) {
    if (host.parser.is_open()) {
      if (auto report = host.parser.finish()) {
        keep(name, host, std::move(*report), host.opened_since_boot, host.opened_wall);
      }
      --open_;
    }
    if (!host.fresh) ++host.boot;
    host.fresh = true;
    host.last.reset();
  }

  void reboot() {
    for (auto& [name, host] : hosts_) end_boot(name, host);
  }

  void notice_boot(HostState& host, const LogLine& line) {
    constexpr std::string_view kVersion = "Linux version ";
    const bool says_so = line.message.starts_with(kVersion);
    const bool clock_fell = line.since_boot && host.last && *line.since_boot + kBackInTime < *host.last;
    const bool another = !line.boot_id.empty() && !host.boot_id.empty() && line.boot_id != host.boot_id;
    if (says_so || clock_fell || another) end_boot(current_, host);
    if (!line.boot_id.empty()) host.boot_id = std::string(line.boot_id);
    if (says_so) {
      const std::string_view rest = line.message.substr(kVersion.size());
      host.release = std::string(rest.substr(0, rest.find(' ')));
    }
  }

  void notice_date(HostState& host, const LogLine& line) {
    if (!line.wall) return;
    if (host.last_wall && backwards_ == 0 && line.wall->since_epoch + kBackInTime < host.last_wall->since_epoch)
      backwards_ = number_;
    host.last_wall = line.wall;
  }

  /// "oom_kill_process: 3 callbacks suppressed", "** 1204 printk messages dropped **"
  void count_gaps(std::string_view message) {
    const auto count_before = [message](std::string_view phrase) -> std::uint64_t {
      const std::size_t at = message.find(phrase);
      if (at == std::string_view::npos) return 0;
      const std::size_t blank = message.substr(0, at).rfind(' ');
      const std::size_t start = blank == std::string_view::npos ? 0 : blank + 1;
      return parse_number<std::uint32_t>(message.substr(start, at - start)).value_or(0);
    };
    suppressed_ += count_before(" callbacks suppressed");
    dropped_ += count_before(" printk messages dropped");
  }

  void note_event(const HostState&, const LogLine& line) {
    const auto message = sources::kernel_log::classify_memory_message(line.message);
    if (!message) return;
    if (out_.events.size() == kMostEvents || !line.wall) {
      ++events_left_out_;
      return;
    }
    const Nanoseconds monotonic = line.since_boot.value_or(Nanoseconds{0});
    out_.events.push_back(
        {Moment{BootTime{monotonic}, *line.wall, monotonic}, message->kind, {}, std::string(message->text)});
    out_.event_hosts.push_back(current_);
  }

  void lose(std::string what, std::uint64_t count) {
    if (count > 0) out_.losses.push_back({input_.name, std::move(what), count, 0});
  }

  void tell() {
    using State = model::Coverage::State;
    out_.coverage.push_back({input_.name, State::kOk, {}, {}});
    const auto partial = [this](std::string why, std::string remedy = {}) {
      out_.coverage.push_back({input_.name, State::kPartial, std::move(why), std::move(remedy)});
    };
    if (year_assumed_) partial("its dates have no year: the last one before the file was written is assumed");
    if (backwards_ > 0) {
      out_.coverage.push_back({fmt::format("{}:{}", input_.name, backwards_),
                               State::kPartial,
                               "its dates run backwards here: reports are taken in the order in which they stand",
                               {}});
    }
    if (zone_assumed_) partial("its dates have no time zone: they are shown as if they were UTC");
    lose("messages that the kernel's rate limit left out", suppressed_);
    lose("messages that the log's ring dropped before they were read", dropped_);
    lose("messages about memory that are not listed: too many, or without a date", events_left_out_);
    lose("OOM reports beyond those that are kept", reports_left_out_);
    lose("lines of further hosts", hosts_left_out_);
    tell_of_gaps();
  }

  void tell_of_gaps() {
    std::size_t told = 0;
    std::uint64_t torn = 0;
    std::uint64_t more = 0;
    for (const LoggedReport& logged : out_.reports) {
      if (logged.file != input_.name) continue;
      torn += logged.report.rows_not_read;
      const auto missing = logged.report.missing();
      if (missing.empty()) continue;
      if (++told > kCoverageLines) {
        ++more;
        continue;
      }
      out_.coverage.push_back({fmt::format("{}:{}", input_.name, logged.report.first_line),
                               model::Coverage::State::kPartial,
                               fmt::format("the OOM report lacks {}", fmt::join(missing, ", ")),
                               {}});
    }
    lose("further OOM reports with parts missing", more);
    lose("rows of tables in OOM reports that were cut or torn", torn);
  }

  OomLog& out_;
  const KernelLogInput& input_;
  LogLineReader reader_;
  Hosts& hosts_;
  std::string current_;   ///< the host of the last line that named one
  bool headed_ = false;   ///< a line of this file had a head
  std::size_t open_ = 0;  ///< hosts that are in the middle of a report
  std::uint64_t number_ = 0;
  std::uint64_t backwards_ = 0;  ///< the first line that is older than the one before it
  std::uint64_t suppressed_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t events_left_out_ = 0;
  std::uint64_t reports_left_out_ = 0;
  std::uint64_t hosts_left_out_ = 0;
  bool zone_assumed_ = false;
  bool year_assumed_ = false;
};

}  // namespace

Result<OomLog> read_oom_logs(const std::vector<KernelLogInput>& inputs) {
  OomLog log;
  Hosts hosts;
  std::vector<const KernelLogInput*> in_order;
  in_order.reserve(inputs.size());
  for (const KernelLogInput& input : inputs) in_order.push_back(&input);
  const bool all_tell =
      std::ranges::all_of(inputs, [](const KernelLogInput& input) { return input.first.has_value(); });
  std::ranges::stable_sort(in_order, {},
                           [=](const KernelLogInput* input) { return all_tell ? input->first : input->written; });
  for (const KernelLogInput* const input : in_order) {
    if (auto read = Scan(log, *input, hosts).run(); !read) return std::unexpected(std::move(read.error()));
  }
  return log;
}

}  // namespace leakscope::session
