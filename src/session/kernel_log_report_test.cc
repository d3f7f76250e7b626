#include "session/kernel_log_report.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text_cursor.h"
#include "session/oom_ledger.h"

namespace leakscope::session {
namespace {

using findings::Verdict;
using report::Document;

constexpr WallTime kWritten{std::chrono::seconds(1772366400)};  // 2026-03-01T12:00:00Z

std::string read_report(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_OOM_REPORTS) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

KernelLogInput input_of(std::string text, std::string name = "log") {
  auto held = std::make_shared<std::string>(std::move(text));
  auto lines = std::make_shared<LineCursor>(*held);
  return {std::move(name), [held, lines]() -> Result<std::optional<std::string_view>> { return lines->next(); },
          kWritten};
}

Document diagnose(std::string text) {
  auto document = diagnose_kernel_log({input_of(std::move(text))}, {});
  EXPECT_TRUE(document);
  return document ? std::move(*document) : Document{};
}

OomLog read_log(std::string text) {
  auto log = read_oom_logs({input_of(std::move(text))});
  EXPECT_TRUE(log);
  return log ? std::move(*log) : OomLog{};
}

std::string all_words(const Document& document) {
  std::string text = document.headline;
  for (const std::string& detail : document.details) text += "\n" + detail;
  return text;
}

bool says(const Document& document, std::string_view words) {
  return all_words(document).find(words) != std::string::npos;
}

std::int64_t row(const Document& document, std::string_view id) {
  if (!document.ledger) return -1;
  const auto found = std::ranges::find(document.ledger->rows, id, &model::LedgerRow::id);
  return found == document.ledger->rows.end() ? -1 : found->bytes.count();
}

/// Every "[ 1234.5" of the 3.10 report moved by `seconds`, and the slab grown by `pages`.
std::string later_report(int seconds, int pages) {
  const std::string text = read_report("3.10-global-format-made.txt");
  std::string out;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    std::string moved = fmt::format("[{:5}{}", 1234 + seconds, line->substr(6));
    const std::string slab = "slab_unreclaimable:9000";
    if (const std::size_t at = moved.find(slab); at != std::string::npos) {
      moved.replace(at, slab.size(), fmt::format("slab_unreclaimable:{}", 9000 + pages));
    }
    const std::string anonymous = "active_anon:430000";
    if (const std::size_t at = moved.find(anonymous); at != std::string::npos) {
      moved.replace(at, anonymous.size(), fmt::format("active_anon:{}", 430000 - pages));
    }
    out += moved + "\n";
  }
  return out;
}

struct Truth {
  const char* file;
  const char* words;       ///< of the headline or below it
  std::int64_t total_kib;  ///< as the report itself says: pages RAM minus reserved, or the cgroup's usage
  double most_unexplained;
  const char* row;
  std::int64_t row_kib;
};

TEST(KernelLogReport, GivesTheAccountOfEveryReport) {
  // Totals and rows are figures of the report itself, added up by hand.
  constexpr Truth kTruths[] = {
      {"3.10-global-format-made.txt", "mysqld (810, 0.99 GiB) was killed", 524288 * 4, 0.06,
       "kernel.slab_unreclaimable", 9000 * 4},
      {"4.9-memcg-v1-syslog-format-made.txt", "cgroup /kubepods/burstable/pod7 (256 MiB) was reached", 262144, 0.01,
       "user.anonymous", 252976 + 1900},
      {"5.10-global-two-nodes-slab-order-3-format-made.txt", "but unreclaimable slab held 9.35 GiB (61 %), kmalloc-4k",
       16015900, 0.21, "kernel.slab_unreclaimable", 2450000 * 4},
      {"5.10-x86_64-memcg-v2.txt", "cgroup /system.slice/leaky.service (64.0 MiB) was reached", 65536, 0.01,
       "user.anonymous", 65208},
      {"5.10-x86_64-slab.txt", "but unreclaimable slab held 282 MiB (64 %), kmalloc-4k alone 274 MiB", 453928, 0.02,
       "kernel.slab_unreclaimable", 288960},
      {"5.10-x86_64-tmpfs.txt", "but shared memory and tmpfs held 337 MiB", 453928, 0.02, "user.shared", 345392},
      {"6.1-memcg-v2-journal-format-made.txt", "(77, 106 MiB) and 1 more were killed", 131072, 0.01,
       "kernel.slab_unreclaimable", 11264},
      {"6.1-x86_64-cpuset.txt", "the memory nodes 0 of cpuset leaky.service were short, not the whole machine", 448308,
       0.03, "free.buddy", 163652},
      {"6.1-x86_64-mempolicy.txt", "the memory nodes 1 of a memory policy were short", 448308, 0.035, "free.buddy",
       242228},
      {"6.1-x86_64-global.txt", "tail held 407 MiB (93 %)", 447964, 0.03, "user.anonymous", 416280},
      {"6.1-x86_64-slab.txt", "kmalloc-cg-4k alone 274 MiB", 447964, 0.03, "kernel.slab_unreclaimable", 287296},
      {"6.1-x86_64-memcg-v2-group.txt", "and 2 more were killed", 65536, 0.01, "user.anonymous", 65260},
      {"6.1-x86_64-panic-console.txt", "the kernel panicked, but shared memory", 447964, 0.03, "user.shared", 415524},
      {"6.12-memory-policy-format-made.txt", "the memory nodes 1 of a memory policy", 1940000 * 4, 0.04,
       "kernel.sec_page_tables", 2400},
      {"6.18-x86_64-memcg-v1.txt", "cgroup /shop (64.0 MiB) was reached, the machine was not short", 65536, 0.001,
       "kernel.other", 332},
      {"7.3-x86_64-memcg-v2.txt", "tail (130, 64.9 MiB) was killed", 65536, 0.001, "user.anonymous", 65320},
      {"7.3-x86_64-slab.txt", "tail held 404 MiB", 446944, 0.035, "kernel.slab_unreclaimable", 9844},
      {"7.3-x86_64-sysrq.txt", "the kill was asked for by hand (sysrq); perl", 446944, 0.035, "free.buddy", 317280},
      {"7.3-x86_64-panic-console.txt", "the kernel panicked", 446944, 0.035, "user.shared", 408440},
  };
  for (const Truth& truth : kTruths) {
    const Document document = diagnose(read_report(truth.file));
    EXPECT_TRUE(says(document, truth.words)) << truth.file << "\n" << all_words(document);
    EXPECT_EQ(document.verdict, Verdict::kInsufficient) << truth.file;
    EXPECT_TRUE(says(document, "cannot be told from one report")) << truth.file;
    ASSERT_TRUE(document.ledger && document.ledger->total) << truth.file;
    EXPECT_EQ(document.ledger->total->count(), truth.total_kib * 1024) << truth.file;
    const double total = static_cast<double>(document.ledger->total->count());
    const double rest = static_cast<double>(document.ledger->unattributed()->count());
    EXPECT_LE(std::abs(rest) / total, truth.most_unexplained) << truth.file;
    EXPECT_EQ(row(document, truth.row), truth.row_kib * 1024) << truth.file << " " << truth.row;
    for (const model::LedgerRow& each : document.ledger->rows) EXPECT_GE(each.bytes.count(), 0) << each.id;
    EXPECT_TRUE(document.losses.empty()) << truth.file;
  }
}

TEST(KernelLogReport, NamesFragmentationAndSwapAndPagesWithoutACounter) {
  const Document fragmented = diagnose(read_report("5.10-global-two-nodes-slab-order-3-format-made.txt"));
  EXPECT_TRUE(says(fragmented, "in pieces smaller than the 32.0 KiB")) << all_words(fragmented);
  EXPECT_TRUE(says(fragmented, "There is no swap.")) << all_words(fragmented);
  EXPECT_TRUE(says(fragmented, "3.16 GiB (21 %) stand in no counter")) << all_words(fragmented);
  EXPECT_TRUE(says(diagnose(read_report("3.10-global-format-made.txt")), "used: full."));
}

TEST(KernelLogReport, SaysTheSameInEveryForm) {
  const std::string plain = read_report("6.18-x86_64-memcg-v1.txt");
  const Document wanted = diagnose(plain);
  const std::string account = wanted.headline.substr(wanted.headline.find(": "));
  const auto same = [&](const std::string& form, const auto& rewrite) {
    std::string text;
    LineCursor lines(plain);
    while (const auto line = lines.next()) {
      text += rewrite(line->substr(0, 14), line->substr(15)) + "\n";
    }
    const Document document = diagnose(text);
    EXPECT_EQ(document.headline.substr(document.headline.find(": ")), account) << form;
    ASSERT_TRUE(document.ledger) << form;
    EXPECT_EQ(document.ledger->unattributed(), Bytes(0)) << form;
    EXPECT_TRUE(looks_like_kernel_log(text)) << form;
  };
  same("crlf", [](auto head, auto rest) { return fmt::format("{} {}\r", head, rest); });
  same("colours", [](auto head, auto rest) { return fmt::format("\x1b[32m{} \x1b[0m\x1b[33m{}\x1b[0m", head, rest); });
  same("caller", [](auto head, auto rest) { return fmt::format("{}[T10651] {}", head, rest); });
  same("decoded", [](auto head, auto rest) { return fmt::format("kern  :info  : {} {}", head, rest); });
  same("ctime", [](auto, auto rest) { return fmt::format("[Fri Feb 20 12:45:40 2026] {}", rest); });
  same("syslog", [](auto, auto rest) { return fmt::format("Feb 20 12:45:40 db-17 kernel: {}", rest); });
  same("rsyslog", [](auto head, auto rest) { return fmt::format("Feb 20 12:45:40 db-17 kernel: {} {}", head, rest); });
  same("iso", [](auto, auto rest) { return fmt::format("2026-02-20T12:45:40.123456+0100 db-17 kernel: {}", rest); });
  same("rfc5424", [](auto, auto rest) { return fmt::format("<6>1 2026-02-20T12:45:40Z db-17 kernel - - - {}", rest); });
  same("kmsg", [](auto, auto rest) { return fmt::format("6,77,12278930503,-;{}", rest); });
  same("bare", [](auto, auto rest) { return std::string(rest); });
  same("json", [](auto, auto rest) {
    return fmt::format(R"({{"_HOSTNAME":"db-17","__REALTIME_TIMESTAMP":"1771591540000000","MESSAGE":"{}"}})", rest);
  });
  same("others in between", [](auto head, auto rest) {
    return fmt::format("{} {}\n[12278.930600] IN=eth0 OUT= SRC=10.0.0.1 DST=10.0.0.2 LEN=40", head, rest);
  });
}

TEST(KernelLogReport, TakesHostsThatAreMixedApart) {
  const std::string text = read_report("6.18-x86_64-memcg-v1.txt");
  std::string mixed;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    mixed += fmt::format("Feb 20 12:45:40 db-17 kernel: {}\n", *line);
    mixed += fmt::format("Feb 20 12:45:40 web-3 kernel: {}\n", *line);
    mixed += "Feb 20 12:45:40 web-3 sshd[71]: Killed process 1 (x) total-vm:8kB, anon-rss:4kB\n";
  }
  const OomLog log = read_log(mixed);
  ASSERT_EQ(log.reports.size(), 2U);
  for (const LoggedReport& logged : log.reports) {
    EXPECT_EQ(logged.report.tasks.size(), 3U) << logged.host;
    EXPECT_EQ(logged.report.victims.size(), 1U) << logged.host;
    EXPECT_TRUE(logged.report.missing().empty()) << logged.host;
  }
  const Document document = diagnose(mixed);
  EXPECT_TRUE(std::ranges::any_of(document.coverage, [](const model::Coverage& entry) {
    return entry.why.find("mixes hosts") != std::string::npos;
  }));
}

TEST(KernelLogReport, AReportNeverReachesOverABoot) {
  const std::string text = read_report("3.10-global-format-made.txt");
  const std::string half = text.substr(0, text.find("Mem-Info"));
  const OomLog log = read_log(half + "\n[    0.000000] Linux version 6.1.0 (x)\n" + text);
  ASSERT_EQ(log.reports.size(), 2U);
  EXPECT_EQ(log.reports[0].boot, 0U);
  EXPECT_EQ(log.reports[1].boot, 1U);
  EXPECT_FALSE(log.reports[0].report.missing().empty());
  EXPECT_TRUE(log.reports[1].report.missing().empty());
  // Without the line that names the kernel the clock tells.
  EXPECT_EQ(read_log(later_report(5000, 0) + text).reports.back().boot, 1U);
}

TEST(KernelLogReport, ReportsOfOneBootAreJudgedAsASeries) {
  std::string growing;
  for (int i = 0; i < 12; ++i) growing += later_report(i * 1800, i * 4000 + (i * 37 % 11) * 20);
  const Document document = diagnose(growing);
  EXPECT_EQ(document.verdict, Verdict::kSuspect) << all_words(document);
  ASSERT_FALSE(document.findings.empty());
  EXPECT_EQ(document.findings.front().id, "kernel.slab.growth");
  // 4000 pages in half an hour.
  ASSERT_TRUE(document.findings.front().rate);
  EXPECT_NEAR(document.findings.front().rate->point, 4000.0 * 4096 / 1800, 4000.0 * 4096 / 1800 / 20);
  EXPECT_TRUE(says(document, "From the first of 12 reports to the last (5 h 30 min)")) << all_words(document);
  EXPECT_TRUE(says(document, "unreclaimable slab +172 MiB")) << all_words(document);
  for (const auto& evidence : document.findings.front().evidence) EXPECT_NE(evidence.source, "/proc/meminfo");

  std::string still;
  for (int i = 0; i < 12; ++i) still += later_report(i * 1800, (i * 37 % 11) * 20);
  const Document quiet = diagnose(still);
  EXPECT_EQ(quiet.verdict, Verdict::kInsufficient) << "what was killed may have leaked: " << all_words(quiet);
  EXPECT_TRUE(says(quiet, "no row of the ledger changed"));
}

TEST(KernelLogReport, ReportsOfEarlierBootsAreListedAndNotJudged) {
  std::string text;
  for (int i = 0; i < 12; ++i) text += later_report(i * 1800, i * 4000);
  text += "[    0.000000] Linux version 3.10.0 (x)\n" + read_report("3.10-global-format-made.txt");
  const Document document = diagnose(text);
  EXPECT_EQ(document.verdict, Verdict::kInsufficient);
  ASSERT_FALSE(document.tables.empty());
  EXPECT_EQ(document.tables.front().id, "oom_reports");
  EXPECT_EQ(document.tables.front().rows.size(), 13U);
}

TEST(KernelLogReport, CountsWhatTheLogLeftOut) {
  const Document document = diagnose(
      "Feb 20 12:45:40 db-17 kernel: oom_kill_process: 3 callbacks suppressed\n"
      "Feb 20 12:45:41 db-17 kernel: ** 1204 printk messages dropped **\n"
      "Feb 20 12:45:42 db-17 kernel: neighbour: arp_cache: neighbor table overflow!\n"
      "Feb 20 12:45:43 db-17 kernel: Out of memory: Killed process 5 (x) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n");
  const auto lost = [&](std::string_view what) {
    const auto found = std::ranges::find_if(
        document.losses, [&](const model::Loss& loss) { return loss.what.find(what) != std::string::npos; });
    return found == document.losses.end() ? 0 : found->count;
  };
  EXPECT_EQ(lost("rate limit"), 3U);
  EXPECT_EQ(lost("ring dropped"), 1204U);
  EXPECT_TRUE(says(document, "who asked for memory is not in the log"));
  ASSERT_EQ(document.events.size(), 2U);
  EXPECT_EQ(document.events[0].kind, model::EventKind::kKernelMessage);
  EXPECT_EQ(document.events[1].kind, model::EventKind::kOomKill);
  EXPECT_TRUE(std::ranges::any_of(document.coverage, [](const model::Coverage& entry) {
    return entry.source == "log:4" && entry.why.find("lacks who asked for memory") != std::string::npos;
  }));
}

TEST(KernelLogReport, ALogWithoutAReportCannotTell) {
  for (const std::string_view text : {"", "[    1.000000] usb 1-1: new device\n", "\xff\xfe\x01\n\n"}) {
    const Document document = diagnose(std::string(text));
    EXPECT_EQ(document.verdict, Verdict::kInsufficient);
    EXPECT_TRUE(says(document, "no OOM report in")) << all_words(document);
  }
}

TEST(KernelLogReport, EveryCutOfALogGivesADocument) {
  const std::string text = read_report("5.10-x86_64-slab.txt");
  for (std::size_t length = 0; length < text.size(); length += 97) {
    const Document document = diagnose(text.substr(0, length));
    EXPECT_EQ(document.verdict, Verdict::kInsufficient);
    EXPECT_FALSE(document.headline.empty());
  }
}

TEST(KernelLogReport, TellsKernelLogsFromOtherTexts) {
  EXPECT_FALSE(looks_like_kernel_log("MemTotal:  1 kB\nMemFree:   1 kB\n"));
  EXPECT_FALSE(looks_like_kernel_log("slabinfo - version: 2.1\n"));
  EXPECT_FALSE(looks_like_kernel_log("Tue Aug 12 03:54:03 UTC 2025\nMemTotal:  1 kB\n"));
  EXPECT_FALSE(looks_like_kernel_log("\x89LKSREC\n"));
  EXPECT_FALSE(looks_like_kernel_log(""));
}

/// Beside the repository, not in it: whose logs they are is not ours to publish.
Document diagnose_real(const std::string& name) {
  const std::string path = std::string(LEAKSCOPE_OOM_REPORTS) + "/../../../../../../shared/data/oom-logs/" + name;
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return {};
  auto log = open_kernel_log(name, std::move(fd));
  EXPECT_TRUE(log);
  std::vector<KernelLogInput> inputs;
  inputs.push_back(std::move(*log));
  auto document = diagnose_kernel_log(inputs, {});
  EXPECT_TRUE(document);
  return document ? std::move(*document) : Document{};
}

std::string cell_text(const Document& document, std::string_view column) {
  const report::Table& table = document.tables.front();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].id != column) continue;
    const report::Cell& cell = table.rows.front().at(i);
    if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
    if (const auto* const number = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *number);
    return "null";
  }
  return "no such column";
}

void expect_that_it_adds_up(const Document& document, std::int64_t total_kib) {
  ASSERT_TRUE(document.ledger && document.ledger->total);
  std::int64_t sum = document.ledger->unattributed()->count();
  for (const model::LedgerRow& each : document.ledger->rows) sum += each.bytes.count();
  EXPECT_EQ(sum, document.ledger->total->count());
  EXPECT_EQ(document.ledger->total->count(), total_kib * 1024);
  EXPECT_LE(std::abs(document.ledger->unattributed()->count()) * 100, document.ledger->total->count());
}

TEST(RealOomLogs, Rhel7WhereTheMachineWasShort) {
  const Document document = diagnose_real("rhel7-global-oom.txt");
  if (document.tables.empty()) GTEST_SKIP() << "no ../shared/data/oom-logs beside the repository";
  EXPECT_EQ(cell_text(document, "trigger"), "sed");
  EXPECT_EQ(cell_text(document, "constraint"), "none");
  EXPECT_EQ(cell_text(document, "gfp"), "0x201da");
  EXPECT_EQ(cell_text(document, "victim"), "mysqld");
  EXPECT_EQ(cell_text(document, "pid"), "6576");
  EXPECT_EQ(cell_text(document, "score"), "651");
  EXPECT_EQ(cell_text(document, "oom_score_adj"), "0");
  EXPECT_TRUE(says(document, "the machine was short, not a cgroup"));
  expect_that_it_adds_up(document, (8379834 - 192987) * 4);
}

TEST(RealOomLogs, ProxmoxWhereACgroupWasFull) {
  const Document document = diagnose_real("proxmox-6.8-memcg-oom.txt");
  if (document.tables.empty()) GTEST_SKIP() << "no ../shared/data/oom-logs beside the repository";
  EXPECT_EQ(cell_text(document, "trigger"), "php-fpm");
  EXPECT_EQ(cell_text(document, "constraint"), "memcg");
  EXPECT_EQ(cell_text(document, "short"), "cgroup /lxc/39004");
  EXPECT_EQ(cell_text(document, "victim"), "php-fpm");
  EXPECT_EQ(cell_text(document, "pid"), "3902942");
  EXPECT_EQ(cell_text(document, "score"), "null") << "kernels since 4.19 do not write it";
  expect_that_it_adds_up(document, 31211520);
}

TEST(KernelLogReport, TellsTheVictimsScoreAndNoTimeThatIsNotKnown) {
  std::string bare;
  const std::string text = read_report("3.10-global-format-made.txt");
  LineCursor lines(text);
  while (const auto line = lines.next()) bare.append(line->substr(15)).append("\n");
  const Document document = diagnose(bare);
  ASSERT_FALSE(document.tables.empty());
  EXPECT_EQ(cell_text(document, "time"), "null");
  EXPECT_EQ(cell_text(document, "score"), "571");
  EXPECT_EQ(cell_text(document, "oom_score_adj"), "0");
  EXPECT_EQ(cell_text(document, "gfp"), "0x201da");
  EXPECT_EQ(cell_text(diagnose(text), "time"), "1234.500 s after boot");
}

TEST(KernelLogReport, AReportWhoseHeadIsLostGivesWhatIsLeft) {
  const std::string text = read_report("6.1-x86_64-slab.txt");
  for (const std::string_view first : {"Unreclaimable slab info:", "active_anon:", "Node 0 DMA32 free:"}) {
    const std::size_t at = text.rfind('\n', text.find(first)) + 1;
    const Document document = diagnose(text.substr(at));
    EXPECT_FALSE(document.tables.empty()) << first;
    EXPECT_TRUE(says(document, "who asked for memory is not in the log")) << first;
    EXPECT_TRUE(says(document, "tail (163")) << first;
  }
  // From there on to before the kill.
  const std::size_t zone = text.rfind('\n', text.find("Node 0 DMA32 free:")) + 1;
  const Document middle = diagnose(text.substr(zone, text.find("Tasks state") - zone));
  EXPECT_TRUE(says(middle, "who was killed is not in the log"));
  EXPECT_TRUE(std::ranges::any_of(middle.tables, [](const report::Table& table) { return table.id == "oom_slab"; }));
}

TEST(KernelLogReport, WordsOfAReportsMiddleInOtherLogsAreNone) {
  const Document document = diagnose(
      "Feb 20 12:45:40 db-17 kernel: slab info: Unreclaimable\n"
      "Feb 20 12:45:41 db-17 kernel: active_anon: not a figure, inactive_anon: neither\n"
      "Feb 20 12:45:42 db-17 kernel: disk space free:12 of 20\n"
      "Feb 20 12:45:43 db-17 kernel: memory: usage of bounce buffers, limit reached\n"
      "Feb 20 12:45:44 db-17 app[7]: Unreclaimable slab info:\n");
  EXPECT_TRUE(says(document, "no OOM report in 5 lines")) << all_words(document);
}

/// A log that tells its first date, last written at another time.
KernelLogInput dated(std::string text, std::string name, WallTime first, WallTime written) {
  KernelLogInput input = input_of(std::move(text), std::move(name));
  input.first = first;
  input.written = written;
  return input;
}

std::string with_syslog_heads(std::string_view text, std::string_view date) {
  std::string out;
  LineCursor lines(text);
  while (const auto line = lines.next()) out += fmt::format("{} db-17 kernel: {}\n", date, *line);
  return out;
}

TEST(KernelLogReport, RotatedLogsAreReadInTheOrderOfTheirDates) {
  const std::string older = with_syslog_heads(later_report(0, 0), "2026-02-20T10:00:00Z");
  const std::string newer = with_syslog_heads(later_report(7200, 4000), "2026-02-20T12:00:00Z");
  const auto hour = [](int hours) { return WallTime{kWritten.since_epoch + std::chrono::hours(hours)}; };
  // Copied in the other order, so that the older one was written last.
  const auto log =
      read_oom_logs({dated(newer, "messages", hour(12), hour(20)), dated(older, "messages-old", hour(10), hour(30))});
  ASSERT_TRUE(log);
  ASSERT_EQ(log->reports.size(), 2U);
  EXPECT_EQ(log->reports[0].file, "messages-old");
  EXPECT_EQ(log->reports[0].boot, log->reports[1].boot);
  const auto backwards = [](const OomLog& read) {
    return std::ranges::any_of(read.coverage, [](const model::Coverage& entry) {
      return entry.why.find("run backwards") != std::string::npos;
    });
  };
  EXPECT_FALSE(backwards(*log));
  EXPECT_TRUE(backwards(read_log(newer + older)));
}

TEST(KernelLogReport, WithoutDatesLogsAreReadInTheOrderOfTheirWriting) {
  const auto at = [](int hours) { return WallTime{kWritten.since_epoch + std::chrono::hours(hours)}; };
  KernelLogInput before = input_of(later_report(5000, 0), "dmesg.0");
  before.written = at(1);
  KernelLogInput after = input_of(later_report(0, 0), "dmesg");
  after.written = at(2);
  const auto log = read_oom_logs({after, before});
  ASSERT_TRUE(log);
  ASSERT_EQ(log->reports.size(), 2U);
  EXPECT_EQ(log->reports[0].file, "dmesg.0");
  EXPECT_EQ(log->reports[1].boot, 1U) << "the clock of the second begins anew";
}

TEST(KernelLogReport, ALogWithoutHostsIsReadWholeBehindOneThatNamesThem) {
  const std::string text = read_report("6.1-x86_64-slab.txt");
  const auto log =
      read_oom_logs({input_of(with_syslog_heads(text, "2026-02-20T10:00:00Z"), "messages"), input_of(text, "dmesg")});
  ASSERT_TRUE(log);
  ASSERT_EQ(log->reports.size(), 2U);
  for (const LoggedReport& logged : log->reports) EXPECT_TRUE(logged.report.missing().empty()) << logged.file;
}

TEST(KernelLogReport, LinesOfTheKernelAreFoundWhereverTheyStand) {
  std::string text;
  for (int i = 0; i < 3000; ++i)
    text += fmt::format("Feb 20 12:{:02}:00 db-17 systemd[1]: Started Session {}.\n", i % 60, i);
  EXPECT_FALSE(kernel_lines_of(input_of(text)).any);
  EXPECT_FALSE(kernel_lines_of(input_of(text + "Feb 20 13:00:00 db-17 app[1]: kernel: Mem-Info:\n")).any);
  const KernelLines some = kernel_lines_of(input_of(text + "Feb 20 13:00:00 db-17 kernel: usb 1-1: new device\n"));
  EXPECT_TRUE(some.any);
  EXPECT_FALSE(some.reports);
  EXPECT_TRUE(kernel_lines_of(input_of(text + "Feb 20 13:00:00 db-17 kernel: Mem-Info:\n")).reports);
  EXPECT_FALSE(kernel_lines_of(input_of("Kill process 5 (x) sharing same memory\n")).reports);
}

TEST(TaskGroups, AddUpWhatProcessesOfOneNameHeld) {
  const OomLog log = read_log(read_report("3.10-global-format-made.txt"));
  ASSERT_EQ(log.reports.size(), 1U);
  const std::vector<TaskGroup> groups = task_groups(log.reports[0].report);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0].comm, "mysqld");
  EXPECT_EQ(groups[1].comm, "java");
  EXPECT_EQ(groups[1].processes, 2);
  EXPECT_EQ(groups[1].resident, 200000 * 4096);
  EXPECT_EQ(groups[1].swap, 69000 * 4096);
  EXPECT_EQ(groups[1].page_tables, 1100 * 4096);
  EXPECT_EQ(groups[1].anonymous, std::nullopt);
}

}  // namespace
}  // namespace leakscope::session
